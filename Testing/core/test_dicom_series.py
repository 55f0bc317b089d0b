"""Image series become volumes: geometry, order, values; and what is no volume is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from ContourQALib.case import Image
from ContourQALib.errors import ContourQAError, FormatError, GeometryError
from ContourQALib.formats.dicom import series_image
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.series_image import read_series
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.images import read_image
from ContourQALib.geometry import Grid, Relation
from dicom_samples import small_grid, small_values, tells_nothing, uid, write_enhanced, write_series

GRID = small_grid()
VALUES = small_values(GRID)
HTJ2K = "1.2.840.10008.1.2.4.201"

AXES = {
    "axial": np.eye(3),
    "feet first": np.diag([-1.0, 1.0, -1.0]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "oblique": np.array([[0.8, 0.36, -0.48], [0.0, 0.8, 0.6], [0.6, -0.48, 0.64]]),
}


def read(path: Path) -> Image:
    return read_series(choose_series(scan(path)))


def refused(path: Path, kind: type[ContourQAError] = GeometryError) -> str:
    """The error of a series: one sentence with its label, nothing of the patient in it."""
    with pytest.raises(kind) as caught:
        read(path)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert str(path) in text
    assert tells_nothing(text)
    return text


def change(path: Path, **elements: object) -> None:
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)


def move(folder: Path, places: Sequence[Sequence[float]]) -> None:
    """Give the slices of a series other positions, in the order of their files."""
    for path, place in zip(sorted(folder.iterdir()), places, strict=True):
        change(path, ImagePositionPatient=[f"{mm:.6f}" for mm in place])


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


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
def test_slices_are_sorted_by_position_in_every_orientation(tmp_path, axes):
    grid = replace(GRID, direction=tuple(axes.ravel()))
    folder = tmp_path / "head"
    written = write_series(folder, VALUES, grid, names=["c", "a", "e", "b", "d"])
    image = read(folder)
    assert image.grid.relation_to(grid) is Relation.SAME
    assert image.values.dtype == np.int16
    assert np.array_equal(image.values, VALUES)
    assert (image.name, image.path) == ("head", folder)
    assert image.series is not None
    assert image.series.instance_uids == tuple(one.SOPInstanceUID for one in written)
    assert image.series.frame_uid == written[0].FrameOfReferenceUID
    assert image.series.series_uid == written[0].SeriesInstanceUID


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_any_rotation_and_order_of_files_gives_the_grid_that_was_written(tmp_path_factory, seed):
    chance = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(chance.normal(size=(3, 3)))
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    grid = Grid(
        (4, 3, 3),
        tuple(chance.uniform(0.5, 5, 3)),
        tuple(chance.uniform(-500, 500, 3)),
        tuple(axes.ravel()),
    )
    values = chance.integers(-1000, 1000, grid.shape).astype(np.int16)
    folder = tmp_path_factory.mktemp("rotated")
    write_series(folder, values, grid, names=[str(k) for k in chance.permutation(3)])
    image = read(folder)
    assert image.grid.relation_to(grid) is Relation.SAME
    assert np.array_equal(image.values, values)


def test_gdcm_reads_the_same_voxels_at_the_same_places(tmp_path):
    grid = replace(GRID, direction=tuple(AXES["oblique"].ravel()))
    write_series(tmp_path, VALUES, grid, intercept=-1024.0, names=["c", "a", "e", "b", "d"])
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    theirs, ours = reader.Execute(), read(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(theirs), ours.values)
    same = Grid(theirs.GetSize(), theirs.GetSpacing(), theirs.GetOrigin(), theirs.GetDirection())
    assert ours.grid.relation_to(same) is Relation.SAME


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
    _write_bytes(tmp_path / "0000.dcm", "RescaleIntercept", b"-1O24 ")
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


def test_a_compression_that_nothing_decodes_is_named(tmp_path):
    write_series(tmp_path, VALUES, GRID, transfer_syntax=RLELossless)
    path = tmp_path / "0002.dcm"
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = HTJ2K
    dataset.save_as(path)
    text = refused(tmp_path, FormatError)
    assert str(path) in text
    assert "High-Throughput JPEG 2000" in text


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


MIXED: dict[str, tuple[Callable[[Path], None], str]] = {
    "sizes": (
        lambda path: change(path, Rows=4, PixelData=VALUES[0, :4].tobytes()),
        "holds images of several sizes (4 of 9 x 8, 1 of 9 x 4 pixels)",
    ),
    "pixel spacings": (
        lambda path: change(path, PixelSpacing=["2", "1.6"]),
        "holds images of several pixel spacings (2 x 1.5, 2 x 1.6 mm)",
    ),
    "orientations": (
        lambda path: change(path, ImageOrientationPatient=["1", "0", "0", "0", "0", "-1"]),
        "holds images of 2 orientations",
    ),
    "no position": (
        lambda path: change(path, ImagePositionPatient=None),
        "has 1 image without a position (Image Position)",
    ),
    "no number": (
        lambda path: _write_bytes(path, "ImagePositionPatient", b"a\\b\\c "),
        "has 1 image without a position (Image Position)",
    ),
    "no orientation": (
        lambda path: change(path, ImageOrientationPatient=""),
        "has 1 image without an orientation (Image Orientation)",
    ),
    "no spacing": (
        lambda path: change(path, PixelSpacing=None),
        "has 1 image without a pixel spacing (Pixel Spacing)",
    ),
}


def _write_bytes(path: Path, keyword: str, value: bytes) -> None:
    """Write what pydicom would not."""
    dataset = pydicom.dcmread(path)
    dataset[keyword] = dataset.get_item(keyword)._replace(value=value, length=len(value))
    dataset.save_as(path)


@pytest.mark.parametrize(("spoil", "words"), MIXED.values(), ids=MIXED)
def test_a_slice_unlike_the_others_is_named(tmp_path, spoil, words):
    write_series(tmp_path, VALUES, GRID)
    spoil(tmp_path / "0003.dcm")
    assert f"(CT, 5 images, UID {uid_of(tmp_path)}) {words}" in refused(tmp_path)


def uid_of(folder: Path) -> str:
    return choose_series(scan(folder)).series_uid


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ([2], "has a gap: 1 slice is missing, between 33.00 and 39.00 mm along its normal;"),
        ([2, 3], "has a gap: 2 slices are missing, between 33.00 and 42.00 mm along its normal;"),
        ([1, 3], "has a gap: 2 slices are missing, between 30.00 and 36.00, 36.00 and 42.00 mm"),
    ],
)
def test_missing_slices_are_counted_and_placed(tmp_path, missing, words):
    grid = small_grid(9)
    write_series(tmp_path, small_values(grid), grid)
    for k in missing:
        (tmp_path / f"{k:04d}.dcm").unlink()
    assert words in refused(tmp_path)


def test_many_gaps_are_not_all_listed(tmp_path):
    grid = small_grid(29)
    write_series(tmp_path, small_values(grid)[:, :1, :1], replace(grid, size=(1, 1, 29)))
    for k in (2, 6, 10, 14, 18):
        (tmp_path / f"{k:04d}.dcm").unlink()
    assert "and at 2 more places;" in refused(tmp_path)


Z = 30.0 + 3.0 * np.arange(5)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (Z + np.array([0, 0.4, 0, 0, 0]), "has slice distances from 2.600 to 3.400 mm"),
        ([30, 33, 36, 40, 45], "has slice distances from 3.000 to 5.000 mm"),
        (Z + np.array([0, 0.1, 0, 0, 0]), "has slice distances from 2.900 to 3.100 mm"),
    ],
)
def test_distances_that_vary_are_refused(tmp_path, places, words):
    write_series(tmp_path, VALUES, GRID)
    move(tmp_path, [(-10, -20, z) for z in places])
    assert words in refused(tmp_path)


def test_positions_may_be_rounded(tmp_path):
    write_series(tmp_path / "thin", VALUES, replace(GRID, spacing=(1, 1, 0.625)))
    move(tmp_path / "thin", [(-10, -20, round(30 + 0.625 * k, 2)) for k in range(5)])
    assert read(tmp_path / "thin").grid.spacing[2] == pytest.approx(0.625, abs=0.01 / 4)
    write_series(tmp_path / "thick", VALUES, replace(GRID, spacing=(1, 1, 3.27)))
    move(tmp_path / "thick", [(-10, -20, round(30 + 3.27 * k, 1)) for k in range(5)])
    assert read(tmp_path / "thick").grid.spacing[2] == pytest.approx(3.27, abs=0.1 / 4)


@pytest.mark.parametrize(
    ("sideways", "words"),
    [
        (3 * np.tan(np.radians(12)) * np.arange(5), "is sheared: its slices are stacked at 12.0 degrees"),
        ([0, 0, 2.5, 0, 0], "has slices that lie up to 2.5 mm beside one another"),
    ],
)
def test_slices_that_do_not_lie_behind_one_another_are_refused(tmp_path, sideways, words):
    write_series(tmp_path, VALUES, GRID)
    move(tmp_path, [(-10, -20 + y, z) for y, z in zip(sideways, Z, strict=True)])
    assert words in refused(tmp_path)


def two_echoes(folder: Path) -> None:
    """Ten images at five places."""
    for echo in (1, 2):
        names = [f"{echo}{k}" for k in range(5)]
        written = write_series(folder, VALUES, GRID, "MR", names=names)
        for k, one in enumerate(written):
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = uid("echo", echo, k)
            one.EchoTime, one.AcquisitionTime = f"{12.5 * echo}", f"10{k:02d}00"
            one.save_as(folder / names[k])


def test_several_images_at_one_place_say_in_what_they_differ(tmp_path):
    two_echoes(tmp_path)
    words = "has several images at 5 of its 5 slice positions, differing in Echo Time;"
    assert words in refused(tmp_path)
    for path in tmp_path.iterdir():
        change(path, EchoTime=None)
    assert "slice positions, alike in their headers;" in refused(tmp_path)


def test_a_single_slice_is_as_thick_as_it_says(tmp_path):
    path = tmp_path / "0000.dcm"
    write_series(tmp_path, VALUES[:1], small_grid(1))
    assert read(path).grid.spacing == (1.5, 2.0, 3.0)
    change(path, SliceThickness=None, SpacingBetweenSlices="4")
    assert read(path).grid.spacing == (1.5, 2.0, 4.0)
    change(path, SliceThickness="0", SpacingBetweenSlices=None)
    assert "is a single image that does not say how thick it is" in refused(tmp_path)


@pytest.mark.parametrize(
    ("cosines", "words"),
    [
        ([1, 0, 0, 1, 0, 0], "rows and columns of one direction"),
        ([1, 0, 0, 0.5, 1, 0], "an impossible geometry"),
    ],
)
def test_impossible_cosines_are_refused(tmp_path, cosines, words):
    write_series(tmp_path, VALUES, GRID)
    for path in tmp_path.iterdir():
        change(path, ImageOrientationPatient=cosines)
    assert words in refused(tmp_path)


def test_a_single_frame_may_be_counted(tmp_path):
    write_series(tmp_path, VALUES, GRID)
    for path in tmp_path.iterdir():
        change(path, NumberOfFrames=1)
    assert np.array_equal(read(tmp_path).values, VALUES)


def test_a_series_beyond_all_memory_is_named(tmp_path, monkeypatch):
    def exhausted(slices: object) -> None:
        raise MemoryError

    write_series(tmp_path, VALUES, GRID)
    monkeypatch.setattr(series_image, "read_pixels", exhausted)
    assert "is too large for the memory that is free here (9 x 8 x 5 voxels)" in refused(
        tmp_path, FormatError
    )


def test_images_in_several_frames_of_reference_are_refused(tmp_path):
    write_series(tmp_path, VALUES, GRID)
    change(tmp_path / "0002.dcm", FrameOfReferenceUID=uid("elsewhere"))
    assert "mixes images in 2 frames of reference" in refused(tmp_path, FormatError)


@pytest.mark.parametrize("shared", [False, True])
def test_frames_of_one_file_are_sorted_and_rescaled(tmp_path, shared):
    path = tmp_path / "whole.dcm"
    order = [3, 0, 4, 1, 2]
    rescale = [(2.0, -1024.0 + k) for k in order]
    written = write_enhanced(path, VALUES, GRID, order=order, rescale=rescale, shared=shared)
    image = read(path)
    assert image.grid.relation_to(GRID) is Relation.SAME
    assert np.array_equal(image.values, 2 * VALUES - 1024 + np.arange(5)[:, None, None])
    assert (image.name, image.path) == ("whole", path)
    assert image.series is not None
    assert image.series.instance_uids == (written.SOPInstanceUID,)


def test_frames_that_are_no_volume_are_refused(tmp_path):
    path = tmp_path / "whole.dcm"
    write_enhanced(path, np.concatenate([VALUES, VALUES]), GRID, "MR", order=[0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    dataset = pydicom.dcmread(path)
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        content = pydicom.Dataset()
        content.TemporalPositionIndex = 1 + number // 5
        frame.FrameContentSequence = [content]
    dataset.save_as(path)
    assert "at 5 of its 5 slice positions, differing in Temporal Position Index" in refused(path)
    del dataset.PerFrameFunctionalGroupsSequence[0]
    dataset.save_as(path)
    assert "does not describe each of its frames" in refused(path, FormatError)


def test_what_is_written_of_a_series_finds_its_headers_in_the_order_of_k(tmp_path):
    folder = tmp_path / "ct"
    written = write_series(folder, VALUES, GRID, names=["c", "a", "e", "b", "d"])
    source, image = source_series(folder), read(folder)
    assert (source.identity, source.grid, source.path) == (image.series, image.grid, folder)
    assert [one.SOPInstanceUID for one in source.datasets] == [one.SOPInstanceUID for one in written]
    assert source.datasets[0].PatientID == written[0].PatientID
    assert not any("PixelData" in one for one in source.datasets)
    write_enhanced(tmp_path / "whole.dcm", VALUES, GRID)
    assert len(source_series(tmp_path / "whole.dcm").datasets) == 1


CONVERTED = ["STS_001/CT", "STS_001/MR_T1", "STS_010/CT", "STS_010/MR_T1", "STS_030/MR_T1"]
"""Series that the publishers converted to NIfTI themselves."""


@pytest.mark.realdata
@pytest.mark.parametrize("series", CONVERTED)
def test_a_clinical_series_is_the_image_that_its_publishers_made_of_it(data, series):
    ours = read(data / "dicom" / "sarcoma" / series / "image")
    theirs = read_image(data / "dicom" / "sarcoma_nifti" / f"{series}_image.nii.gz")
    assert ours.grid.relation_to(theirs.grid) is Relation.SAME
    assert np.array_equal(ours.values, theirs.values)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["ct-3slice", "23x38x3/image", "24x38x3/image"])
def test_small_clinical_series_are_what_gdcm_reads(data, name):
    folder = data / "dicom" / "dcmqi" / name
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    assert np.array_equal(read(folder).values, sitk.GetArrayFromImage(reader.Execute()))


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["23x38x3", "24x38x3"])
def test_a_multi_frame_conversion_is_the_series_it_was_made_of(data, name):
    folder = data / "dicom" / "dcmqi" / name
    frames, slices = read(folder / "multiframe"), read(folder / "image")
    assert frames.grid.relation_to(slices.grid) is Relation.SAME
    assert np.array_equal(frames.values, slices.values)
