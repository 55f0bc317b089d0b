"""Front door: one address for several readers, each of whom is led to a workstation of his own.

trame's state and the MRML scene are one for all who look at a server, so that a server is one reader's.
"""

from __future__ import annotations

import asyncio
import html
import secrets
import signal
from collections.abc import Callable

from aiohttp import web

from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.serving.access_gate import NO_ICON, TOKEN, AccessGate
from ContourQALib.workstation.serving.viewers import Viewers
from ContourQALib.workstation.settings import Settings

READER = "contourqa_reader"
"""Cookie by which a browser finds its own workstation again."""

READER_BYTES = 16
PATIENCE_S = 0.5
"""A reader sees that something happens before he wonders."""

AGAIN_S = 1
STOPPING_S = 0.5


class FrontDoor:
    """Leads each browser to its own process.

    Args:
        gate: who asks for the token.
        viewers: the processes.
    """

    def __init__(self, gate: AccessGate, viewers: Viewers) -> None:
        self.gate = gate
        self.viewers = viewers

    def app(self) -> web.Application:
        """What is served."""
        app = web.Application()
        app.router.add_get("/", self._enter)
        app.on_shutdown.append(lambda _: self.viewers.close())
        self.gate.protect(app)
        return app

    async def _enter(self, request: web.Request) -> web.Response:
        reader = request.cookies.get(READER) or secrets.token_urlsafe(READER_BYTES)
        try:
            viewer = self.viewers.of(reader)
            assert viewer.ready is not None
            done, _ = await asyncio.wait({viewer.ready}, timeout=PATIENCE_S)
            if done:
                viewer.ready.result()
                own = request.url.with_port(viewer.port).with_path("/").with_query({TOKEN: viewer.token})
                response = web.Response(status=web.HTTPSeeOther.status_code, headers={"Location": str(own)})
            else:
                response = _page("Your workstation is starting …", again=True)
        except WorkstationError as error:
            response = _page(str(error), status=web.HTTPServiceUnavailable.status_code)
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(READER, reader, httponly=True, samesite="Strict")
        return response


def serve_users(settings: Settings, users: int, announce: Callable[[str], None]) -> None:
    """Serve several readers until Ctrl-C or SIGTERM.

    Args:
        settings: of every reader's workstation; readers' ports follow the one of the settings.
        users: how many readers at a time.
        announce: told the address, token included.
    """
    asyncio.run(_serve(settings, users, announce))


async def _serve(settings: Settings, users: int, announce: Callable[[str], None]) -> None:
    gate = AccessGate(settings.token, settings.host)
    ports = range(settings.port + 1, settings.port + 1 + users)
    runner = web.AppRunner(
        FrontDoor(gate, Viewers(settings, ports)).app(), access_log=None, shutdown_timeout=STOPPING_S
    )
    await runner.setup()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: loop.call_soon_threadsafe(asked.set))
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
        announce(gate.address(settings.host, settings.port))
        await asked.wait()
    finally:
        await runner.cleanup()


def _page(text: str, *, status: int = 200, again: bool = False) -> web.Response:
    refresh = f'<meta http-equiv="refresh" content="{AGAIN_S}">' if again else ""
    style = "background:#121212;color:#eee;font:16px sans-serif;display:grid;place-content:center;height:90vh"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8">{refresh}<title>ContourQA</title>{NO_ICON}'
    body = f'{head}<body style="{style}"><p>{html.escape(text)}</p></body></html>\n'
    return web.Response(text=body, status=status, content_type="text/html")
