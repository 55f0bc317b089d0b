"""Cases of DICOM files: found by what refers to what, read as any other, and never named after a patient."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import FormatError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.cases import dicom_cases
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.cases.file_states import state_in_case
from ContourQALib.workstation.cases.map_files import read_maps
from ContourQALib.workstation.errors import AccessError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from dicom_samples import (
    disk_contours,
    small_grid,
    small_values,
    tells_nothing,
    uid,
    write_series,
    write_structure_set,
)
from workstation.cases.case_folders import listed

GRID = small_grid()
CENTER = (4, 4)
RADIUS_MM = 4.0


def series(folder: Path, modality: str = "CT", **other: Any) -> list[Any]:
    return write_series(folder, small_values(GRID), GRID, modality, **other)


def structures(path: Path, image: Sequence[Any], *names: str, **other: Any) -> Path:
    """An RTSTRUCT with a disk on three slices for each name, GTV alone where none is given."""
    disks = disk_contours(GRID, CENTER, RADIUS_MM, (1, 2, 3))
    write_structure_set(path, image, dict.fromkeys(names or ("GTV",), disks), **other)
    return path


def patient(folder: Path, modality: str = "CT", **other: Any) -> Path:
    """A case as the sarcoma collection's: a folder of slices beside one with the structure set."""
    structures(folder / "mask" / "RS.dcm", series(folder / "image", modality, **other))
    return folder


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


def test_points_are_left_out_with_a_word(tmp_path: Path) -> None:
    image = series(tmp_path / "image")
    structures(tmp_path / "RS.dcm", image, "GTV", "Iso", kinds={"Iso": "POINT"})
    files = CaseFiles(listed(tmp_path).cases[0])
    assert [contour.name for contour in files.contours()] == ["GTV"]
    (note,) = files.notes()
    assert note.startswith("Iso is left out: ")


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


def test_a_file_that_a_link_leads_to_outside_is_not_read(tmp_path: Path) -> None:
    inside, outside = patient(tmp_path / "inside"), patient(tmp_path / "outside", patient_id="P2")
    (inside / "mask" / "other.dcm").symlink_to(outside / "mask" / "RS.dcm")
    (inside / "image" / "extra.dcm").symlink_to(outside / "image" / "0000.dcm")
    (case,) = listed(inside).cases
    assert case.series is not None
    assert [path.name for path in case.series.files] == [f"{k:04d}.dcm" for k in range(5)]
    assert case.models == {}
    link = inside / "image" / "0001.dcm"
    link.unlink()
    link.symlink_to(outside / "image" / "0001.dcm")
    with pytest.raises(AccessError, match="lies outside"):
        CaseFiles(case, folders=AllowedFolders([inside])).image()
    by_hand = CaseEntry("a", "a", inside / "image", ())
    with pytest.raises(AccessError, match="lies outside"):
        CaseFiles(by_hand, folders=AllowedFolders([inside])).image()


def test_a_manifest_names_folders_and_files_of_dicom(tmp_path: Path) -> None:
    case = patient(tmp_path / "case")
    series(case / "image_2", "MR")  # never meant: the structure set refers to the other
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case,image,contour\nfirst,case,case/mask/RS.dcm\nsecond,case/image,case\n")
    first, second = listed(manifest).cases
    assert first.problem is second.problem is None
    for entry in (first, second):
        files = CaseFiles(entry, folders=AllowedFolders([tmp_path]))
        assert files.image().series is not None
        assert files.image().series.modality == "CT"
        assert [contour.name for contour in files.contours()] == ["GTV"]
        assert len(set(files.hashes().values())) == 2
    assert len(listed(tmp_path).cases) == 2, "a manifest goes before what else lies there"


def test_a_manifest_says_which_series_is_meant(tmp_path: Path) -> None:
    for number in (5, 6):
        names = [f"{number}-{k}" for k in range(GRID.shape[0])]
        own = uid("own", number)
        image = series(tmp_path / "all", names=names, series_number=number, series_uid=own)
    structures(tmp_path / "RS.dcm", image)
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case,image,series,contour\na,all,5,RS.dcm\nb,all,,RS.dcm\nc,all,7,RS.dcm\n")
    meant, referred, wrong = (CaseFiles(entry) for entry in listed(manifest).cases)
    uids = [files.image().series for files in (meant, referred)]
    assert [found.series_uid for found in uids if found] == [uid("own", 5), uid("own", 6)]
    with pytest.raises(FormatError, match=r"holds no series .?7"):
        wrong.image()


