"""Structures of an RTSTRUCT become masks where they belong, and what they refer to decides where that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import RASTERIZED_TAG, SeriesIdentity
from ContourQALib.errors import FormatError, GeometryError
from ContourQALib.formats.dicom.structure_contours import read_structure_shares, read_structures
from ContourQALib.geometry import Grid
from ContourQALib.planar.remarks import RULE, SHARES
from dicom_samples import (
    disk_contours,
    small_grid,
    small_values,
    tells_nothing,
    uid,
    write_series,
    write_structure_set,
)

GRID = small_grid()
DISK = [np.round(points, 6) for points in disk_contours(GRID, (4, 4), 4.0, (1, 2, 3))]
FAR = [points + 500 for points in DISK]


@pytest.fixture
def slices(tmp_path: Path):
    return write_series(tmp_path / "study" / "CT", small_values(GRID), GRID)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study" / "RS" / "RS.dcm"


@pytest.fixture
def series(slices) -> SeriesIdentity:
    first = slices[0]
    return SeriesIdentity(
        first.StudyInstanceUID,
        first.SeriesInstanceUID,
        first.FrameOfReferenceUID,
        "CT",
        tuple(one.SOPInstanceUID for one in slices),
    )


def disk_mask() -> np.ndarray:
    """Voxels whose centers lie in the disk, on slices 1 to 3."""
    j, i = np.indices(GRID.shape[1:])
    inside = ((i - 4) * GRID.spacing[0]) ** 2 + ((j - 4) * GRID.spacing[1]) ** 2 < 4.0**2
    mask = np.zeros(GRID.shape, bool)
    mask[1:4] = inside
    return mask


def test_the_mask_is_where_it_was_drawn(path, slices, series):
    write_structure_set(path, slices, {"Bladder": DISK, "Iso": [DISK[0][:1]]}, kinds={"Iso": "POINT"})
    left_out = []
    (contour,) = read_structures(path, GRID, series, on_left_out=left_out.append)
    assert (contour.name, contour.path, contour.grid) == ("Bladder", path, GRID)
    assert contour.color == (1.0, 40 / 255, 0.0)
    np.testing.assert_array_equal(contour.mask, disk_mask())
    assert contour.tags["DICOM.ROINumber"] == "1"
    assert "even-odd" in contour.tags[RASTERIZED_TAG]
    assert "position" not in contour.tags[RASTERIZED_TAG]
    assert [(roi.name, roi.reason) for roi in left_out] == [("Iso", "1 point, no area")]


def test_shares_of_voxels_sum_to_the_polygons_volume_and_say_the_same_of_it(path, slices, series):
    write_structure_set(path, slices, {"Bladder": DISK, "Iso": [DISK[0][:1]]}, kinds={"Iso": "POINT"})
    part = replace(series, instance_uids=series.instance_uids[:2])
    left_out = []
    (share,) = read_structure_shares(path, GRID, part, on_left_out=left_out.append)
    (contour,) = read_structures(path, GRID, part)
    area_mm2 = 60 / 2 * np.sin(2 * np.pi / 60) * 4.0**2
    assert contour.volume_polygons_cc == pytest.approx(3 * area_mm2 * GRID.spacing[2] / 1000, rel=1e-4)
    sum_cc = share.values.sum(dtype=float) * GRID.voxel_volume_cc
    assert sum_cc == pytest.approx(contour.volume_polygons_cc, rel=1e-6)
    assert (share.values[contour.mask] > 0).all()
    assert ((share.values > 0) & (share.values < 1)).any()
    assert (share.name, share.grid, share.path, share.color) == ("Bladder", GRID, path, contour.color)
    said = share.tags[RASTERIZED_TAG]
    assert said == contour.tags[RASTERIZED_TAG].replace(RULE, SHARES)
    assert said.endswith("2 of 3 contours refer to images that are not in the series, used by position")
    assert {**share.tags, RASTERIZED_TAG: ""} == {**contour.tags, RASTERIZED_TAG: ""}
    assert [roi.name for roi in left_out] == ["Iso"]


def test_a_grid_of_its_own(path, slices):
    write_structure_set(path, slices, {"Bladder": DISK})
    top = GRID.index_to_world((0, 0, GRID.size[2] - 1))
    upside_down = Grid(GRID.size, GRID.spacing, tuple(top), (1, 0, 0, 0, 1, 0, 0, 0, -1))
    (contour,) = read_structures(path, upside_down)
    np.testing.assert_array_equal(contour.mask, disk_mask()[::-1])


def test_each_mask_is_handed_on_before_the_next_is_made(path, slices, series):
    write_structure_set(path, slices, {"A": DISK, "B": DISK})
    seen = []

    def small(contour):
        seen.append(contour.name)
        return replace(contour, name=contour.name.lower())

    assert [contour.name for contour in read_structures(path, GRID, series, each=small)] == ["a", "b"]
    assert seen == ["A", "B"]


@pytest.mark.parametrize("refer", [True, False])
def test_the_series_is_found_beside_the_file(path, slices, refer, tmp_path):
    write_series(tmp_path / "study" / "another", small_values(GRID), GRID, "MR")
    dataset = write_structure_set(path, slices, {"Bladder": DISK}, refer=refer)
    if refer:  # what contours name is enough
        del dataset.ReferencedFrameOfReferenceSequence
        dataset.save_as(path, enforce_file_format=True)
    (contour,) = read_structures(path)
    assert (contour.grid.size, contour.grid.spacing) == (GRID.size, GRID.spacing)
    np.testing.assert_array_equal(contour.mask, disk_mask())


def test_without_a_series_beside_it_the_image_must_be_named(tmp_path, slices):
    path = tmp_path / "elsewhere" / "deep" / "RS.dcm"
    write_structure_set(path, slices, {"Bladder": DISK})
    with pytest.raises(FormatError, match="name them with --image"):
        read_structures(path)


def test_another_frame_of_reference_is_refused(path, slices, series):
    write_structure_set(path, slices, {"Bladder": DISK}, frame_uid=uid("another"), refer=False)
    with pytest.raises(FormatError, match=r"Structure Bladder .* another frame of reference") as caught:
        read_structures(path, GRID, series)
    assert tells_nothing(str(caught.value))


def test_another_frame_of_reference_is_said_where_contours_name_the_slices(path, slices, series):
    write_structure_set(path, slices, {"Bladder": DISK}, frame_uid=uid("another"))
    (contour,) = read_structures(path, GRID, series)
    assert contour.tags[RASTERIZED_TAG].endswith(
        "; another frame of reference, but 3 of 3 contours name the image's slices"
    )
    np.testing.assert_array_equal(contour.mask, disk_mask())


@pytest.mark.parametrize("where", ["structures", "image"])
def test_a_missing_frame_of_reference_is_said(path, slices, series, where):
    dataset = write_structure_set(path, slices, {"Bladder": DISK}, refer=False)
    if where == "image":
        series = replace(series, frame_uid="")
    else:
        del dataset.ReferencedFrameOfReferenceSequence
        del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
        dataset.save_as(path, enforce_file_format=True)
    (contour,) = read_structures(path, GRID, series)
    assert contour.tags[RASTERIZED_TAG].endswith("; no frame of reference to check, used by position")


def test_contours_of_images_that_are_not_there_are_used_by_position(path, slices, series):
    write_structure_set(path, slices, {"Bladder": DISK})
    part = replace(series, instance_uids=series.instance_uids[:2])
    (contour,) = read_structures(path, GRID, part)
    assert contour.tags[RASTERIZED_TAG].endswith(
        "; 2 of 3 contours refer to images that are not in the series, used by position"
    )
    np.testing.assert_array_equal(contour.mask, disk_mask())


def test_what_the_reader_left_out_is_in_the_tag(path, slices, series):
    dataset = write_structure_set(path, slices, {"Bladder": DISK})
    dataset.ROIContourSequence[0].ContourSequence[0].ContourGeometricType = "OPEN_PLANAR"
    dataset.save_as(path, enforce_file_format=True)
    (contour,) = read_structures(path, GRID, series)
    assert contour.tags[RASTERIZED_TAG].endswith("; 1 open contour left out")
    assert not any(text == "1 open contour left out" for text in contour.tags.values())


def test_a_structure_that_cannot_be_used_does_not_cost_the_others(path, slices, series):
    write_structure_set(path, slices, {"Far": FAR, "Bladder": DISK})
    with pytest.raises(GeometryError, match="Structure Far"):
        read_structures(path, GRID, series)
    left_out = []
    found = read_structures(path, GRID, series, on_left_out=left_out.append)
    assert [contour.name for contour in found] == ["Bladder"]
    assert [roi.name for roi in left_out] == ["Far"]
    assert "outside" in left_out[0].reason


def test_nothing_that_can_be_used_is_an_error(path, slices, series):
    write_structure_set(path, slices, {"Far": FAR})
    with pytest.raises(GeometryError, match="outside"):
        read_structures(path, GRID, series, on_left_out=lambda roi: None)
    write_structure_set(path, slices, {"Iso": [DISK[0][:1]], "Empty": []}, kinds={"Iso": "POINT"})
    with pytest.raises(FormatError, match="no contour that encloses an area, only 2 regions"):
        read_structures(path, GRID, series)
