"""Whether the compiled kernels are used, or the exact numpy and scipy path of the same functions."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

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


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of numbers and arrays at its first call, and keep the result on disk.

    It runs without the interpreter's lock, so that threads share the work. Where neither the program's folder
    nor the user's can be written, it is compiled anew in every process.
    """
    from numba import njit

    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)