def test_a_clinics_own_names_are_those_of_the_table(tmp_path: Path) -> None:
    structures(tmp_path / "RS.dcm", series(tmp_path / "image"), "Ohrspeicheldruese re klein", "GTV")
    table = tmp_path / "names.csv"
    table.write_text("standard,variants\nParotid_R,Ohrspeicheldruese re klein\n")
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case,structure,image,contour\na,Ohrspeicheldruese re klein,image,RS.dcm\n")
    files = CaseFiles(listed(manifest).cases[0], LabelNaming(names=table))
    (contour,) = files.contours()
    assert (contour.name, contour.spelled) == ("Parotid_R", "Ohrspeicheldruese re klein")


def test_a_series_that_was_changed_is_seen_and_what_is_written_beside_it_is_not(tmp_path: Path) -> None:
    folder = patient(tmp_path / "case")
    (case,) = listed(folder).cases
    by_hand = CaseEntry("a", "a", folder, ())
    files, before = CaseFiles(case), state_in_case(by_hand, folder)
    files.contours()
    hashes = files.hashes()
    (folder / "image" / "RS.edited-1.seg.nrrd").touch()
    (folder / "decisions.sqlite").touch()
    assert files.hashes() == hashes
    assert state_in_case(by_hand, folder) == before
    moved = patient(tmp_path / "copy")
    assert set(CaseFiles(listed(moved).cases[0]).hashes()) == set()
    with (folder / "image" / "0001.dcm").open("ab") as file:
        file.write(b"\0\0")
    assert state_in_case(by_hand, folder) != before
    with pytest.raises(FormatError, match="changed since it was read"):
        files.hashes()


def test_what_was_found_of_a_series_holds_until_a_file_of_it_changes(tmp_path: Path) -> None:
    folder = patient(tmp_path / "case", "MR")
    by_folder = listed(folder).cases[0]
    by_manifest = CaseEntry("b", "b", folder, (StructureFile(folder),))
    store = AssessmentStore.in_memory(Levels())
    for entry in (by_folder, by_manifest):
        files = CaseFiles(entry)
        found = assess(files.image(), files.contours())
        assert found.structures[0].model is None
        store.keep(entry, found, files.states())
        known = store.known(entry)
        assert known is not None
        assert known.structures[0].rasterized == files.contours()[0].rasterized
    os.utime(folder / "image" / "0002.dcm", ns=(1, 1))
    assert store.known(by_folder) is store.known(by_manifest) is None


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


@pytest.mark.realdata
def test_the_sarcoma_folder_has_six_cases_that_can_be_read(data: Path) -> None:
    found = listed(data / "dicom" / "sarcoma")
    assert [case.name for case in found.cases] == [
        f"{patient}/{image}" for patient in ("STS_001", "STS_010", "STS_030") for image in ("CT", "MR_T1")
    ]
    assert found.problems == ()
    for case in found.cases[::5]:
        files = CaseFiles(case)
        (contour,) = files.contours()
        assert contour.name == f"GTV_Mass_{case.name.split('/')[1]}"
        assert contour.volume_cc > 300
        (found,) = assess(files.image(), [contour]).structures
        assert (found.verdict.value, found.model) == ("review", None)
        assert "used by position" in str(contour.rasterized)


@pytest.mark.realdata
def test_segmentations_in_another_frame_than_any_image_have_none(data: Path) -> None:
    fitting, *others = listed(data / "dicom" / "highdicom").cases
    assert [one.path.name for one in fitting.contours] == ["seg_image_ct_binary_single_frame.dcm"]
    assert CaseFiles(fitting).contours()
    assert len(others) == 4
    assert all(str(case.problem).startswith("There is no image for ") for case in others)


@pytest.mark.realdata
def test_a_fractional_segmentation_is_the_map_of_the_contour_of_its_name(data: Path) -> None:
    path = data / "dicom" / "highdicom" / "seg_image_ct_true_fractional.dcm"
    opened: list[Path] = []
    (found,) = read_maps([StructureFile(path)], ["First-Segment"], LabelNaming(), opened.append)
    assert (found.name, opened) == ("First-Segment", [path])
    assert 0 < found.values.max() <= 1
    (other,) = read_maps([StructureFile(path)], ["Bladder"], LabelNaming(), opened.append)
    assert other.name == "first segment"
