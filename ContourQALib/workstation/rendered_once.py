"""rendered_once: widgets are rendered when all of them are there, not at the end of each container."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trame_client.widgets.core import HTML_CTX, AbstractElement


@contextmanager
def rendered_once() -> Iterator[None]:
    """Build a page's widgets in this block, and render them after it.

    At the end of each container trame renders all that the container holds, and drops what comes out: a
    widget is rendered once for every container around it, half of the time that the workstation takes to be
    built. The layout around this block renders every widget once more at its end.
    """
    leave = AbstractElement.__exit__

    def leave_only(element: Any, *_: Any) -> None:
        HTML_CTX.exit(element)

    type.__setattr__(AbstractElement, "__exit__", leave_only)
    try:
        yield
    finally:
        type.__setattr__(AbstractElement, "__exit__", leave)
