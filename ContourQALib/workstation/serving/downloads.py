"""Downloads: files that the browser fetches once, under an address that nobody can guess."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

from ContourQALib.workstation.serving.allowed_folders import AllowedFolders

KEPT_S = 600.0
"""Long enough for a slow click, short enough that reports do not gather in memory."""

ROUTE = "/downloads/{key}"
WAITING_ROUTE = "/downloads/waiting/{key}"
KEY_BYTES = 24


@dataclass(frozen=True, eq=False)
class _Offer:
    name: str
    content: bytes | Path


class Downloads:
    """What may be fetched now; each is forgotten once it was, or after ten minutes.

    Args:
        results: the only folder whose files may be offered; None where only bytes are.
        kept_s: how long an offer that nobody fetches stands, seconds.

    Example:
        url = downloads.offer("report.html", html.encode())
    """

    def __init__(self, results: Path | None = None, kept_s: float = KEPT_S) -> None:
        self._results = AllowedFolders([] if results is None else [results])
        self._kept_s = kept_s
        self._offers: dict[str, _Offer] = {}
        self._making: dict[str, asyncio.Task[str | None]] = {}

    def __len__(self) -> int:
        """How many wait to be fetched."""
        return len(self._offers)

    def install(self, server: Any) -> None:
        """Serve the offers by a trame server that has not been started."""
        server.controller.on_server_bind.add(lambda served: self.add_route(served.app))

    def add_route(self, app: web.Application) -> None:
        """Serve the offers by an aiohttp application that does not run yet."""
        app.router.add_get(ROUTE, self._send, allow_head=False)
        app.router.add_get(WAITING_ROUTE, self._wait, allow_head=False)

    def offer(self, name: str, content: bytes | str | Path) -> str:
        """Offer bytes, text or a file of the results folder; to be called in the event loop.

        Args:
            name: the name that the file gets on the user's machine.
            content: what is sent; a file is read when it is fetched.

        Returns:
            The address, from the root of this server.

        Raises:
            AccessError: the file lies outside the results folder.
        """
        if isinstance(content, str):
            content = content.encode()
        elif isinstance(content, Path):
            content = self._results.check(content)
        key = secrets.token_urlsafe(KEY_BYTES)
        self._offers[key] = _Offer(Path(name).name, content)
        asyncio.get_running_loop().call_later(self._kept_s, self._offers.pop, key, None)
        return ROUTE.format(key=key)

    def later(self, making: asyncio.Task[str | None]) -> str:
        """Where the browser waits for an offer that takes long to make.

        Args:
            making: ends with the address from `offer`, or with nothing where there is no file.

        Returns:
            An address, from the root of this server, that answers with that one once it is known.
        """
        key = secrets.token_urlsafe(KEY_BYTES)
        self._making[key] = making
        loop = asyncio.get_running_loop()
        making.add_done_callback(lambda _: loop.call_later(self._kept_s, self._making.pop, key, None))
        return WAITING_ROUTE.format(key=key)

    async def _wait(self, request: web.Request) -> web.StreamResponse:
        making = self._making.pop(request.match_info["key"], None)
        if making is None:
            raise web.HTTPNotFound(text="Nothing is being made here; ask for it again.")
        await asyncio.wait({making})  # a browser that leaves ends nothing
        is_there = not making.cancelled() and making.exception() is None
        return web.Response(
            text=(making.result() or "") if is_there else "", headers={"Cache-Control": "no-store"}
        )

    async def _send(self, request: web.Request) -> web.StreamResponse:
        offer = self._offers.pop(request.match_info["key"], None)
        if offer is None or (isinstance(offer.content, Path) and not offer.content.is_file()):
            raise web.HTTPNotFound(
                text="This file was fetched already, or its ten minutes are over; ask for it again."
            )
        headers = {
            "Content-Disposition": _disposition(offer.name),
            "Content-Type": mimetypes.guess_type(offer.name)[0] or "application/octet-stream",
            "Cache-Control": "no-store",
        }
        if isinstance(offer.content, Path):
            return web.FileResponse(offer.content, headers=headers)
        return web.Response(body=offer.content, headers=headers)


def _disposition(name: str) -> str:
    """Saved, never shown within our origin; the name in ASCII for old clients, and whole by RFC 6266."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
