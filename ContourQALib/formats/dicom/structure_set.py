"""StructureSet: what an RTSTRUCT file holds, before its contours become masks."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ContourQALib.case import REMARKS_TAG
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.contour_header import series_of_structures
from ContourQALib.formats.dicom.elements import in_one_line
from ContourQALib.formats.dicom.reading import DamagedError, quietly, read_dataset
from ContourQALib.formats.dicom.recognizing import Kind, dicom_kind
from ContourQALib.formats.dicom.structure_points import Drawn, read_drawn
from ContourQALib.formats.file_type import check_readable
from ContourQALib.planar.planar_structure import PlanarStructure

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NUMBER_TAG = "DICOM.ROINumber"
ALGORITHM_TAG = "DICOM.ROIGenerationAlgorithm"
FRAME_TAG = "DICOM.FrameOfReferenceUID"
TYPE_TAG = "DICOM.RTROIInterpretedType"
LABEL_TAG = "DICOM.ROIObservationLabel"
"""Tags of a structure: what the file says of its region of interest (PS3.3 C.8.8.5, C.8.8.8)."""

DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,  # a value representation that it does not know
    OSError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises for files and elements that are not what the standard says."""

UNDEFINED_LENGTH = 0xFFFFFFFF
"""What an element states that ends with a delimiter (PS3.5 7.1.1)."""


@dataclass(frozen=True)
class LeftOutRoi:
    """A region of interest that is no structure, and why: an isocenter, a name without contours."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class StructureSet:
    """The structures of an RTSTRUCT file.

    Attributes:
        path: the file.
        instance_uid: its SOP Instance UID.
        study_uid: its Study Instance UID.
        frame_uid: Frame of Reference UID that most of its structures lie in, "" where the file says none.
        series_uids: Series Instance UIDs of the images that it refers to.
        structures: those with contours that enclose an area, in the file's order, no two of one name.
        left_out: the others.
    """

    path: Path
    instance_uid: str
    study_uid: str
    frame_uid: str
    series_uids: tuple[str, ...]
    structures: tuple[PlanarStructure, ...]
    left_out: tuple[LeftOutRoi, ...]


def read_structure_set(path: str | PathLike[str]) -> StructureSet:
    """Read an RTSTRUCT file (PS3.3 A.19).

    Regions of interest of one name keep it and get their number: "Bladder", "Bladder (ROI 5)".

    Raises:
        FormatError: the file is missing, cut short, no RTSTRUCT, or a contour's coordinates are not what it
            says they are.
    """
    path = check_readable(path)
    if dicom_kind(path) is not Kind.STRUCTURE_SET:
        raise FormatError(f"{path} is no RTSTRUCT; name the DICOM file that holds the contours.")
    try:
        with quietly():
            return _structure_set(_complete(path), path)
    except DAMAGE as error:  # whose texts may hold values of the file
        raise DamagedError(path, "is damaged or no valid RTSTRUCT") from error


def _complete(path: Path) -> Dataset:
    """The file's data set; raises where the file ends within an element."""
    dataset = read_dataset(path)
    from pydicom.dataelem import RawDataElement

    for element in dataset.values():
        # pydicom takes what is left of a file for the last element's value.
        if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
            continue
        if element.length != len(element.value or b""):
            raise DamagedError(path, "is cut short")
    return dataset


def _structure_set(dataset: Dataset, path: Path) -> StructureSet:
    drawn = _drawn(dataset, path)
    observed = {int(item.ReferencedROINumber): item for item in _items(dataset, "RTROIObservationsSequence")}
    frame_uid = _common_frame(dataset)
    names: set[str] = set()
    structures: list[PlanarStructure] = []
    left_out: list[LeftOutRoi] = []
    for roi in _items(dataset, "StructureSetROISequence"):
        number = int(roi.ROINumber)
        said = name = _text(roi, "ROIName") or f"ROI {number}"
        found, color = drawn.pop(number, (Drawn((), {}), None))
        if not found.contours:
            left_out.append(LeftOutRoi(name, _why_left_out(found)))
            continue
        while name in names:
            name += f" (ROI {number})"
        names.add(name)
        twice = f"another region of interest is called {said}, too" if name != said else ""
        tags = {
            NUMBER_TAG: str(number),
            ALGORITHM_TAG: _text(roi, "ROIGenerationAlgorithm"),
            FRAME_TAG: _text(roi, "ReferencedFrameOfReferenceUID") or frame_uid,
            TYPE_TAG: _text(observed.get(number), "RTROIInterpretedType"),
            LABEL_TAG: _text(observed.get(number), "ROIObservationLabel"),
            REMARKS_TAG: "; ".join(filter(None, (twice, found.remark))),
        }
        filled = {tag: text for tag, text in tags.items() if text}
        structures.append(PlanarStructure(name, found.contours, color, filled, path))
    left_out += [LeftOutRoi(f"ROI {number}", "contours of no region of interest") for number in drawn]
    return StructureSet(
        path,
        _text(dataset, "SOPInstanceUID"),
        _text(dataset, "StudyInstanceUID"),
        _most_used(structures) or frame_uid,
        tuple(dict.fromkeys(series_of_structures(dataset))),
        tuple(structures),
        tuple(left_out),
    )


def _drawn(dataset: Dataset, path: Path) -> dict[int, tuple[Drawn, tuple[float, float, float] | None]]:
    """What was drawn of each region of interest, and its color, by its number (PS3.3 C.8.8.6)."""
    names = {int(roi.ROINumber): _text(roi, "ROIName") for roi in _items(dataset, "StructureSetROISequence")}
    found = {}
    for item in _items(dataset, "ROIContourSequence"):
        number = int(item.ReferencedROINumber)
        if number in found:
            raise FormatError(
                f"{path} holds contours of region of interest {number} in two places; export it again."
            )
        where = f"{names.get(number) or f'ROI {number}'} in {path}"
        found[number] = read_drawn(_items(item, "ContourSequence"), where), _color(item)
    return found


def _why_left_out(drawn: Drawn) -> str:
    return f"{drawn.what_lacks}, no area" if drawn.lacking else "no contours"


def _color(item: Dataset) -> tuple[float, float, float] | None:
    """Red, green, blue in [0, 1] of the ROI Display Color, 0 to 255 each; None where there is none."""
    try:
        red, green, blue = (min(max(int(value), 0), 255) / 255 for value in item.ROIDisplayColor)
    except (AttributeError, TypeError, ValueError):
        return None  # a color decides nothing
    return red, green, blue


def _common_frame(dataset: Dataset) -> str:
    """Frame of reference of the regions of interest that do not say theirs: the file's only one."""
    frames = {
        _text(item, "FrameOfReferenceUID") for item in _items(dataset, "ReferencedFrameOfReferenceSequence")
    }
    return frames.pop() if len(frames) == 1 else _text(dataset, "FrameOfReferenceUID")


def _most_used(structures: Sequence[PlanarStructure]) -> str:
    counted = Counter(structure.tags.get(FRAME_TAG, "") for structure in structures)
    return counted.most_common(1)[0][0] if counted else ""


def _items(dataset: Dataset, keyword: str) -> Sequence[Any]:
    """Items of a sequence, none where it is missing or empty."""
    return dataset.get(keyword) or ()


def _text(dataset: Dataset | None, keyword: str) -> str:
    """A text in one line without the space around it, "" where it is missing."""
    value = None if dataset is None else dataset.get(keyword)
    if value is None:
        return ""
    many = isinstance(value, Sequence) and not isinstance(value, str)
    return in_one_line("\\".join(map(str, value if many else [value])))
