"""`contourqa workstation` as a process: who gets in, two on one folder, and nothing left when it stops."""

from __future__ import annotations

import http.cookiejar
import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

LINUX = Path("/proc/self/task").exists()
pytestmark = pytest.mark.skipif(not LINUX, reason="looks at Linux's list of processes")


def opened(address: str) -> tuple[int, str]:
    """Status and text of what a browser without cookies gets at an address in the end."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    try:
        with browser.open(address, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def children(pid: int) -> list[int]:
    """The process's children and theirs."""
    own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, own) for one in (child, *children(child))]


def soon(condition, limit_s: float = 30):
    end = time.monotonic() + limit_s
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def shared_folder(pid: int) -> Path:
    """Where a computing process shares arrays with its parent, by its command line."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return Path(next(word for word in words if b"contourqa-worker-" in word).decode())


def test_two_serve_one_folder_let_in_who_has_the_token_and_leave_nothing(serve, own_cases, tmp_path):
    one = own_cases / "phantom_1"  # a single case is opened, and assessed, at once
    arguments = (one, "--results", tmp_path / "results", "--model", "pelvis-phantom")
    first, second = serve(*arguments), serve(*arguments)

    for server in (first, second):
        status, text = opened(server.address)
        assert status == 200
        assert "<!doctype html>" in text
        assert opened(server.base)[0] == 403
    assert opened(f"{first.base}/?token={second.address.partition('token=')[2]}")[0] == 403

    workers = [soon(lambda server=server: children(server.process.pid)) for server in (first, second)]
    folders = [shared_folder(pid) for pids in workers for pid in pids]
    assert folders
    for server, asked, pids in zip((first, second), (signal.SIGINT, signal.SIGTERM), workers, strict=True):
        server.process.send_signal(asked)
        assert server.process.wait(10) == 0
        assert soon(lambda pids=pids: not any(Path(f"/proc/{pid}").exists() for pid in pids), 2)
        assert "Traceback" not in "".join(server.lines)
    assert not any(folder.exists() for folder in folders)
    assert (tmp_path / "results" / "decisions.sqlite").exists()


def test_a_reader_is_led_to_a_process_of_his_own_that_ends_with_the_front_door(serve, own_cases, tmp_path):
    server = serve(own_cases, "--results", tmp_path / "results", "--users", 1)
    port = int(server.base.rpartition(":")[2])
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def inside() -> bool:
        with browser.open(server.address, timeout=30) as answer:
            return answer.url == f"http://localhost:{port + 1}/index.html"

    assert soon(inside, 60)
    pids = children(server.process.pid)
    assert pids
    os.kill(server.process.pid, signal.SIGKILL)  # not even asked
    assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 10)
