"""Instance: one file of an image series, by its header."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ContourQALib.formats.dicom import native_pixels
from ContourQALib.formats.dicom.elements import code_of, count_of, in_one_line, raw_of, text_of
from ContourQALib.formats.dicom.native_pixels import NativePixels
from ContourQALib.formats.dicom.reading import DamagedError
from ContourQALib.formats.dicom.recognizing import SINGLE_FRAME
from ContourQALib.formats.dicom.slices import LATTICE, PHASES, Slice, single_slice

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

DEFLATED = "1.2.840.10008.1.2.1.99"
PATIENT = ("PatientID", "PatientName")
UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
HEADER = (
    *LATTICE,
    *PHASES,
    *PATIENT,
    "SOPClassUID",
    *UIDS,
    "FrameOfReferenceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDescription",
    "Units",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    *native_pixels.HEADER,
)
"""What is read of every image file of a folder."""


@dataclass(frozen=True)
class Instance:
    """One image file of a series, of which no pixel was read.

    Attributes:
        path: the file.
        instance_uid: SOP Instance UID.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        frame_uid: Frame of Reference UID; "" where it has none.
        modality: "CT", "MR" …
        number: Series Number.
        description: Series Description: free text, never for errors or logs.
        units: Units of a PET image (PS3.3 C.8.9.1), else "".
        patient: a digest that two files of one patient share; for counting, never to be shown.
        localizer: whether it is a scout (PS3.3 C.8.2.1.1.1), which shows where a volume was taken.
        frames: how many slices it holds.
        slice: its slice; None in a multi-frame file, of which too much would have to be read.
    """

    path: Path
    instance_uid: str
    study_uid: str
    series_uid: str
    frame_uid: str
    modality: str
    number: int | None
    description: str = field(repr=False)
    units: str
    patient: str = field(repr=False)
    localizer: bool
    frames: int
    slice: Slice | None


def read_instance(header: FileDataset, sop_class: str, left: int, path: Path) -> Instance:
    """The instance of an image file; ask `quietly`.

    Args:
        header: its elements named in `HEADER`.
        sop_class: its SOP Class UID.
        left: how many bytes of the file follow after them, from the element of the pixels on.
        path: the file.

    Raises:
        DamagedError: it is cut short, lacks its UIDs or its pixels, or is in color.
    """
    try:
        _check_whole(header, left, path)
        return _instance(header, sop_class, left, path)
    except DamagedError:
        raise
    except Exception as error:  # values that are not what their element is for
        raise DamagedError(path, "has a damaged header") from error


def _instance(header: FileDataset, sop_class: str, left: int, path: Path) -> Instance:
    uids = [text_of(header, keyword) for keyword in UIDS]
    if not all(uids):
        raise DamagedError(path, "does not say which image of which series it is")
    palette = text_of(header, "PhotometricInterpretation") == "PALETTE COLOR"
    if palette or count_of(header, "SamplesPerPixel", 1) != 1:
        raise DamagedError(path, "is an image in color")
    number = text_of(header, "SeriesNumber")
    frames = count_of(header, "NumberOfFrames", 1)
    single = sop_class in SINGLE_FRAME and frames == 1
    return Instance(
        path,
        *(uids[0], uids[1], uids[2]),
        text_of(header, "FrameOfReferenceUID"),
        code_of(header, "Modality"),
        int(number) if number.lstrip("-").isdigit() else None,
        in_one_line(str(header.get("SeriesDescription") or "")),
        code_of(header, "Units"),
        _digest(header),
        text_of(header, "ImageType").split("\\")[2:3] == ["LOCALIZER"],
        frames,
        single_slice(header, path, NativePixels.of(header, left)) if single else None,
    )


def _check_whole(header: Dataset, left: int, path: Path) -> None:
    """See that a file reaches to its pixels and, where they are not compressed, holds as many as it says.

    Raises:
        DamagedError: it does not.
    """
    syntax = header.file_meta.TransferSyntaxUID
    if syntax == DEFLATED:
        return  # what is left was counted in the inflated data
    if left <= 0:
        raise DamagedError(path, "is cut short or holds no pixels")
    if syntax.is_private or syntax.is_encapsulated:
        return
    head = 8 if header.original_encoding[0] else 12  # tag, representation and length (PS3.5 7.1)
    bits = count_of(header, "BitsAllocated") * count_of(header, "NumberOfFrames", 1)
    if left - head < count_of(header, "Rows") * count_of(header, "Columns") * bits / 8:
        raise DamagedError(path, "is cut short")


def _digest(header: Dataset) -> str:
    parts = []
    for keyword in PATIENT:
        value = raw_of(header, keyword) or b""  # what the bytes say in letters does not matter
        parts.append(value.strip(b" \0") if isinstance(value, bytes) else str(value).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
