"""Nobody gets anything without the token, under a foreign name, or from a page of somebody else."""

from __future__ import annotations

import asyncio
import json
from http.cookies import SimpleCookie

import aiohttp
import msgpack
import pytest
from wslink.chunking import UnChunker, generate_chunks

from ContourQALib.workstation.serving.access_gate import AccessGate

PATHS = ("/", "/index.html", "/vue.global.js", "/ws", "/downloads/x", "/paraview/", "/no-such-file")


@pytest.mark.parametrize("path", PATHS)
def test_everything_is_refused_without_the_token(site, path):
    refused = site.ask(path)

    assert refused.status == 403
    assert b"contourqa workstation printed" in refused.body
    assert "Set-Cookie" not in refused.headers


@pytest.mark.parametrize("token", ["", "wrong", "\u00e9", "%00"])
def test_a_wrong_token_is_refused_even_by_somebody_who_is_inside(site, token):
    from urllib.parse import quote

    assert site.ask(f"/?token={quote(token)}").status == 403
    assert site.inside(f"/?token={quote(token)}").status == 403


def test_a_prefix_of_the_token_is_not_the_token(site):
    assert site.ask(f"/?token={site.gate.token[:-1]}").status == 403
    assert site.ask(f"/?token={site.gate.token}x").status == 403


def test_a_refusal_says_nothing_of_what_is_served(site):
    assert site.ask("/index.html").body == site.ask("/no-such-file").body


def test_the_token_becomes_a_cookie_and_leaves_the_address(site):
    answer = site.ask(f"/?token={site.gate.token}")

    assert (answer.status, answer.headers["Location"]) == (303, "/")
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert not cookie["max-age"]  # it ends with the browser
    assert site.inside("/index.html").status == 200


def test_other_parameters_stay_in_the_address(site):
    answer = site.ask(f"/index.html?case=a%26b&token={site.gate.token}")

    assert answer.headers["Location"] == "/index.html?case=a%26b"


def test_the_address_without_the_token_is_never_that_of_another_host(site):
    answer = site.ask(f"//elsewhere.example/?token={site.gate.token}")

    assert answer.headers["Location"] == "/elsewhere.example/"


def test_a_link_on_another_site_leads_in_by_a_page_of_ours(site):
    answer = site.ask(f"/?token={site.gate.token}", Sec_Fetch_Site="cross-site")

    assert answer.status == 200
    assert b'content="0; url=/"' in answer.body
    assert "Set-Cookie" in answer.headers


@pytest.mark.parametrize("name", ["elsewhere.example", "localhost.example", "192.168.0.7", "[bad", ""])
def test_a_name_that_is_not_ours_is_refused(site, name):
    for host in (name, f"{name}:{site.port}"):
        assert site.inside("/index.html").status == 200
        cookie = site.ask(f"/?token={site.gate.token}").headers["Set-Cookie"].partition(";")[0]
        assert site.ask("/index.html", Host=host, Cookie=cookie).status in (400, 403)
        assert site.ask(f"/?token={site.gate.token}", Host=host).status in (400, 403)


@pytest.mark.parametrize("host", ["localhost:9999", "127.0.0.1:9999", "[::1]:9999"])
def test_the_other_end_of_a_tunnel_is_let_in(site, host):
    welcome = site.ask(f"/?token={site.gate.token}", Host=host)
    cookie = welcome.headers["Set-Cookie"].partition(";")[0]

    assert site.ask("/index.html", Host=host, Cookie=cookie).status == 200


def test_two_servers_on_one_host_have_cookies_of_their_own(site):
    there = site.ask(f"/?token={site.gate.token}", Host="localhost:9999").headers["Set-Cookie"]

    assert site.cookie.partition("=")[0] != there.partition("=")[0]


def test_the_client_is_told_where_to_connect(site):
    answer = site.inside("/paraview/", "POST", Origin=f"http://{site.host}")
    told = json.loads(answer.body)

    assert answer.status == 200
    assert told["sessionURL"] == "ws://USE_HOST/ws"
    assert len(told["secret"]) > 30


def test_behind_encryption_the_client_connects_encrypted(site):
    answer = site.inside("/paraview/", "POST", Origin=f"https://{site.host}")

    assert json.loads(answer.body)["sessionURL"] == "wss://USE_HOST/ws"


@pytest.mark.parametrize(
    "origin", ["http://elsewhere.example", "http://localhost:1", "null", "file://", "http://["]
)
def test_a_page_of_somebody_else_reaches_nothing_with_the_cookie(site, origin):
    assert site.inside("/paraview/", "POST", Origin=origin).status == 403
    assert site.inside("/ws", Origin=origin, Upgrade="websocket", Connection="Upgrade").status == 403


def hello(site, secret: str, **headers: str) -> dict:
    async def talk() -> dict:
        async with (
            aiohttp.ClientSession(headers={"Cookie": site.cookie, **headers}) as client,
            client.ws_connect(f"http://{site.host}/ws") as socket,
        ):
            said = [{"secret": secret}]
            message = {"wslink": "1.0", "id": "system:c0:0", "method": "wslink.hello", "args": said}
            (chunk,) = generate_chunks(msgpack.packb(message), 0)
            await socket.send_bytes(chunk)
            answer = await socket.receive_bytes(timeout=10)
            return UnChunker().process_chunk(answer)

    return asyncio.run(talk())


def test_the_connection_is_made_with_the_secret_that_was_told(site):
    told = json.loads(site.inside("/paraview/", "POST").body)["secret"]

    assert "clientID" in hello(site, told, Origin=f"http://{site.host}")["result"]


def test_the_secret_that_everybody_knows_is_of_no_use(site):
    assert "error" in hello(site, "wslink-secret")


def test_tokens_are_random_and_long():
    tokens = {AccessGate().token for _ in range(8)}

    assert len(tokens) == 8
    assert min(map(len, tokens)) >= 43  # 256 bits in base 64


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("localhost", "http://localhost:8080/?token="),
        ("127.0.0.1", "http://127.0.0.1:8080/?token="),
        ("::1", "http://[::1]:8080/?token="),
    ],
)
def test_the_address_carries_the_token(host, start):
    gate = AccessGate("a b&c")

    assert gate.address(host, 8080) == f"{start}a%20b%26c"


def test_all_interfaces_are_shown_by_the_name_of_the_machine(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "ward7")

    assert AccessGate("t", "0.0.0.0").address("0.0.0.0", 80) == "http://ward7:80/?token=t"
