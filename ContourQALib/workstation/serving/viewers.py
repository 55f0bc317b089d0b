"""Viewers: the processes of several readers, one each."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.serving.access_gate import TOKEN_BYTES
from ContourQALib.workstation.serving.listening import is_free
from ContourQALib.workstation.serving.viewer_process import MODULE, READY, settings_to_text
from ContourQALib.workstation.settings import Settings

STARTING_S = 60.0
ENDING_S = 3.0
"""How long a process that was asked to end may take."""


@dataclass(eq=False)
class Viewer:
    """One reader's workstation.

    Attributes:
        port: where it listens.
        token: what its own address carries.
        ready: done when the page can be opened; holds why not otherwise.
    """

    port: int
    token: str
    ready: asyncio.Task[None] | None = None
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def ended(self) -> bool:
        """True once its process has ended, or could not be started."""
        if self.process is not None and self.process.returncode is not None:
            return True
        return self.ready is not None and self.ready.done() and self.ready.exception() is not None


class Viewers:
    """Starts a process for each reader, finds it again, and ends them all.

    Args:
        settings: of every viewer, but for its port and token.
        ports: where they may listen; there are as many places as ports.
        program: what is started instead of a workstation, for tests.
    """

    def __init__(
        self, settings: Settings, ports: Sequence[int], program: Sequence[str] = ("-m", MODULE)
    ) -> None:
        self._settings = settings
        self._ports = tuple(ports)
        self._program = tuple(program)
        self._viewers: dict[str, Viewer] = {}

    def of(self, reader: str) -> Viewer:
        """The viewer of a reader, started where he has none that lives; it may not be ready yet.

        Raises:
            WorkstationError: all places are taken.
        """
        for known in [name for name, viewer in self._viewers.items() if viewer.ended]:
            del self._viewers[known]
        if reader not in self._viewers:
            viewer = Viewer(self._free_port(), secrets.token_urlsafe(TOKEN_BYTES))
            viewer.ready = asyncio.get_running_loop().create_task(self._start(viewer))
            # whoever asks next is told; asyncio itself would print a traceback
            viewer.ready.add_done_callback(lambda task: task.cancelled() or task.exception())
            self._viewers[reader] = viewer
        return self._viewers[reader]

    async def close(self) -> None:
        """End every process; one that does not listen is killed."""
        for viewer in self._viewers.values():
            if viewer.ready is not None:
                viewer.ready.cancel()
        await asyncio.gather(*map(_end, self._viewers.values()))
        self._viewers.clear()

    def _free_port(self) -> int:
        used = {viewer.port for viewer in self._viewers.values()}
        for port in self._ports:
            if port not in used and is_free(self._settings.host, port):
                return port
        raise WorkstationError(
            f"All {len(self._ports)} places are taken; come back when a colleague has closed the browser, or "
            "have the workstation started with more --users."
        )

    async def _start(self, viewer: Viewer) -> None:
        own = replace(self._settings, port=viewer.port, token=viewer.token, open_browser=False)
        pipe = asyncio.subprocess.PIPE
        viewer.process = await asyncio.create_subprocess_exec(
            sys.executable, *self._program, stdin=pipe, stdout=pipe
        )
        assert viewer.process.stdin is not None
        assert viewer.process.stdout is not None
        viewer.process.stdin.write(f"{settings_to_text(own)}\n".encode())
        try:
            async with asyncio.timeout(STARTING_S):
                said = await viewer.process.stdout.readline()
        except TimeoutError:
            said = b""
        if said != READY:
            await _end(viewer)
            raise WorkstationError(
                "The workstation could not be started; the window where contourqa workstation runs says why."
            )


async def _end(viewer: Viewer) -> None:
    process = viewer.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), ENDING_S)
        except TimeoutError:
            process.kill()
            await process.wait()
