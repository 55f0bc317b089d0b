"""Headers of NRRD files: geometry as written and the key/value pairs that hold a segmentation's names.

The fields are those of the NRRD file format definition, http://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import math
import re
import sys
import zlib
from pathlib import Path

import numpy as np

from ContourQALib.errors import FormatError
from ContourQALib.formats.header import LONGEST_HEADER, Header, damaged, data_file
from ContourQALib.formats.inflating import inflated, inflated_length

SPATIAL_KINDS = {"domain", "space"}
VOLUME_KINDS = {"time"}

TYPES = {
    name: np.dtype(code)
    for code, names in {
        "i1": "signed char,int8,int8_t",
        "u1": "uchar,unsigned char,uint8,uint8_t",
        "i2": "short,short int,signed short,signed short int,int16,int16_t",
        "u2": "ushort,unsigned short,unsigned short int,uint16,uint16_t",
        "i4": "int,signed int,int32,int32_t",
        "u4": "uint,unsigned int,uint32,uint32_t",
        "i8": "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t",
        "u8": "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split(",")
}
"""Each type, in this machine's byte order, by the names that the format definition allows."""

BYTES_PER_BYTE = {"raw": 1, "hex": 2}
"""Bytes in the file per byte of voxels, where the encoding fixes it."""

GZIP = {"gzip", "gz"}

MOST_INFLATED = 1032
"""Bytes that a byte of compressed data can become at most: https://zlib.net/zlib_tech.html."""

SKIPS = ("line skip", "lineskip", "byte skip", "byteskip")
"""Fields that let the voxels begin later than the data."""


def read_header(path: Path) -> Header:
    """Header of a .nrrd or .nhdr file.

    The amount of data is checked although ITK does so too: ITK first makes room for all voxels that the
    header announces, and takes gzip data without looking at their checksum.

    Raises:
        FormatError: not an NRRD file, a header that cannot be understood, or too few voxels.
    """
    facts, pairs, start = _read_lines(path)
    try:
        type_ = TYPES[facts["type"].lower()]
        size = [int(n) for n in facts["sizes"].split()]
        kinds = facts.get("kinds", "").lower().split() or ["???"] * len(size)
        spacing = _spacing(facts, len(size))
        if not int(facts["dimension"]) == len(size) == len(kinds) == len(spacing):
            raise ValueError("fields of different lengths")
    except (KeyError, ValueError) as error:
        raise FormatError(f"{path} has an NRRD header that cannot be understood; export it again.") from error
    in_space = [mm is not None for mm in spacing]
    spatial = [n for n in range(len(size)) if in_space[n] and kinds[n] in SPATIAL_KINDS | {"none", "???"}]
    volumes = [n for n in range(len(size)) if n not in spatial and kinds[n] in VOLUME_KINDS]
    others = [n for n in range(len(size)) if n not in spatial and n not in volumes]
    in_order = [*others, *spatial, *volumes] == list(range(len(size))) and len(
        others
    ) < 2  # as ITK gives them
    is_plain = in_order and all(kinds[n] == "list" for n in others) and _is_native(facts, type_)
    voxels = _voxels(path, facts, start, math.prod(size), type_) if is_plain else None
    if voxels is None and not _is_complete(path, facts, start, math.prod(size) * type_.itemsize):
        raise damaged(path)
    return Header(
        path,
        tuple(size[n] for n in [*spatial, *volumes]),
        tuple(mm for n in spatial if (mm := spacing[n]) is not None),
        components=math.prod(size[n] for n in others),
        is_complex=any(kinds[n] == "complex" for n in others),
        fields=pairs,
        voxels=voxels,
    )


def _is_native(facts: dict[str, str], type_: np.dtype) -> bool:
    """Whether the inflated bytes are the voxels as this machine keeps them."""
    return not any(key in facts for key in SKIPS) and (
        type_.itemsize == 1 or facts.get("endian", "").lower() == sys.byteorder
    )


def _voxels(path: Path, facts: dict[str, str], start: int, count: int, type_: np.dtype) -> np.ndarray | None:
    """The first `count` values of gzip data in the file itself; None where they lie or are kept otherwise.

    Raises:
        FormatError: the data are damaged, or fewer.
    """
    if facts.get("encoding", "raw").lower() not in GZIP or "data file" in facts or "datafile" in facts:
        return None
    needed, there = count * type_.itemsize, 0
    if needed > MOST_INFLATED * path.stat().st_size:
        raise damaged(path)  # before room is made for what a header announces
    try:
        content = np.empty(needed, np.uint8)
        for piece in inflated(path, start):
            kept = piece[: needed - there]
            content[there : there + len(kept)] = np.frombuffer(kept, np.uint8)
            there += len(kept)
    except (zlib.error, MemoryError) as error:
        raise damaged(path) from error
    if there < needed:
        raise damaged(path)
    return content.view(type_)


def _is_complete(path: Path, facts: dict[str, str], start: int, needed: int) -> bool:
    """Whether the file, or the separate data file that it names, holds the `needed` bytes of voxels."""
    name = facts.get("data file", facts.get("datafile"))
    if name is not None:
        if name.upper().startswith("LIST") or "%" in name:
            return True  # one file per slice: ITK names the one that is missing
        path, start = data_file(path, name), 0
    encoding = facts.get("encoding", "raw").lower()
    if encoding in GZIP:
        return inflated_length(path, start) >= needed
    return path.stat().st_size - start >= needed * BYTES_PER_BYTE.get(encoding, 0)


def _read_lines(path: Path) -> tuple[dict[str, str], dict[str, str], int]:
    """The "field: value" lines with the fields in lower case, the "key:=value" lines, the data's start."""
    with path.open("rb") as file:
        head = file.read(LONGEST_HEADER)
    if not re.match(rb"NRRD000[1-5]\s", head):
        raise FormatError(f"{path} is not an NRRD file although its name says so; export it again.")
    end = re.search(rb"\r?\n\r?\n", head)
    text = head[: end.start() if end else len(head)].decode("utf-8", "replace")
    # not splitlines(): a segment's name may hold a character that Unicode counts as the end of a line
    lines = text.replace("\r\n", "\n").split("\n")[1:]
    facts: dict[str, str] = {}
    pairs: dict[str, str] = {}
    for line in lines:
        if line.startswith("#"):
            continue
        key, colon, value = line.partition(":")
        if value.startswith("="):
            pairs[_unescape(key)] = _unescape(value[1:])
        elif colon:
            facts[key.strip().lower()] = value.strip()
    return facts, pairs, end.end() if end else len(head)


def _spacing(facts: dict[str, str], axes: int) -> list[float | None]:
    """Spacing along each axis, as written; None where the axis does not lie in space."""
    if "space directions" in facts:
        vectors = re.findall(r"none|\([^)]*\)", facts["space directions"])
        return [None if v == "none" else math.hypot(*(float(x) for x in v[1:-1].split(","))) for v in vectors]
    if "spacings" in facts:
        return [float(v) for v in facts["spacings"].split()]
    return [1.0] * axes


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text)
