"""Whether the compiled kernels are used, or the exact numpy and scipy path of the same functions."""

from __future__ import annotations

import os
from functools import cache

VARIABLE = "CONTOURQA_NUMBA"
"""Set to 0, it chooses numpy and scipy even where numba is installed."""


def wanted() -> bool:
    """Whether numba is installed and not refused by the environment; asked at every call."""
    return os.environ.get(VARIABLE) != "0" and _installed()


@cache
def _installed() -> bool:
    from importlib.util import find_spec

    # Found, not imported: numba takes a fifth of a second that only a metric needs.
    return find_spec("numba") is not None
