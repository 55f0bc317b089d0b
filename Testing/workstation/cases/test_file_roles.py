"""File names: which words say what a file is, and which are left to name case, model and structure."""

from __future__ import annotations

from pathlib import Path

import pytest

from ContourQALib.workstation.cases.file_roles import Role, name_file, name_folder

P, R, C, I = Role.PROBABILITY, Role.REFERENCE, Role.CONTOURS, Role.IMAGE  # noqa: E741


@pytest.mark.parametrize(
    ("name", "role", "words"),
    [
        ("image.nrrd", I, ()),
        ("CT.nii.gz", I, ()),
        ("pt_100_ct.nii.gz", I, ("pt", "100")),
        ("MR_T1_image.nii.gz", I, ("MR", "T1")),
        ("reference.seg.nrrd", R, ()),
        ("ground-truth.nrrd", R, ()),
        ("reference_segmentation_7.nii", R, ("7",)),
        ("vendor.seg.nrrd", C, ("vendor",)),
        ("fine_tuned.seg.nrrd", C, ("fine", "tuned")),
        ("ct_labels.mha", C, ("ct",)),
        ("VPM.nrrd", C, ("VPM",)),
        ("vendor_probability_FemoralHead_L.nrrd", P, ("vendor", "FemoralHead", "L")),
        ("prob.map.CTV.nrrd", P, ("CTV",)),
        ("hippocampus_001.nii.gz", None, ("hippocampus", "001")),
        ("map_of_ground.nrrd", None, ("map", "of", "ground")),
        ("contouring.nrrd", None, ("contouring",)),
    ],
)
def test_role_and_words_of_a_name(name: str, role: Role | None, words: tuple[str, ...]) -> None:
    found = name_file(Path("folder") / name)
    assert (found.role, found.words) == (role, words)


@pytest.mark.parametrize(
    ("name", "role", "words"),
    [
        ("images", I, ()), ("imagesTr", I, ()), ("labelsTr", C, ()), ("vendor_contours", C, ("vendor",)),
        ("ground_truth", R, ()), ("CT", None, ("CT",)), ("patient_7", None, ("patient", "7")),
    ],
)  # fmt: skip
def test_role_and_words_of_a_folder(name: str, role: Role | None, words: tuple[str, ...]) -> None:
    found = name_folder(Path(name))
    assert (found.role, found.words) == (role, words)


def test_the_folder_counts_more_than_the_name() -> None:
    found = name_file(Path("images/label_1.nrrd"), name_folder(Path("images")))
    assert found.role is I


def test_a_title_is_spelled_as_in_the_name() -> None:
    assert name_file(Path("Case-07.b ct.nrrd")).title == "Case-07.b"
    assert name_file(Path("a_ct_b.nrrd")).title == "a_b"
