"""Headers of NRRD files: geometry as written and the key/value pairs that hold a segmentation's names.

The fields are those of the NRRD file format definition, http://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.header import LONGEST_HEADER, Header, damaged, data_file
from ContourQALib.formats.inflating import inflated_length

SPATIAL_KINDS = {"domain", "space"}
VOLUME_KINDS = {"time"}

BYTES_PER_VALUE = {
    name: size
    for size, names in {
        1: "signed char,int8,int8_t,uchar,unsigned char,uint8,uint8_t",
        2: "short,short int,signed short,signed short int,int16,int16_t,"
        "ushort,unsigned short,unsigned short int,uint16,uint16_t",
        4: "int,signed int,int32,int32_t,uint,unsigned int,uint32,uint32_t,float",
        8: "longlong,long long,long long int,signed long long,signed long long int,int64,int64_t,"
        "ulonglong,unsigned long long,unsigned long long int,uint64,uint64_t,double",
    }.items()
    for name in names.split(",")
}
"""Bytes of each type by the names that the format definition allows."""

BYTES_PER_BYTE = {"raw": 1, "hex": 2}
"""Bytes in the file per byte of voxels, where the encoding fixes it."""

GZIP = {"gzip", "gz"}


def read_header(path: Path) -> Header:
    """Header of a .nrrd or .nhdr file.

    The amount of data is checked although ITK does so too: ITK first makes room for all voxels that the
    header announces, and takes gzip data without looking at their checksum.

    Raises:
        FormatError: not an NRRD file, a header that cannot be understood, or too few voxels.
    """
    facts, pairs, start = _read_lines(path)
    try:
        value_bytes = BYTES_PER_VALUE[facts["type"].lower()]
        size = [int(n) for n in facts["sizes"].split()]
        kinds = facts.get("kinds", "").lower().split() or ["???"] * len(size)
        spacing = _spacing(facts, len(size))
        if not int(facts["dimension"]) == len(size) == len(kinds) == len(spacing):
            raise ValueError("fields of different lengths")
    except (KeyError, ValueError) as error:
        raise FormatError(f"{path} has an NRRD header that cannot be understood; export it again.") from error
    if not _is_complete(path, facts, start, math.prod(size) * value_bytes):
        raise damaged(path)

    in_space = [mm is not None for mm in spacing]
    spatial = [n for n in range(len(size)) if in_space[n] and kinds[n] in SPATIAL_KINDS | {"none", "???"}]
    volumes = [n for n in range(len(size)) if n not in spatial and kinds[n] in VOLUME_KINDS]
    others = [n for n in range(len(size)) if n not in spatial and n not in volumes]
    return Header(
        path,
        tuple(size[n] for n in [*spatial, *volumes]),
        tuple(mm for n in spatial if (mm := spacing[n]) is not None),
        components=math.prod(size[n] for n in others),
        is_complex=any(kinds[n] == "complex" for n in others),
        fields=pairs,
    )


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
