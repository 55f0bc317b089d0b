"""ReportRoute: the cohort's report as a page of its own, behind the gate like everything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

ADDRESS = "/cohort/report.html"

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""The report is one file without scripts; whatever a case's name holds, nothing else is loaded or run."""


class ReportRoute:
    """Serves one file, the page of the report that is shown.

    Args:
        page: the file; None while there is none.
    """

    def __init__(self, page: Callable[[], Path | None]) -> None:
        self._page = page

    def install(self, server: Any) -> None:
        """Serve it by a trame server that has not been started."""
        server.controller.on_server_bind.add(lambda served: self.add_route(served.app))

    def add_route(self, app: web.Application) -> None:
        """Serve it by an aiohttp application that does not run yet."""
        app.router.add_get(ADDRESS, self._send, allow_head=False)

    async def _send(self, _request: web.Request) -> web.StreamResponse:
        path = self._page()
        if path is None or not path.is_file():
            raise web.HTTPNotFound(text="There is no report of a cohort; make one on the cohort page.")
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return web.FileResponse(path, headers=headers)
