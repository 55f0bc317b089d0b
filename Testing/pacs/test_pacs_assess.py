"""A study goes to a real archive, is taken from it and assessed, and what comes out lies beside it."""

from __future__ import annotations

import hashlib
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest

from ContourQALib.case import ProbabilityMap
from ContourQALib.formats.dicom.segmentation_in import read_seg
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.dicom.structure_contours import read_structures
from ContourQALib.geometry import Grid
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.retrieving import retrieve_series
from ContourQALib.pacs.searching import find_series
from ContourQALib.pacs.sending import send
from ContourQALib.report.structured.assessment_files import CONTOURS_FILE, REPORT_FILE
from ContourQALib.report.structured.assessment_record import read_assessment_sr
from dicom_samples import disk_contours, tells_nothing, write_series, write_structure_set

GRID = Grid((24, 20, 10), (2.0, 2.0, 3.0), (-20.3, -18.7, 5.0))


@dataclass(frozen=True)
class Study:
    """A study that lies in the archive and on the disk."""

    uid: str
    images: tuple[Path, ...]
    structures: tuple[Path, ...]


def new_study(folder: Path, patient: str, structure_sets: int = 1) -> Study:
    """An image series with structure sets, which draw a ball and a rod."""
    values = np.random.default_rng(5).integers(-900, 900, GRID.shape).astype(np.int16)
    datasets = write_series(folder / "ct", values, GRID, patient_id=patient)
    structures = []
    for count in range(structure_sets):
        rois = {
            "Heart": disk_contours(GRID, (11, 9), 12.0 - count, range(2, 8)),
            "Rod": disk_contours(GRID, (15, 5), 6.0, range(10)),
            "Isocenter": [np.array([[1.5, 2.5, 20.5]])],
        }
        structures.append(folder / f"{patient}-{count}.dcm")  # its UIDs follow from its name
        write_structure_set(structures[-1], datasets, rois, kinds={"Isocenter": "POINT"})
    return Study(datasets[0].StudyInstanceUID, tuple(sorted((folder / "ct").iterdir())), tuple(structures))


@pytest.fixture
def pacs(contourqa, orthanc, monkeypatch):
    """`contourqa pacs` at the real archive."""
    monkeypatch.setenv("CONTOURQA_PACS_URL", orthanc.url)
    monkeypatch.setenv("CONTOURQA_PACS_USER", orthanc.credentials.user)
    monkeypatch.setenv("CONTOURQA_PACS_PASSWORD", orthanc.credentials.password)
    return lambda *arguments: contourqa("pacs", *arguments)


