"""The computing process: `python -m ContourQALib.worker_process FOLDER SIDE`; only `worker.Worker` starts it.

Requests and answers are JSON lines on standard input and output, arrays files in FOLDER, those of this
process beginning with SIDE. What libraries print goes to standard error. The process ends, and removes the
folder, when its parent is gone.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import queue
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO, Any

from ContourQALib.errors import ContourQAError
from ContourQALib.worker_answers import Answers
from ContourQALib.worker_arrays import SharedArrays
from ContourQALib.worker_codec import decode, encode

NICENESS = 5
"""Below the panel's priority: what the user looks at comes first."""

PARENT_CHECK_S = 0.5
"""How often the parent is looked for, where a copy of it holds the pipe open after its end."""

EARLY = ("torch", "safetensors.torch", "ContourQALib.quality.predict", "ContourQALib.quality.predictor")
"""What the first assessment imports."""

NO_MEMORY = (
    "There is too little memory for this work: close other programs or images, or take fewer structures."
)
UNEXPECTED = "The work failed unexpectedly ({name}); details are in the computing process's log."


class Stopped(BaseException):
    """Ends a cancelled job; not an Exception, so that nobody takes it for an error of the work."""


class WorkerProcess:
    """Answers requests one after the other, in their order, while a thread listens for more.

    Args:
        arrays: this side of the shared folder.
        requests: JSON lines of the parent.
        answers: where JSON lines for the parent go.
    """

    def __init__(self, arrays: SharedArrays, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._out = answers
        self._arrays = arrays
        self._answers = Answers()
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._cancelled: set[int] = set()

    def run(self) -> None:
        """Work until the parent closes the pipe or is gone; does not return."""
        threading.Thread(target=self._listen, daemon=True).start()
        if hasattr(os, "fork"):
            threading.Thread(target=self._watch_parent, args=(os.getppid(),), daemon=True).start()
        while True:
            message = self._queue.get()
            if "job" in message:
                self._do(message["job"], message["request"])
            else:
                _load_early()

    def _do(self, job: int, data: Any) -> None:
        def progress(done: int, total: int, what: str) -> None:
            if job in self._cancelled:
                raise Stopped
            self._tell(job, progress=[done, total, what])

        try:
            if job in self._cancelled:
                raise Stopped
            self._tell(job, started=True)
            result = self._answers.answer(decode(data, self._arrays.take), progress)
            self._tell(job, result=encode(result, self._arrays.give))
        except Stopped:
            self._tell(job, cancelled=True)
        except ContourQAError as error:
            self._tell(job, failed=str(error))
        except Exception as error:
            _log(error)
            self._tell(job, failed=_sentence(error))
        self._cancelled.discard(job)

    def _tell(self, job: int, **what: Any) -> None:
        line = json.dumps({"job": job, **what}, allow_nan=False, separators=(",", ":"))
        try:
            self._out.write(line.encode() + b"\n")
            self._out.flush()
        except OSError:
            self._end()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._requests:
                message = json.loads(line)
                if "cancel" in message:
                    self._cancelled.add(message["cancel"])
                else:
                    self._queue.put(message)
        self._end()

    def _watch_parent(self, parent: int) -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        self._end()

    def _end(self) -> None:
        shutil.rmtree(self._arrays.folder, ignore_errors=True)
        os._exit(0)  # from any thread, whatever the others compute


def _load_early() -> None:
    """Import what the first assessment would wait for; what is missing is told when it is needed."""
    with contextlib.suppress(ImportError):
        for module in EARLY:
            importlib.import_module(module)


def _log(error: Exception) -> None:
    """The calls that led to an error; without its text, which may hold names from the patient's data."""
    lines = traceback.format_tb(error.__traceback__)
    sys.stderr.write(f"{''.join(lines)}{type(error).__qualname__}\n")
    sys.stderr.flush()


def _sentence(error: Exception) -> str:
    name = type(error).__name__
    if isinstance(error, MemoryError) or "OutOfMemory" in name or "can't allocate memory" in str(error):
        return NO_MEMORY
    if isinstance(error, ModuleNotFoundError):
        return (
            f"The computing process needs the package {error.name}, which is not installed: install it first."
        )
    return UNEXPECTED.format(name=name)


def _own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the parent, out of reach of everybody who prints or reads; prints go to standard error."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


def main() -> None:
    """Serve the parent that started this process."""
    requests, answers = _own_pipes()
    faulthandler.enable()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    folder, side = sys.argv[1:]
    WorkerProcess(SharedArrays(Path(folder), side), requests, answers).run()


if __name__ == "__main__":
    main()
