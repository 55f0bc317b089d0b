"""Parts of a message come out as they went in, however it is cut into pieces; half a message is none."""

from __future__ import annotations

import email

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.pacs.multipart import CutOffError, FileBody, MultipartReader, boundary_of

BOUNDARY = b"a-Boundary_1"
# What is easily taken for a boundary or the end of a header
TRICKY = [b"\r\n", b"--", b"\r\n--", b"\r\n--a-Boundary", b"\r\n\r\n", b"DICM", b"\x00"]
CONTENTS = st.lists(st.sampled_from(TRICKY) | st.binary(max_size=20), max_size=8).map(b"".join)


def message(parts: list[bytes]) -> bytes:
    heads = [b"\r\n--" + BOUNDARY + b"\r\nContent-Type: application/dicom\r\n\r\n" + part for part in parts]
    return b"".join(heads).removeprefix(b"\r\n") + b"\r\n--" + BOUNDARY + b"--\r\n"


def chunked(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def parts_of(chunks: list[bytes]) -> list[bytes]:
    return [b"".join(pieces) for pieces in MultipartReader(chunks, BOUNDARY)]


@given(st.lists(CONTENTS, min_size=1, max_size=4), st.integers(1, 60))
def test_parts_come_out_as_they_went_in(parts, size):
    assert parts_of(chunked(message(parts), size)) == parts


@given(st.lists(CONTENTS, min_size=1, max_size=3), st.integers(1, 60), st.data())
def test_a_message_without_its_end_is_never_taken_for_whole(parts, size, data):
    body = message(parts)
    end = data.draw(st.integers(0, len(body) - 1 - len(b"--\r\n")))
    with pytest.raises(CutOffError):
        parts_of(chunked(body[:end], size))


def test_a_part_that_is_not_read_is_passed_over():
    pieces = iter(MultipartReader(chunked(message([b"first" * 99, b"second"]), 7), BOUNDARY))
    assert next(next(pieces)) in b"first" * 99
    assert b"".join(next(pieces)) == b"second"


def test_a_header_without_end_does_not_fill_the_memory():
    endless = (b"--" + BOUNDARY + b"\r\n" if n == 0 else b"x" * 4096 for n in range(100_000))
    with pytest.raises(CutOffError):
        list(MultipartReader(endless, BOUNDARY))
    assert next(endless), "read on and on"


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', b"abc"),
        ('Multipart/Related; boundary="a b;c"; type=x', b"a b;c"),
        ("multipart/related", None),
        ("text/html; boundary=abc", None),
        ("", None),
    ],
)
def test_the_boundary_is_what_the_header_says(header, boundary):
    assert boundary_of(header) == boundary


def test_a_file_is_sent_as_it_lies_on_the_disk(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(range(256)) * 300)
    with FileBody(path) as body:
        sent = b"".join(body)
        assert len(sent) == len(body)
    boundary = boundary_of(body.content_type)
    assert boundary is not None
    assert [b"".join(pieces) for pieces in MultipartReader([sent], boundary)] == [path.read_bytes()]
    understood = email.message_from_bytes(b"Content-Type: " + body.content_type.encode() + b"\r\n\r\n" + sent)
    assert [part.get_content_type() for part in understood.get_payload()] == ["application/dicom"]
