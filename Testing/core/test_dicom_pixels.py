"""Pixels of DICOM files become values: rescaled, of every width and sign, compressed or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ContourQALib.errors import ContourQAError, FormatError
from ContourQALib.formats.dicom import series_image
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import choose_series
from dicom_checks import change, read, refused, write_bytes
from dicom_samples import small_grid, small_values, tells_nothing, write_series

GRID = small_grid()
VALUES = small_values(GRID)
HTJ2K = "1.2.840.10008.1.2.4.201"


def recode(path: Path, syntax: str) -> None:
    """Compress a file with GDCM."""
    import gdcm

    reader, writer = gdcm.ImageReader(), gdcm.ImageWriter()
    reader.SetFileName(str(path))
    assert reader.Read()
    change_syntax = gdcm.ImageChangeTransferSyntax()
    change_syntax.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    change_syntax.SetInput(reader.GetImage())
    assert change_syntax.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change_syntax.GetOutput())
    assert writer.Write()


@pytest.mark.parametrize(
    ("stored", "slope", "intercept", "kind"),
    [
        (np.int16, 1, 0, np.int16),
        (np.uint16, 1, 0, np.uint16),
        (np.uint8, 1, 0, np.uint8),
        (np.uint16, 1, -1024, np.int16),
        (np.uint8, 2, -1024, np.int16),
        (np.int16, -3, 7, np.int16),
        (np.int16, 1000, 0, np.int32),
        (np.int16, 0.5, 0, np.float32),
        (np.uint16, 1, -0.5, np.float32),
        (np.int16, 1e6, 0, np.float32),  # beyond 32 bits
    ],
)
def test_rescaling_keeps_integers_where_it_can(tmp_path, stored, slope, intercept, kind):
    values = (small_values(GRID) * 13).astype(stored)
    write_series(tmp_path, values, GRID, slope=slope, intercept=intercept)
    image = read(tmp_path)
    assert image.values.dtype == kind
    assert np.array_equal(image.values, (values.astype(float) * slope + intercept).astype(kind))


def test_sixteen_bits_are_read_to_their_ends(tmp_path):
    low, high = np.iinfo(np.int16).min, np.iinfo(np.int16).max
    grid = small_grid(2, 1, 2)
    write_series(tmp_path / "signed", np.array([[[low, 0]], [[-1, high]]], np.int16), grid)
    assert read(tmp_path / "signed").values.ravel().tolist() == [low, 0, -1, high]
    ends = np.array([[[0, 1]], [[1024, 65535]]], np.uint16)
    write_series(tmp_path / "unsigned", ends, grid, intercept=-1024.0)
    image = read(tmp_path / "unsigned")
    assert image.values.dtype == np.int32  # 64511 is no number of 16 bits with a sign
    assert image.values.ravel().tolist() == [-1024, -1023, 0, 64511]


def test_each_slice_has_its_own_rescale_and_sign(tmp_path):
    write_series(tmp_path, VALUES, GRID, "PT")
    for k, path in enumerate(sorted(tmp_path.iterdir())):
        change(path, RescaleSlope=str(k + 1), RescaleIntercept=str(-k), PixelRepresentation=k % 2)
    k = np.arange(len(VALUES))[:, None, None]
    assert np.array_equal(read(tmp_path).values, VALUES * (k + 1) - k)
    assert "(PT in BQML, 5 images" in choose_series(scan(tmp_path)).label


def test_bits_that_are_not_stored_are_not_read(tmp_path):
    values = small_values(GRID, np.uint16)  # below 4096
    write_series(tmp_path, values | 0xA000, GRID)
    for path in tmp_path.iterdir():
        change(path, BitsStored=12, HighBit=11)
    assert np.array_equal(read(tmp_path).values, values)


@pytest.mark.parametrize(
    ("elements", "told"),
    [
        ({"BitsStored": 12, "HighBit": 15}, "keeps 12 bits of each pixel below bit 15"),
        ({"ModalityLUTSequence": [pydicom.Dataset()]}, "keeps its values in a table"),
    ],
)
def test_values_that_are_not_simply_the_pixels_are_refused(tmp_path, elements, told):
    write_series(tmp_path, VALUES, GRID)
    change(tmp_path / "0002.dcm", **elements)
    assert told in refused(tmp_path, FormatError)


def test_a_padding_value_is_read_like_any_other(tmp_path):
    values = VALUES.copy()
    values[:, 0, 0] = -2000
    write_series(tmp_path, values, GRID, intercept=-24.0)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.add_new("PixelPaddingValue", "SS", -2000)
        dataset.save_as(path)
    assert (read(tmp_path).values[:, 0, 0] == -2024).all()


@pytest.mark.parametrize("slope", ["0", "1e60"])
def test_an_impossible_rescale_is_refused(tmp_path, slope):
    write_series(tmp_path, VALUES[:1], small_grid(1))
    change(tmp_path / "0000.dcm", RescaleSlope=slope)
    assert "has a rescale slope" in refused(tmp_path, FormatError)


def test_a_rescale_that_is_no_number_is_refused(tmp_path):
    write_series(tmp_path, VALUES[:1], small_grid(1))
    write_bytes(tmp_path / "0000.dcm", "RescaleIntercept", b"-1O24 ")
    assert "has a rescale slope" in refused(tmp_path, FormatError)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
@pytest.mark.parametrize("stored", [np.int16, np.uint16, np.uint8])
def test_what_pydicom_compresses_is_decoded(tmp_path, syntax, stored):
    values = small_values(GRID).astype(stored) - (500 if stored is np.int16 else 0)
    write_series(tmp_path, values, GRID, transfer_syntax=syntax)
    assert np.array_equal(read(tmp_path).values, values)


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEG2000Lossless, RLELossless])
def test_what_gdcm_compresses_is_decoded(tmp_path, syntax):
    values = small_values(GRID, np.uint16)
    write_series(tmp_path, values, GRID, intercept=-1024.0)
    for path in tmp_path.iterdir():
        recode(path, syntax)
        assert pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(read(tmp_path).values, values.astype(int) - 1024)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_way_to_write_pixels_plainly_is_read(tmp_path, syntax):
    write_series(tmp_path, VALUES, GRID)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        if syntax.is_little_endian:
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.save_as(path)
        else:
            swapped = dataset.pixel_array.astype(">i2").tobytes()
            for _ in dataset:  # values are written anew where they were read
                pass
            dataset.PixelData = swapped
            dataset.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(path, _without_encoding(dataset), little_endian=False, implicit_vr=False)
    image = read(tmp_path)
    assert np.array_equal(image.values, VALUES)
    assert image.values.dtype.isnative


def _without_encoding(dataset: pydicom.Dataset) -> pydicom.Dataset:
    """The same elements, free to be written in another byte order."""
    fresh = pydicom.Dataset()
    fresh.update(dataset)
    fresh.file_meta = dataset.file_meta
    return fresh


@pytest.mark.parametrize(
    ("syntax", "name"), [(HTJ2K, "High-Throughput JPEG 2000"), (JPEGExtended12Bit, "JPEG Extended")]
)
def test_a_compression_that_nothing_decodes_is_named(tmp_path, syntax, name):
    write_series(tmp_path, VALUES, GRID, transfer_syntax=RLELossless)
    path = tmp_path / "0002.dcm"
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path)
    text = refused(tmp_path, FormatError)
    assert str(path) in text
    assert f"nothing installed here decodes ({name}" in text


@pytest.mark.parametrize("keep", [0.9, 0.97])
def test_compressed_pixels_that_are_cut_short_are_refused(tmp_path, keep):
    write_series(tmp_path, VALUES, GRID, transfer_syntax=JPEGLSLossless)
    path = tmp_path / "0002.dcm"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    assert f"{path} has damaged pixels" in refused(tmp_path, FormatError)


def test_compressed_pixels_of_another_size_than_the_header_says_are_refused(tmp_path):
    write_series(tmp_path, VALUES, GRID, transfer_syntax=RLELossless)
    for path in tmp_path.iterdir():
        change(path, Rows=9)
    assert "has damaged pixels, or fewer than its header says" in refused(tmp_path, FormatError)


def test_a_series_beyond_all_memory_is_named(tmp_path, monkeypatch):
    def exhausted(slices: object) -> None:
        raise MemoryError

    write_series(tmp_path, VALUES, GRID)
    monkeypatch.setattr(series_image, "read_pixels", exhausted)
    assert "is too large for the memory that is free here (9 x 8 x 5 voxels)" in refused(
        tmp_path, FormatError
    )


def damaged(data: bytes, chance: np.random.Generator) -> bytes:
    """A file cut short, with some other bytes, or with some lost."""
    start, most = int(chance.integers(len(data))), int(chance.integers(1, 20))
    kind = chance.integers(3)
    if kind == 0:
        return data[:start]
    if kind == 1:
        return data[:start] + chance.bytes(most) + data[start + most :]
    return data[:start] + data[start + most :]


@pytest.mark.parametrize("syntax", [None, JPEGLSLossless])
def test_damage_anywhere_is_one_sentence_that_tells_nothing_of_the_patient(tmp_path, capfd, recwarn, syntax):
    chance = np.random.default_rng(20)
    write_series(tmp_path, VALUES[:3], small_grid(3), transfer_syntax=syntax)
    path = tmp_path / "0001.dcm"
    whole = path.read_bytes()
    said, values_read = [], 0
    for _ in range(25):
        path.write_bytes(damaged(whole, chance))
        try:
            assert np.isfinite(read(tmp_path).values).all()
            values_read += 1
        except ContourQAError as error:
            said.append(str(error))
    assert said
    assert values_read
    told = capfd.readouterr()
    warned = [str(one.message) for one in recwarn]
    assert tells_nothing("".join([*said, *warned, told.out, told.err]))
