"""Headers of NRRD files: geometry as written and the free key/value pairs that hold a segmentation's names.

The fields are those of the NRRD file format definition, http://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.header import Header

SPATIAL_KINDS = {"domain", "space"}
VOLUME_KINDS = {"time"}
LONGEST_HEADER = 1 << 24


def read_header(path: Path) -> Header:
    """Header of a .nrrd or .nhdr file. ITK itself refuses a file with too few voxels.

    Raises:
        FormatError: not an NRRD file, or a header that cannot be understood.
    """
    facts, pairs = _read_lines(path)
    try:
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
    return Header(
        path,
        tuple(size[n] for n in [*spatial, *volumes]),
        tuple(mm for n in spatial if (mm := spacing[n]) is not None),
        components=math.prod(size[n] for n in others),
        is_complex=any(kinds[n] == "complex" for n in others),
        fields=pairs,
    )


def _read_lines(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The "field: value" lines with the fields in lower case, and the "key:=value" lines."""
    with path.open("rb") as file:
        head = file.read(LONGEST_HEADER)
    if not re.match(rb"NRRD000[1-5]\s", head):
        raise FormatError(f"{path} is not an NRRD file although its name says so; export it again.")
    lines = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0].decode("utf-8", "replace").splitlines()[1:]
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
    return facts, pairs


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
