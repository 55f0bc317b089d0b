"""Security headers: what a browser is told not to do with the page."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from aiohttp import web

INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def content_security_policy(content: Path | None) -> str:
    """What the page may load: nothing from the net, and no script in text that comes from data.

    Vue compiles its templates in the browser, which takes 'unsafe-eval'; styles are set by script. The only
    script within a page is the one of trame's index.html, allowed by its hash.

    Args:
        content: the folder of the index page; None where there is none.
    """
    scripts = " ".join(["'self'", "'unsafe-eval'", *(f"'sha256-{one}'" for one in _inline_hashes(content))])
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob:",
            "connect-src 'self' blob: data:",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def add_security_headers(app: web.Application, content: Path | None) -> None:
    """Let every answer of `app` carry the headers, those of files, refusals and errors too."""
    headers = {**FIXED, "Content-Security-Policy": content_security_policy(content)}

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)

    app.on_response_prepare.append(add)


def _inline_hashes(content: Path | None) -> list[str]:
    index = None if content is None else content / "index.html"
    if index is None or not index.is_file():
        return []
    found = INLINE_SCRIPT.findall(index.read_text(encoding="utf-8"))
    return [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found]
