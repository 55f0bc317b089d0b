"""A DICOM segmentation as others find it: element by element, its validator, patient, study and frames."""

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

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.formats.dicom.reading import quietly
from ContourQALib.formats.dicom.segmentation_in import read_seg
from ContourQALib.formats.dicom.segmentation_out import (
    write_fractional_seg,
    write_seg,
)
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from contours_to_write import GRID, NET, contours, random_mask, write_source
from dicom_samples import (
    BIRTH_DATE,
    PATIENT_ID,
    PATIENT_NAME,
    small_values,
    write_enhanced,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SourceSeries:
    return write_source(tmp_path_factory.mktemp("series"))


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
