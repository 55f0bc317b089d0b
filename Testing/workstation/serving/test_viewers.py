"""Several readers: a process each, found again, never outliving the front door."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.serving.access_gate import AccessGate
from ContourQALib.workstation.serving.front_door import READER, FrontDoor
from ContourQALib.workstation.serving.listening import any_port
from ContourQALib.workstation.serving.viewer_process import settings_from_text, settings_to_text
from ContourQALib.workstation.serving.viewers import Viewers
from ContourQALib.workstation.settings import Settings

READY = "print(input() and 'ready', flush=True); input()"
SLOW = f"import time; time.sleep(1); {READY}"
BROKEN = "raise SystemExit(2)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}; input()"


def viewers(program: str, places: int = 2) -> Viewers:
    """Processes that take a line and wait, as a viewer's process does without what takes seconds to load."""
    ports = [any_port("localhost") for _ in range(places)]
    return Viewers(Settings(Path("results")), ports, ("-c", program))


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def started(places: Viewers, reader: str) -> int:
    viewer = places.of(reader)
    await viewer.ready
    return viewer.process.pid


def test_every_reader_has_a_process_a_port_and_a_token_of_his_own():
    async def work() -> None:
        places = viewers(READY)
        first, second = await started(places, "a"), await started(places, "b")
        assert first != second
        one, other = places.of("a"), places.of("b")
        assert one.port != other.port
        assert one.token != other.token
        assert await started(places, "a") == first  # found again
        await places.close()
        assert not lives(first)
        assert not lives(second)

    asyncio.run(work())


def test_when_all_places_are_taken_the_next_reader_is_told():
    async def work() -> None:
        places = viewers(READY, places=1)
        await started(places, "a")
        with pytest.raises(WorkstationError, match="All 1 places are taken"):
            places.of("b")
        await places.close()

    asyncio.run(work())


def test_the_place_of_a_process_that_ended_is_free_again():
    async def work() -> None:
        places = viewers(READY, places=1)
        pid = await started(places, "a")
        process = places.of("a").process
        process.stdin.write(b"go\n")
        await process.wait()
        assert await started(places, "b") != pid
        await places.close()

    asyncio.run(work())


def test_a_process_that_does_not_start_is_an_error_and_the_next_try_starts_another():
    async def work() -> None:
        places = viewers(BROKEN, places=1)
        with pytest.raises(WorkstationError, match="could not be started"):
            await started(places, "a")
        with pytest.raises(WorkstationError, match="could not be started"):
            await started(places, "a")
        await places.close()

    asyncio.run(work())


def test_a_process_that_does_not_listen_is_killed(monkeypatch):
    monkeypatch.setattr("ContourQALib.workstation.serving.viewers.ENDING_S", 0.2)

    async def work() -> None:
        places = viewers(DEAF)
        pid = await started(places, "a")
        await places.close()
        assert not lives(pid)

    asyncio.run(work())


def test_settings_arrive_as_they_were():
    settings = Settings(
        Path("results"),
        Path("cases"),
        folders=(Path("a b"), Path("ü")),
        model="hippocampus-t1",
        models={"phantom_0": "pelvis-phantom"},
        naming=LabelNaming("1=anterior", None, Path("names.ctbl")),
        levels=Levels(0.9, 0.6),
        reader='Dr. "X"\n',
        call_first=True,
        cohort=Path("cohort"),
        host="0.0.0.0",
        port=9001,
        token="secret",
        idle_s=60,
    )

    assert settings_from_text(settings_to_text(settings)) == settings
    bare = replace(settings, source=None, cohort=None, model=None, token=None)
    assert settings_from_text(settings_to_text(bare)) == bare


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at Linux's list of processes")
def test_the_token_stands_on_no_command_line_and_in_no_environment():
    async def work() -> None:
        places = viewers(READY)
        pid = await started(places, "a")
        for name in ("cmdline", "environ"):
            assert places.of("a").token.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
        await places.close()

    asyncio.run(work())


def test_a_viewer_ends_with_the_front_door_even_when_that_is_killed(tmp_path):
    code = (
        "import asyncio, os, threading, time\n"
        "from ContourQALib.workstation.serving import viewer_process\n"
        "threading.Thread(target=viewer_process._end_with_parent, daemon=True).start()\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"up\n"
    child.stdin.close()  # as the system does for a process that was killed
    started_at = time.monotonic()
    child.wait(10)
    child.stdout.close()
    assert time.monotonic() - started_at < 5


Talk = Callable[[aiohttp.ClientSession, str, AccessGate], Awaitable[None]]


def at_the_door(program: str, talk: Talk, places: int = 1) -> None:
    async def work() -> None:
        gate = AccessGate()
        server = TestServer(FrontDoor(gate, viewers(program, places)).app())
        await server.start_server()
        # a name, since the jar keeps no cookies of numbers
        address = f"http://localhost:{server.port}/"
        async with aiohttp.ClientSession() as client:
            await talk(client, address, gate)
        await server.close()

    asyncio.run(work())


def test_the_door_leads_a_reader_to_his_own_workstation_and_there_again():
    async def talk(client: aiohttp.ClientSession, address: str, gate: AccessGate) -> None:
        async with client.get(address, params={"token": gate.token}, allow_redirects=False) as welcome:
            assert welcome.status == 303
        places = []
        for _ in range(2):
            async with client.get(address, allow_redirects=False) as answer:
                assert answer.status == 303
                places.append(answer.headers["Location"])
        assert places[0] == places[1]
        assert places[0].startswith("http://localhost:")
        assert gate.token not in places[0]
        cookies = {cookie.key: cookie for cookie in client.cookie_jar}
        assert cookies[READER]["httponly"]

    at_the_door(READY, talk)


def test_nobody_gets_a_process_without_the_token():
    async def talk(client: aiohttp.ClientSession, address: str, gate: AccessGate) -> None:
        for path in ("", "?token=wrong", "paraview/"):
            async with client.get(address + path) as answer:
                assert answer.status == 403

    at_the_door("raise SystemExit('started')", talk)


def test_who_waits_sees_that_something_happens():
    async def talk(client: aiohttp.ClientSession, address: str, gate: AccessGate) -> None:
        async with client.get(address, params={"token": gate.token}, allow_redirects=False):
            pass
        async with client.get(address, allow_redirects=False) as answer:
            assert answer.status == 200
            assert "is starting" in await answer.text()
        await asyncio.sleep(1)
        async with client.get(address, allow_redirects=False) as answer:
            assert answer.status == 303

    at_the_door(SLOW, talk)


def test_a_second_reader_is_told_that_there_is_no_place():
    async def talk(client: aiohttp.ClientSession, address: str, gate: AccessGate) -> None:
        async with client.get(address, params={"token": gate.token}, allow_redirects=False):
            pass
        async with client.get(address, allow_redirects=False) as answer:
            assert answer.status == 303
        client.cookie_jar.clear(lambda cookie: cookie.key == READER)  # another browser
        async with client.get(address, allow_redirects=False) as answer:
            assert answer.status == 503
            assert "All 1 places are taken" in await answer.text()

    at_the_door(READY, talk)
