"""trame serves folders of its packages: nothing but what lies in them, and no list of it."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
from pathlib import Path

import pytest

CLIMBS = (
    "/../../../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
    "/assets/..%2f..%2fvue3.py",
    "/assets/../../vue3.py",
    "/%2fetc/passwd",
    "//etc/passwd",
    "/..%5c..%5cvue3.py",
    "/index.html%00.js",
)


@pytest.mark.parametrize("path", CLIMBS)
def test_no_path_leads_out_of_what_is_served(site, path):
    answer = site.inside(path)

    assert answer.status in (400, 403, 404)
    assert b"root:" not in answer.body
    assert b"vue3-www" not in answer.body


def test_a_request_for_another_machines_file_is_refused(site):
    with socket.create_connection(("localhost", site.port), timeout=10) as raw:
        request = f"GET file:///etc/passwd HTTP/1.1\r\nHost: {site.host}\r\nCookie: {site.cookie}\r\n\r\n"
        raw.sendall(request.encode())
        answer = raw.recv(4096)

    assert b"root:" not in answer
    assert not answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", ["/assets/", "/assets", "/__trame_client_external_scripts/"])
def test_folders_are_not_listed(site, path):
    answer = site.inside(path)

    assert answer.status in (403, 404)
    assert b"index-" not in answer.body


def test_what_is_served_is_served(site):
    assert b"<!doctype html>" in site.inside("/index.html").body
    assert site.inside("/vue.global.js").status == 200


@pytest.mark.parametrize("path", ["/index.html", "/vue.global.js", "/no-such-file"])
def test_every_answer_carries_the_headers(site, path):
    for answer in (site.inside(path), site.ask(path)):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_only_the_script_of_the_index_page_is_allowed_within_a_page(site):
    policy = site.inside("/index.html").headers["Content-Security-Policy"]
    (script,) = re.findall(rb"<script>(.*?)</script>", site.inside("/index.html").body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()

    (scripts,) = (part for part in policy.split("; ") if part.startswith("script-src"))
    assert f"'sha256-{digest}'" in scripts
    assert "unsafe-inline" not in scripts
    assert "http" not in policy  # nothing is loaded from the net


def test_the_packages_hold_no_links_that_lead_out():
    import trame_client

    folder = Path(trame_client.__file__).parent / "module"
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
