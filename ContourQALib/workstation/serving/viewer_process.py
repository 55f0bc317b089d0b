"""Viewer process: one reader's workstation, started by the front door and never outliving it.

Its settings come as one line of JSON on standard input: on the command line everybody could read the token.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.settings import Settings

MODULE = "ContourQALib.workstation.serving.viewer_process"
READY = b"ready\n"
"""Said on standard output when the page can be opened."""


def settings_to_text(settings: Settings) -> str:
    """One line of JSON."""
    return json.dumps(dataclasses.asdict(settings), default=str)


def settings_from_text(text: str) -> Settings:
    """The settings again."""
    said: dict[str, Any] = json.loads(text)
    said["levels"] = Levels(**said["levels"])
    naming = said["naming"]
    tables = {option: naming[option] and Path(naming[option]) for option in ("color_table", "names")}
    said["naming"] = LabelNaming(**naming | tables)
    said["folders"] = tuple(map(Path, said["folders"]))
    for name in ("results", "source", "cohort"):
        said[name] = None if said[name] is None else Path(said[name])
    return Settings(**said)


def main() -> None:
    """Serve one reader until he has been away too long, or the front door closes."""
    settings = settings_from_text(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    from ContourQALib.workstation.application import Workstation
    from ContourQALib.workstation.serving.server_run import leave, run

    run(lambda: Workstation(settings), lambda *_: _say_ready())
    leave()


def _say_ready() -> None:
    """From now on nobody reads standard output: what libraries print goes where errors go."""
    os.write(sys.stdout.fileno(), READY)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _end_with_parent() -> None:
    """The front door never writes again: standard input ends when its process does, killed or not."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    from ContourQALib.cli import guarded

    sys.exit(guarded(main))
