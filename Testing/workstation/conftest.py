"""What tests of the workstation share: phantom cases, a workstation without a browser, and one with."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from typer.testing import CliRunner

from ContourQALib.cli import app
from one_worker import lend_worker

SIZE = "64x64x32"
"""Large enough for the model to see organs, small enough to draw and assess within a second."""

MODEL = "pelvis-phantom"
START_S = 60
"""A server of a busy machine is up by then."""

STOP_S = 20


def run_command(*arguments: object) -> None:
    """What `contourqa` does, in this process, which has loaded most of what a new one would load."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="session")
def phantom_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two phantom patients as `contourqa phantom` writes them; not to be changed."""
    folder = tmp_path_factory.mktemp("phantoms")
    for seed in (1, 2):
        run_command("phantom", "--seed", seed, "--size", SIZE, "-o", folder / f"phantom_{seed}")
    return folder


@pytest.fixture
def own_cases(phantom_cases: Path, tmp_path: Path) -> Path:
    """The same two patients in a folder that a test may write into."""
    return Path(shutil.copytree(phantom_cases, tmp_path / "cases"))


@dataclass
class Bench:
    """A workstation without a browser, and the event loop that it lives on."""

    station: Any
    loop: asyncio.AbstractEventLoop

    @property
    def session(self) -> Any:
        return self.station.session

    @property
    def state(self) -> Any:
        return self.station.session.state

    def run(self, work: Coroutine[Any, Any, Any], limit_s: float = 60) -> Any:
        """Let the event loop run until the work is done."""
        return self.loop.run_until_complete(asyncio.wait_for(work, limit_s))

    def wait(self, condition: Callable[[], Any], limit_s: float = 60) -> Any:
        """Let the event loop run until a condition holds, and return its value."""

        async def until() -> Any:
            while not (value := condition()):
                await asyncio.sleep(0.01)
            return value

        return self.run(until(), limit_s)

    def change(self, **values: Any) -> None:
        """Change state variables as the page does, and let those who listen hear of it."""

        async def changed() -> None:
            with self.state:
                for name, value in values.items():
                    self.state[name] = value

        self.run(changed())


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    """Makes a workstation from settings; it is closed after the test."""
    yield from _benches()


@pytest.fixture(scope="module")
def module_bench() -> Iterator[Callable[..., Bench]]:
    """Makes a workstation for all tests of a file, since each takes seconds; it is closed after them."""
    yield from _benches()


def _benches() -> Iterator[Callable[..., Bench]]:
    from trame.app import get_server

    from ContourQALib.workstation.application import Workstation

    made: list[Bench] = []

    def make(settings: Any) -> Bench:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        server = get_server(f"bench-{os.getpid()}-{id(loop)}", client_type="vue3")
        server.state.ready()
        made.append(Bench(Workstation(settings, server), loop))
        lend_worker(made[-1].session)
        return made[-1]

    yield make
    for each in made:
        each.station.close()
        for task in asyncio.all_tasks(each.loop):
            task.cancel()
        each.loop.run_until_complete(asyncio.sleep(0))
        each.loop.close()
    asyncio.set_event_loop(None)


@dataclass
class Server:
    """A workstation that runs in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    lines: list[str]

    @property
    def base(self) -> str:
        """The address without its token."""
        return self.address.split("?")[0].rstrip("/")

    def stop(self) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)


Serve = Callable[..., Server]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Starts `contourqa workstation` with the given arguments and waits until it says its address."""
    started: list[Server] = []

    def start(*arguments: object, **environment: str) -> Server:
        command = [sys.executable, "-u", "-m", "ContourQALib", "workstation", *map(str, arguments)]
        process = subprocess.Popen(
            [*command, "--port", "0", "--no-browser"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        lines: list[str] = []
        address = _address(process, lines)
        started.append(Server(process, address, lines))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGINT)
            try:
                server.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(server.process.pid, signal.SIGKILL)
                raise


def _address(process: subprocess.Popen[str], lines: list[str]) -> str:
    """The address in what a server prints; what it prints later is read too, so that it never waits."""
    found: Queue[str | None] = Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if match := re.search(r"http://\S+", line):
                found.put(match.group())
        found.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        address = found.get(timeout=START_S)
    except Empty:
        address = None
    if address is None:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"The workstation did not start: {''.join(lines)}")
    return address


GOING = "trame.rca.event unsuccessful: connection not open"
"""trame says so of the pointer's last events when a tab is closed or loaded again before they were sent."""


DELAY_MS = float(os.environ.get("CONTOURQA_TEST_DELAY_MS", "0"))
"""Messages between pages and server are held back about so long, each way: what a test reads without waiting
for it is not there yet then. 0 in the suite; CONTRIBUTING.md says when to set it."""

SLOW_LINE = """(() => {
    const Quick = window.WebSocket;
    /* In their order, but each after a time of its own: what the server sends together arrives apart. */
    const line = () => {
        const waiting = [];
        return (todo) => {
            waiting.push(todo);
            setTimeout(() => waiting.shift()(), (0.5 + Math.random()) * DELAY_MS);
        };
    };
    class Slow extends Quick {
        out = line();
        in = line();
        send(message) {
            this.out(() => this.readyState === Quick.OPEN && super.send(message));
        }
        addEventListener(type, listener, ...others) {
            super.addEventListener(type, (event) => this.in(() => listener.call(this, event)), ...others);
        }
    }
    for (const type of ["open", "message", "close", "error"]) {
        Object.defineProperty(Slow.prototype, `on${type}`, {
            set(listener) {
                this.addEventListener(type, (event) => listener(event));
            },
        });
    }
    window.WebSocket = Slow;
})()"""


@dataclass
class Browser:
    """Chromium, and what its pages complained of."""

    chromium: Any
    complaints: list[str] = field(default_factory=list)

    def open(self, address: str, width: int = 1440, height: int = 900, delay_ms: float = DELAY_MS) -> Any:
        """A page of a context of its own, so without the cookies of others."""
        context = self.chromium.new_context(viewport={"width": width, "height": height})
        if delay_ms:
            context.add_init_script(SLOW_LINE.replace("DELAY_MS", str(delay_ms)))
        return self.tab(context, address)

    def tab(self, context: Any, address: str) -> Any:
        """Another page of the same context."""
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector("[data-testid=tab-review]")
        return page

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning") and GOING not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium; after the tests its console must hold no error."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on this machine; .ci/run installs it")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        opened = Browser(chromium)
        yield opened
        chromium.close()
    assert not opened.complaints


@pytest.fixture(scope="module")
def workstation_page(
    serve: Serve, browser: Browser, phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """A page of a server of its own with the two phantom patients, in a folder of the module's own."""
    folder = tmp_path_factory.mktemp("served")
    cases = shutil.copytree(phantom_cases, folder / "cases")
    server = serve(cases, "--results", folder / "results", "--model", MODEL)
    page = browser.open(server.address)
    page.served = server
    page.cases = Path(cases)
    return page
