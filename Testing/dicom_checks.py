"""What tests of DICOM files do with them: change them, read them, look at what an error says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from ContourQALib.case import Image
from ContourQALib.errors import ContourQAError, FormatError, GeometryError
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.series_image import read_series
from dicom_samples import tells_nothing


def read(path: Path) -> Image:
    """The only series of a folder."""
    return read_series(choose_series(scan(path)))


def sentence(function: Callable, *arguments: object, kind: type[ContourQAError] = FormatError) -> str:
    """The error of a call: one sentence that tells nothing of the patient."""
    with pytest.raises(kind) as caught:
        function(*arguments)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert tells_nothing(text)
    return text


def refused(path: Path, kind: type[ContourQAError] = GeometryError) -> str:
    """The error of reading a series: a sentence that names its path."""
    text = sentence(read, path, kind=kind)
    assert str(path) in text
    return text


def change(path: Path, **elements: object) -> None:
    """Write a file anew with other values, also such as the standard forbids; None removes an element."""
    with pydicom.config.disable_value_validation():
        dataset = pydicom.dcmread(path)
        for keyword, value in elements.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
        if "SOPClassUID" in elements:
            dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.save_as(path)


def write_bytes(path: Path, keyword: str, value: bytes) -> None:
    """Write a file anew with bytes that pydicom would not write."""
    dataset = pydicom.dcmread(path)
    dataset[keyword] = dataset.get_item(keyword)._replace(value=value, length=len(value))
    dataset.save_as(path)
