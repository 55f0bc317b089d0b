"""DICOM segmentations in: every way in which files say the same."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from ContourQALib.errors import FormatError, GeometryError, StructureError
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.source_series import SourceSeries
from seg_changes import (
    GRID,
    Change,
    all_per_frame,
    frames,
    mask,
    saved,
    shared,
    without_spacing,
    write_map,
    write_masks,
    write_source,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceSeries:
    return write_source(tmp_path_factory.mktemp("series"))


@pytest.fixture(scope="module")
def written(source: SourceSeries, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_masks(source, tmp_path_factory.mktemp("written") / "seg.dcm")


@pytest.fixture(scope="module")
def fractional(source: SourceSeries, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_map(source, tmp_path_factory.mktemp("written") / "map.dcm")


def same_masks(path: Path) -> None:
    bladder, rectum = read_seg(path)
    assert np.array_equal(bladder.on(GRID).mask, mask(1))
    assert np.array_equal(rectum.on(GRID).mask, mask(2))


def senseless_spacing(sample: Dataset) -> None:
    shared(sample).PixelMeasuresSequence[0].SpacingBetweenSlices = 2.2


def rounded_positions(sample: Dataset) -> None:
    for number, frame in enumerate(frames(sample)):
        place = frame.PlanePositionSequence[0]
        x, y, z = place.ImagePositionPatient
        place.ImagePositionPatient = [x, y, round(float(z) + 0.0004 * (-1) ** number, 4)]


def rounded_cosines(sample: Dataset) -> None:
    shared(sample).PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0.0005, 0, 1, 0.0005]


@pytest.mark.parametrize(
    "change", [without_spacing, senseless_spacing, all_per_frame, rounded_positions, rounded_cosines]
)
def test_the_same_said_in_another_way(change: Change, written: Dataset, tmp_path: Path) -> None:
    same_masks(saved(written, change, tmp_path / "seg.dcm"))


def test_frames_may_come_in_any_order(written: Dataset, tmp_path: Path) -> None:
    order = [4, 1, 5, 0, 3, 2]

    def shuffle(sample: Dataset) -> None:
        pixels = sample.pixel_array[order].ravel()
        sample.PerFrameFunctionalGroupsSequence = [frames(sample)[n] for n in order]
        packed = np.packbits(pixels, bitorder="little").tobytes()
        sample.PixelData = packed + b"\0" * (len(packed) % 2)

    same_masks(saved(written, shuffle, tmp_path / "seg.dcm"))


def test_planes_lie_as_far_apart_as_the_header_says_where_frames_allow_it(
    written: Dataset, tmp_path: Path
) -> None:
    """Of frames on planes 1, 2 and 5 the header's 1.5 mm fits as well as the 3 mm of the closest two."""

    def halve(sample: Dataset) -> None:
        shared(sample).PixelMeasuresSequence[0].SpacingBetweenSlices = 1.5

    bladder, _ = read_seg(saved(written, halve, tmp_path / "seg.dcm"))
    assert bladder.grid.spacing == (1.5, 2.0, 1.5)
    assert np.flatnonzero(bladder.mask.any(axis=(1, 2))).tolist() == [0, 2, 8]


def test_a_single_plane_is_as_thick_as_it_says(written: Dataset, tmp_path: Path) -> None:
    def keep_one(sample: Dataset) -> None:
        shared(sample).PixelMeasuresSequence[0].SliceThickness = 2.5
        shared(sample).SegmentIdentificationSequence = frames(sample)[0].SegmentIdentificationSequence
        sample.PerFrameFunctionalGroupsSequence = frames(sample)[:1]
        del frames(sample)[0].SegmentIdentificationSequence
        sample.NumberOfFrames = 1
        sample.PixelData = np.packbits(mask(1)[1].ravel(), bitorder="little").tobytes()

    bladder, rectum = read_seg(saved(written, keep_one, tmp_path / "one.dcm"))
    assert np.array_equal(bladder.mask[0], mask(1)[1])
    assert not rectum.mask.any()  # a segment without a frame
    assert bladder.grid.spacing == (1.5, 2.0, 3.0)

    def lonely(sample: Dataset) -> None:
        keep_one(sample)
        without_spacing(sample)

    assert read_seg(saved(written, lonely, tmp_path / "thick.dcm"))[0].grid.spacing == (1.5, 2.0, 2.5)

    def thin(sample: Dataset) -> None:
        lonely(sample)
        del shared(sample).PixelMeasuresSequence[0].SliceThickness

    with pytest.raises(GeometryError, match="holds one plane and does not say how thick"):
        read_seg(saved(written, thin, tmp_path / "thin.dcm"))


def test_segments_of_one_name_are_told_apart(written: Dataset, tmp_path: Path) -> None:
    def rename(sample: Dataset) -> None:
        sample.SegmentSequence[1].SegmentLabel = "Bladder"

    names = [one.name for one in read_seg(saved(written, rename, tmp_path / "seg.dcm"))]
    assert names == ["Bladder", "Bladder (segment 2)"]


