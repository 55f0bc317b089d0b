"""Fixtures of the core's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ContourQALib import compiled


# Module scope: hypothesis refuses fixtures that it would have to set up again for every example.
@pytest.fixture(scope="module", params=["numpy", "compiled"])
def path(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs twice: on the numpy and scipy path, and on the compiled one."""
    chosen: str = request.param
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(compiled.VARIABLE, "0" if chosen == "numpy" else "1")
        if compiled.wanted() != (chosen == "compiled"):
            pytest.skip("numba is not installed")
        yield chosen
