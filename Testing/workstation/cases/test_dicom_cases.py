"""Cases of DICOM files: found by what refers to what, and never named after a patient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import FormatError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.workstation.cases import dicom_cases
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from dicom_samples import small_values, tells_nothing, uid
from workstation.cases.case_folders import listed
from workstation.cases.dicom_folders import GRID, RADIUS_MM, patient, series, structures


def by_name(cases: Sequence[CaseEntry]) -> dict[str, CaseEntry]:
    return {case.name: case for case in cases}


def test_a_tree_of_studies_makes_a_case_of_each_by_its_folders(tmp_path: Path) -> None:
    for name, modality in (("A/CT", "CT"), ("A/MR_T1", "MR"), ("B/CT", "CT")):
        patient(tmp_path / name, modality, patient_id=name[0], series_uid=uid(name))
    found = listed(tmp_path)
    assert [(case.name, case.patient, case.problem) for case in found.cases] == [
        ("A/CT", "A", None),
        ("A/MR_T1", "A", None),
        ("B/CT", "B", None),
    ]
    assert (found.problems, found.notes) == ((), ())
    files = CaseFiles(found.cases[1], folders=AllowedFolders([tmp_path]))
    assert files.image().series is not None
    assert files.image().series.modality == "MR"
    assert np.array_equal(files.image().values, small_values(GRID))
    (contour,) = files.contours()
    assert (contour.name, contour.path) == ("GTV", tmp_path / "A/MR_T1/mask/RS.dcm")
    inside = np.pi * RADIUS_MM**2 * 3 * GRID.spacing[2] / 1000
    assert contour.volume_cc == pytest.approx(inside, rel=0.2)  # 16 voxels a slice, decided by their centers
    assert contour.rasterized is not None


def test_one_case_is_called_as_its_folder(tmp_path: Path) -> None:
    (case,) = listed(patient(tmp_path / "anna")).cases
    assert (case.name, case.patient, case.assessed) == ("anna", "anna", "")


def test_an_export_of_several_patients_into_one_folder_is_told_apart_by_references(tmp_path: Path) -> None:
    export = tmp_path / "export"
    for one in ("P1", "P2"):
        for number, modality in ((3, "CT"), (4, "MR")):
            names = [f"{one}{modality}{k}" for k in range(GRID.shape[0])]
            image = series(export, modality, patient_id=one, names=names, series_number=number)
            structures(export / f"RS.1.2.{one[1]}.{number}.dcm", image, f"{modality} {one}")
    found = listed(export)
    assert len(found.cases) == 4
    for case in found.cases:
        assert re.fullmatch(r"export/(CT-3|MR-4)-[0-9a-f]{6}", case.name)
        files = CaseFiles(case)
        (contour,) = files.contours()
        assert files.image().series is not None
        assert case.series is not None
        assert files.image().series.study_uid == case.series.study_uid
        assert contour.name.startswith(case.series.modality)
        assert "not in the series" not in str(contour.rasterized)
    assert tells_nothing(str(found))
    for path in export.glob("P1*"):
        path.unlink()
    assert {case.name for case in listed(export).cases if not case.problem} < {
        case.name for case in found.cases
    }, "decisions are kept by name, so that a name stays what it was"


def test_folders_of_images_and_of_structures_side_by_side(tmp_path: Path) -> None:
    for one in ("anna", "otto"):
        image = series(tmp_path / "images" / one, patient_id=one)
        structures(tmp_path / "structures" / f"{one}.dcm", image)
    assert [case.name for case in listed(tmp_path).cases] == ["anna", "otto"]


def test_contours_of_images_that_are_not_there_belong_to_the_nearest_series_alone(tmp_path: Path) -> None:
    gone = series(tmp_path / "gone", patient_id="gone")
    for path in (tmp_path / "gone").iterdir():
        path.unlink()
    frame = uid("frame", uid("study", "here"))
    series(tmp_path / "here" / "image", patient_id="here")
    structures(tmp_path / "here" / "RS.dcm", gone, frame_uid=frame)
    for number in (1, 2):
        series(tmp_path / "two" / str(number), patient_id="two", series_number=number)
    lost = structures(tmp_path / "two" / "RS.dcm", gone)
    found = listed(tmp_path)
    cases = by_name(found.cases)
    assert set(cases) == {"here", "two"}
    (contour,) = CaseFiles(cases["here"]).contours()
    assert "used by position" in str(contour.rasterized)
    problem = str(cases["two"].problem)
    assert problem.startswith(f"There is no image for {lost}; series {uid('series', *_series_of(gone))}")
    (unused,) = found.problems
    assert unused.startswith("2 image series have no contours; the first is series 1 (CT, 5 images, UID ")
    assert tells_nothing(problem + unused)


def _series_of(datasets: Sequence[Any]) -> tuple[str, str, str]:
    """What `write_series` makes a series UID of."""
    return str(datasets[0].StudyInstanceUID), "gone", "CT"


def test_of_several_contour_files_names_say_whose_they_are(tmp_path: Path) -> None:
    case = tmp_path / "case"
    image = series(case / "image")
    for name in ("vendor/RS.dcm", "LFT/RS.dcm", "RS_reference.dcm"):
        structures(case / name, image)
    found = listed(case)
    (entry,) = found.cases
    assert entry.assessed == "vendor"
    assert entry.contours[0].path == case / "vendor/RS.dcm"
    assert {name: files[0].path for name, files in entry.models.items()} == {"LFT": case / "LFT/RS.dcm"}
    assert entry.reference[0].path == case / "RS_reference.dcm"
    assert found.notes == ("case has several contour files; in case those of vendor are assessed.",)
    assert [one.name for one in CaseFiles(entry).reference()] == ["GTV"]


def test_contour_files_that_say_nothing_are_numbered_in_their_order(tmp_path: Path) -> None:
    image = series(tmp_path / "image")
    for name in ("RS.1.2.10.dcm", "RS.1.2.9.dcm"):
        structures(tmp_path / name, image)
    (entry,) = listed(tmp_path).cases
    assert entry.contours[0].path.name == "RS.1.2.9.dcm"
    assert list(entry.models) == ["contours-2"]


def test_what_cannot_be_used_is_told_and_the_rest_is_listed(tmp_path: Path) -> None:
    folder = patient(tmp_path / "case")
    (folder / "image" / "0009.dcm").write_bytes((folder / "image" / "0002.dcm").read_bytes()[:300])
    (folder / "notes.txt").write_text("no DICOM and not said")
    found = listed(tmp_path)
    assert [case.problem for case in found.cases] == [None]
    (problem,) = found.problems
    assert problem.startswith(f"A file is left out; it, {folder / 'image' / '0009.dcm'}, ")
    (folder / "mask" / "RS.dcm").write_bytes((folder / "mask" / "RS.dcm").read_bytes()[:400])
    with pytest.raises(FormatError, match=r"RS\.dcm") as told:
        CaseFiles(listed(tmp_path).cases[0]).contours()
    assert tells_nothing(str(told.value))


def test_label_files_beside_a_series_are_of_it(tmp_path: Path) -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[1:3, 2:5, 3:6] = True
    for folder, image in (("flat", "flat"), ("nested", "nested/image")):
        series(tmp_path / image, "MR", patient_id=folder)
        for name in ("vendor", "reference"):
            write_segmentation([Contour(mask, GRID, "CTV")], tmp_path / folder / f"{name}.seg.nrrd")
    found = listed(tmp_path)
    assert [(case.name, case.problem, case.assessed) for case in found.cases] == [
        ("flat", None, "vendor"),
        ("nested", None, "vendor"),
    ]
    assert found.problems == ()
    for case in found.cases:
        files = CaseFiles(case)
        assert files.image().series is not None
        assert files.image().series.modality == "MR"
        assert np.array_equal(files.contours()[0].on(files.image().grid).mask, mask)
        assert len(files.reference()) == 1


def test_a_structure_set_beside_a_converted_image_is_of_it_by_position(tmp_path: Path) -> None:
    image = series(tmp_path / "gone")
    structures(tmp_path / "case" / "RS.dcm", image)
    write_image(Image(small_values(GRID), GRID), tmp_path / "case" / "ct.nrrd")
    for path in (tmp_path / "gone").iterdir():
        path.unlink()
    (case,) = listed(tmp_path).cases
    assert (case.name, case.problem) == ("case", None)
    assert [contour.name for contour in CaseFiles(case).contours()] == ["GTV"]


def test_results_among_the_files_are_no_contours(tmp_path: Path) -> None:
    image = series(tmp_path / "image")
    structures(tmp_path / "RS.dcm", image)
    structures(tmp_path / "report" / "contours.dcm", image)
    (tmp_path / "report" / "assessment.sr.dcm").touch()
    found = listed(tmp_path)
    assert (found.cases[0].models, found.problems) == ({}, ())


def test_series_without_contours_are_no_cases_and_said(tmp_path: Path) -> None:
    series(tmp_path / "image")
    with pytest.raises(FormatError, match=r"holds no case; an image series has no contours; it is series 3"):
        listed(tmp_path)


def test_where_dicom_cannot_be_read_the_other_cases_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise FormatError("Reading DICOM needs pydicom.")

    patient(tmp_path / "case")
    monkeypatch.setattr(dicom_cases, "scan", refused)
    with pytest.raises(FormatError, match="needs pydicom"):
        listed(tmp_path)
    (tmp_path / "ct.nrrd").touch()
    (tmp_path / "contours.seg.nrrd").touch()
    found = listed(tmp_path)
    assert (len(found.cases), found.problems) == (1, ("Reading DICOM needs pydicom.",))


def test_a_folder_without_dicom_is_listed_without_pydicom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ct.nrrd").touch()
    (tmp_path / "contours.seg.nrrd").touch()
    (tmp_path / "notes").write_text("nothing")
    monkeypatch.setattr(dicom_cases, "scan", lambda *_: pytest.fail("pydicom would be needed"))
    assert len(listed(tmp_path).cases) == 1
