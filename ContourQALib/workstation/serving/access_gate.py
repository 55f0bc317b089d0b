"""Access gate: nobody gets anything from the server without the token that its address carries."""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web

from ContourQALib.workstation.serving.security_headers import add_security_headers
from ContourQALib.workstation.serving.served_hosts import ServedHosts, shown_host
from ContourQALib.workstation.settings import LOCAL_HOST

TOKEN = "token"
TOKEN_BYTES = 32
SESSION_PATH = "/paraview/"
"""Where trame's client asks for its session before it connects; it is the client's own constant."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REFUSED = (
    "This page opens by the whole address that contourqa workstation printed at its start, token included."
)
CROSS_SITE = "cross-site"
NO_ICON = '<link rel="icon" href="data:,">'
"""Or browsers ask for one, are refused, and complain of it in their console."""


class AccessGate:
    """Asks every request for the token: the first in its address, all others in a cookie.

    The cookie cannot be read by scripts (HttpOnly) and is not sent along by pages of other sites
    (SameSite=Strict). Requests under a name that is not ours, and connections that a page of somebody else
    opens, are refused even with it.

    Args:
        token: what the address must carry; random by default.
        host: the name or address that the server listens on.
    """

    def __init__(self, token: str | None = None, host: str = LOCAL_HOST) -> None:
        self.token = token or secrets.token_urlsafe(TOKEN_BYTES)
        self._hosts = ServedHosts(host)
        self._secret = secrets.token_urlsafe(TOKEN_BYTES)

    def install(self, server: Any) -> None:
        """Guard a trame server that has not been started.

        wslink's own secret, "wslink-secret" for everybody by default, is made random too; the client is
        told it where it asks for its session.
        """
        server.cli.set_defaults(authKey=self._secret)
        server.controller.on_server_bind.add(self._bind)

    def protect(self, app: web.Application, content: Path | None = None) -> None:
        """Guard an aiohttp application that does not run yet.

        Args:
            app: what is served.
            content: the folder of its index page.
        """
        add_security_headers(app, content)
        app.middlewares.insert(0, self._admit)

    def address(self, host: str, port: int) -> str:
        """The address to open, with the token."""
        return f"http://{shown_host(host)}:{port}/?{TOKEN}={quote(self.token)}"

    def _bind(self, served: Any) -> None:
        content = served.config.get("static", {}).get("/")
        self.protect(served.app, Path(content) if content else None)
        served.app.router.add_post(SESSION_PATH, self._session)

    async def _session(self, request: web.Request) -> web.Response:
        """Tell the client where to connect; unanswered it would guess, with an error in the console."""
        secure = urlsplit(request.headers.get("Origin", "")).scheme == "https" or request.secure
        scheme = "wss" if secure else "ws"
        return web.json_response({"sessionURL": f"{scheme}://USE_HOST/ws", "secret": self._secret})

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._hosts.has(request.host):
            return _refusal()
        if TOKEN in request.query:
            return self._welcome(request) if self._fits(request.query[TOKEN]) else _refusal()
        if not self._fits(request.cookies.get(_cookie_name(request), "")) or _foreign(request):
            return _refusal()
        return await handler(request)

    def _fits(self, said: str) -> bool:
        return hmac.compare_digest(said.encode("utf-8", "surrogatepass"), self.token.encode())

    def _welcome(self, request: web.Request) -> web.Response:
        """Set the cookie, and lead to the same page without the token, which history then does not keep.

        After a click on another site a browser withholds the new cookie from a redirect; a page of ours that
        leads on does not have that origin.
        """
        # More than one slash at the front would name another host.
        path = "/" + request.rel_url.raw_path.lstrip("/")
        query = request.rel_url.without_query_params(TOKEN).raw_query_string
        target = f"{path}?{query}" if query else path
        if request.headers.get("Sec-Fetch-Site") == CROSS_SITE:
            leads_on = f'<meta http-equiv="refresh" content="0; url={html.escape(target)}">'
            response = _page(leads_on, web.HTTPOk.status_code)
        else:
            response = web.Response(status=web.HTTPSeeOther.status_code, headers={"Location": target})
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(
            _cookie_name(request),
            self.token,
            httponly=True,
            samesite="Strict",
            secure=request.secure,
            path="/",
        )
        return response


def _cookie_name(request: web.Request) -> str:
    """A name for each port: the ports of one host share cookies, and viewers would log each other out."""
    return "contourqa_" + hashlib.sha256(request.host.lower().encode()).hexdigest()[:12]


def _foreign(request: web.Request) -> bool:
    """True for a request that a page of another origin makes, unless it merely leads here."""
    origin = request.headers.get("Origin")
    return origin is not None and not ServedHosts.same_origin(origin, request.host)


def _refusal() -> web.Response:
    return _page(f"<p>{REFUSED}</p>", web.HTTPForbidden.status_code)


def _page(body: str, status: int) -> web.Response:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>ContourQA</title>{NO_ICON}'
    text = f"{head}{body}</html>\n"
    return web.Response(
        text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"}
    )
