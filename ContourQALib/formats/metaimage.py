"""Headers of MetaImage files, and whether all their voxels are there."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.file_type import check_readable
from ContourQALib.formats.header import Header, damaged

BYTES_PER_VALUE = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4,
    "MET_LONG": 4, "MET_ULONG": 4, "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip
LONGEST_HEADER = 1 << 20


def read_header(path: Path) -> Header:
    """Header of a .mha or .mhd file.

    Raises:
        FormatError: not a MetaImage file, its separate data file is missing, or fewer voxels than announced.
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
    header = Header(path, size, spacing or (1.0,) * axes, components)
    data = fields["ElementDataFile"]
    if data == "LIST" or "%" in data:
        return header  # one file per slice: ITK names the one that is missing
    data_path = path if data == "LOCAL" else check_readable(path.parent / data)
    offset = start if data == "LOCAL" else max(header_bytes, 0)
    needed = math.prod(size) * components * value_bytes
    if fields.get("CompressedData", "False").lower() == "true":
        complete = _inflated_length(data_path, offset, compressed_bytes) >= needed
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


def _inflated_length(path: Path, offset: int, compressed_bytes: int) -> int:
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)  # zlib or gzip framing
    total = 0
    with path.open("rb") as file:
        file.seek(offset)
        remaining = compressed_bytes or path.stat().st_size - offset
        try:
            while remaining > 0 and (chunk := file.read(min(remaining, 1 << 20))):
                remaining -= len(chunk)
                total += len(decompressor.decompress(chunk))
        except zlib.error:
            return 0
    return total if decompressor.eof else 0