@pytest.fixture
def stored(orthanc, tmp_path):
    """Makes a study and puts it into the archive."""

    def store(patient: str, structure_sets: int = 1) -> Study:
        study = new_study(tmp_path / "study", patient, structure_sets)
        sent = send(
            orthanc.archive(), [InstanceFile.read(path) for path in (*study.images, *study.structures)]
        )
        assert all(one.arrived for one in sent)
        return study

    return store


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_results_come_back_by_hash_and_by_values(pacs, orthanc, stored, tmp_path):
    study = stored("round-trip")
    out = tmp_path / "out"
    assessed = pacs("assess", study.uid, "-o", out, "--send", "--format", "json")
    result = assessed.json
    assert [one["structure"] for one in result["structures"]] == ["Heart", "Rod"]
    assert "stored 2 of 2 files" in assessed.err
    assert tells_nothing(assessed.err)
    images = InstanceFile.read(study.images[0])
    origin = f"{orthanc.url}/studies/{study.uid}/series/"
    assert result["provenance"]["inputs"][0]["path"] == origin + images.series_uid
    assert [one["structure"] for one in result["left_out"]] == ["Isocenter"]
    assert result["left_out"][0]["source"].startswith(origin)

    archive = orthanc.archive()
    series = {one.modality: one for one in find_series(archive, study.uid)}
    assert set(series) == {"CT", "RTSTRUCT", "SEG", "SR"}
    back = {
        kind: retrieve_series(archive, study.uid, series[kind].series_uid, tmp_path / kind) for kind in series
    }
    assert sorted(map(digest, back["CT"])) == sorted(map(digest, study.images))
    assert [*map(digest, back["RTSTRUCT"])] == [digest(study.structures[0])]
    assert [*map(digest, back["SEG"])] == [digest(out / CONTOURS_FILE)]
    assert [*map(digest, back["SR"])] == [digest(out / REPORT_FILE)]

    drawn = read_structures(study.structures[0], grid=GRID)
    segments = read_seg(back["SEG"][0])
    assert [one.name for one in segments] == [one.name for one in drawn]
    for segment, contour in zip(segments, drawn, strict=True):
        np.testing.assert_array_equal(segment.on(GRID).mask, contour.mask)
    record = read_assessment_sr(back["SR"][0])
    assert [one.verdict.value for one in record.assessment.structures] == [
        one["verdict"] for one in result["structures"]
    ]
    assert [one.volume_cc for one in record.assessment.structures] == [
        one["volume_cc"] for one in result["structures"]
    ]
    assert (record.study_uid, record.series_uid) == (study.uid, series["CT"].series_uid)
    original = pydicom.dcmread(study.images[0])
    for path in (back["SEG"][0], back["SR"][0]):
        new = pydicom.dcmread(path)
        assert (new.PatientName, new.PatientID) == (original.PatientName, original.PatientID)

    # our own SEG lies beside the RTSTRUCT now, and is not taken for the clinic's contours
    again = pacs("assess", study.uid, "--format", "json")
    assert [one["structure"] for one in again.json["structures"]] == ["Heart", "Rod"]
    assert "contourqa pacs" not in again.err


def test_nothing_is_sent_unless_it_is_asked_for(pacs, orthanc, stored, tmp_path, monkeypatch):
    monkeypatch.setattr("ContourQALib.commands.assess_one.save_assessment", lambda *how: None)  # no pictures
    study = stored("local")
    assessed = pacs("assess", study.uid, "-o", tmp_path / "out")
    assert assessed.code == 0, assessed.err
    assert "Nothing was sent" in assessed.err
    assert {one.modality for one in find_series(orthanc.archive(), study.uid)} == {"CT", "RTSTRUCT"}
    later = pacs("send", *(tmp_path / "out").glob("*.dcm"))
    assert "stored 2 of 2 files" in later.err


def test_what_is_taken_goes_unless_it_is_kept(pacs, stored, tmp_path, monkeypatch):
    study = stored("kept")
    (tmp_path / "passing").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "passing"))
    places = []

    def seen(*how):
        places.append((how[3].parent.parent, stat.S_IMODE(how[3].parent.stat().st_mode)))
        return retrieve_series(*how)

    monkeypatch.setattr("ContourQALib.commands.pacs_assess.retrieve_series", seen)
    assert pacs("assess", study.uid).code == 0
    assert places == [(tmp_path / "passing", 0o700)]
    assert not list((tmp_path / "passing").iterdir())
    kept = pacs("assess", study.uid, "--keep", tmp_path / "kept")
    assert kept.code == 0, kept.err
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert len(list((tmp_path / "kept").rglob("*.dcm"))) == 11


def test_of_several_structure_sets_none_is_taken_for_the_user(pacs, stored):
    study = stored("several", structure_sets=2)
    asked = pacs("assess", study.uid)
    assert asked.code == 2
    uids = [InstanceFile.read(path).instance_uid for path in study.structures]
    assert "2 objects with contours; choose one with --contours" in asked.err
    assert all(uid in asked.err for uid in uids)
    assert tells_nothing(asked.err)
    chosen = pacs("assess", study.uid, "--contours", uids[1], "--format", "json")
    assert uids[1] in chosen.err
    by_ending = pacs("assess", study.uid, "--contours", uids[1][-12:], "--format", "json")
    assert by_ending.json["structures"] == chosen.json["structures"]


