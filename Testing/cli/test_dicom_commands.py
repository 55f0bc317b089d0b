"""Commands on DICOM: series, RTSTRUCT and SEG wherever an image, contours or a map are named."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from command_line import JSON, Command, Outcome
from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.cohort.journal import Journal
from ContourQALib.cohort.measurement import RowReader
from ContourQALib.cohort.results import CohortRow
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.segmentation_in import read_seg, read_seg_probabilities
from ContourQALib.formats.dicom.segmentation_out import Algorithm, write_fractional_seg, write_seg
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.digests import hash_contours, hash_image
from ContourQALib.formats.images import read_image, write_image
from ContourQALib.geometry import Grid
from ContourQALib.quality.modality import guess_modality, modality_of
from ContourQALib.report.structured.assessment_record import read_assessment_sr
from dicom_samples import disk_contours, tells_nothing, uid, write_series, write_structure_set

GRID = Grid((24, 20, 10), (2.0, 2.0, 3.0), (-20.3, -18.7, 5.0))
HEART = disk_contours(GRID, (11, 9), 12.0, range(2, 8))
BLADDER = disk_contours(GRID, (17, 12), 6.0, range(3, 7))
ROIS = {"Heart": HEART, "Blase": BLADDER, "Iso": [np.array([[1.5, 2.5, 20.5]])], "Nothing": []}
KINDS = {"Iso": "POINT"}
RULE = "voxels whose center lies inside"
BY_ME = Algorithm("by nobody", "1")


@dataclass(frozen=True)
class Study:
    """Files of a made-up patient.

    Attributes:
        folder: everything below.
        ct: folder of the series that the structures were drawn on.
        mr: another series of the same study and frame, its gray values far below zero.
        structures: RTSTRUCT with two structures, an isocenter and an empty region.
        mask: NIfTI label map of the heart alone.
        maps: fractional SEG of both structures.
    """

    folder: Path
    ct: Path
    mr: Path
    structures: Path
    mask: Path
    maps: Path


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    values = np.random.default_rng(3).integers(-900, 900, GRID.shape).astype(np.int16)
    frame = uid("frame of the study")
    datasets = write_series(folder / "images" / "ct", values, GRID, frame_uid=frame, series_number=2)
    write_series(folder / "images" / "mr", values, GRID, "MR", frame_uid=frame, series_number=7)
    write_structure_set(folder / "rs" / "RS.dcm", datasets, ROIS, kinds=KINDS, frame_uid=frame)
    ct = folder / "images" / "ct"
    heart = inside(HEART, GRID)
    write_image(Image(heart.astype(np.uint8), GRID), folder / "heart.nii.gz")
    maps = [ProbabilityMap(0.8 * heart, GRID, "Heart"), ProbabilityMap(0.6 * heart, GRID, "Bladder")]
    write_fractional_seg(maps, source_series(ct), folder / "maps.dcm", BY_ME, "maps")
    return Study(
        folder,
        ct,
        folder / "images" / "mr",
        folder / "rs" / "RS.dcm",
        folder / "heart.nii.gz",
        folder / "maps.dcm",
    )


def inside(circles: list[np.ndarray], grid: Grid) -> np.ndarray:
    """Voxels whose center is nearer to the circles' axis than their points, on their slices."""
    k, j, i = np.meshgrid(*map(np.arange, grid.shape), indexing="ij")
    centers = grid.index_to_world(np.stack([i, j, k], axis=-1))
    mask = np.zeros(grid.shape, bool)
    for circle in circles:
        middle = circle.mean(axis=0)
        radius = np.linalg.norm(circle[0] - middle)
        near = np.linalg.norm(centers[..., :2] - middle[:2], axis=-1) < radius
        mask |= near & (np.abs(centers[..., 2] - middle[2]) < grid.spacing[2] / 2)
    return mask


def own_volume_cc(circles: list[np.ndarray]) -> float:
    """Area of a regular polygon times the distance of slices, for all of some circles."""
    corners, radius_mm = len(circles[0]), np.linalg.norm(circles[0][0] - circles[0].mean(axis=0))
    area_mm2 = corners / 2 * np.sin(2 * np.pi / corners) * radius_mm**2
    return float(len(circles) * area_mm2 * GRID.spacing[2] / 1000)


