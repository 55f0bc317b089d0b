"""The command `contourqa`: its commands put together, and what a failure looks like.

Exit codes: 0 done, 1 a fault of ours, 2 input or usage wrong, 3 what `--fail-on` names was found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from ContourQALib import __version__
from ContourQALib.commands.assess import assess
from ContourQALib.commands.cohort import cohort
from ContourQALib.commands.compare import compare
from ContourQALib.commands.demo import demo
from ContourQALib.commands.dicom import dicom
from ContourQALib.commands.models import models
from ContourQALib.commands.pacs import pacs
from ContourQALib.commands.perturb import perturb
from ContourQALib.commands.phantom import phantom
from ContourQALib.commands.thresholds import thresholds
from ContourQALib.commands.workstation import workstation
from ContourQALib.errors import ContourQAError

DEBUG_VARIABLE = "CONTOURQA_DEBUG"
"""Set to anything, it shows the traceback of an error."""

INPUT_WRONG = 2
OUR_FAULT = 1
INTERRUPTED = 130

app = typer.Typer(
    name="contourqa",
    help="Contour quality assurance: which contours to check, where, and why. "
    "For research and teaching; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (assess, cohort, compare, demo, models, perturb, phantom, thresholds, workstation):
    app.command()(command)
app.add_typer(dicom)
app.add_typer(pacs)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"contourqa {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run the command line; an error is one sentence on standard error."""
    sys.exit(run(app))


def run(application: typer.Typer) -> int:
    """Run a command line of ours and return its exit code; `contourqa-train` shares it."""
    return guarded(application)


def guarded(work: Callable[[], object]) -> int:
    """The exit code of a process that does this work; what goes wrong is one sentence on standard error."""
    try:
        work()
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else OUR_FAULT
    except ContourQAError as error:
        _complain(str(error))
        return INPUT_WRONG
    except KeyboardInterrupt:
        _complain("Interrupted.")
        return INTERRUPTED
    except Exception as error:
        _complain(
            f"A fault of contourqa itself ({type(error).__name__}): {error}; "
            f"set {DEBUG_VARIABLE}=1 for the details and report it."
        )
        return OUR_FAULT
    return 0


def _complain(sentence: str) -> None:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exc()
    print(sentence, file=sys.stderr)  # noqa: T201 - the one place where errors are shown
