"""Compressed voxel data, inflated piece by piece until their checksum has proved them whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

INPUT_BYTES = 1 << 16
OUTPUT_BYTES = 1 << 16
"""A mask packs a thousand to one: without a bound on the output a small file would fill the memory."""


def inflated(path: Path, start: int = 0, compressed_bytes: int | None = None) -> Iterator[bytes]:
    """Pieces of the gzip or zlib data in a file.

    Args:
        path: the file.
        start: byte at which the data begin.
        compressed_bytes: length of the data in the file; to its end where not given.

    Raises:
        zlib.error: the data are damaged or end early.
    """
    with path.open("rb") as file:
        file.seek(start)
        remaining = path.stat().st_size - start if compressed_bytes is None else compressed_bytes
        member = _new_member()
        while remaining > 0 and (chunk := file.read(min(remaining, INPUT_BYTES))):
            remaining -= len(chunk)
            while chunk:
                if member.eof:  # gzip allows several members in a row, and zeros as padding after the last
                    chunk = chunk.lstrip(b"\0")
                    if not chunk:
                        break
                    member = _new_member()
                yield member.decompress(chunk, OUTPUT_BYTES)
                chunk = member.unused_data if member.eof else member.unconsumed_tail
        while not member.eof and (rest := member.decompress(b"", OUTPUT_BYTES)):
            yield rest
    if not member.eof:
        raise zlib.error("the data end before their checksum")


def inflated_length(path: Path, start: int = 0, compressed_bytes: int | None = None) -> int:
    """Length of the gzip or zlib data in a file when inflated, bytes; 0 where they are damaged or end early.

    Arguments as for `inflated`.
    """
    try:
        return sum(map(len, inflated(path, start, compressed_bytes)))
    except zlib.error:
        return 0


def _new_member() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 32)  # either framing; the checksum is verified
