"""A small DICOMweb archive in a thread that keeps files in memory and fails when it is told to.

It shows what a real archive cannot be made to do on command: answers that are lost after a file was stored,
connections that break, pages for a browser, redirects.
"""

from __future__ import annotations

import email
import io
import json
import re
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydicom

ROOT = "/dicom-web"
SERIES_PATH = re.compile(r"/studies/([^/]+)/series/([^/]+)")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Attributes:
        status: answered instead of doing what was asked; 0 is no answer at all.
        headers: of that answer.
        body: of that answer.
        after: do what was asked, and only then go wrong.
        silent_s: wait before anything else.
        cut_at: end the answer after so many bytes of it.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: bool = False
    silent_s: float = 0.0
    cut_at: int | None = None


LOST_ANSWER = Fault(0, after=True)
DROPPED = Fault(0)
BROWSER_PAGE = Fault(200, {"Content-Type": "text/html"}, b"<html>Sign in</html>")


@dataclass(frozen=True)
class Seen:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class FakeArchive:
    """What the archive holds, saw and is going to do wrong.

    Attributes:
        files: stored files by SOP Instance UID.
        stores: how often each instance was stored.
        seen: all requests in the order in which they came.
        gets: faults of the next reads, None for one that goes well.
        posts: faults of the next stores.
        page: rows that one answer to a search holds at most.
        knows_offset: whether a search can go on where the last one ended.
        user: the Authorization header that is wanted, None where anybody may ask.
        answers: what is given instead of an instance's file.
        rows: what every search finds, where it is set.
        whole_instances: a file alone is not wrapped in a message of one part.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    stores: dict[str, int] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    gets: deque[Fault | None] = field(default_factory=deque)
    posts: deque[Fault | None] = field(default_factory=deque)
    page: int = 1000
    knows_offset: bool = True
    user: str | None = None
    answers: dict[str, bytes] = field(default_factory=dict)
    rows: list[dict[str, Any]] | None = None
    whole_instances: bool = False

    def keep(self, *paths: Path) -> None:
        """Hold files without having been sent them."""
        for path in paths:
            content = path.read_bytes()
            self.files[str(_header(content).SOPInstanceUID)] = content

    def requests(self, method: str) -> list[Seen]:
        return [one for one in self.seen if one.method == method]


def _header(content: bytes) -> Any:
    return pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)


class _Handler(BaseHTTPRequestHandler):
    archive: FakeArchive
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer("GET", self.archive.gets, self._found)

    def do_POST(self) -> None:
        self._body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer("POST", self.archive.posts, self._stored)

    def _answer(self, method: str, faults: deque[Fault | None], work: Any) -> None:
        archive = self.archive
        archive.seen.append(Seen(method, self.path, dict(self.headers)))
        if archive.user is not None and self.headers.get("Authorization") != archive.user:
            return self._say(401, {"WWW-Authenticate": 'Basic realm="pacs"'}, b"")
        fault = (faults.popleft() if faults else None) or Fault()
        if fault.status is not None and not fault.after:
            _DONE.wait(fault.silent_s)
            return self._say(fault.status, fault.headers, fault.body)
        status, kind, body = work()
        _DONE.wait(fault.silent_s)
        if fault.status is not None:
            return self._say(fault.status, fault.headers, fault.body)
        self._say(status, {"Content-Type": kind}, body, fault.cut_at)

    def _say(self, status: int, headers: dict[str, str], body: bytes, cut_at: int | None = None) -> None:
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if cut_at is None:
            self.send_header("Content-Length", str(len(body)))
        else:  # as Orthanc ends an answer: by closing
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body[:cut_at])

    def _found(self) -> tuple[int, str, bytes]:
        parts = urlsplit(self.path)
        path, asked = parts.path.removeprefix(ROOT), parse_qs(parts.query)
        if not parts.path.startswith(ROOT):
            return 404, "text/plain", b"no such page"
        if "multipart/related" in self.headers.get("Accept", ""):
            return self._files(path)
        rows = self._rows(path, asked)
        start = int(asked.get("offset", ["0"])[0]) if self.archive.knows_offset else 0
        limit = min(int(asked.get("limit", ["1000"])[0]), self.archive.page)
        return 200, "application/dicom+json", json.dumps(rows[start : start + limit]).encode()

    def _rows(self, path: str, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
        wanted = {key: values[0] for key, values in asked.items() if key in _KEYS}
        tag = "0020000D" if path == "/studies" else "0020000E" if path.endswith("/series") else "00080018"
        if self.archive.rows is not None:
            return self.archive.rows
        rows: dict[str, dict[str, Any]] = {}
        for content in self.archive.files.values():
            row = json.loads(_header(content).to_json(suppress_invalid_tags=True))
            uids = {key: row[number]["Value"][0] for key, number in _KEYS.items() if number in row}
            inside = all(part in uids.values() for part in re.findall(r"/(?:studies|series)/([0-9.]+)", path))
            if inside and all(uids.get(key) == value for key, value in wanted.items()):
                rows[row[tag]["Value"][0]] = row
        return list(rows.values())

    def _files(self, path: str) -> tuple[int, str, bytes]:
        wanted = path.split("/")[2::2]
        found = []
        for uid, content in self.archive.files.items():
            header = _header(content)
            if wanted == [header.StudyInstanceUID, header.SeriesInstanceUID, uid][: len(wanted)]:
                found.append(self.archive.answers.get(uid, content))
        if not found:
            return 404, "text/plain", b""
        if self.archive.whole_instances and len(found) == 1:
            return 200, "application/dicom", found[0]
        head = b"--XX\r\nContent-Type: application/dicom\r\n\r\n"
        body = b"".join(head + content + b"\r\n" for content in found) + b"--XX--"
        return 200, 'multipart/related; type="application/dicom"; boundary=XX', body

    def _stored(self) -> tuple[int, str, bytes]:
        message = email.message_from_bytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + self._body
        )
        for part in message.get_payload():
            # the email package reads lines; the file itself is found by the boundary
            boundary = b"--" + str(message.get_boundary()).encode()
            content = self._body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n" + boundary, 1)[0]
            assert part.get_content_type() == "application/dicom"
            uid = str(_header(content).SOPInstanceUID)
            self.archive.files[uid] = content
            self.archive.stores[uid] = self.archive.stores.get(uid, 0) + 1
        return 200, "application/dicom+json", b"{}"


_KEYS = {
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SOPInstanceUID": "00080018",
    "PatientID": "00100020",
}
_DONE = threading.Event()
"""Ends every wait when the test is over."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that did not wait."""


@contextmanager
def fake_archive(certificate: Path | None = None) -> Iterator[FakeArchive]:
    """An archive on a free port of this machine, with TLS where a certificate with its key is given."""
    archive = FakeArchive()
    handler = type("Handler", (_Handler,), {"archive": archive})
    server = _Server(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    archive.url = f"{scheme}://127.0.0.1:{server.server_port}{ROOT}"
    _DONE.clear()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield archive
    finally:
        _DONE.set()
        server.shutdown()
        thread.join()
        server.server_close()