def test_a_second_segmentation_and_a_map_of_the_study_give_figures_of_agreement(
    pacs, orthanc, stored, tmp_path
):
    study = stored("agreement", structure_sets=2)
    first, second = (InstanceFile.read(path).instance_uid for path in study.structures)
    heart = read_structures(study.structures[0], grid=GRID)[0]
    probability = ProbabilityMap(np.where(heart.mask, 0.8, 0.1).astype(np.float32), GRID, "Heart")
    algorithm = Algorithm("toy", "1")
    write_fractional_seg(
        [probability], source_series(study.images[0]), tmp_path / "map.dcm", algorithm, "a map"
    )
    assert all(one.arrived for one in send(orthanc.archive(), [InstanceFile.read(tmp_path / "map.dcm")]))
    mapped = InstanceFile.read(tmp_path / "map.dcm").instance_uid

    asked = ("assess", study.uid, "--contours", first, "--structure", "Heart", "--format", "json")
    by_uid = pacs(*asked, "--second", second, "--probability", f"Heart={mapped}").json
    by_path = pacs(*asked, "--second", study.structures[1], "--probability", tmp_path / "map.dcm").json
    (found,) = by_uid["structures"]
    assert found["agreement_dice"] < 1
    assert found["expected_dice"] < 1
    assert found == by_path["structures"][0]
    named = [one["path"] for one in by_uid["provenance"]["inputs"]]
    assert all(one.startswith(orthanc.url) for one in named)
    assert [one.rpartition("/")[2] for one in named[1:]] == [first, mapped, second]


def test_fail_on_is_exit_code_three(pacs, stored):
    asked = "assess", stored("failing").uid, "--structure", "Heart", "--fail-on"
    codes = {fail_on: pacs(*asked, fail_on).code for fail_on in ("review", "reject")}
    assert codes == {"review": 3, "reject": 0}  # no model knows a heart, and no rule is broken


def test_what_is_compared_with_must_be_there(pacs, stored):
    study = stored("compared")
    for option, named, words in (
        ("--second", "9.9.9.9", "9.9.9.9 is not in the study; it holds RTSTRUCT"),
        ("--second", "gone.nrrd", "gone.nrrd is neither a file nor"),
        ("--probability", "Heart=9.9.9.9", "9.9.9.9 is not in the study"),
        ("--probability", "gone.nrrd", "gone.nrrd is neither a file nor"),
    ):
        asked = pacs("assess", study.uid, option, named)
        assert asked.code == 2
        assert f"{option} {words}" in asked.err.splitlines()[-1]
        assert "Assessing" not in asked.err  # told before the images are taken


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("1.2.3",), "holds no study 1.2.3"),
        (("1.2.3x",), "no UID"),
        (("1.2.3", "--send"), "--send needs -o"),
    ],
)
def test_what_cannot_be_assessed_is_one_sentence(pacs, arguments, words):
    asked = pacs("assess", *arguments)
    assert asked.code == 2
    assert words in asked.err
    assert len(asked.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--contours", "is not in the study; it holds RTSTRUCT"),
        ("--series", "is not in the study; it holds series 3"),
    ],
)
def test_what_the_study_does_not_hold_is_listed(pacs, stored, option, words):
    asked = pacs("assess", stored("wrong-choice").uid, option, "9.9.9")
    assert asked.code == 2
    assert words in asked.err.splitlines()[-1]
    assert tells_nothing(asked.err)


def test_images_without_contours_are_said(pacs, orthanc, tmp_path):
    study = new_study(tmp_path, "bare", structure_sets=0)
    send(orthanc.archive(), [InstanceFile.read(path) for path in study.images])
    asked = pacs("assess", study.uid)
    assert asked.code == 2
    assert "no RTSTRUCT or SEG" in asked.err
