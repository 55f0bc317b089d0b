"""Headers of MetaImage files, and whether all their voxels are there."""

from __future__ import annotations

import math
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.header import Header, damaged, data_file, misplaced
from ContourQALib.formats.inflating import inflated_length

BYTES_PER_VALUE = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_LONG": 4, "MET_ULONG": 4, "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip
POSITIONS = ("Offset", "Position", "Origin")
ORIENTATIONS = ("TransformMatrix", "Rotation", "Orientation")
"""The names that the format allows; ITK takes text that is no number for zero."""

LONGEST_HEADER = 1 << 20


def read_header(path: Path) -> Header:
    """Header of a .mha or .mhd file.

    Raises:
        FormatError: not a MetaImage file, its separate data file is missing, or fewer voxels than announced.
        GeometryError: a position or orientation that is not a finite number.
    """
    fields, start = _read_fields(path)
    try:
        axes = int(fields["NDims"])
        size = tuple(int(n) for n in fields["DimSize"].split())
        spacing = tuple(float(v) for v in fields.get("ElementSpacing", fields.get("ElementSize", "")).split())
        components = int(fields.get("ElementNumberOfChannels", "1"))
        value_bytes = BYTES_PER_VALUE[fields["ElementType"].removesuffix("_ARRAY")]
        header_bytes = int(fields.get("HeaderSize", "0"))
        compressed_bytes = int(fields.get("CompressedDataSize", "0"))
    except (KeyError, ValueError) as error:
        raise FormatError(
            f"{path} has a MetaImage header that cannot be understood; export it again."
        ) from error
    if len(size) != axes or (spacing and len(spacing) != axes):
        raise FormatError(f"{path} has a MetaImage header with {axes} axes but other sizes; export it again.")
    if not _says_yes(fields, "BinaryData"):
        raise FormatError(f"{path} holds its voxels as text, which cannot be read; export it as binary.")
    for keys, count in ((POSITIONS, axes), (ORIENTATIONS, axes**2)):
        if not all(_are_numbers(fields[key], count) for key in keys if key in fields):
            raise misplaced(path)
    header = Header(path, size, spacing or (1.0,) * axes, components)
    data = fields["ElementDataFile"]
    if data.startswith("LIST") or "%" in data:
        return header  # one file per slice: ITK names the one that is missing
    is_local = data.upper() == "LOCAL"
    data_path = path if is_local else data_file(path, data)
    offset = start if is_local else max(header_bytes, 0)
    needed = math.prod(size) * components * value_bytes
    if _says_yes(fields, "CompressedData"):
        complete = inflated_length(data_path, offset, compressed_bytes or None) >= needed
    else:
        complete = data_path.stat().st_size - offset >= needed
    if not complete:
        raise damaged(path)
    return header


def _read_fields(path: Path) -> tuple[dict[str, str], int]:
    """The "key = value" lines and the offset of what follows the last of them, ElementDataFile."""
    with path.open("rb") as file:
        head = file.read(LONGEST_HEADER)
    fields: dict[str, str] = {}
    start = 0
    while "ElementDataFile" not in fields:
        end = head.find(b"\n", start)
        line = head[start : end if end >= 0 else len(head)].decode("utf-8", "replace")
        key, equals, value = line.partition("=")
        if not equals:
            raise FormatError(f"{path} is not a MetaImage file although its name says so; export it again.")
        fields[key.strip()] = value.strip()
        start = end + 1 if end >= 0 else len(head)
    return fields, start


def _says_yes(fields: dict[str, str], key: str) -> bool:
    return fields.get(key, "").upper().startswith(("T", "1"))  # as MetaIO reads it


def _are_numbers(text: str, count: int) -> bool:
    try:
        values = [float(value) for value in text.split()]
    except ValueError:
        return False
    return len(values) == count and all(map(math.isfinite, values))
