"""Pixels read as they lie in a file: what a decoder makes of them, and left to it where anything is odd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom import pixels
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.reading import quietly
from ContourQALib.formats.dicom.series_image import stack_of
from ContourQALib.formats.dicom.slices import Slice
from dicom_samples import small_grid, small_values, tells_nothing, write_series

GRID = small_grid(slices=3)


def written(
    folder: Path, change: Callable[[Any], None], dtype: Any = np.int16, **how: Any
) -> tuple[Slice, ...]:
    """The slices of a series whose files were each changed."""
    values = np.random.default_rng(2).integers(0, np.iinfo(dtype).max, GRID.shape).astype(dtype)
    write_series(folder, values, GRID, **how)
    for path in folder.iterdir():
        sample = pydicom.dcmread(path)
        change(sample)
        syntax = sample.file_meta.TransferSyntaxUID
        pydicom.dcmwrite(
            path, sample, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian
        )
    with quietly():
        return stack_of(choose_series(scan(folder))).slices


def unchanged(sample: Any) -> None:
    pass


def implicit(sample: Any) -> None:
    sample.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def overlaid(sample: Any) -> None:
    sample.BitsStored, sample.HighBit = 12, 11  # the random bits above are an old overlay's


def padded(sample: Any) -> None:
    sample.add_new(0xFFFCFFFC, "OB", b"\0" * 126)  # Data Set Trailing Padding


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
@pytest.mark.parametrize("change", [unchanged, implicit, overlaid, padded])
def test_what_lies_in_the_file_is_what_a_decoder_gives(tmp_path, monkeypatch, change, dtype) -> None:
    slices = written(tmp_path, change, dtype)
    decoded = pixels._decode_all(slices)
    monkeypatch.setattr(pixels, "_decode_all", None)  # is not asked
    read = pixels.read_pixels(slices)
    assert read.dtype == decoded.dtype
    np.testing.assert_array_equal(read, decoded)
    assert (read.max() < 4096) == (change is overlaid)


def big_endian(sample: Any) -> None:
    sample.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    sample["PixelData"].VR = "OW"
    sample.PixelData = np.frombuffer(sample.PixelData, "<i2").astype(">i2").tobytes()


def colored(sample: Any) -> None:
    sample.PhotometricInterpretation = "RGB"


def high(sample: Any) -> None:
    sample.BitsStored, sample.HighBit = 12, 15


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (big_endian, {}),
        (colored, {}),
        (high, {}),
        (unchanged, {"dtype": np.uint8}),
        (unchanged, {"transfer_syntax": RLELossless}),
    ],
)
def test_anything_else_is_left_to_a_decoder(tmp_path, change, how) -> None:
    assert [one.native for one in written(tmp_path, change, **how)] == [None] * 3


def test_one_slice_of_another_kind_leaves_all_to_a_decoder(tmp_path) -> None:
    def second(sample: Any) -> None:
        if sample.InstanceNumber == 2:
            sample.PixelRepresentation = 0

    slices = written(tmp_path, second)
    assert [one.native and one.native.signed for one in slices] == [True, False, True]
    np.testing.assert_array_equal(pixels.read_pixels(slices), pixels._decode_all(slices))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [cut, emptied, Path.unlink])
def test_a_file_that_changed_since_it_was_looked_at_is_no_image(tmp_path, spoil) -> None:
    slices = written(tmp_path, unchanged)
    spoil(slices[1].path)
    with quietly(), pytest.raises(FormatError) as error:
        pixels.read_pixels(slices)
    assert str(slices[1].path) in str(error.value)
    assert tells_nothing(str(error.value))


def test_a_file_that_grew_since_it_was_looked_at_is_read_anew(tmp_path) -> None:
    slices = written(tmp_path, unchanged)
    before = pixels.read_pixels(slices)
    sample = pydicom.dcmread(slices[1].path)
    padded(sample)
    sample.save_as(slices[1].path)
    np.testing.assert_array_equal(pixels.read_pixels(slices), before)


def test_values_do_not_depend_on_the_way(tmp_path) -> None:
    """A series of plain numbers comes back as it was written, by both ways."""
    write_series(tmp_path, small_values(GRID), GRID)
    slices = stack_of(choose_series(scan(tmp_path))).slices
    for read in (pixels.read_pixels, pixels._decode_all):
        np.testing.assert_array_equal(read(slices), small_values(GRID))
