"""Commands on DICOM: series, RTSTRUCT and SEG wherever an image, contours or a map are named."""

from __future__ import annotations

import csv
import io
import shutil

import numpy as np
import pytest
import SimpleITK as sitk

from command_line import JSON
from ContourQALib.case import Contour
from ContourQALib.cohort.journal import Journal
from ContourQALib.cohort.measurement import RowReader
from ContourQALib.cohort.results import CohortRow
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.segmentation_out import write_seg
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.digests import hash_contours, hash_image
from ContourQALib.formats.images import read_image
from ContourQALib.quality.modality import guess_modality, modality_of
from dicom_samples import tells_nothing, write_structure_set
from dicom_studies import (
    BLADDER,
    BY_ME,
    GRID,
    HEART,
    RULE,
    assessed,
    one_sentence,
    own_volume_cc,
)


def test_a_structure_set_is_assessed_and_how_it_became_voxels_is_said(contourqa, study) -> None:
    found = assessed(contourqa, study, *JSON)
    heart, bladder = found.json["structures"]
    assert (heart["structure"], heart["standard_name"]) == ("Heart", "Heart")
    assert (bladder["structure"], bladder["standard_name"]) == ("Blase", "Bladder")
    assert RULE in heart["rasterized"]
    # the polygon's own area is that of 60 corners on a circle; voxels of 2 mm round it
    assert heart["volume_cc"] == pytest.approx(np.pi * 12**2 * 6 * 3 / 1000, rel=0.03)
    assert heart["volume_polygons_cc"] == pytest.approx(own_volume_cc(HEART), rel=1e-4)
    assert [(one["structure"], one["source"]) for one in found.json["left_out"]] == [
        ("Iso", str(study.structures)),
        ("Nothing", str(study.structures)),
    ]
    assert "Iso" in found.err
    assert tells_nothing(found.out + found.err)


def test_the_table_says_it_too_and_what_a_name_means(contourqa, study) -> None:
    found = assessed(contourqa, study)
    assert found.code == 0
    assert found.out.count(f"not drawn as voxels: {RULE}") == 1  # once for all structures
    assert "Blase means Bladder (TG-263)" in found.out


def test_novelty_says_that_no_model_knows_a_structure(contourqa, study) -> None:
    heart = assessed(contourqa, study, *JSON).json["structures"][0]
    assert heart["novelty"]["inside_training_range"] is None
    assert "No model knows this structure" in heart["novelty"]["reasons"][0]


def test_a_digest_follows_the_files_and_not_their_names(study, tmp_path) -> None:
    moved = tmp_path / "moved" / "deeper"
    moved.mkdir(parents=True)
    for number, file in enumerate(sorted(study.ct.iterdir(), reverse=True)):
        shutil.copyfile(file, moved / f"IM{number}")
    (tmp_path / "moved" / "notes.txt").write_text("no DICOM")
    before = hash_image(study.ct)
    assert hash_image(tmp_path / "moved") == before
    changed = bytearray((moved / "IM0").read_bytes())
    changed[-1] ^= 1
    (moved / "IM0").write_bytes(changed)
    assert hash_image(tmp_path / "moved") != before
    assert hash_contours(study.structures.parent) == hash_contours(study.structures)


def test_files_that_are_not_used_are_said(contourqa, study, tmp_path) -> None:
    shutil.copytree(study.ct, tmp_path / "ct")
    (tmp_path / "ct" / "notes.txt").write_text("no DICOM")
    found = contourqa("assess", "--image", tmp_path / "ct", "--contours", study.structures, *JSON)
    assert f"Left out of {tmp_path / 'ct'}: notes.txt is no DICOM file." in found.err


def test_of_several_series_that_of_the_contours_is_meant_unless_another_is_named(contourqa, study) -> None:
    images = study.folder / "images"
    arguments = "assess", "--image", images, "--contours", study.structures, *JSON
    of_ct, named = contourqa(*arguments).json, contourqa(*arguments, "--series", "7").json
    assert of_ct["provenance"]["inputs"][0]["sha256"] == hash_image(study.ct)
    assert named["provenance"]["inputs"][0]["sha256"] == hash_image(study.mr)
    assert "used by position" not in of_ct["structures"][0]["rasterized"]
    assert (
        "refer to images that are not in the series, used by position"
        in (named["structures"][0]["rasterized"])
    )


def test_the_modality_that_dicom_says_counts_whatever_the_values_look_like(study) -> None:
    image = read_image(study.mr)
    assert guess_modality(image) == "CT"
    assert modality_of(image) == "MR"
    assert modality_of(read_image(study.ct)) == "CT"


# compare


