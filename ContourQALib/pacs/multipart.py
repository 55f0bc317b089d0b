"""Files in HTTP messages: multipart/related bodies (PS3.18 8.6.1.2, RFC 2387), a piece at a time."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

HEADER_LIMIT = 65536
"""Bytes that the header of a part may have; more is no header."""

BOUNDARY = re.compile(r"""boundary=("[^"]+"|[^\s;"]+)""", re.IGNORECASE)


class CutOffError(Exception):
    """A message ended before its closing boundary."""


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type header names; None where it is no multipart message."""
    if not content_type.lower().lstrip().startswith("multipart/related"):
        return None
    found = BOUNDARY.search(content_type)
    return found.group(1).strip('"').encode() if found else None


class MultipartReader:
    """The parts of a message as they arrive; one chunk of it is in memory, however large a part is.

    The end is where the closing boundary is and nowhere else: a connection that breaks in the middle of the
    last part is told from one that was closed because everything had been said.
    """

    def __init__(self, chunks: Iterable[bytes], boundary: bytes) -> None:
        """Read from chunks.

        Args:
            chunks: the body in pieces of any size.
            boundary: as the header names it, without its dashes.
        """
        self._chunks = iter(chunks)
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")  # the first boundary has no line before it that ends
        self._inside = False

    def __iter__(self) -> Iterator[Iterator[bytes]]:
        """Each part as its bytes in pieces; a part that is left unread is passed over.

        Raises:
            CutOffError: the message ends early, or is no multipart message.
        """
        self._skip(self._delimiter)
        while not self._closes():
            self._skip(b"\r\n\r\n", HEADER_LIMIT)
            self._inside = True
            yield self._pieces()
            if self._inside:
                self._skip(self._delimiter)

    def _closes(self) -> bool:
        while len(self._buffer) < 2:
            self._fill()
        return self._buffer.startswith(b"--")

    def _pieces(self) -> Iterator[bytes]:
        kept = len(self._delimiter) - 1  # may be the beginning of the boundary
        while (at := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > kept:
                yield bytes(self._buffer[:-kept])
                del self._buffer[:-kept]
            self._fill()
        last = bytes(self._buffer[:at])
        del self._buffer[: at + len(self._delimiter)]
        self._inside = False
        yield last

    def _skip(self, mark: bytes, limit: int | None = None) -> None:
        while (at := self._buffer.find(mark)) < 0:
            if limit is None:
                del self._buffer[: -len(mark)]
            elif len(self._buffer) > limit:
                raise CutOffError
            self._fill()
        del self._buffer[: at + len(mark)]

    def _fill(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise CutOffError
        self._buffer += chunk


class FileBody:
    """One DICOM file as the body of a store request, read from the disk while it is sent.

    It is what `requests` takes as a stream of known length: `len`, `read` and iteration. It can be sent once.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            OSError: it cannot be opened.
        """
        boundary = secrets.token_hex(16)
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        foot = f"\r\n--{boundary}--\r\n".encode()
        self.content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        self._file = open(path, "rb")  # noqa: SIM115 - closed by the block that this object is
        self._left: list[BinaryIO] = [io.BytesIO(head), self._file, io.BytesIO(foot)]
        self._length = len(head) + path.stat().st_size + len(foot)

    def __enter__(self) -> FileBody:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(HEADER_LIMIT):
            yield piece

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size` of them; b"" at the end."""
        while self._left:
            if piece := self._left[0].read(size):
                return piece
            self._left.pop(0)
        return b""
