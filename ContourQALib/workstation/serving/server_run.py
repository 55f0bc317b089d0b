"""Server run: a workstation from its first request to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol

from ContourQALib.workstation.serving.access_gate import AccessGate
from ContourQALib.workstation.settings import Settings

STOPPING_S = 0.5
"""How long browsers may take to say goodbye; who does not answer is left behind."""

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""Without one of them a browser on Linux would be one within the terminal."""


class Served(Protocol):
    """What is run: `application.Workstation`, or a stand-in with a trame server behind a gate."""

    settings: Settings
    server: Any
    gate: AccessGate

    def close(self) -> None:
        """End the computing processes and let go of files."""


def run(make: Callable[[], Served], announce: Callable[[str, Served], None]) -> None:
    """Serve until Ctrl-C, SIGTERM, or nobody has looked for as long as the settings say.

    Args:
        make: makes the workstation, on the event loop that will serve it.
        announce: told the address, token included, once the page can be opened.
    """
    # trame reads this variable instead of our own command line, whose words it would take for its own.
    os.environ["TRAME_ARGS"] = ""
    with _event_loop() as loop:
        workstation = make()
        try:
            loop.run_until_complete(_serve(workstation, announce))
        finally:
            workstation.close()


def leave() -> NoReturn:
    """End this process at once, after a run: all is closed, and VTK takes seconds to take a scene apart."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _serve(workstation: Served, announce: Callable[[str, Served], None]) -> None:
    settings, server = workstation.settings, workstation.server

    def ready(**_: Any) -> None:
        address = workstation.gate.address(settings.host, server.port)
        announce(address, workstation)
        if settings.open_browser and _has_screen():
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    server.controller.on_server_ready.add(ready)
    asked = asyncio.Event()
    with _signals(asked):
        serving = asyncio.ensure_future(
            server.start(
                host=settings.host,
                port=settings.port,
                timeout=settings.idle_s,
                thread=True,  # the signals are ours
                open_browser=False,
                show_connection_info=False,
                exec_mode="coroutine",
            )
        )
        asking = asyncio.ensure_future(asked.wait())
        await asyncio.wait({serving, asking}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            asking.cancel()
            serving.result()
            return
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(server.stop(), STOPPING_S)


@contextlib.contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of our own, current while the block runs; nothing is left running on it."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_on_exception)
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            ending = asyncio.gather(*left, return_exceptions=True)
            loop.run_until_complete(asyncio.wait_for(ending, STOPPING_S))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())  # a file that is being written is finished
        asyncio.set_event_loop(None)
        loop.close()


def _on_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A browser that left while something was being sent to it is no fault; everything else is logged."""
    if not isinstance(context.get("exception"), ConnectionResetError):
        loop.default_exception_handler(context)


@contextlib.contextmanager
def _signals(asked: asyncio.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM ask for the end instead of cutting off whatever runs."""
    loop = asyncio.get_running_loop()

    def ask(*_: object) -> None:
        loop.call_soon_threadsafe(asked.set)

    former = {one: signal.signal(one, ask) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)


def _has_screen() -> bool:
    return not sys.platform.startswith("linux") or any(map(os.environ.get, SCREENS))
