"""Image series become volumes: geometry and order; and what is no volume is refused by name."""

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

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import choose_series
from ContourQALib.formats.dicom.source_series import series_of_files, source_series
from ContourQALib.formats.images import read_image
from ContourQALib.geometry import Grid, Relation
from dicom_checks import change, read, refused, sentence, write_bytes
from dicom_samples import small_grid, small_values, uid, write_enhanced, write_series

GRID = small_grid()
VALUES = small_values(GRID)

AXES = {
    "axial": np.eye(3),
    "feet first": np.diag([-1.0, 1.0, -1.0]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "oblique": np.array([[0.8, 0.36, -0.48], [0.0, 0.8, 0.6], [0.6, -0.48, 0.64]]),
}


def move(folder: Path, places: Sequence[Sequence[float]]) -> None:
    """Give the slices of a series other positions, in the order of their files."""
    for path, place in zip(sorted(folder.iterdir()), places, strict=True):
        change(path, ImagePositionPatient=[f"{mm:.6f}" for mm in place])


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


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        lambda path: write_bytes(path, "ImagePositionPatient", b"a\\b\\c "),
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
        (
            Z + np.array([0, 0.4, 0, 0, 0]),
            "has slice distances from 2.600 to 3.400 mm: 2 of 4 differ from the usual 3.000 mm, the first "
            "between 30.00 and 33.40 mm along its normal;",
        ),
        (
            [30, 33, 36, 39, 44],
            "to 5.000 mm: 1 of 4 differs from the usual 3.000 mm, the first between 39.00",
        ),
        (
            [30, 33, 36, 40, 44],
            "to 4.000 mm: 2 of 4 differ from the usual 3.000 mm, the first between 36.00",
        ),
        ([30, 33, 36, 42, 48], "has a gap: 2 slices are missing, between 36.00 and 42.00"),
        (Z + np.array([0, 0.1, 0, 0, 0]), "has slice distances from 2.900 to 3.100 mm: 2 of 4"),
        ([30, 32.97, 35.94, 39.03, 42.12], "has slice distances from 2.970 to 3.090 mm; resample it"),
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


def test_damage_among_the_frames_is_one_sentence(tmp_path):
    path = tmp_path / "image.dcm"
    write_enhanced(path, VALUES, GRID)
    spacing = b"\x28\x00\x30\x00DS\x08\x00" + b"2.0\\1.5 "
    nothing = b"\x28\x00\x30\x00D\x00\x00\x00" + b"\x28\x00\x34\x00IS\x00\x00"
    assert spacing in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(spacing, nothing, 1))
    assert "has a damaged header" in refused(path, FormatError)


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


def test_a_series_is_found_by_its_files_one_by_one_and_by_all_of_them(tmp_path):
    folder = tmp_path / "ct"
    write_series(folder, VALUES, GRID)
    write_series(tmp_path / "mr", VALUES, GRID, "MR")
    whole, files = source_series(folder), sorted(folder.iterdir(), reverse=True)
    files[1] = files[1].rename(tmp_path / "elsewhere")  # nothing beside the files matters
    found = series_of_files(files, whole.identity.series_uid)
    assert (found.identity, found.grid) == (whole.identity, whole.grid)
    other = tmp_path / "mr" / "0000.dcm"
    said = sentence(series_of_files, [*files, other], whole.identity.series_uid)
    assert said.startswith(f"1 of the {len(files) + 1} DICOM files in {folder} are no images of the series")
    files[2].unlink()
    said = sentence(series_of_files, files, whole.identity.series_uid)
    assert f"({files[2].name} cannot be opened)" in said


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
def test_small_series_are_what_gdcm_reads(data, name):
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
