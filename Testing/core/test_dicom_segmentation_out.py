"""Contours and probability maps go out as DICOM segmentations and come back; other programs accept them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest

from ContourQALib.case import RASTERIZED_TAG, SPELLED_TAG, Contour, ProbabilityMap
from ContourQALib.errors import (
    ContourQAError,
    FormatError,
    GeometryError,
    SettingError,
    StructureError,
)
from ContourQALib.formats.dicom.contour_header import read_contour_header
from ContourQALib.formats.dicom.reading import quietly
from ContourQALib.formats.dicom.segment_tags import (
    ALGORITHM_FAMILY_TAG,
    ALGORITHM_NAME_TAG,
    ALGORITHM_TYPE_TAG,
    ALGORITHM_VERSION_TAG,
    DESCRIPTION_TAG,
    TRACKING_ID_TAG,
    TRACKING_UID_TAG,
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
from dicom_samples import (
    BIRTH_DATE,
    PATIENT_ID,
    PATIENT_NAME,
    small_grid,
    small_values,
    tells_nothing,
    write_enhanced,
    write_series,
)

GRID = small_grid(slices=6, rows=7, columns=9)  # 63 pixels: frames begin and end within bytes
NET = Algorithm("A network", "1.2")

TAGS = {
    TERMINOLOGY_TAG: "Segmentation category and type - DICOM master list"
    "~SCT^85756007^Tissue~SCT^10200004^Liver~^^"
    "~Anatomic codes - DICOM master list~SCT^818983003^Abdomen~SCT^24028007^Right",
    ALGORITHM_TYPE_TAG: "SEMIAUTOMATIC",
    ALGORITHM_NAME_TAG: "Somebody's tool",
    ALGORITHM_VERSION_TAG: "7",
    ALGORITHM_FAMILY_TAG: "DCM^123107^Cluster Analysis",
    DESCRIPTION_TAG: "After two weeks, größer",
    TRACKING_ID_TAG: "lesion 1",
    TRACKING_UID_TAG: "2.25.1234",
    RASTERIZED_TAG: "by the rule of voxel centers, 12 contours on 4 planes",
    SPELLED_TAG: "Leber",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceSeries:
    folder = tmp_path_factory.mktemp("series")
    write_series(folder, small_values(GRID), GRID)
    return source_series(folder)


def random_mask(seed: int, grid: Grid = GRID, planes: slice = slice(1, 4)) -> np.ndarray:
    mask = np.zeros(grid.shape, bool)
    mask[planes] = np.random.default_rng(seed).random(mask[planes].shape) < 0.4
    return mask


def contours(grid: Grid = GRID) -> list[Contour]:
    """Two that overlap, one of them with everything that DICOM can say, and an empty one between them."""
    return [
        Contour(random_mask(1, grid), grid, "Parotid_L", (1 / 255, 128 / 255, 1.0)),
        Contour(np.zeros(grid.shape, bool), grid, "Leer, äöü 空", None),
        Contour(random_mask(2, grid, slice(2, 6)), grid, "Liver", (0.2, 0.4, 0.6), TAGS),
    ]


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


MADE_ANEW = {"UI", "DA", "TM"}
APART = {
    "PixelData",
    "PerFrameFunctionalGroupsSequence",  # they go down the planes, we up
    "ContributingEquipmentSequence",  # optional: the scanner, which the source says
    "DimensionOrganizationType",  # optional, and we do not say it
    "ContentCreatorName",  # type 2 (PS3.3 C.8.20.2), which highdicom leaves out
}


def elements(dataset: Any, above: str = "") -> dict[str, Any]:
    """Every element by its path, but those that are made anew or compared apart."""
    found = {}
    for element in dataset:
        path = f"{above}.{element.keyword}"
        if element.VR == "SQ" and element.keyword not in APART:
            for number, item in enumerate(element.value):
                found |= elements(item, f"{path}[{number}]")
        elif element.keyword not in APART and (element.VR not in MADE_ANEW or "Referenced" in path):
            found[path] = element.value
    return found


def frames(dataset: Any) -> dict[tuple[int, float], tuple[dict[str, Any], np.ndarray]]:
    """Description and pixels of every frame, by segment and position."""
    found = {}
    for groups, pixels in zip(dataset.PerFrameFunctionalGroupsSequence, dataset.pixel_array, strict=True):
        segment = int(groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        position = float(groups.PlanePositionSequence[0].ImagePositionPatient[2])
        del groups.FrameContentSequence  # place in the order
        found[segment, position] = elements(groups), pixels
    return found


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_the_object_is_what_highdicom_makes_of_the_same(
    kind: str, source: SourceSeries, tmp_path: Path
) -> None:
    """Element by element, and pixel by pixel; theirs takes all segments as one array."""
    names = {"Liver": "10200004", "Spleen": "78961009"}
    masks = [random_mask(1), random_mask(2, planes=slice(2, 6))]
    if kind == "BINARY":
        named = [Contour(mask, GRID, name, (1.0, 0.0, 0.0)) for name, mask in zip(names, masks, strict=True)]
        write_seg(named, source, tmp_path / "ours.dcm", NET, "Described")
    else:
        maps = [ProbabilityMap(mask * 0.3, GRID, name) for name, mask in zip(names, masks, strict=True)]
        write_fractional_seg(maps, source, tmp_path / "ours.dcm", NET, "Described")
    family = highdicom.sr.CodedConcept("123110", "DCM", "Artificial Intelligence")
    described = [
        highdicom.seg.SegmentDescription(
            number,
            name,
            highdicom.sr.CodedConcept("91723000", "SCT", "Anatomical Structure"),
            highdicom.sr.CodedConcept(code, "SCT", name),
            "AUTOMATIC",
            highdicom.AlgorithmIdentificationSequence("A network", family, "1.2"),
            display_color=highdicom.color.CIELabColor.from_rgb(255, 0, 0) if kind == "BINARY" else None,
        )
        for number, (name, code) in enumerate(names.items(), start=1)
    ]
    if kind == "FRACTIONAL":
        for one in described:
            one.SegmentDescription = "Probabilities rounded to 1/255."
    ours = pydicom.dcmread(tmp_path / "ours.dcm")
    theirs = highdicom.seg.Segmentation(
        list(source.datasets),
        np.stack(masks, -1).astype(np.uint8) if kind == "BINARY" else np.stack(masks, -1) * 0.3,
        kind,
        described,
        highdicom.UID(),
        9200 if kind == "BINARY" else 9300,
        highdicom.UID(),
        1,
        "ContourQA",
        "ContourQA",
        ours.SoftwareVersions,
        ours.DeviceSerialNumber,
        content_label="CONTOURS" if kind == "BINARY" else "PROBABILITIES",
        content_description="Described",
        series_description="Described",
        transfer_syntax_uid=ours.file_meta.TransferSyntaxUID if kind == "BINARY" else "1.2.840.10008.1.2.1",
    )
    assert elements(ours) == elements(theirs)
    our_frames, their_frames = frames(ours), frames(theirs)
    assert len(our_frames) == 7
    assert our_frames.keys() == their_frames.keys()
    for key, (groups, pixels) in our_frames.items():
        assert groups == their_frames[key][0]
        assert np.array_equal(pixels, their_frames[key][1])


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("kind", ["contours", "maps", "nothing", "of a multi-frame image"])
def test_a_public_validator_finds_nothing(kind: str, source: SourceSeries, tmp_path: Path) -> None:
    path = tmp_path / "seg.dcm"
    if kind == "contours":
        write_seg(contours(), source, path, NET, "Contours")
    elif kind == "nothing":
        write_seg(contours()[1:2], source, path, NET, "Contours")
    elif kind == "maps":
        write_fractional_seg([ProbabilityMap(random_mask(1) * 0.4, GRID, "Map")], source, path, NET, "Maps")
    else:
        write_enhanced(tmp_path / "image.dcm", small_values(GRID), GRID)
        write_seg(contours(), source_series(tmp_path / "image.dcm"), path, NET, "Contours")
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
    assert (said.stdout + said.stderr).split() == ["Segmentation"]


def test_patient_and_study_are_the_source_s_and_the_rest_is_new(source: SourceSeries, tmp_path: Path) -> None:
    image, uids = source.datasets[0], []
    for name in ("one.dcm", "two.dcm"):
        uids.append(write_seg(contours(), source, tmp_path / name, NET, "Contours"))
        file = pydicom.dcmread(tmp_path / name)
        assert (file.PatientName, file.PatientID, file.PatientBirthDate) == (
            PATIENT_NAME, PATIENT_ID, BIRTH_DATE,
        )  # fmt: skip
        for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "StudyDate", "StudyDescription"):
            assert file[keyword].value == image[keyword].value
        assert file.SOPInstanceUID == uids[-1]
        uids.append(file.SeriesInstanceUID)
        assert (file.Modality, file.Manufacturer, file.SeriesDescription) == ("SEG", "ContourQA", "Contours")
        assert not [element for element in file.iterall() if element.tag.is_private]
    assert len(set(uids)) == 4
    assert image.SeriesInstanceUID not in uids


def test_a_label_with_a_wide_space_is_kept(source: SourceSeries, tmp_path: Path) -> None:
    lung = replace(contours()[0], name="\u53f3\u3000\u80ba")
    write_seg([lung], source, tmp_path / "seg.dcm", NET, "Contours")
    (back,) = read_seg(tmp_path / "seg.dcm")
    assert back.name == lung.name


@pytest.mark.parametrize("character_set", ["ISO_IR 100", "ISO_IR 144", "ISO 2022 IR 87"])
def test_a_name_in_another_script_is_kept(character_set: str, source: SourceSeries, tmp_path: Path) -> None:
    name = {
        "ISO_IR 100": "Müller^Jürgen",
        "ISO_IR 144": "Люкceмбypг",
        "ISO 2022 IR 87": "Yamada^Tarou=山田^太郎",
    }
    image = pydicom.dcmread(next(source.path.glob("0000.dcm")))
    image.SpecificCharacterSet = ["", character_set] if "2022" in character_set else character_set
    image.PatientName = name[character_set]
    image.save_as(tmp_path / "image.dcm")
    there = replace(source, datasets=(pydicom.dcmread(tmp_path / "image.dcm"), *source.datasets[1:]))
    write_seg(contours(), there, tmp_path / "seg.dcm", NET, "Contours")
    file = pydicom.dcmread(tmp_path / "seg.dcm")
    assert str(file.PatientName) == name[character_set]
    assert file.SegmentSequence[1].SegmentLabel == "Leer, äöü 空"


@pytest.mark.filterwarnings("error")
def test_values_that_the_standard_forbids_are_carried_without_a_word(
    source: SourceSeries, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forbidden = {"PatientBirthDate": "05.11.1943", "PatientName": "Sample", "StudyID": "Freely typed words"}
    with quietly():
        image = pydicom.dcmread(next(source.path.glob("0000.dcm")))
        for keyword, value in forbidden.items():
            image.add(pydicom.DataElement(keyword, image[keyword].VR, value, validation_mode=0))
        image.save_as(tmp_path / "image.dcm")
        there = replace(source, datasets=(pydicom.dcmread(tmp_path / "image.dcm"), *source.datasets[1:]))
    write_seg(contours(), there, tmp_path / "seg.dcm", NET, "Contours")
    with quietly():
        file = pydicom.dcmread(tmp_path / "seg.dcm")
        assert {keyword: str(file[keyword].value) for keyword in forbidden} == forbidden
    assert "Sample" not in caplog.text
    assert "1943" not in caplog.text


def test_frames_name_the_slice_or_frame_that_they_lie_on(source: SourceSeries, tmp_path: Path) -> None:
    order = [3, 0, 5, 1, 4, 2]
    write_enhanced(tmp_path / "image.dcm", small_values(GRID), GRID, order=order)
    several = source_series(tmp_path / "image.dcm")
    for series, path in ((source, tmp_path / "one.dcm"), (several, tmp_path / "several.dcm")):
        write_seg(contours(), series, path, NET, "Contours")
        for groups in pydicom.dcmread(path).PerFrameFunctionalGroupsSequence:
            segment = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            origin = groups.DerivationImageSequence[0].SourceImageSequence[0]
            k = round(float(GRID.world_to_index(groups.PlanePositionSequence[0].ImagePositionPatient)[2]))
            # planes 1 to 5 have frames, so that the first position is plane 1
            assert groups.FrameContentSequence[0].DimensionIndexValues == [segment, k]
            if series is source:
                assert origin.ReferencedSOPInstanceUID == source.identity.instance_uids[k]
            else:
                assert origin.ReferencedSOPInstanceUID == several.identity.instance_uids[0]
                assert order[int(origin.ReferencedFrameNumber) - 1] == k
    assert np.array_equal(read_seg(tmp_path / "several.dcm")[0].on(GRID).mask, contours()[0].mask)


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
