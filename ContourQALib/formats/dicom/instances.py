"""Instance: one file of an image series, by its header."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ContourQALib.formats.dicom.reading import DamagedError, parse
from ContourQALib.formats.dicom.slices import LATTICE, PHASES, Slice, single_slice

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

DEFLATED = "1.2.840.10008.1.2.1.99"
PATIENT = ("PatientID", "PatientName")
UIDS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
HEADER = (
    *LATTICE,
    *PHASES,
    *PATIENT,
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


def read_instance(file: BinaryIO, path: Path) -> Instance:
    """The instance of an open image file; ask `quietly`.

    Raises:
        DamagedError: it is cut short, lacks its UIDs or its pixels, or is in color.
    """
    header = parse(file, path, HEADER)
    try:
        _check_whole(header, file, path)
        return _instance(header, path)
    except DamagedError:
        raise
    except Exception as error:  # pydicom turns bytes into values only now
        raise DamagedError(path, "has a damaged header") from error


def _instance(header: Dataset, path: Path) -> Instance:
    uids = [
        str(header.get(name) or "") for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    ]
    if not all(uids):
        raise DamagedError(path, "does not say which image of which series it is")
    if (
        int(header.get("SamplesPerPixel") or 1) != 1
        or header.get("PhotometricInterpretation") == "PALETTE COLOR"
    ):
        raise DamagedError(path, "is an image in color")
    number = str(header.get("SeriesNumber") or "").strip()
    image_type = header.get("ImageType") or []
    several = "NumberOfFrames" in header
    return Instance(
        path,
        *(uids[0], uids[1], uids[2]),
        str(header.get("FrameOfReferenceUID") or ""),
        str(header.get("Modality") or "").strip(),
        int(number) if number.lstrip("-").isdigit() else None,
        str(header.get("SeriesDescription") or ""),
        str(header.get("Units") or ""),
        _digest(header),
        len(image_type) > 2 and image_type[2] == "LOCALIZER",
        int(header.get("NumberOfFrames") or 1),
        None if several else single_slice(header, path),
    )


def _check_whole(header: Dataset, file: BinaryIO, path: Path) -> None:
    """See that a file reaches to its pixels and, where they are not compressed, holds as many as it says.

    Raises:
        DamagedError: it does not.
    """
    syntax = header.file_meta.get("TransferSyntaxUID")
    if syntax == DEFLATED:
        return  # the place where reading ended is one in the inflated data
    left = path.stat().st_size - file.tell()
    if left <= 0:
        raise DamagedError(path, "is cut short or holds no pixels")
    if syntax is not None and (syntax.is_private or syntax.is_encapsulated):
        return
    head = 8 if header.original_encoding[0] else 12  # tag, representation and length (PS3.5 7.1)
    bits = int(header.get("BitsAllocated") or 0) * int(header.get("NumberOfFrames") or 1)
    if left - head < int(header.get("Rows") or 0) * int(header.get("Columns") or 0) * bits / 8:
        raise DamagedError(path, "is cut short")


def _digest(header: Dataset) -> str:
    parts = []
    for keyword in PATIENT:
        element = header.get_item(keyword)  # its bytes: what they say in letters does not matter
        value = b"" if element is None else element.value or b""
        parts.append(value.strip(b" \0") if isinstance(value, bytes) else str(value).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
