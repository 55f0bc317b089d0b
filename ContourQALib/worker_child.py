"""WorkerChild: one computing process as its parent sees it: started, written to, listened to, ended."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ContourQALib.worker_arrays import SharedArrays
from ContourQALib.worker_codec import decode
from ContourQALib.worker_events import WorkerError

MODULE = "ContourQALib.worker_process"

SLICER_PYTHON = "PythonSlicer"
"""3D Slicer's Python beside the application, which is itself no Python that could run a module."""

LOG_BYTES = 65_536
"""So much of the end of what the process said on standard error is kept."""

MOST_THREADS = 8
"""More threads than windows in a batch of the network gain nothing."""

CLOSING_S = 0.5
"""How long a process that was told to end may take."""

LIBRARY_PARENT = Path(__file__).resolve().parents[1]

_numbers = itertools.count()
"""Of the processes that were started; begin the names of their files."""

Tell = Callable[["WorkerChild", "dict[str, Any] | None"], None]
"""Told, from a thread, every message with its result decoded; None once the process has ended."""


def find_python() -> str:
    """The interpreter for the computing process: this one, or Slicer's own.

    Raises:
        WorkerError: this process is no Python, and Slicer's is not on the path.
    """
    if Path(sys.executable or "").name.lower().startswith("python"):
        return sys.executable
    found = shutil.which(SLICER_PYTHON)
    if found is None:
        raise WorkerError(
            f"No Python to compute with was found: {SLICER_PYTHON} is not on the path of this application; "
            "start it from its own folder or its launcher."
        )
    return found


class WorkerChild:
    """A computing process; starts at once.

    Args:
        python: the interpreter.
        arrays: this side of the shared folder.
        tell: see `Tell`.

    Raises:
        WorkerError: it cannot be started.
    """

    def __init__(self, python: str, arrays: SharedArrays, tell: Tell) -> None:
        self._arrays = arrays
        self._tell = tell
        self._writing = threading.Lock()
        self._log = b""
        self._side = f"child{next(_numbers)}"  # not its process number: Slicer's is that of a launcher
        self.killed = False
        try:
            self._process = subprocess.Popen(
                [python, "-m", MODULE, str(arrays.folder), self._side],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                **_apart(),
            )
        except OSError as error:
            raise WorkerError(
                f"The computing process cannot be started with {python}: {error.strerror}."
            ) from error
        self._logger = threading.Thread(target=self._keep_log, args=(self._process.stderr,), daemon=True)
        self._reader = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._logger.start()
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def ending(self) -> str:
        """How it ended, for a message; after its end."""
        code = self._process.returncode
        if code is None or code >= 0:
            return f"exit code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"{name}, perhaps for lack of memory" if name == "SIGKILL" else name

    @property
    def log_tail(self) -> str:
        """The end of what it said on standard error."""
        return self._log.decode(errors="replace")

    def send(self, message: dict[str, Any]) -> None:
        """Write a message.

        Raises:
            OSError: it has ended.
        """
        line = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it and what it started, now; `tell` has been told of the end when this returns."""
        self.killed = True
        if self.alive:
            if os.name == "nt":
                subprocess.run(
                    ["taskkill", "/F", "/T", "/PID", str(self.pid)],
                    capture_output=True,
                    check=False,
                    **_apart(),
                )
            else:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
        self._finish()

    def close(self) -> None:
        """Let it end; see that it does."""
        self.killed = True
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_S)
        self.kill()

    def _finish(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_S)
        for thread in (self._reader, self._logger):
            if thread is not threading.current_thread():
                thread.join(CLOSING_S)

    def _listen(self, lines: IO[bytes]) -> None:
        try:
            with lines, contextlib.suppress(OSError, ValueError):
                for line in lines:
                    message = json.loads(line)
                    self._tell(self, self._with_result(message) if "result" in message else message)
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(CLOSING_S)
            if self.alive:  # it lives and has closed its output: nothing will come of it
                self._process.kill()
                self._process.wait()
            self._arrays.sweep_out(self._side)
            self._tell(self, None)

    def _with_result(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            result = decode(message["result"], lambda record: self._arrays.take(record, away=True))
        except Exception as error:  # whatever is wrong with it, the job must end
            name = type(error).__name__
            return {
                "job": message["job"],
                "failed": f"The answer of the computing process is damaged ({name}).",
            }
        return {"job": message["job"], "result": result}

    def _keep_log(self, stream: IO[bytes]) -> None:
        with stream, contextlib.suppress(OSError, ValueError):
            while said := os.read(stream.fileno(), 4096):
                self._log = (self._log + said)[-LOG_BYTES:]


def _environment() -> dict[str, str]:
    """This process's environment, with the library importable and the working folder not in its way."""
    paths = [str(LIBRARY_PARENT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "OMP_NUM_THREADS": str(min(_cores(), MOST_THREADS)),
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait actively take the panel its processor time
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
    }


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _apart() -> dict[str, Any]:
    """What sets a process apart from this one's terminal, window and interrupts."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"start_new_session": True}
