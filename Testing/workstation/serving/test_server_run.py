"""A server runs until it is told to stop or nobody looks any more, and lets go of what it held."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ContourQALib.workstation.serving.access_gate import AccessGate
from ContourQALib.workstation.serving.listening import any_port
from ContourQALib.workstation.serving.server_run import _event_loop, run
from ContourQALib.workstation.settings import Settings


def trame_server() -> Any:
    from trame_server.core import Server

    return Server(f"run-{time.monotonic_ns()}")


@dataclass
class StandIn:
    """What a workstation is to whoever serves it, without views and pages."""

    settings: Settings
    server: Any = field(default_factory=trame_server)
    gate: AccessGate = field(default_factory=AccessGate)
    closed: int = 0

    def __post_init__(self) -> None:
        self.gate.install(self.server)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def _environment_as_it_was(monkeypatch):
    monkeypatch.setenv("TRAME_ARGS", "")


def settings(**changes: Any) -> Settings:
    return Settings(Path("results"), port=any_port("localhost"), **changes)


def served(stand_in: StandIn, on_ready=lambda: None) -> list[str]:
    """Addresses that were announced, once the run has ended."""
    told: list[str] = []

    def announce(address: str, _: Any) -> None:
        told.append(address)
        on_ready()

    run(lambda: stand_in, announce)
    return told


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_a_second(asked):
    stand_in = StandIn(settings())
    former = signal.getsignal(asked)
    at: list[float] = []

    def ask() -> None:
        at.append(time.monotonic())
        os.kill(os.getpid(), asked)

    told = served(stand_in, lambda: threading.Timer(0.2, ask).start())

    assert time.monotonic() - at[0] < 1
    assert told == [stand_in.gate.address("localhost", stand_in.settings.port)]
    assert stand_in.closed == 1
    assert signal.getsignal(asked) is former


def test_it_ends_by_itself_when_nobody_looks():
    stand_in = StandIn(settings(idle_s=1))
    started = time.monotonic()

    assert len(served(stand_in)) == 1
    assert 0.9 < time.monotonic() - started < 8
    assert stand_in.closed == 1


def test_what_still_runs_is_cancelled():
    stand_in, ended = StandIn(settings()), []

    async def long_work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    def ready() -> None:
        stand_in.work = asyncio.get_running_loop().create_task(long_work())
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    served(stand_in, ready)

    assert ended == [True]


def test_words_of_our_command_line_are_not_taken_for_trames(monkeypatch):
    monkeypatch.setattr("sys.argv", ["contourqa", "workstation", "--content", "/", "--host", "0.0.0.0"])
    stand_in = StandIn(settings(idle_s=1))
    monkeypatch.delenv("TRAME_ARGS")

    assert served(stand_in)[0].startswith("http://localhost:")
    assert stand_in.server.server_options.content != "/"


def test_a_browser_is_opened_only_where_there_is_a_screen(monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    served(StandIn(settings(idle_s=1, open_browser=True)))
    assert opened == []

    monkeypatch.setenv("DISPLAY", ":0")
    told = served(StandIn(settings(idle_s=1, open_browser=True)))
    assert opened == told

    served(StandIn(settings(idle_s=1)))
    assert opened == told


def test_a_file_that_is_being_written_is_finished():
    stand_in, written = StandIn(settings()), []

    def write() -> None:
        time.sleep(0.5)
        written.append(True)

    def ready() -> None:
        stand_in.work = asyncio.ensure_future(asyncio.to_thread(write))
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    served(stand_in, ready)

    assert written == [True]


def test_a_browser_that_leaves_is_no_fault_and_everything_else_is_logged(caplog):
    async def gone() -> None:
        raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

    async def broken() -> None:
        raise ValueError("broken")

    with _event_loop() as loop:
        for work in (gone, broken):
            loop.create_task(work())
            loop.run_until_complete(asyncio.sleep(0.01))
            gc.collect()  # a task's exception is told when nobody can fetch it any more
    assert "broken" in caplog.text
    assert "transport" not in caplog.text
