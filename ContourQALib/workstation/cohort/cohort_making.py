"""CohortMaking: `contourqa cohort` in a process of its own, which can be stopped and goes on from there."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from ContourQALib.workstation.errors import WorkstationError

JOURNAL_FILE = "cohort.journal"
"""Where the command keeps what is measured, one row a line."""

STOP_S = 5.0
"""A command that was told to stop writes its journal and ends within this."""

LAST_LINES = 4000
"""Characters of what the command says that are kept for its error."""


class CohortMaking:
    """Makes the report of a manifest.

    Args:
        manifest: CSV with the columns case, structure, reference and one for each model.
        folder: takes the report; one that is there goes on from its journal.
    """

    def __init__(self, manifest: Path, folder: Path) -> None:
        self._manifest = manifest
        self.folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @property
    def done(self) -> int:
        """How many rows are measured, of those that the folder's journal holds."""
        try:
            with (self.folder / JOURNAL_FILE).open("rb") as journal:
                return max(sum(1 for _ in journal) - 1, 0)  # the first line says what the others are
        except OSError:
            return 0

    @property
    def running(self) -> bool:
        """Whether the command runs."""
        return self._process is not None and self._process.returncode is None

    async def run(self) -> Path:
        """Make the report; cancelling the task stops the command.

        Returns:
            The folder.

        Raises:
            WorkstationError: with the command's own sentence.
        """
        command = (
            sys.executable,
            "-m",
            "ContourQALib",
            "cohort",
            str(self._manifest),
            "-o",
            str(self.folder),
        )
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        try:
            said = await self._listen(self._process)
        except asyncio.CancelledError:
            await self.stop()
            raise
        if self._process.returncode:
            sentence = said.strip().splitlines()[-1] if said.strip() else "it ended without a word."
            raise WorkstationError(f"The cohort's report could not be made: {sentence}")
        return self.folder

    async def stop(self) -> None:
        """Let the command write its journal and end; what does not end is killed."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def kill(self) -> None:
        """End the command at once, when the server ends; its journal holds what is done."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)

    @staticmethod
    async def _listen(process: asyncio.subprocess.Process) -> str:
        assert process.stderr is not None
        said = ""
        while chunk := await process.stderr.read(1024):
            said = (said + chunk.decode(errors="replace"))[-LAST_LINES:]
        await process.wait()
        return said
