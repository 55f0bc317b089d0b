"""What tests of the review page share: a workstation with two phantom patients, and the real worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ContourQALib.workstation.settings import Settings


class Desk:
    """A workstation without a browser, at its review page.

    Args:
        bench: it, on an event loop of its own.
    """

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self.session = bench.session
        self.page = bench.station.pages["review"]
        self.shown = self.page.typed.data
        self.wait = bench.wait

    def row(self, name: str) -> dict[str, Any]:
        return next(one for one in self.shown.rows if one["name"] == name)

    def do(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Call something as a click does: on the loop, and let those who listen hear of it."""

        async def called() -> None:
            with self.session.state:
                result = action(*arguments)
            if asyncio.iscoroutine(result):
                await result

        self._bench.run(called())

    def put(self, **values: Any) -> None:
        """Change values as the page does."""
        self.do(lambda: [setattr(self.shown, name, value) for name, value in values.items()])

    def open(self, name: str) -> None:
        self.do(self.session.open_case, name)
        self.wait(lambda: self.is_assessed)

    @property
    def is_assessed(self) -> bool:
        case = self.session.case
        return (
            case is not None
            and case.assessment is not None
            and not any(map(case.is_awaited, case.structures))
        )


@pytest.fixture(scope="module")
def opened(module_bench: Any, phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    results = tmp_path_factory.mktemp("results")
    desk = Desk(module_bench(Settings(results, phantom_cases, model="pelvis-phantom", reader="Reader")))
    desk.do(desk.session.show_page, "review")
    desk.open("phantom_1")
    return desk


@pytest.fixture
def desk(opened: Desk) -> Desk:
    """The page as it is after the phantom was assessed, with the bladder chosen."""
    if opened.session.case is None or opened.session.case.entry.name != "phantom_1":
        opened.open("phantom_1")
    if opened.session.page != "review":
        opened.do(opened.session.show_page, "review")
    opened.put(errors_shown=True, errors_all=False, errors_look="marks", contours_shown=True)
    opened.do(opened.session.select_structure, "Bladder")
    return opened