def one_sentence(outcome: Outcome, *says: str) -> None:
    """Exit code 2, one sentence, nothing of the patient."""
    assert outcome.code == 2, (outcome.code, outcome.out, outcome.err)
    assert outcome.out == ""
    text = outcome.err.strip()
    assert "Traceback" not in text
    assert "\n" not in text, text
    assert text.endswith((".", "?")), text
    assert tells_nothing(text), text
    for part in says:
        assert part in text, text


def assessed(contourqa: Command, study: Study, *further: object) -> Outcome:
    return contourqa("assess", "--image", study.ct, "--contours", study.structures, *further)


# what is read, and what is said of it


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


def test_a_folder_is_listed_with_what_its_structures_mean(contourqa, study) -> None:
    found = contourqa("dicom", "list", study.folder, *JSON).json
    assert found["patients"] == 1
    assert [(s["number"], s["modality"], s["images"]) for s in found["series"]] == [
        (2, "CT", 10),
        (7, "MR", 10),
    ]
    structures, maps = found["contours"]
    assert (structures["kind"], maps["kind"]) == ("RTSTRUCT", "SEG fractional")
    assert [(s["structure"], s["standard_name"]) for s in structures["structures"]] == [
        ("Heart", "Heart"),
        ("Blase", "Bladder"),
    ]
    assert structures["series_uids"] == maps["series_uids"] == [found["series"][0]["series_uid"]]
    assert [one["structure"] for one in structures["left_out"]] == ["Iso", "Nothing"]
    assert [Path(one["file"]).name for one in found["left_out"]] == ["heart.nii.gz"]


def test_a_list_names_damaged_files_and_counts_patients(contourqa, study, tmp_path) -> None:
    write_series(tmp_path / "a", np.zeros(GRID.shape, np.int16), GRID, patient_id="A")
    write_series(tmp_path / "b", np.zeros(GRID.shape, np.int16), GRID, patient_id="B")
    whole = study.structures.read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    table = contourqa("dicom", "list", tmp_path)
    assert table.code == 0
    assert "Files of 2 patients." in table.out
    assert table.out.count("cut.dcm") == 1
    rows = list(csv.DictReader(io.StringIO(contourqa("dicom", "list", tmp_path, "--format", "csv").out)))
    assert [row["what"] for row in rows] == ["series", "series", "left out"]
    assert "cut short" in rows[2]["reason"]


def test_contours_of_any_file_become_a_seg_of_the_series(contourqa, study, tmp_path) -> None:
    path = tmp_path / "out.dcm"
    arguments = "dicom", "seg", "--image", study.ct, "-o", path
    assert contourqa(*arguments, "--contours", study.mask, "--labels", "1=Heart", "--manual").code == 0
    (heart,) = read_seg(path)
    mask = heart.on(GRID).mask
    np.testing.assert_array_equal(mask, sitk.GetArrayFromImage(sitk.ReadImage(str(study.mask))) > 0)
    assert contourqa(*arguments, "--contours", study.structures, "--structure", "Bladder").code == 0
    (bladder,) = read_seg(path)
    assert bladder.name == "Blase"
    assert RULE in str(bladder.rasterized)
    assert source_series(study.ct).identity.series_uid in json.dumps(
        contourqa("dicom", "list", path, *JSON).json["contours"][0]["series_uids"]
    )


def test_no_image_and_nothing_that_is_read_is_replaced(contourqa, study, tmp_path) -> None:
    shutil.copytree(study.ct, tmp_path / "ct")
    shutil.copy(study.structures, tmp_path / "rs.dcm")
    arguments = "dicom", "seg", "--image", tmp_path / "ct", "--contours"
    first = next(iter(sorted((tmp_path / "ct").iterdir())))
    before = first.read_bytes(), (tmp_path / "rs.dcm").read_bytes()
    one_sentence(contourqa(*arguments, study.structures, "-o", first), f"{first} is there already")
    one_sentence(
        contourqa(*arguments, tmp_path / "rs.dcm", "-o", tmp_path / "rs.dcm"), "is among what is read"
    )
    assert before == (first.read_bytes(), (tmp_path / "rs.dcm").read_bytes())


