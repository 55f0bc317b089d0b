"""DICOM segmentations of other programs equal the label images that they were made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from ContourQALib.case import Contour
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.contour_header import read_contour_header
from ContourQALib.formats.dicom.segment_tags import ALGORITHM_NAME_TAG, ALGORITHM_TYPE_TAG, TRACKING_UID_TAG
from ContourQALib.formats.dicom.segment_terminology import TERMINOLOGY_TAG, Code, codes_from_entry
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.geometry import Grid, Relation

pytestmark = pytest.mark.realdata


def label_image(path: Path) -> tuple[np.ndarray, Grid]:
    image = sitk.ReadImage(str(path))
    grid = Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return sitk.GetArrayFromImage(image), grid


def is_label(contour: Contour, values: np.ndarray, grid: Grid, label: int) -> bool:
    """Whether a contour is the voxels of a label, and not all background."""
    return (
        contour.grid.relation_to(grid) is Relation.SAME
        and contour.mask.any()
        and np.array_equal(contour.mask, values == label)
    )


@pytest.mark.parametrize(
    ("segmentation", "labels"),
    [
        ("liver.dcm", "liver_seg.nrrd"),
        ("23x38x3/seg/label.seg", "23x38x3/nrrd/label.nrrd"),  # frames that end within a byte
        ("24x38x3/seg/label.seg", "24x38x3/nrrd/label.nrrd"),
        ("sparse-labelmap-noppv.dcm", "sparse_labelmap_noppv_seg.nrrd"),  # the middle plane has no frame
        ("sparse-labelmap-ppv5.dcm", "sparse_labelmap_ppv5_seg.nrrd"),
    ],
)
def test_a_segmentation_is_the_label_image_that_it_was_made_from(
    data: Path, segmentation: str, labels: str
) -> None:
    (liver,) = read_seg(data / "dicom/dcmqi" / segmentation)
    assert is_label(liver, *label_image(data / "dicom/dcmqi" / labels), 1)
    assert liver.name == "Liver"
    assert np.round(np.multiply(liver.color, 255)).tolist() == [221, 130, 101]  # what Slicer paints livers in
    codes = codes_from_entry(liver.tags[TERMINOLOGY_TAG])
    assert codes is not None
    assert codes.type.meaning == "Liver"
    assert liver.tags[ALGORITHM_TYPE_TAG] == "SEMIAUTOMATIC"
    assert liver.tags[ALGORITHM_NAME_TAG] == "SlicerEditor"


def test_overlapping_segments_are_the_label_images_of_their_layers(data: Path) -> None:
    folder = data / "dicom/dcmqi"
    contours = {contour.name: contour for contour in read_seg(folder / "partial_overlaps.dcm")}
    layers = {1: {1: "GREEN", 4: "LIGHT_BLUE", 5: "DARK_BLUE"}, 2: {2: "ORANGE"}, 3: {3: "PURPLE"}}
    for layer, names in layers.items():
        values, grid = label_image(folder / f"partial_overlaps-{layer}.nrrd")
        for label, name in names.items():
            assert is_label(contours[name], values, grid, label), name
    assert len(contours) == 5
    assert any(
        (contours["GREEN"].mask & other.mask).any() for other in (contours["ORANGE"], contours["PURPLE"])
    )


def test_each_is_applied_before_the_next_contour_is_made(data: Path) -> None:
    seen: list[str] = []

    def emptied(contour: Contour) -> Contour:
        seen.append(contour.name)
        return Contour(np.zeros_like(contour.mask), contour.grid, f"{contour.name} seen {len(seen)}")

    contours = read_seg(data / "dicom/dcmqi/partial_overlaps.dcm", each=emptied)
    assert [contour.name for contour in contours] == [f"{name} seen {n + 1}" for n, name in enumerate(seen)]
    assert not any(contour.mask.any() for contour in contours)


@pytest.mark.parametrize(
    "name", ["binary", "binary_overlap", "binary_single_frame", "binary_fractional", "true_fractional"]
)
def test_frames_are_what_highdicom_reads(data: Path, name: str) -> None:
    highdicom = pytest.importorskip("highdicom")
    path = data / f"dicom/highdicom/seg_image_ct_{name}.dcm"
    theirs = highdicom.seg.segread(path)
    # (planes, rows, columns, segments), with only the planes that have frames, in the order of frames
    planes = np.unique([one.PlanePositionSequence[0].ImagePositionPatient[2]
                        for one in theirs.PerFrameFunctionalGroupsSequence])  # fmt: skip
    ours = (
        [found.values for found in read_seg_probabilities(path)]
        if name == "true_fractional"
        else [found.mask for found in read_seg(path)]
    )
    assert len(ours) == theirs.number_of_segments
    grid = (read_seg_probabilities(path) if name == "true_fractional" else read_seg(path))[0].grid
    for number, values in enumerate(ours, start=1):
        for frame, groups in enumerate(theirs.PerFrameFunctionalGroupsSequence):
            position = groups.PlanePositionSequence[0].ImagePositionPatient
            shared = theirs.SharedFunctionalGroupsSequence[0]
            shown = (
                groups if "SegmentIdentificationSequence" in groups else shared
            ).SegmentIdentificationSequence[0]
            if shown.ReferencedSegmentNumber != number:
                continue
            stored = theirs.get_stored_frame(frame + 1)
            largest = theirs.get("MaximumFractionalValue", 1)
            k = round(float(grid.world_to_index(position)[2]))
            assert np.array_equal(values[k], (stored / largest).astype(values.dtype))
    assert len(planes) == sum(any(values[k].any() for values in ours) for k in range(grid.size[2]))


def test_a_map_of_probabilities_is_no_mask_and_a_mask_no_map(data: Path) -> None:
    folder = data / "dicom/highdicom"
    with pytest.raises(FormatError, match="holds probabilities, not masks; name it with --probability"):
        read_seg(folder / "seg_image_ct_true_fractional.dcm")
    with pytest.raises(FormatError, match="holds masks, not probabilities; name it as contours"):
        read_seg_probabilities(folder / "seg_image_ct_binary.dcm")


def test_a_segmentation_says_its_series_and_how_its_segments_are_tracked(data: Path) -> None:
    path = data / "dicom/highdicom/seg_image_ct_binary.dcm"
    assert read_contour_header(path).series_uids == ("1.3.6.1.4.1.5962.1.1.0.0.0.1196530851.28319.0.2",)
    (bone,) = read_seg(path)
    assert bone.tags[TRACKING_UID_TAG].startswith("1.2.826.0.1.3680043.10.511.3.")
    codes = codes_from_entry(bone.tags[TERMINOLOGY_TAG])
    assert codes is not None
    assert codes.type == Code("272673000", "SCT", "Bone")
