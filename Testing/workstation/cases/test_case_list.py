"""Listing: which files make which case, by a manifest, by names, by folders; what is missing is said."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ContourQALib.errors import FormatError
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.case_list import list_cases
from ContourQALib.workstation.errors import AccessError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from workstation.cases.case_folders import empty_files, listed


def names(files: tuple[StructureFile, ...]) -> list[str]:
    return [file.path.name for file in files]


def only(source: Path) -> CaseEntry:
    (case,) = listed(source).cases
    return case


def test_rows_of_one_case_are_one_entry_with_its_structures(tmp_path: Path) -> None:
    empty_files(tmp_path, "ct.nrrd", "drawn.seg.nrrd", "truth.seg.nrrd", "net.seg.nrrd", "p.nrrd", "d.nrrd")
    (tmp_path / "cases.csv").write_text(
        "case,patient,structure,image,contour,reference,NET,probability\n"
        "a,anna,CTV,ct.nrrd,drawn.seg.nrrd,truth.seg.nrrd,net.seg.nrrd,p.nrrd\n"
        "b,,,ct.nrrd,d.nrrd,,,\n"
        "a,anna,Rectum,ct.nrrd,drawn.seg.nrrd,truth.seg.nrrd,,\n"
    )
    first, second = listed(tmp_path).cases
    drawn, truth = tmp_path / "drawn.seg.nrrd", tmp_path / "truth.seg.nrrd"
    assert (first.name, first.patient, first.image) == ("a", "anna", tmp_path / "ct.nrrd")
    assert first.contours == (StructureFile(drawn, "CTV"), StructureFile(drawn, "Rectum"))
    assert first.reference == (StructureFile(truth, "CTV"), StructureFile(truth, "Rectum"))
    assert first.models == {"NET": (StructureFile(tmp_path / "net.seg.nrrd", "CTV"),)}
    assert first.probabilities == (StructureFile(tmp_path / "p.nrrd", "CTV"),)
    assert (first.problem, first.assessed) == (None, "")
    assert second == CaseEntry("b", "b", tmp_path / "ct.nrrd", (StructureFile(tmp_path / "d.nrrd"),))


def test_without_a_column_contour_the_first_models_contours_are_assessed(tmp_path: Path) -> None:
    empty_files(tmp_path, "ct.nrrd", "v.nrrd", "l.nrrd")
    (tmp_path / "m.csv").write_text("case,image,VPM,LFT\na,ct.nrrd,v.nrrd,l.nrrd\n")
    found = listed(tmp_path / "m.csv")
    (case,) = found.cases
    assert (names(case.contours), case.assessed, list(case.models)) == (["v.nrrd"], "VPM", ["LFT"])
    assert found.notes == ("m.csv has no column contour: the contours of VPM are assessed.",)


PHANTOM = (
    "image.nrrd", "reference.seg.nrrd", "vendor.seg.nrrd", "fine_tuned.seg.nrrd",
    "vendor_probability_CTV.nrrd", "vendor_probability_FemoralHead_L.nrrd", "fine_tuned_probability_CTV.nrrd",
)  # fmt: skip


def test_a_folder_of_one_case_is_read_by_the_words_of_its_names(tmp_path: Path) -> None:
    case = only(empty_files(tmp_path / "patient_7", *PHANTOM))
    assert (case.name, case.patient, case.assessed) == ("patient_7", "patient_7", "vendor")
    assert case.image == tmp_path / "patient_7" / "image.nrrd"
    assert names(case.contours) == ["vendor.seg.nrrd"]
    assert names(case.reference) == ["reference.seg.nrrd"]
    assert {model: names(files) for model, files in case.models.items()} == {
        "fine_tuned": ["fine_tuned.seg.nrrd"]
    }
    assert names(case.probabilities) == [
        "vendor_probability_CTV.nrrd",
        "vendor_probability_FemoralHead_L.nrrd",
    ]
    assert case.problem is None


def test_folders_of_cases_are_named_by_their_folders(tmp_path: Path) -> None:
    for name in ("p1", "p2"):
        empty_files(tmp_path / name, "t1.nii.gz", "labels.nii.gz")
    assert [(c.name, c.image and c.image.parent.name) for c in listed(tmp_path).cases] == [
        ("p1", "p1"),
        ("p2", "p2"),
    ]


@pytest.mark.parametrize(
    ("files", "image", "contours"),
    [
        (("ct.nrrd", "ct_mask.nrrd"), "ct.nrrd", "ct_mask.nrrd"),
        (("anna.nrrd", "anna.seg.nrrd"), "anna.nrrd", "anna.seg.nrrd"),
        (("scan.nii", "Segmentation.nii"), "scan.nii", "Segmentation.nii"),
        (("image_1.mha", "label_1.mha"), "image_1.mha", "label_1.mha"),
    ],
)
def test_common_names_of_image_and_contours(tmp_path: Path, files, image, contours) -> None:
    case = only(empty_files(tmp_path, *files))
    assert (case.image, names(case.contours)) == (tmp_path / image, [contours])
    assert case.problem is None


def test_many_cases_in_one_folder_are_told_apart_by_what_their_names_begin_with(tmp_path: Path) -> None:
    empty_files(tmp_path, *(f"pt_{n}_{what}.nii.gz" for n in (10, 1, 2) for what in ("ct", "oar", "lft")))
    found = listed(tmp_path)
    assert [(case.name, names(case.contours), list(case.models)) for case in found.cases] == [
        (f"pt_{n}", [f"pt_{n}_lft.nii.gz"], ["oar"]) for n in (1, 2, 10)
    ]
    assert found.problems == ()


def test_a_mask_of_the_ct_is_never_put_on_the_mr(tmp_path: Path) -> None:
    empty_files(tmp_path / "STS", "MR_T1_image.nii.gz", "MR_T1_mask.nii.gz", "CT_mask.nii.gz")
    mr, ct = listed(tmp_path).cases
    assert (mr.name, mr.patient, names(mr.contours)) == ("STS-MR_T1", "STS", ["MR_T1_mask.nii.gz"])
    assert (ct.name, ct.image, names(ct.contours)) == ("STS-CT", None, ["CT_mask.nii.gz"])
    assert ct.problem is not None
    assert "CT_mask.nii.gz" in ct.problem


@pytest.mark.parametrize("labels", ["labels", "contours", "segmentations", "predictions", "labelsTr"])
def test_images_and_contours_side_by_side_by_the_same_names(tmp_path: Path, labels: str) -> None:
    images = "imagesTr" if labels == "labelsTr" else "images"
    empty_files(tmp_path, f"{images}/a_001.nii.gz", f"{labels}/a_001.nii.gz", f"{images}/a_002.nii.gz")
    first, second = listed(tmp_path).cases
    assert (first.name, first.problem) == ("a_001", None)
    assert first.contours == (StructureFile(tmp_path / labels / "a_001.nii.gz"),)
    assert second.name == "a_002"
    assert second.problem is not None
    assert "no contours" in second.problem


def test_beside_predictions_labels_are_the_reference(tmp_path: Path) -> None:
    files = ("images/c_0000.nii.gz", "labels/c.nii.gz", "predictions/c.nii.gz", "probabilities/c_CTV.nii.gz")
    case = only(empty_files(tmp_path, *files))
    assert (case.name, case.contours[0].path.parent.name, case.models) == ("c", "predictions", {})
    assert case.reference[0].path.parent.name == "labels"
    assert names(case.probabilities) == ["c_CTV.nii.gz"]


def test_folders_of_models_have_their_names(tmp_path: Path) -> None:
    case = only(empty_files(tmp_path, "images/c.nrrd", "vendor_contours/c.nrrd", "net2_contours/c.nrrd"))
    assert (case.assessed, list(case.models)) == ("vendor", ["net2"])


def test_edited_contours_and_hidden_files_make_no_case(tmp_path: Path) -> None:
    files = ("ct.nrrd", "vendor.seg.nrrd", "vendor.edited-1.seg.nrrd", ".0123.nrrd")
    assert only(empty_files(tmp_path, *files)).models == {}


def test_what_is_missing_is_the_problem_of_its_case_alone(tmp_path: Path) -> None:
    empty_files(tmp_path, "ct.nrrd", "c.nrrd")
    (tmp_path / "cases.csv").write_text(
        "case,image,contour,reference\n"
        "good,ct.nrrd,c.nrrd,\n"
        "gone,ct.nrrd,gone.nrrd,\n"
        "bare,,c.nrrd,\n"
        "empty,ct.nrrd,,\n"
        "lost,ct.nrrd,c.nrrd,truth.nrrd\n"
    )
    found = listed(tmp_path)
    problems = {case.name: case.problem for case in found.cases}
    assert problems["good"] is None
    assert problems["gone"] == f"{tmp_path / 'gone.nrrd'} does not exist; check the path."
    assert problems["bare"] == "The manifest names no image in line 4; fill in the column image."
    assert problems["empty"] == "The manifest names no contours in line 5; fill in the column contour."
    assert problems["lost"] is None  # a case can be opened without its reference
    assert found.cases[-1].reference == ()
    assert found.problems == (f"{tmp_path / 'truth.nrrd'} does not exist; check the path.",)


def test_files_outside_of_what_may_be_read_are_a_problem(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", empty_files(tmp_path / "outside", "ct.nrrd", "c.nrrd")
    empty_files(inside, "ct.nrrd", "c.nrrd")
    (inside / "link.nrrd").symlink_to(outside / "c.nrrd")
    (inside / "folder").symlink_to(outside)
    (inside / "cases.csv").write_text(
        "case,image,contour\n"
        "fine,ct.nrrd,c.nrrd\n"
        "up,ct.nrrd,../outside/c.nrrd\n"
        "absolute,/etc/hostname,c.nrrd\n"
        "link,ct.nrrd,link.nrrd\n"
        "folder,ct.nrrd,folder/c.nrrd\n"
    )
    problems = {case.name: case.problem or "" for case in listed(inside).cases}
    assert problems.pop("fine") == ""
    assert all("outside the folders" in problem for problem in problems.values()), problems
    assert {case.problem for case in listed(inside, outside).cases if case.name != "absolute"} == {None}


def test_a_linked_folder_or_manifest_outside_is_not_looked_into(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", empty_files(tmp_path / "outside", "ct.nrrd", "c.seg.nrrd")
    empty_files(inside / "own", "ct.nrrd", "c.seg.nrrd")
    (inside / "linked").symlink_to(outside)
    linked, own = listed(inside).cases
    assert (linked.name, linked.image, own.problem) == ("linked", None, None)
    assert "outside the folders" in (linked.problem or "")
    with pytest.raises(AccessError):
        list_cases(inside / "linked", AllowedFolders([inside]))
    (outside / "m.csv").write_text("case,image,contour\na,ct.nrrd,c.nrrd\n")
    (inside / "stray.csv").symlink_to(outside / "m.csv")
    assert len(listed(inside).cases) == 2
    (inside / "cases.csv").symlink_to(outside / "m.csv")
    with pytest.raises(AccessError):
        listed(inside)


def test_two_images_of_one_name_are_not_guessed_between(tmp_path: Path) -> None:
    case = only(empty_files(tmp_path, "t1.nrrd", "t2.nrrd", "mask.nrrd"))
    assert case.problem == "t1.nrrd and t2.nrrd could both be its image; keep one, or name one in a manifest."


def test_what_belongs_to_no_case_is_told_once(tmp_path: Path) -> None:
    empty_files(tmp_path, "ct.nrrd", "vendor.seg.nrrd", "dose.nrrd", "plan.nrrd")
    assert listed(tmp_path).problems == (
        f"2 files belong to no case by their names; the first is {tmp_path / 'dose.nrrd'}.",
    )


def test_other_tables_are_no_manifests_and_two_manifests_are_a_question(tmp_path: Path) -> None:
    empty_files(tmp_path, "ct.nrrd", "vendor.seg.nrrd")
    (tmp_path / "report.csv").write_text("case,structure,dice\na,CTV,0.9\n")
    assert only(tmp_path).name == tmp_path.name
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("case,image,contour\nx,ct.nrrd,vendor.seg.nrrd\n")
    with pytest.raises(FormatError, match=r"several manifests \(one.csv and two.csv\)"):
        listed(tmp_path)
    (tmp_path / "manifest.csv").write_text("case,image,contour\nmeant,ct.nrrd,vendor.seg.nrrd\n")
    assert only(tmp_path).name == "meant"


def test_a_damaged_manifest_is_said_and_below_it_costs_its_folder_alone(tmp_path: Path) -> None:
    empty_files(tmp_path / "good", "ct.nrrd", "vendor.seg.nrrd")
    empty_files(tmp_path / "worse", "ct.nrrd", "vendor.seg.nrrd")
    (tmp_path / "worse" / "cases.csv").write_text("case,image\na,ct.nrrd,odd\n")
    good, worse = listed(tmp_path).cases
    assert good.problem is None
    assert worse.problem is not None
    assert "line 2" in worse.problem
    with pytest.raises(FormatError, match="line 2"):
        listed(tmp_path / "worse")


def test_names_are_unlike_each_other(tmp_path: Path) -> None:
    for name in ("p1", "p2"):
        empty_files(tmp_path / name, "ct.nrrd", "c.nrrd")
        (tmp_path / name / "manifest.csv").write_text("case,image,contour\nphantom,ct.nrrd,c.nrrd\n")
    empty_files(tmp_path / "images_of", "ct.nrrd", "c.seg.nrrd")
    assert [case.name for case in listed(tmp_path).cases] == ["images_of", "p1-phantom", "p2-phantom"]


def test_names_that_are_no_text_are_spelled_out(tmp_path: Path) -> None:
    for name in (b"M\xfcller_ct.nrrd", b"M\xfcller_vendor.seg.nrrd", b"M\xfcller_gr\xfcn.seg.nrrd"):
        try:
            (tmp_path / os.fsdecode(name)).touch()
        except (OSError, UnicodeError):
            pytest.skip("this file system takes no such names")
    case = only(tmp_path)
    assert case.problem is None
    for text in (case.name, case.patient, *case.models):
        assert "dcfc" in text.encode().decode(), "it can be sent and written"
    assert all(file.path.is_file() for _, file in case.files)


@pytest.mark.parametrize("files", [(), ("notes.txt",), ("a.nrrd", "b.nrrd"), ("series/1.dcm",)])
def test_a_folder_without_cases_says_what_was_looked_for(tmp_path: Path, files) -> None:
    with pytest.raises(FormatError, match=r"holds no case; looked for a manifest .* images and labels"):
        listed(empty_files(tmp_path, *files))


def test_what_is_no_folder_and_no_manifest(tmp_path: Path) -> None:
    empty_files(tmp_path, "ct.nrrd")
    with pytest.raises(FormatError, match="neither a folder nor a manifest"):
        listed(tmp_path / "ct.nrrd")
    with pytest.raises(FormatError, match="does not exist"):
        listed(tmp_path / "gone")


def test_a_thousand_cases_are_listed_within_a_second(tmp_path: Path) -> None:
    for number in range(1000):
        empty_files(tmp_path / f"case_{number:04}", "ct.nrrd", "vendor.seg.nrrd", "reference.seg.nrrd")
    took = []
    for _ in range(3):
        started = time.process_time()
        assert len(listed(tmp_path).cases) == 1000
        took.append(time.process_time() - started)
    assert min(took) < 1.0  # some 0.5 s; time of this process alone, since the machine has other work too


@pytest.mark.realdata
def test_real_folders_are_read_as_they_are(data: Path) -> None:
    hippocampi = listed(data / "hippocampus")
    assert (len(hippocampi.cases), hippocampi.problems) == (220, ())
    assert all(
        case.image is not None
        and case.image.parent.name == "images"
        and case.contours == (StructureFile(data / "hippocampus" / "labels" / case.image.name),)
        and case.problem is None
        for case in hippocampi.cases
    )
    planning = listed(data / "openkbp")
    assert (len(planning.cases), planning.problems) == (203, ())
    assert {case.problem for case in planning.cases} == {None}
    assert planning.cases[0].name == "train-pt_1"
    sarcomas = listed(data / "dicom" / "sarcoma_nifti").cases
    assert [case.name for case in sarcomas if case.problem] == ["STS_030-CT"]