def test_polygons_are_compared_with_a_mask_on_its_grid_and_a_lone_label_takes_their_name(
    contourqa, study
) -> None:
    outcome = contourqa(
        *("compare", "--reference", study.mask, "--test", study.structures),
        *("--structure", "Heart", "--labels", "1=Heart", *JSON),
    )
    (pair,) = outcome.json["pairs"]
    assert pair["dice"] > 0.97
    assert pair["rasterized_reference"] is None
    assert RULE in pair["rasterized_test"]
    assert pair["volume_polygons_reference_cc"] is None
    assert pair["volume_polygons_test_cc"] == pytest.approx(own_volume_cc(HEART), rel=1e-4)
    assert pair["standard_name"] == "Heart"


def test_a_lone_label_without_a_name_is_taken_for_the_lone_structure_and_that_is_said(
    contourqa, study, tmp_path
) -> None:
    datasets = [one for one in source_series(study.ct).datasets]
    write_structure_set(tmp_path / "one.dcm", datasets, {"Heart": HEART})
    arguments = "compare", "--reference", study.mask, "--test", tmp_path / "one.dcm"
    found = contourqa(*arguments)
    assert "label_1 (reference) was taken for Heart" in found.out
    assert "The test contour was not drawn as voxels" in found.out
    pair = contourqa(*arguments, *JSON).json["pairs"][0]
    assert (pair["structure"], pair["spelled_reference"]) == ("Heart", "label_1")


def test_two_structure_sets_become_voxels_on_the_images_that_lie_beside_the_first(contourqa, study) -> None:
    sets = "--reference", study.structures, "--test", study.structures
    found = contourqa("compare", *sets, *JSON).json
    assert [pair["dice"] for pair in found["pairs"]] == [1.0, 1.0]
    assert found["pairs"][0]["volume_reference_cc"] == pytest.approx(
        contourqa("compare", *sets, "--image", study.ct, *JSON).json["pairs"][0]["volume_reference_cc"]
    )


def test_polygons_without_their_images_take_the_grid_of_a_mask_or_ask_for_the_image(
    contourqa, study, tmp_path
) -> None:
    alone = tmp_path / "deep" / "alone" / "RS.dcm"
    alone.parent.mkdir(parents=True)
    shutil.copyfile(study.structures, alone)
    one_sentence(contourqa("compare", "--reference", alone, "--test", alone), str(alone), "--image")
    found = contourqa("compare", "--reference", alone, "--test", study.mask, "--labels", "1=Heart", *JSON)
    assert found.json["pairs"][0]["dice"] > 0.97


def test_images_are_not_looked_for_among_the_files_of_a_whole_disk(contourqa, study, monkeypatch) -> None:
    monkeypatch.setattr("ContourQALib.formats.dicom.source_series.MOST_FILES", 0)
    found = contourqa("compare", "--reference", study.structures, "--test", study.structures)
    one_sentence(found, str(study.structures), "--image")


def test_what_lies_on_slices_that_a_seg_lacks_is_counted(contourqa, study, tmp_path) -> None:
    source = source_series(study.ct)
    short, long = (tmp_path / "short.dcm"), (tmp_path / "long.dcm")
    for path, last in ((short, 5), (long, 8)):
        mask = np.zeros(GRID.shape, bool)
        mask[2:last, 5:9, 5:9] = True
        write_seg([Contour(mask, GRID, "Heart")], source, path, BY_ME, "heart")
    (pair,) = contourqa("compare", "--reference", short, "--test", long, *JSON).json["pairs"]
    assert pair["dice"] == pytest.approx(2 * 3 / (3 + 6))
    assert pair["lost_cc"] == 0


# names


