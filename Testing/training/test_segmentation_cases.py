"""Cases to learn segmentation from: three layouts, names of structures, and what a bad folder says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contourqa_training.patient_split import read_split
from contourqa_training.segmentation_cases import find_cases, fingerprint, read_case
from ContourQALib.errors import FormatError, GeometryError, SettingError, StructureError
from files_on_disk import write
from slice_folders import SPACING, ct_values, label_values, write_openkbp, write_plain

BOTH = {"Brainstem": 1, "SpinalCord": 2}


def test_openkbp_says_who_was_contoured(tmp_path: Path) -> None:
    folder = write_openkbp(tmp_path / "train", {"pt_2": BOTH, "pt_10": {"SpinalCord": 2}})
    cases = find_cases(folder, ["brainstem", "Spinal Cord"])
    assert [case.name for case in cases] == ["pt_2", "pt_10"]  # by number, not by letter
    assert [case.present for case in cases] == [{"brainstem", "Spinal Cord"}, {"Spinal Cord"}]
    assert cases[0].label_numbers == {"brainstem": (1,), "Spinal Cord": (2,)}
    image, masks = read_case(cases[1])
    assert np.array_equal(image.values, ct_values(1))
    assert list(masks) == ["Spinal Cord"]
    assert np.array_equal(masks["Spinal Cord"], label_values(1, (2,)) == 2)


def test_the_folders_of_openkbp_are_found_from_above(tmp_path: Path) -> None:
    write_openkbp(tmp_path / "openkbp/train", {"pt_1": BOTH})
    write_openkbp(tmp_path / "openkbp/validation", {"pt_201": BOTH})
    assert [c.name for c in find_cases(tmp_path / "openkbp", ["Brainstem"])] == ["pt_1", "pt_201"]


def test_an_organ_without_a_voxel_was_not_contoured(tmp_path: Path) -> None:
    folder = write_openkbp(tmp_path / "train", {"pt_1": {"Brainstem": 0, "SpinalCord": 2}})
    (case,) = find_cases(folder, ["Brainstem", "SpinalCord"])
    assert list(read_case(case)[1]) == ["SpinalCord"]


def test_contours_of_something_else_do_not_count(tmp_path: Path) -> None:
    folder = write_openkbp(tmp_path / "validation", {"pt_215": BOTH, "pt_217": BOTH})
    wedge, cord = find_cases(folder, ["brainstem", "cord"])
    assert wedge.present == {"brainstem"}
    assert list(read_case(wedge)[1]) == ["brainstem"]
    assert cord.present == {"brainstem", "cord"}


def test_hippocampus_is_both_of_its_parts(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"hippocampus_001": (1, 2)})
    (case,) = find_cases(folder, ["anterior", "posterior", "hippocampus"])
    _, masks = read_case(case)
    labels = label_values(0)
    assert np.array_equal(masks["anterior"], labels == 1)
    assert np.array_equal(masks["posterior"], labels == 2)
    assert np.array_equal(masks["hippocampus"], labels > 0)


def test_a_users_own_labels_are_named_by_a_table(tmp_path: Path) -> None:
    table = "number,name\n1,GTV\n2,nodes\n1,target\n2,target\n"
    folder = write_plain(tmp_path / "data", {"a": (1, 2), "b": (2,)}, table)
    first, second = find_cases(folder, ["target", "GTV"])
    assert np.array_equal(read_case(first)[1]["target"], label_values(0) > 0)
    assert list(read_case(second)[1]) == ["target"]


def test_images_and_labels_may_be_of_different_formats(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1,)}, "number,name\n1,GTV\n")
    (folder / "labels/a.nii.gz").unlink()
    write(folder / "labels/a.nrrd", label_values(0), SPACING)
    (case,) = find_cases(folder, ["gtv"])
    assert np.array_equal(read_case(case)[1]["gtv"], label_values(0) == 1)


@pytest.mark.parametrize(
    "table", ["", "1,GTV\n", "number,name\none,GTV\n", "number,name\n0,GTV\n", "number,name\n1\n"]
)
def test_a_table_that_names_no_labels_is_shown_the_right_form(tmp_path: Path, table: str) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1,)}, "number,name\n1,GTV\n")
    (folder / "labels.csv").write_text(table)
    with pytest.raises((FormatError, StructureError), match=r"labels\.csv|no structure GTV; there are none"):
        find_cases(folder, ["GTV"])


def test_a_structure_that_the_data_lack_is_named_beside_those_there_are(tmp_path: Path) -> None:
    kbp = write_openkbp(tmp_path / "train", {"pt_1": BOTH})
    with pytest.raises(StructureError, match=r"no structure liver; there are Brainstem, SpinalCord"):
        find_cases(kbp, ["Brainstem", "liver"])
    plain = write_plain(tmp_path / "data", {"a": (1,)})
    with pytest.raises(StructureError, match=r"liver; there are anterior.*labels\.csv"):
        find_cases(plain, ["liver"])


@pytest.mark.parametrize("structures", [[], ["Brainstem", "brain stem"]])
def test_structures_must_be_named_each_once(tmp_path: Path, structures: list[str]) -> None:
    folder = write_openkbp(tmp_path / "train", {"pt_1": BOTH})
    with pytest.raises(SettingError, match="each once"):
        find_cases(folder, structures)


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="nowhere"):
        find_cases(tmp_path / "nowhere", ["GTV"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"empty holds no data"):
        find_cases(tmp_path / "empty", ["GTV"])
    broken = write_openkbp(tmp_path / "train", {"pt_1": BOTH})
    (broken / "meta.json").write_text('{"pt_1": {}}')
    with pytest.raises(FormatError, match=r"meta\.json does not list"):
        find_cases(broken, ["Brainstem"])


def test_two_files_for_one_case_are_refused(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1,)})
    write(folder / "images/a.nrrd", ct_values(0), SPACING)
    with pytest.raises(FormatError, match="a in two formats"):
        find_cases(folder, ["hippocampus"])
    for part in ("train", "validation"):
        write_openkbp(tmp_path / "kbp" / part, {"pt_1": BOTH})
    with pytest.raises(FormatError, match="pt_1 more than once"):
        find_cases(tmp_path / "kbp", ["Brainstem"])


def test_labels_of_another_size_are_named_with_both_sizes(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1,)})
    write(folder / "labels/a.nii.gz", label_values(0)[1:], SPACING)
    (case,) = find_cases(folder, ["hippocampus"])
    with pytest.raises(GeometryError, match=r"labels/a\.nii\.gz has 24x20x11 voxels .* 24x20x12 voxels"):
        read_case(case)


def test_labels_in_another_place_are_refused(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1,)})
    write(folder / "labels/a.nii.gz", label_values(0), SPACING, origin=(3.0, 0.0, 0.0))
    (case,) = find_cases(folder, ["hippocampus"])
    with pytest.raises(GeometryError, match="labels must have the image's voxels"):
        read_case(case)


def test_missing_labels_are_named(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1,)})
    (folder / "labels/a.nii.gz").unlink()
    (case,) = find_cases(folder, ["hippocampus"])
    with pytest.raises(FormatError, match=r"labels/a\.nii\.gz does not exist"):
        read_case(case)


def test_the_fingerprint_sees_bytes_and_meanings_and_not_the_order(tmp_path: Path) -> None:
    folder = write_plain(tmp_path / "data", {"a": (1, 2), "b": (1,)})
    cases = find_cases(folder, ["anterior"])
    first = fingerprint(cases)
    assert fingerprint(cases[::-1]) == first
    assert fingerprint(cases[:1]) != first
    assert fingerprint(find_cases(folder, ["hippocampus"])) != first
    write(folder / "labels/a.nii.gz", label_values(3), SPACING)
    changed = fingerprint(cases)
    assert changed != first
    (folder / "labels/a.nii.gz").unlink()
    assert fingerprint(cases) not in (first, changed)


@pytest.mark.realdata
def test_the_real_folders_hold_the_patients_of_the_splits(data: Path) -> None:
    organs = ["brainstem", "spinal cord", "mandible", "parotid_r", "parotid_l", "larynx", "esophagus"]
    cases = find_cases(data / "openkbp", organs)
    assert [case.name for case in cases] == sorted(read_split("openkbp"), key=lambda p: int(p[3:]))
    _, masks = read_case(cases[0])
    assert set(masks) == cases[0].present  # meta.json and the voxels agree
    # label 3 is the right parotid, and I runs to the patient's left
    assert masks["parotid_r"].nonzero()[2].mean() < masks["parotid_l"].nonzero()[2].mean()
    hippocampus = find_cases(data / "hippocampus", ["hippocampus"])
    assert {case.name for case in hippocampus} == set(read_split("hippocampus"))
