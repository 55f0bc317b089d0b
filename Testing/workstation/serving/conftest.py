"""A real trame server behind the gate, and requests to it down to the last byte."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path

import pytest

from ContourQALib.workstation.serving.access_gate import AccessGate
from ContourQALib.workstation.serving.downloads import Downloads
from ContourQALib.workstation.serving.listening import any_port

STARTED_S = 20.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Site:
    """A server that runs; requests go out as they are written, without a browser's cleaning up."""

    port: int
    gate: AccessGate
    downloads: Downloads
    results: Path
    loop: asyncio.AbstractEventLoop

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.msg, response.read())
        finally:
            connection.close()

    @property
    def cookie(self) -> str:
        """What a browser sends once it was let in."""
        return self.ask(f"/?token={self.gate.token}").headers["Set-Cookie"].partition(";")[0]

    def inside(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return self.ask(path, method, Cookie=self.cookie, **headers)

    def offer(self, name: str, content: bytes | str | Path) -> str:
        async def offered() -> str:
            return self.downloads.offer(name, content)

        return asyncio.run_coroutine_threadsafe(offered(), self.loop).result(10)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    from trame_server.core import Server

    results = tmp_path_factory.mktemp("results")
    gate, downloads, port = AccessGate(), Downloads(results), any_port("localhost")
    loop, ready = asyncio.new_event_loop(), threading.Event()
    server = Server("serving")
    gate.install(server)
    downloads.install(server)
    server.controller.on_server_ready.add(lambda **_: ready.set())

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(
            server.start(
                port=port,
                host="localhost",
                thread=True,
                timeout=0,
                open_browser=False,
                show_connection_info=False,
                exec_mode="coroutine",
            )
        )

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(STARTED_S)
    yield Site(port, gate, downloads, results, loop)
    asyncio.run_coroutine_threadsafe(server.stop(), loop)
    thread.join(STARTED_S)
    assert not thread.is_alive()
    loop.close()