def test_a_table_of_names_is_followed_wherever_names_are_matched(contourqa, study, tmp_path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("standard,variants\nHeart,Pumpe\n")
    datasets = [one for one in source_series(study.ct).datasets]
    pump = tmp_path / "pump.dcm"
    write_structure_set(pump, datasets, {"Pumpe": HEART, "Harnblase": BLADDER})
    arguments = "compare", "--reference", study.structures, "--test", pump, *JSON
    plain = contourqa(*arguments).json
    assert [pair["structure"] for pair in plain["pairs"]] == ["Blase"]
    named = contourqa(*arguments, "--names", table).json
    assert [(p["structure"], p["spelled_test"]) for p in named["pairs"]] == [
        ("Heart", "Pumpe"),
        ("Blase", "Harnblase"),
    ]
    only = contourqa(*arguments, "--names", table, "--structure", "Pumpe").json
    assert [pair["structure"] for pair in only["pairs"]] == ["Heart"]


def test_a_table_that_gives_two_structures_of_a_file_one_name_is_refused(contourqa, study, tmp_path) -> None:
    table = tmp_path / "names.csv"
    table.write_text("standard,variants\nFlap,first; second\n")
    datasets = [one for one in source_series(study.ct).datasets]
    both = tmp_path / "both.dcm"
    write_structure_set(both, datasets, {"First": HEART, "Second": BLADDER})
    arguments = "assess", "--image", study.ct, "--contours", both, "--names"
    one_sentence(contourqa(*arguments, table), "First and Second", "Flap")
    one_sentence(contourqa(*arguments, tmp_path / "none.csv"), "none.csv")


# maps, manifests, perturb


def test_a_fractional_seg_is_swept_against_polygons_and_a_name_picks_its_segment(contourqa, study) -> None:
    arguments = "thresholds", "--reference", study.structures, "--steps", "11", *JSON
    both = contourqa(*arguments, "--probability", study.maps).json["cases"]
    assert [case["structure"] for case in both] == ["Heart", "Blase"]
    assert RULE in both[0]["rasterized"]
    one = contourqa(*arguments, "--probability", f"Bladder={study.maps}").json["cases"]
    assert [case["structure"] for case in one] == ["Blase"]
    best = both[0]["optimum"]["dice"]
    assert best["value"] > 0.97
    assert best["threshold"] <= 0.8


def test_manifests_name_dicom_and_which_series(contourqa, study, tmp_path) -> None:
    manifest = tmp_path / "cases.csv"
    rows = [
        ("case", "structure", "image", "series", "contour", "reference", "probability", "again"),
        ("a", "Heart", "images", "7", "rs", "heart.nii.gz", "maps.dcm", "rs/RS.dcm"),
        ("b", "Bladder", "images", "", "rs", "rs", "maps.dcm", "rs"),
    ]
    with manifest.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        writer.writerows([case, name, study.folder / image, series, *(study.folder / cell for cell in cells)]
                         for case, name, image, series, *cells in rows[1:])  # fmt: skip
    by_case = {one["case"]: one for one in contourqa("assess", "--cases", manifest, *JSON).json["cases"]}
    assert "used by position" in by_case["a"]["structures"][0]["rasterized"]
    assert "used by position" not in by_case["b"]["structures"][0]["rasterized"]
    images = {case: one["files"][0]["sha256"] for case, one in by_case.items()}
    assert images["a"] != images["b"]
    cohort = contourqa("cohort", manifest, "--model", "again", "--workers", "1", "--format", "csv")
    heart, bladder = csv.DictReader(io.StringIO(cohort.out))
    assert heart["rasterized_reference"] == ""
    assert RULE in heart["rasterized"]
    assert float(heart["dice"]) > 0.97
    assert RULE in bladder["rasterized_reference"]
    assert float(bladder["dice"]) == 1.0
    table = contourqa("cohort", manifest, "--model", "again", "--workers", "1")
    assert f"3 contours were drawn as polygons: {RULE}" in table.out
    swept = contourqa("thresholds", "--cases", manifest, "--steps", "11", *JSON).json
    assert [case["status"] for case in swept["cases"]] == ["ok", "ok"]


def test_what_was_measured_of_dicom_is_taken_over_until_a_file_changes(study, tmp_path) -> None:
    folder = tmp_path / "rs"
    shutil.copytree(study.structures.parent, folder)
    task = RowTask(CohortRow("", "a", "a", "Heart"), str(study.mask), (str(folder),))
    measured = RowReader(read_contours, 2.0).measure(task)
    assert RULE in str(measured.rasterized[1])
    with Journal(tmp_path / "journal", {}) as journal:
        journal.add(task, measured)
        assert list(journal.done([task])) == [(0, measured)]
        (folder / "note.txt").write_text("beside it")
        assert list(journal.done([task])) == []


def test_an_error_is_put_into_polygons(contourqa, study, tmp_path) -> None:
    spoiled = tmp_path / "spoiled.seg.nrrd"
    found = contourqa(
        *("perturb", "--contours", study.structures, "--image", study.ct, "--structure", "Heart"),
        *("--error", "shift", "--severity", "4", "-o", spoiled, *JSON),
    )
    assert 0.3 < found.json["pairs"][0]["dice"] < 0.95
    assert sitk.ReadImage(str(spoiled)).GetSize()[:2] == (24, 20)


# contourqa dicom


@pytest.mark.realdata
def test_a_real_structure_set_is_its_publishers_mask(contourqa, data) -> None:
    case = data / "dicom" / "sarcoma" / "STS_001" / "MR_T1"
    mask = data / "dicom" / "sarcoma_nifti" / "STS_001" / "MR_T1_mask.nii.gz"
    outcome = contourqa("compare", "--reference", mask, "--test", case / "mask", *JSON)
    (pair,) = outcome.json["pairs"]
    assert pair["structure"] == "GTV_Mass_MR_T1"
    assert pair["dice"] >= 0.97
