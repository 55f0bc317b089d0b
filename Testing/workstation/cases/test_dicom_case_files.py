"""What is read of cases of DICOM files: manifests, tables, links, changes, real collections."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import ProbabilityMap
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.cases.file_states import state_in_case
from ContourQALib.workstation.cases.map_files import read_maps
from ContourQALib.workstation.errors import AccessError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from dicom_samples import uid
from workstation.cases.case_folders import listed
from workstation.cases.dicom_folders import GRID, patient, series, structures


def test_points_are_left_out_with_a_word(tmp_path: Path) -> None:
    image = series(tmp_path / "image")
    structures(tmp_path / "RS.dcm", image, "GTV", "Iso", kinds={"Iso": "POINT"})
    files = CaseFiles(listed(tmp_path).cases[0])
    assert [contour.name for contour in files.contours()] == ["GTV"]
    (note,) = files.notes()
    assert note.startswith("Iso is left out: ")


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


def test_a_map_of_another_image_is_refused(tmp_path: Path) -> None:
    ours, theirs = patient(tmp_path / "ours"), patient(tmp_path / "theirs", patient_id="P2")
    (entry,) = listed(ours).cases
    of_it = entry.contours[0].structure or CaseFiles(entry).contours()[0].name
    likely = ProbabilityMap(np.full(GRID.shape, 0.5, np.float32), GRID, of_it)
    for name, image in (("own.dcm", ours), ("foreign.dcm", theirs)):
        source = source_series(image / "image")
        write_fractional_seg([likely], source, tmp_path / name, Algorithm("", ""), "likely")
    (found,) = CaseFiles(replace(entry, probabilities=(StructureFile(tmp_path / "own.dcm"),))).probabilities()
    assert found.name == of_it
    with pytest.raises(FormatError, match="another frame of reference than the image"):
        CaseFiles(replace(entry, probabilities=(StructureFile(tmp_path / "foreign.dcm"),))).probabilities()