@pytest.mark.parametrize("largest", [3, 300])
def test_a_label_map_of_8_or_16_bits(largest: int, source: SourceSeries, tmp_path: Path) -> None:
    """Made by highdicom: segments with numbers that leave gaps, and a background that is none of them."""
    labels = np.where(mask(1), 2, np.where(mask(2), largest, 0)).astype(np.uint16)
    bone = highdicom.sr.CodedConcept("272673000", "SCT", "Bone")
    described = [
        highdicom.seg.SegmentDescription(number, f"of {number}", bone, bone, "MANUAL")
        for number in (2, largest)
    ]
    sample = highdicom.seg.Segmentation(
        list(source.datasets), labels, "LABELMAP", described, highdicom.UID(), 1, highdicom.UID(), 1,
        "maker", "model", "1", "1",
    )  # fmt: skip
    sample.save_as(tmp_path / "labels.dcm")
    assert [segment.SegmentNumber for segment in sample.SegmentSequence] == [0, 2, largest]
    two, other = read_seg(tmp_path / "labels.dcm")
    assert (two.name, other.name) == ("of 2", f"of {largest}")
    assert np.array_equal(two.on(GRID).mask, labels == 2)
    assert np.array_equal(other.on(GRID).mask, labels == largest)


def run_lengths(sample: Dataset) -> None:
    sample.compress(RLELossless, encoding_plugin="pydicom")


def deflate(sample: Dataset) -> None:
    sample.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian


@pytest.mark.parametrize("compress", [run_lengths, deflate])
def test_compressed_maps_are_decoded(compress: Change, fractional: Dataset, tmp_path: Path) -> None:
    (came,) = read_seg_probabilities(saved(fractional, compress, tmp_path / "map.dcm"))
    expected = np.round(mask(1) * np.linspace(0, 1, 5) * 255) / np.float32(255)
    assert np.array_equal(came.on(GRID).values, expected.astype(np.float32))


def test_a_share_is_one_of_the_largest_number(fractional: Dataset, tmp_path: Path) -> None:
    def halve(sample: Dataset) -> None:
        values = np.frombuffer(sample.PixelData, np.uint8) // 2
        sample.PixelData, sample.MaximumFractionalValue = values.tobytes(), 127
        sample.SegmentationFractionalType = "OCCUPANCY"

    (came,) = read_seg_probabilities(saved(fractional, halve, tmp_path / "map.dcm"))
    assert came.values.max() == 1
    assert sorted({round(float(value) * 127) for value in np.unique(came.values)}) == [0, 32, 64, 95, 127]

    def too_small(sample: Dataset) -> None:
        sample.MaximumFractionalValue = 100

    def nothing(sample: Dataset) -> None:
        sample.MaximumFractionalValue = 0

    with pytest.raises(FormatError, match="holds 255 where its Maximum Fractional Value is 100"):
        read_seg_probabilities(saved(fractional, too_small, tmp_path / "small.dcm"))
    with pytest.raises(FormatError, match="has a Maximum Fractional Value of 0"):
        read_seg_probabilities(saved(fractional, nothing, tmp_path / "nothing.dcm"))


def test_a_map_of_the_same_text_is_meant_before_others_of_the_same_letters(
    fractional: Dataset, tmp_path: Path
) -> None:
    def several(sample: Dataset) -> None:
        (first,) = sample.SegmentSequence
        others = [deepcopy(first), deepcopy(first), deepcopy(first)]
        for number, (item, label) in enumerate(
            zip(others, ("liver", "LIVER", "Liver"), strict=True), start=2
        ):
            item.SegmentNumber, item.SegmentLabel = number, label
        sample.SegmentSequence = [first, *others]

    path = saved(fractional, several, tmp_path / "map.dcm")
    (came,) = read_seg_probabilities(path, "LIVER")
    assert came.name == "LIVER"
    with pytest.raises(StructureError, match="holds several segments li-ver; it holds "):
        read_seg_probabilities(path, "li-ver")


def test_shares_of_nothing_and_all_are_a_mask_and_others_are_not(fractional: Dataset, tmp_path: Path) -> None:
    def all_or_nothing(sample: Dataset) -> None:
        values = np.frombuffer(sample.PixelData, np.uint8)
        sample.PixelData = np.where(values > 0, 255, 0).astype(np.uint8).tobytes()

    (bladder,) = read_seg(saved(fractional, all_or_nothing, tmp_path / "mask.dcm"))
    assert np.array_equal(bladder.on(GRID).mask, mask(1) & (np.arange(5) > 0))
    fractional.save_as(tmp_path / "map.dcm")
    with pytest.raises(FormatError, match="holds probabilities, not masks; name it with --probability"):
        read_seg(tmp_path / "map.dcm")


def test_another_frame_of_reference_is_refused_unless_the_series_is_meant(
    written: Dataset, source: SourceSeries, tmp_path: Path
) -> None:
    elsewhere = replace(source.identity, frame_uid="2.25.1")
    path = saved(written, lambda _: None, tmp_path / "seg.dcm")
    assert read_seg(path, series=elsewhere)  # it refers to the series
    with pytest.raises(FormatError, match="another frame of reference"):
        read_seg(path, series=replace(elsewhere, series_uid="2.25.2"))
    assert read_seg(path, series=replace(source.identity, series_uid="2.25.2"))  # in the same frame
    assert read_seg(path, series=replace(elsewhere, series_uid="2.25.2", frame_uid=""))  # nothing is known
