"""Segmentations of 3D Slicer (.seg.nrrd): named, colored segments that may overlap, in and out.

The file is NRRD whose voxels are label maps in layers: segments that overlap lie in different layers. What
each segment is stands in key/value pairs `Segment0_Name:=...`, as Slicer's vtkMRMLSegmentationStorageNode
writes them.
"""

from __future__ import annotations

import colorsys
import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.errors import FormatError, GeometryError, OutputError, StructureError
from ContourQALib.formats.file_type import extension_of
from ContourQALib.formats.header import Header
from ContourQALib.formats.header_reading import read_header
from ContourQALib.formats.output import write_atomically
from ContourQALib.formats.volume import Volume, read_voxels
from ContourQALib.geometry import Grid, Relation

Color = tuple[float, float, float]

SEGMENT_KEY = re.compile(r"Segment(\d{1,9})_\w+")
COMPRESSION = 1
"""gzip level: masks shrink to a few percent at any level, and level 1 is several times as fast as 9."""


def is_segmentation(header: Header) -> bool:
    """Whether a file describes segments."""
    return any(SEGMENT_KEY.fullmatch(key) for key in header.fields)


def read_segmentation(path: str | PathLike[str]) -> tuple[Contour, ...]:
    """Read the segments of a .seg.nrrd file in their order, empty ones too.

    All lie on the file's grid, which Slicer may have cropped to their contents: `Contour.on` pads it to the
    image's. A segment without a name is called by its ID. Tags are Slicer's, by key.

    Raises:
        FormatError: the file cannot be read, describes no segments, or holds fractions instead of labels.
        GeometryError: its spacing or orientation is impossible.
    """
    return read_segments(read_header(path))


def read_segments(header: Header, each: Callable[[Contour], Contour] | None = None) -> tuple[Contour, ...]:
    """Read the segments of a file whose header was read before; as `read_segmentation` otherwise.

    Args:
        header: the file's header.
        each: applied to every contour before the next is made, such as to cut it to its box.
    """
    volume = read_voxels(header, layers=True)
    fields = volume.header.fields
    numbers = sorted({int(match[1]) for key in fields if (match := SEGMENT_KEY.fullmatch(key))})
    if not numbers:
        raise FormatError(
            f"{volume.path} describes no segments; save it as a segmentation, or read it as a label map."
        )
    if volume.values.dtype.kind == "f" or "Fractional" in fields.get("Segmentation_MasterRepresentation", ""):
        raise FormatError(f"{volume.path} holds fractional segments; export binary labelmaps from Slicer.")
    described = [_described(volume, number) for number in numbers]
    found: dict[int, Contour] = {}
    for layer in sorted({one.layer for one in described}):
        # a layer in one piece: comparing values that lie apart takes ten times as long
        values = np.ascontiguousarray(volume.values[..., layer])
        for one in (one for one in described if one.layer == layer):
            mask = values == one.label
            contour = Contour(mask, volume.grid, one.name, one.color, one.tags, volume.path)
            found[one.number] = each(contour) if each else contour
            del mask, contour  # before the next one takes as much
    return tuple(found[number] for number in numbers)


def write_segmentation(
    contours: Sequence[Contour], path: str | PathLike[str], overwrite: bool = True
) -> None:
    """Write contours as segments that Slicer opens with their names, colors and tags.

    Contours that share no voxel share a layer. Contours without a color get distinct ones, marked as
    generated.

    Args:
        contours: at least one, all on one grid.
        path: ends in .seg.nrrd, by which Slicer knows a segmentation.
        overwrite: False refuses a name that is taken; see `write_atomically`.

    Raises:
        TakenError: something lies under the name, and `overwrite` is False.
        GeometryError: contours lie on different grids.
        StructureError: there is no contour.
        OutputError: another extension, the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    if extension_of(path) != ".seg.nrrd":
        raise OutputError(f"{path} is not a name for a segmentation; let it end in .seg.nrrd.")
    if not contours:
        raise StructureError(f"There is no contour to write to {path}.")
    grid = contours[0].grid
    for contour in contours[1:]:
        if contour.grid.relation_to(grid) is not Relation.SAME:
            raise GeometryError(
                f"Contours {contours[0].name} and {contour.name} lie on different grids and cannot"
                f" share {path}; bring them onto one grid first."
            )
    layers, places = _in_layers(contours)
    header = _header(grid, layers.dtype, layers.shape[3], _fields(contours, places, grid))
    with write_atomically(path, overwrite) as temporary, temporary.open("wb") as file:
        file.write(header.encode("utf-8", "replace"))
        file.write(gzip.compress(layers.tobytes(), COMPRESSION, mtime=0))


def _in_layers(contours: Sequence[Contour]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Label maps (K, J, I, layers) without overlap, and each contour's (layer, label)."""
    smallest = np.uint8 if len(contours) <= np.iinfo(np.uint8).max else np.uint16
    layers: list[np.ndarray] = []
    used: list[int] = []
    places: list[tuple[int, int]] = []
    for contour in contours:
        free = (n for n, layer in enumerate(layers) if not layer[contour.mask].any())
        number = next(free, len(layers))
        if number == len(layers):
            layers.append(np.zeros(contour.mask.shape, smallest))
            used.append(0)
        used[number] += 1
        layers[number][contour.mask] = used[number]
        places.append((number, used[number]))
    interleaved = np.empty((*contours[0].mask.shape, len(layers)), smallest)
    for number, layer in enumerate(layers):
        interleaved[..., number] = layer
    return interleaved, places


