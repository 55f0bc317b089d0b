"""DICOM segmentations that cannot be read: one sentence that says why, and nothing of the patient."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from ContourQALib.errors import ContourQAError, FormatError, GeometryError
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.source_series import SourceSeries
from dicom_samples import tells_nothing
from seg_changes import (
    Change,
    all_per_frame,
    frames,
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
