"""Contours and probability maps go out as DICOM segmentations and come back; other programs accept them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import (
    ContourQAError,
    FormatError,
    GeometryError,
    SettingError,
    StructureError,
)
from ContourQALib.formats.dicom.contour_header import read_contour_header
from ContourQALib.formats.dicom.segment_tags import (
    ALGORITHM_FAMILY_TAG,
    ALGORITHM_NAME_TAG,
    ALGORITHM_TYPE_TAG,
    ALGORITHM_VERSION_TAG,
    DESCRIPTION_TAG,
)
from ContourQALib.formats.dicom.segment_terminology import TERMINOLOGY_TAG, Code
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.segmentation_out import (
    OCCUPANCY,
    Algorithm,
    write_fractional_seg,
    write_seg,
)
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.geometry import Grid, Relation
from contours_to_write import GRID, NET, TAGS, contours, random_mask, write_source
from dicom_samples import (
    small_values,
    tells_nothing,
    write_series,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceSeries:
    return write_source(tmp_path_factory.mktemp("series"))


def test_what_goes_out_comes_back(source: SourceSeries, tmp_path: Path) -> None:
    path = tmp_path / "contours.dcm"
    write_seg(contours(), source, path, NET, "Contours")
    back = read_seg(path, series=source.identity)
    for sent, came in zip(contours(), back, strict=True):
        assert came.grid.relation_to(GRID) in (Relation.SAME, Relation.LATTICE)
        assert np.array_equal(came.on(GRID).mask, sent.mask)
        assert (came.name, came.color) == (sent.name, sent.color)
        assert dict(came.tags).items() >= dict(sent.tags).items()
    assert back[0].tags[ALGORITHM_TYPE_TAG] == "AUTOMATIC"
    assert back[0].tags[ALGORITHM_NAME_TAG] == "A network"
    assert back[0].tags[ALGORITHM_VERSION_TAG] == "1.2"
    assert "SCT^45289007^Parotid gland~SCT^7771000^Left" in back[0].tags[TERMINOLOGY_TAG]
    assert read_contour_header(path).series_uids == (source.identity.series_uid,)


def test_a_second_journey_changes_nothing(source: SourceSeries, tmp_path: Path) -> None:
    write_seg(contours(), source, tmp_path / "one.dcm", NET, "Contours")
    once = read_seg(tmp_path / "one.dcm")
    write_seg(once, source, tmp_path / "two.dcm", Algorithm("", "", is_manual=True), "Contours")
    for first, second in zip(once, read_seg(tmp_path / "two.dcm"), strict=True):
        assert (first.grid, first.name, first.color) == (second.grid, second.name, second.color)
        assert first.tags == second.tags
        assert np.array_equal(first.mask, second.mask)


def turned(grid: Grid, angle: float) -> Grid:
    """The grid about an oblique axis, by an angle."""
    axis = np.array([1.0, 2.0, -1.5]) / np.linalg.norm([1.0, 2.0, -1.5])
    cross = np.cross(np.eye(3), -axis)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return replace(grid, direction=tuple((rotation @ grid.axes).ravel()))


SAGITTAL = (0, 0, -1, 1, 0, 0, 0, -1, 0)
GRIDS = {
    "sagittal": replace(GRID, direction=SAGITTAL),
    "oblique": turned(GRID, 0.7),
    "feet first": replace(GRID, direction=(1, 0, 0, 0, -1, 0, 0, 0, -1)),
    "one slice": Grid((9, 7, 1), (0.7, 0.9, 4.0), (1.0, 2.0, 3.0)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_masks_come_back_whatever_the_orientation(name: str, tmp_path: Path) -> None:
    grid = GRIDS[name]
    write_series(tmp_path / "series", small_values(grid), grid, "MR")
    series = source_series(tmp_path / "series")
    mask = random_mask(5, series.grid, slice(0, None, 2))  # every other plane: the frames lie apart
    write_seg([Contour(mask, series.grid, "Sparse")], series, tmp_path / "seg.dcm", NET, "Contours")
    (back,) = read_seg(tmp_path / "seg.dcm")
    assert back.grid.relation_to(series.grid) in (Relation.SAME, Relation.LATTICE)
    assert np.array_equal(back.on(series.grid).mask, mask)


def test_contours_that_are_all_empty_keep_the_grid(source: SourceSeries, tmp_path: Path) -> None:
    nothing = [Contour(np.zeros(GRID.shape, bool), GRID, name) for name in ("Bladder", "Rectum")]
    write_seg(nothing, source, tmp_path / "seg.dcm", NET, "Nothing")
    back = read_seg(tmp_path / "seg.dcm")
    assert [one.name for one in back] == ["Bladder", "Rectum"]
    assert not any(one.mask.any() for one in back)
    assert back[0].grid.relation_to(GRID) is Relation.SAME


def test_probabilities_come_back_to_half_a_step_of_255(source: SourceSeries, tmp_path: Path) -> None:
    values = np.random.default_rng(3).random(GRID.shape) * (np.arange(6) > 2)[:, None, None]
    maps = [ProbabilityMap(values, GRID, "Bladder"), ProbabilityMap(1 - values, GRID, "Error of Bladder")]
    path = tmp_path / "maps.dcm"
    write_fractional_seg(maps, source, path, NET, "Maps")
    for sent, came in zip(maps, read_seg_probabilities(path), strict=True):
        assert came.name == sent.name
        assert np.abs(came.on(GRID).values - sent.values).max() <= 0.5 / 255 + 1e-6  # float32
    (chosen,) = read_seg_probabilities(path, "error of bladder")
    assert chosen.name == "Error of Bladder"
    file = pydicom.dcmread(path)
    assert file.SegmentationFractionalType == "PROBABILITY"
    assert all("rounded to 1/255" in segment.SegmentDescription for segment in file.SegmentSequence)
    with pytest.raises(StructureError, match="holds no segment Rectum; it holds Bladder, Error of Bladder"):
        read_seg_probabilities(path, "Rectum")


def test_shares_of_voxels_keep_color_and_tags_on_every_journey(source: SourceSeries, tmp_path: Path) -> None:
    values = np.round(np.random.default_rng(4).random(GRID.shape) * 255) / 255
    sent = ProbabilityMap(values, GRID, "Liver", color=(0.2, 0.4, 0.6), tags=TAGS)
    for number in range(2):
        path = tmp_path / f"{number}.dcm"
        write_fractional_seg([sent], source, path, NET, "Shares", fractional_type=OCCUPANCY)
        (came,) = read_seg_probabilities(path)
        np.testing.assert_array_equal(came.on(GRID).values, sent.values)
        told = f"{TAGS[DESCRIPTION_TAG]} Shares of voxels rounded to 1/255."
        assert came.color == sent.color
        assert dict(came.tags) == {**TAGS, DESCRIPTION_TAG: told}
        assert pydicom.dcmread(path).SegmentationFractionalType == "OCCUPANCY"
        sent = came.on(GRID)


def test_a_contour_of_another_grid_is_brought_over_and_the_segment_says_so(
    source: SourceSeries, tmp_path: Path
) -> None:
    path = tmp_path / "seg.dcm"
    part = GRID.part([slice(1, 5), slice(2, 6), slice(1, 8)])
    cropped = Contour(random_mask(4, part), part, "Cropped")
    coarse = Grid((5, 4, 3), (3.0, 4.0, 6.0), GRID.origin)
    resampled = Contour(np.ones(coarse.shape, bool), coarse, "Coarse")
    beyond = replace(GRID, origin=(GRID.origin[0] + 4 * 1.5, *GRID.origin[1:]))
    cut = Contour(np.ones(GRID.shape, bool), beyond, "Cut")
    write_seg([cropped, resampled, cut], source, path, NET, "Contours")
    back = read_seg(path)
    assert np.array_equal(back[0].on(GRID).mask, cropped.on(GRID).mask)
    assert DESCRIPTION_TAG not in back[0].tags
    assert np.array_equal(back[1].on(GRID).mask, resampled.on(GRID).mask)
    assert back[1].tags[DESCRIPTION_TAG] == "Resampled onto the grid of the image (nearest neighbor)."
    assert back[2].tags[DESCRIPTION_TAG] == "1.51 cc outside of the image are left out."


def test_drawn_by_hand_is_said_without_a_program(source: SourceSeries, tmp_path: Path) -> None:
    by_hand = Algorithm("nobody", "0", is_manual=True)
    write_seg(contours()[:1], source, tmp_path / "seg.dcm", by_hand, "Contours")
    segment = pydicom.dcmread(tmp_path / "seg.dcm").SegmentSequence[0]
    assert segment.SegmentAlgorithmType == "MANUAL"
    assert "SegmentAlgorithmName" not in segment
    statistics = Algorithm("STAPLE", "1", family=Code("123107", "DCM", "Cluster Analysis"))
    write_seg(contours()[:1], source, tmp_path / "seg.dcm", statistics, "Contours")
    (back,) = read_seg(tmp_path / "seg.dcm")
    assert back.tags[ALGORITHM_FAMILY_TAG] == "DCM^123107^Cluster Analysis"


def one(name: str = "Bladder", **changes: Any) -> list[Contour]:
    return [replace(Contour(random_mask(1), GRID, name), **changes)]


FAR = replace(GRID, origin=(5000.0, 0.0, 0.0))
REFUSED = {
    "no contour": ([], "Contours", StructureError, "There is no structure to write"),
    "no name": (one(" "), "Contours", StructureError, "1 to 64 characters"),
    "a long name": (one("x" * 65), "Contours", StructureError, "1 to 64 characters"),
    "a backslash": (one("a\\b"), "Contours", StructureError, "none of them a backslash"),
    "a line break": (one("a\nb"), "Contours", StructureError, "control character"),
    "a long description": (one(), "x" * 65, SettingError, "1 to 64 characters"),
    "outside": (one(grid=FAR), "Contours", GeometryError, "no point in common"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_written_is_one_sentence_and_no_file(
    what: str, source: SourceSeries, tmp_path: Path
) -> None:
    sent, description, kind, words = REFUSED[what]
    (tmp_path / "seg.dcm").write_bytes(b"older")
    with pytest.raises(kind, match=words) as caught:
        write_seg(sent, source, tmp_path / "seg.dcm", NET, description)
    assert tells_nothing(str(caught.value))
    assert [file.name for file in tmp_path.iterdir()] == ["seg.dcm"]
    assert (tmp_path / "seg.dcm").read_bytes() == b"older"


def test_a_name_that_is_taken_is_not_written_over(source: SourceSeries, tmp_path: Path) -> None:
    (tmp_path / "seg.dcm").write_bytes(b"older")
    with pytest.raises(ContourQAError, match="is there already"):
        write_seg(one(), source, tmp_path / "seg.dcm", NET, "Contours", overwrite=False)
    assert (tmp_path / "seg.dcm").read_bytes() == b"older"


def test_a_series_without_a_frame_of_reference_has_no_segmentation(
    source: SourceSeries, tmp_path: Path
) -> None:
    nowhere = replace(source, identity=replace(source.identity, frame_uid=""))
    with pytest.raises(FormatError, match="has no frame of reference"):
        write_seg(one(), nowhere, tmp_path / "seg.dcm", NET, "Contours")
    assert not list(tmp_path.iterdir())