def _fields(contours: Sequence[Contour], places: Sequence[tuple[int, int]], grid: Grid) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, (contour, (layer, label)) in enumerate(zip(contours, places, strict=True)):
        color = contour.color or _generated_color(number)
        facts = {
            "Color": " ".join(f"{value:.6g}" for value in color),
            "ColorAutoGenerated": str(int(contour.color is None)),
            "Extent": _extent(contour.mask),
            "ID": f"Segment_{number + 1}",
            "LabelValue": str(label),
            "Layer": str(layer),
            "Name": contour.name,
            "NameAutoGenerated": "0",
            "Tags": "".join(f"{key}:{value}|" for key, value in contour.tags.items()),
        }
        fields |= {f"Segment{number}_{key}": value for key, value in facts.items()}
    fields["Segmentation_ContainedRepresentationNames"] = "Binary labelmap|"
    fields["Segmentation_ConversionParameters"] = f"Reference image geometry|{_reference_geometry(grid)}|&"
    fields["Segmentation_MasterRepresentation"] = "Binary labelmap"
    fields["Segmentation_ReferenceImageExtentOffset"] = "0 0 0"
    return fields


def _header(grid: Grid, dtype: np.dtype, layers: int, fields: Mapping[str, str]) -> str:
    steps = grid.axes * grid.spacing  # columns: one voxel along I, J, K
    vectors = [f"({','.join(repr(float(v)) for v in step)})" for step in steps.T]
    first = ["none"] if layers > 1 else []
    kind = "unsigned char" if dtype == np.uint8 else "unsigned short"
    lines = [
        "NRRD0004",
        f"type: {kind}",
        f"dimension: {3 + len(first)}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, ([layers] if first else []) + list(grid.size)))}",
        f"space directions: {' '.join(first + vectors)}",
        f"kinds: {' '.join((['list'] if first else []) + ['domain'] * 3)}",
        "endian: little",
        "encoding: gzip",
        f"space origin: ({','.join(repr(v) for v in grid.origin)})",
        *(f"{key}:={_escape(value)}" for key, value in fields.items()),
    ]
    return "\n".join(lines) + "\n\n"


def _reference_geometry(grid: Grid) -> str:
    """Slicer's text for a grid: the index-to-RAS matrix row by row and the extent."""
    matrix = np.eye(4)
    matrix[:3, :3] = grid.axes * grid.spacing
    matrix[:3, 3] = grid.origin
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix
    extent = [bound for samples in grid.size for bound in (0, samples - 1)]
    return ";".join([*(repr(float(v)) for v in to_ras.ravel()), *map(str, extent)]) + ";"


def _extent(mask: np.ndarray) -> str:
    """First and last index of the mask along I, J, K; "0 -1" for an empty one."""
    bounds = []
    for axis in (2, 1, 0):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        bounds += [int(used[0]), int(used[-1])] if used.size else [0, -1]
    return " ".join(map(str, bounds))


@dataclass(frozen=True)
class _Segment:
    """What a file says of a segment."""

    number: int
    label: int
    layer: int
    name: str
    color: Color | None
    tags: dict[str, str]


def _described(volume: Volume, number: int) -> _Segment:
    facts = {
        key.partition("_")[2]: value
        for key, value in volume.header.fields.items()
        if key.startswith(f"Segment{number}_")
    }
    try:
        label, layer = _place(facts, number)
        color = _color(facts["Color"]) if "Color" in facts else None
        if layer >= volume.values.shape[3]:
            raise ValueError("a layer that is not there")
    except (ValueError, KeyError) as error:
        raise FormatError(
            f"{volume.path} describes its segment {number} in a way that cannot be understood;"
            " export it again."
        ) from error
    name = facts.get("Name") or facts.get("ID") or f"label_{label}"
    return _Segment(number, label, layer, name, color, _tags(facts.get("Tags", "")))


def _place(facts: Mapping[str, str], number: int) -> tuple[int, int]:
    """Label and layer of a segment; raises KeyError or ValueError where they are missing or impossible."""
    if "LabelValue" not in facts and "Layer" not in facts:
        return 1, number  # before Slicer 4.11 each segment was a layer of its own, and nothing said so
    label, layer = int(facts["LabelValue"]), int(facts["Layer"])
    if label < 1 or layer < 0:  # 0 would be the background, -1 the last layer
        raise ValueError("a label below one or a layer below zero")
    return label, layer


def _color(text: str) -> Color:
    red, green, blue = (float(value) for value in text.split())
    if not all(0.0 <= value <= 1.0 for value in (red, green, blue)):
        raise ValueError("a color outside [0, 1]")
    return red, green, blue


def _generated_color(number: int) -> Color:
    """Color of a numbered segment: hues a golden ratio apart stay distinct however many there are."""
    return colorsys.hsv_to_rgb((0.1 + number * 0.618034) % 1.0, 0.7, 0.9)


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split("|"))
    return {key: value for key, colon, value in pairs if colon}


def _escape(text: str) -> str:
    """As the format escapes; a carriage return becomes a space, as Slicer writes it."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", " ")
