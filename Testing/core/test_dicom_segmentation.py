"""DICOM segmentations in: every way in which files say the same, and what cannot be read as one sentence."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import ContourQAError, FormatError, GeometryError, StructureError
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg, write_seg
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from dicom_samples import small_grid, small_values, tells_nothing, write_series

GRID = small_grid(slices=8, rows=6, columns=5)  # 30 pixels: frames end within a byte
USED = [1, 2, 5]
"""Planes that have a frame: 3 and 6 mm from the first one's, then a gap."""

Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceSeries:
    folder = tmp_path_factory.mktemp("series")
    write_series(folder, small_values(GRID), GRID)
    return source_series(folder)


def mask(seed: int) -> np.ndarray:
    values = np.zeros(GRID.shape, bool)
    values[USED] = np.random.default_rng(seed).random((len(USED), *GRID.shape[1:])) < 0.5
    return values


@pytest.fixture(scope="module")
def written(source: SourceSeries, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A file of two segments that overlap."""
    path = tmp_path_factory.mktemp("written") / "seg.dcm"
    named = [Contour(mask(1), GRID, "Bladder"), Contour(mask(2), GRID, "Rectum")]
    write_seg(named, source, path, Algorithm("test", "1"), "Contours")
    return pydicom.dcmread(path)


@pytest.fixture(scope="module")
def fractional(source: SourceSeries, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("written") / "map.dcm"
    one = ProbabilityMap(mask(1) * np.linspace(0, 1, 5), GRID, "Bladder")
    write_fractional_seg([one], source, path, Algorithm("test", "1"), "Maps")
    sample = pydicom.dcmread(path)
    sample.decompress(generate_instance_uid=False)
    return sample


def saved(sample: Dataset, change: Change, path: Path) -> Path:
    changed = deepcopy(sample)
    change(changed)
    changed.save_as(path)
    return path


def frames(sample: Dataset) -> list[Dataset]:
    return list(sample.PerFrameFunctionalGroupsSequence)


def shared(sample: Dataset) -> Dataset:
    return sample.SharedFunctionalGroupsSequence[0]


def same_masks(path: Path) -> None:
    bladder, rectum = read_seg(path)
    assert np.array_equal(bladder.on(GRID).mask, mask(1))
    assert np.array_equal(rectum.on(GRID).mask, mask(2))


def without_spacing(sample: Dataset) -> None:
    del shared(sample).PixelMeasuresSequence[0].SpacingBetweenSlices


def senseless_spacing(sample: Dataset) -> None:
    shared(sample).PixelMeasuresSequence[0].SpacingBetweenSlices = 2.2


def all_per_frame(sample: Dataset) -> None:
    for frame in frames(sample):
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
            setattr(frame, keyword, deepcopy(shared(sample)[keyword].value))
    del shared(sample).PixelMeasuresSequence, shared(sample).PlaneOrientationSequence


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


def shift(sample: Dataset) -> None:
    frames(sample)[2].PlanePositionSequence[0].ImagePositionPatient[0] += 1


def tilt(sample: Dataset) -> None:
    for number, frame in enumerate(frames(sample)):
        frame.PlanePositionSequence[0].ImagePositionPatient[1] += number % 3


def move(sample: Dataset) -> None:
    without_spacing(sample)
    for frame in frames(sample)[2::3]:
        frame.PlanePositionSequence[0].ImagePositionPatient[2] += 1.3


def turn(sample: Dataset) -> None:
    all_per_frame(sample)
    frames(sample)[1].PlaneOrientationSequence[0].ImageOrientationPatient = [0, 1, 0, -1, 0, 0]


def stretch(sample: Dataset) -> None:
    all_per_frame(sample)
    frames(sample)[1].PixelMeasuresSequence[0].PixelSpacing = [1, 1]


def repeat(sample: Dataset) -> None:
    frames(sample)[1].PlanePositionSequence = frames(sample)[0].PlanePositionSequence


def forget_a_frame(sample: Dataset) -> None:
    sample.PerFrameFunctionalGroupsSequence = frames(sample)[:-1]


def forget_frames(sample: Dataset) -> None:
    del sample.PerFrameFunctionalGroupsSequence


def forget_a_position(sample: Dataset) -> None:
    del frames(sample)[3].PlanePositionSequence


def forget_an_orientation(sample: Dataset) -> None:
    del shared(sample).PlaneOrientationSequence


def forget_a_number(sample: Dataset) -> None:
    del frames(sample)[3].SegmentIdentificationSequence[0].ReferencedSegmentNumber


def forget_a_segment(sample: Dataset) -> None:
    sample.SegmentSequence = list(sample.SegmentSequence)[:1]


def leave_nothing(sample: Dataset) -> None:
    background = highdicom.sr.CodedConcept("125040", "DCM", "Background")
    for segment in sample.SegmentSequence:
        segment.SegmentedPropertyTypeCodeSequence = [background]


def become_something_else(sample: Dataset) -> None:
    sample.SegmentationType = "SURFACE"


def forget_segments(sample: Dataset) -> None:
    del sample.SegmentSequence


def grow(sample: Dataset) -> None:
    sample.Rows = sample.Columns = 65535


def break_a_color(sample: Dataset) -> None:
    sample.SegmentSequence[0].RecommendedDisplayCIELabValue = [1, 2]


def cut_pixels(sample: Dataset) -> None:
    sample.PixelData = sample.PixelData[:8]


def forget_pixels(sample: Dataset) -> None:
    del sample.PixelData


def become_a_slide(sample: Dataset) -> None:
    sample.TotalPixelMatrixColumns = sample.TotalPixelMatrixRows = 1000


def become_an_image(sample: Dataset) -> None:
    sample.SOPClassUID = sample.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (shift, GeometryError, "shifted against each other by up to 1 mm"),
        (tilt, GeometryError, "a tilted gantry"),
        (move, GeometryError, "planes 3 to 10.3 mm apart, which fit no regular grid"),
        (turn, GeometryError, "frames of different ImageOrientationPatient"),
        (stretch, GeometryError, "frames of different PixelSpacing"),
        (repeat, FormatError, "several frames of one segment on one plane"),
        (forget_a_frame, FormatError, "announces 6 frames and describes 5"),
        (forget_frames, FormatError, "announces 6 frames and describes 0"),
        (forget_a_position, FormatError, "does not say where every frame lies"),
        (forget_an_orientation, FormatError, "does not say where every frame lies"),
        (forget_a_number, FormatError, "which segment it shows"),
        (forget_a_segment, FormatError, "holds frames of segment 2, which it does not describe"),
        (forget_segments, FormatError, "in a way that cannot be understood"),
        (leave_nothing, FormatError, "holds no segments"),
        (become_something_else, FormatError, "is no DICOM segmentation"),
        (break_a_color, FormatError, "in a way that cannot be understood"),
        (cut_pixels, FormatError, "ends before its last frame; export or copy it again"),
        (grow, FormatError, "ends before its last frame"),
        (forget_pixels, FormatError, "ends before its last frame"),
        (become_a_slide, FormatError, "a microscope's slide"),
        (become_an_image, FormatError, "is no DICOM segmentation; name a SEG file"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_without_the_patient(
    change: Change, kind: type[ContourQAError], words: str, written: Dataset, tmp_path: Path
) -> None:
    path = saved(written, change, tmp_path / "seg.dcm")
    with pytest.raises(kind, match=words) as caught:
        read_seg(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert said.endswith(".")
    assert tells_nothing(said)


def test_a_reference_that_cannot_be_understood_is_one_sentence(
    written: Dataset, source: SourceSeries, tmp_path: Path
) -> None:
    def forget_a_series(sample: Dataset) -> None:
        del sample.ReferencedSeriesSequence[0].SeriesInstanceUID

    path = saved(written, forget_a_series, tmp_path / "seg.dcm")
    with pytest.raises(FormatError, match="refers to images in a way that cannot be understood"):
        read_seg(path, series=replace(source.identity, frame_uid="2.25.1"))


def test_an_unknown_compression_is_named(fractional: Dataset, tmp_path: Path) -> None:
    def encapsulate(sample: Dataset) -> None:
        pixels = np.frombuffer(sample.PixelData, np.uint8).reshape(3, -1)
        sample.PixelData = pydicom.encaps.encapsulate([one.tobytes() for one in pixels])
        sample["PixelData"].is_undefined_length = True
        sample.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.201"

    with pytest.raises(FormatError, match=r"transfer syntax \(High-Throughput JPEG 2000"):
        read_seg_probabilities(saved(fractional, encapsulate, tmp_path / "map.dcm"))


@pytest.mark.parametrize("length", [10, 200, 2000, 6000])
def test_a_file_that_was_cut_is_one_sentence(length: int, written: Dataset, tmp_path: Path) -> None:
    path = saved(written, lambda _: None, tmp_path / "seg.dcm")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FormatError) as caught:
        read_seg(path)
    assert str(caught.value).startswith(str(path))
    assert tells_nothing(str(caught.value))
