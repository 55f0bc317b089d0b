"""`--fail-on`: verdicts as an exit code, for scripts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from ContourQALib.quality.verdict import Verdict

FOUND = 3
"""Exit code when what --fail-on names was found."""


class FailOn(StrEnum):
    """The mildest verdict that makes a command fail."""

    REVIEW = "review"
    REJECT = "reject"


FailOnOption = Annotated[
    FailOn | None,
    typer.Option(
        "--fail-on",
        help="Exit with 3 when a verdict is this, or worse; a case that cannot be read is worse.",
    ),
]


def leave(verdicts: Iterable[Verdict], fail_on: FailOn | None, failed: bool = False) -> None:
    """Leave with `FOUND` where something is as bad as --fail-on says, or worse.

    Args:
        verdicts: of all structures.
        fail_on: None to stay whatever they are.
        failed: whether a case could not be assessed.

    Raises:
        typer.Exit: it is.
    """
    if fail_on is None:
        return
    bad = {Verdict.REJECT} if fail_on is FailOn.REJECT else {Verdict.REJECT, Verdict.REVIEW}
    if failed or any(verdict in bad for verdict in verdicts):
        raise typer.Exit(FOUND)