def test_maps_become_a_fractional_seg_or_contours_at_a_threshold(contourqa, study, tmp_path) -> None:
    write_image(Image(np.full(GRID.shape, 0.4, np.float32), GRID), tmp_path / "Heart.nii.gz")
    path = tmp_path / "out.dcm"
    arguments = "dicom", "seg", "--image", study.ct, "-o", path, "--probability", tmp_path / "Heart.nii.gz"
    assert contourqa(*arguments, "--algorithm", "net", "--algorithm-version", "2").code == 0
    (found,) = read_seg_probabilities(path)
    assert found.name == "Heart"
    np.testing.assert_allclose(found.on(GRID).values, 0.4, atol=0.5 / 255)  # rounded to 1/255
    assert contourqa(*arguments, "--threshold", "0.3").code == 0
    assert read_seg(path)[0].on(GRID).mask.all()


def test_polygons_become_shares_of_voxels_that_sum_to_their_volume(contourqa, study, tmp_path) -> None:
    path = tmp_path / "shares.dcm"
    arguments = "dicom", "seg", "--image", study.ct, "--contours", study.structures, "--shares", "-o", path
    found = contourqa(*arguments)
    assert found.code == 0
    assert "Left out of" in found.err  # the isocenter
    assert pydicom.dcmread(path).SegmentationFractionalType == "OCCUPANCY"
    read = read_seg_probabilities(path)
    for share, drawn, circles in zip(read, read_contours(study.structures), (HEART, BLADDER), strict=True):
        values = share.on(GRID).values
        assert share.name == drawn.name
        np.testing.assert_allclose(share.color, drawn.color, atol=1e-9)
        edge = np.count_nonzero((values > 0) & (values < 1))
        rounding_cc = edge * 0.5 / 255 * GRID.voxel_volume_cc
        own_cc = own_volume_cc(circles)
        assert values.sum(dtype=float) * GRID.voxel_volume_cc == pytest.approx(own_cc, abs=rounding_cc)
        assert abs(drawn.volume_cc - own_cc) > rounding_cc  # what the shares are for
        assert np.count_nonzero((values >= 0.5) != drawn.mask) < 0.2 * edge
    assert contourqa(*arguments, "--structure", "Bladder").code == 0
    assert [one.name for one in read_seg_probabilities(path)] == ["Blase"]
    swept = contourqa("thresholds", "--reference", study.structures, "--probability", path, *JSON)
    (bladder,) = swept.json["cases"]
    assert bladder["structure"] == "Blase"


def test_an_assessment_is_written_as_dicom(contourqa, study, tmp_path) -> None:
    out = tmp_path / "out"
    outcome = assessed(contourqa, study, "--dicom", "-o", out, *JSON)
    record = read_assessment_sr(out / "assessment.sr.dcm")
    found = [one.structure for one in record.assessment.structures]
    assert found == [one["structure"] for one in outcome.json["structures"]]
    assert [one.name for one in read_seg(out / "contours.seg.dcm")] == found
    assert "Iso" in json.dumps(json.loads((out / "report.json").read_text())["left_out"])
    assert tells_nothing((out / "report.html").read_text() + outcome.out + outcome.err)
    shown = contourqa("dicom", "report", out / "assessment.sr.dcm")
    assert "Blase" in shown.out


# bad input


def test_what_cannot_be_meant_is_one_sentence_and_nothing_is_written(contourqa, study, tmp_path) -> None:
    out = tmp_path / "out"
    images = study.folder / "images"
    one_sentence(
        contourqa("assess", "--image", images, "--contours", study.mask, "-o", out), "--series", "2 series"
    )
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", study.structures, "--series", "99", "-o", out),
        "99",
    )
    one_sentence(
        contourqa("assess", "--image", study.mask, "--contours", study.mask, "--series", "2", "-o", out),
        "no DICOM",
    )
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", study.ct, "-o", out), "neither an RTSTRUCT"
    )
    slice_file = next(study.ct.iterdir())
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", slice_file, "-o", out), "without contours"
    )
    one_sentence(
        contourqa("assess", "--image", study.structures.parent, "--contours", study.structures, "-o", out),
        "no CT, MR or PET",
    )
    one_sentence(
        contourqa(
            "thresholds", "--reference", study.structures, "--probability", study.structures, "-o", out
        ),
        "polygons",
    )
    one_sentence(
        contourqa("assess", "--image", study.ct, "--contours", study.maps, "-o", out), "probabilities"
    )
    one_sentence(contourqa("dicom", "list", tmp_path / "nowhere"), "nowhere")
    assert not out.exists()


