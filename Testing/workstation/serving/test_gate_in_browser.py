"""The gate as Chromium meets it: what stays in address and history, and what pages of other sites reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

CONNECT = """
address => new Promise(resolve => {
    const socket = new WebSocket(address);
    socket.onopen = () => { socket.close(); resolve("open"); };
    socket.onerror = () => resolve("refused");
})
"""
EVIL = "ws://127.0.0.1:1/ws"


@pytest.fixture
def page(browser) -> Iterator[Any]:
    """A page of a browser that was nowhere yet; `page.complaints` is its console."""
    context = browser.chromium.new_context()
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture(scope="module")
def elsewhere(site) -> Iterator[str]:
    """A page of another site with a link to ours: 127.0.0.1 is another site than localhost."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = f'<a href="{site.gate.address("localhost", site.port)}">in</a>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def enter(page: Any, site: Any) -> None:
    page.goto(site.gate.address("localhost", site.port))


def test_the_token_is_in_no_address_no_history_and_no_script(page, site):
    enter(page, site)

    assert page.url == f"http://{site.host}/index.html"
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("history.length") <= 2  # the empty page of the new tab, and ours
    assert site.gate.token not in page.content()
    page.reload()
    assert page.url == f"http://{site.host}/index.html"


def test_the_client_connects_and_the_console_stays_clean(page, site):
    received: list[object] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(frame)))
    with page.expect_websocket() as connected:
        enter(page, site)
    socket = connected.value

    assert socket.url == f"ws://{site.host}/ws"
    for _ in range(200):
        page.wait_for_timeout(100)
        if received:  # the answer to its hello
            break
    assert received
    page.wait_for_timeout(300)
    assert not socket.is_closed()
    assert page.complaints == []


def test_a_wrong_token_shows_one_sentence(page, site):
    page.goto(f"http://{site.host}/?token=wrong")

    assert "contourqa workstation printed" in page.inner_text("body")


def test_a_link_on_another_site_leads_in(page, site, elsewhere):
    page.goto(elsewhere)
    page.click("a")
    page.wait_for_url(f"http://{site.host}/index.html")

    assert page.title() != "ContourQA"  # the refusal's
    assert page.evaluate("document.querySelector('#app') !== null")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_somebody_else_cannot_connect_with_the_readers_cookie(page, site, elsewhere, host):
    """A program on another port of this machine is the same site, and the cookie does go along."""
    enter(page, site)
    assert page.evaluate(CONNECT, f"ws://{site.host}/ws") == "open"
    page.goto(elsewhere.replace("127.0.0.1", host))

    assert page.evaluate(CONNECT, f"ws://{site.host}/ws") == "refused"


def test_an_address_in_the_address_does_not_lead_the_client_elsewhere(page, site):
    enter(page, site)
    tried: list[str] = []
    page.on("websocket", lambda socket: tried.append(socket.url))
    page.goto(f"http://{site.host}/index.html?sessionURL={EVIL}")
    page.wait_for_timeout(500)

    assert any("Content Security Policy" in said for said in page.complaints)
    assert EVIL not in tried