def test_settings_that_exclude_each_other_are_said(contourqa, study, tmp_path) -> None:
    path = tmp_path / "out.dcm"
    seg = "dicom", "seg", "--image", study.ct, "-o", path
    one_sentence(contourqa(*seg), "--contours", "--probability")
    one_sentence(contourqa(*seg, "--contours", study.mask, "--threshold", "0.5"), "--threshold")
    one_sentence(contourqa(*seg, "--probability", study.maps, "--threshold", "0"), "above 0")
    one_sentence(contourqa(*seg, "--contours", study.mask, "--manual", "--algorithm", "net"), "--manual")
    one_sentence(contourqa(*seg, "--contours", study.mask, "--shares"), "no polygons")
    one_sentence(contourqa(*seg, "--probability", study.maps, "--shares"), "--shares", "RTSTRUCT")
    polygons = *seg, "--contours", study.structures, "--shares"
    one_sentence(contourqa(*polygons, "--threshold", "0.5"), "--threshold")
    one_sentence(contourqa(*polygons, "--merge", "all"), "--merge")
    one_sentence(contourqa(*seg[:4], "-o", tmp_path / "out.nii", "--contours", study.mask), ".dcm")
    one_sentence(
        contourqa("dicom", "seg", "--image", study.mask, "-o", path, "--contours", study.mask), "no DICOM"
    )
    one_sentence(assessed(contourqa, study, "--dicom"), "-o")
    one_sentence(
        contourqa("assess", "--image", study.mask, "--contours", study.mask, "--dicom", "-o", tmp_path / "o"),
        "no DICOM",
    )
    one_sentence(contourqa("assess", "--cases", tmp_path / "c.csv", "--dicom"), "--dicom")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["missing slice", "two patients", "another frame", "cut short"])
def test_bad_dicom_is_one_sentence_and_nothing_is_written(contourqa, study, tmp_path, kind) -> None:
    bad, out = tmp_path / "bad", tmp_path / "out"
    shutil.copytree(study.ct, bad / "ct")
    contours, says = study.structures, ""
    if kind == "missing slice":
        (bad / "ct" / "0004.dcm").unlink()
        says = "missing"
    elif kind == "two patients":
        write_series(bad / "other", np.zeros(GRID.shape, np.int16), GRID, patient_id="B")
        contours, says = study.mask, "2 patients"
    elif kind == "another frame":
        foreign = write_series(tmp_path / "foreign", np.zeros(GRID.shape, np.int16), GRID, patient_id="C")
        contours, says = tmp_path / "foreign" / "RS.dcm", "frame of reference"
        write_structure_set(contours, foreign, {"Heart": HEART})
    else:
        whole = study.structures.read_bytes()
        contours, says = tmp_path / "cut.dcm", "cut short"
        contours.write_bytes(whole[: len(whole) // 2])
    found = contourqa("assess", "--image", bad, "--contours", contours, "-o", out)
    one_sentence(found, says)
    assert not out.exists()


@pytest.mark.realdata
def test_a_real_structure_set_is_its_publishers_mask(contourqa, data) -> None:
    case = data / "dicom" / "sarcoma" / "STS_001" / "MR_T1"
    mask = data / "dicom" / "sarcoma_nifti" / "STS_001" / "MR_T1_mask.nii.gz"
    outcome = contourqa("compare", "--reference", mask, "--test", case / "mask", *JSON)
    (pair,) = outcome.json["pairs"]
    assert pair["structure"] == "GTV_Mass_MR_T1"
    assert pair["dice"] >= 0.97
