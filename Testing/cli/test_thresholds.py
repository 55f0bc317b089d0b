"""`contourqa thresholds` from files to JSON, CSV, tables and reports, and what it says of bad input."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from command_line import JSON, Command, comparing
from ContourQALib.case import Contour
from ContourQALib.formats.segmentation import read_segmentation, write_segmentation
from ContourQALib.geometry import Grid
from files_on_disk import write
from shapes import ball_mask

SHAPE = (14, 18, 20)
SPACING = (1.5, 1.0, 2.0)
CURVES = (
    "dice", "sensitivity", "specificity", "volume_cc", "msd_mm", "hd_mm", "hd95_mm", "hd95_pooled_mm",
    "surface_dice",
)  # fmt: skip
FIELDS = {
    "case", "structure", "status", "flags", "thresholds", *CURVES, "optimum", "loss_at_half_percent",
    "perturbation_loss_percent", "prominence",
}  # fmt: skip
FIGURES = {"dice", "msd_mm", "hd_mm", "hd95_mm"}
LARGE = ball_mask(SHAPE, (7, 9, 10), 5, SPACING[::-1])
SMALL = ball_mask(SHAPE, (7, 4, 4), 3, SPACING[::-1])


def fuzzy(mask: np.ndarray, seed: int, lean: float = 0.0) -> np.ndarray:
    """A map that falls off around a mask, with smooth noise; `lean` shifts its best threshold."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    signed = distance_transform_edt(mask, SPACING[::-1]) - distance_transform_edt(~mask, SPACING[::-1])
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=mask.shape), 1) * 14
    return (1 / (1 + np.exp(-(signed + noise) / 1.5 - lean))).astype(np.float32)


@dataclass(frozen=True)
class Study:
    """A reference of two structures, and maps of them."""

    folder: Path
    reference: Path
    tumor: Path
    node: Path


@pytest.fixture
def files(tmp_path) -> Study:
    grid = Grid.for_shape(SHAPE, SPACING)
    contours = [Contour(LARGE, grid, "Tumor", (0.8, 0.2, 0.2)), Contour(SMALL, grid, "Node_L")]
    write_segmentation(contours, tmp_path / "reference.seg.nrrd")
    return Study(
        tmp_path,
        tmp_path / "reference.seg.nrrd",
        write(tmp_path / "net_tumor_map.nrrd", fuzzy(LARGE, 1, 1.0), SPACING),
        write(tmp_path / "node-lt.nii.gz", fuzzy(SMALL, 2), SPACING),
    )


def sweeping(reference: Path, *maps: object) -> tuple[object, ...]:
    return ("thresholds", "--reference", reference, *(p for one in maps for p in ("--probability", one)))


def cohort(files: Study, count: int = 3) -> Path:
    """A manifest of cases of one patient's size, the reference in one file."""
    rows = [("case", "structure", "reference", "probability")]
    for n in range(count):
        rows.append(
            (
                f"case {n}",
                "Tumor",
                files.reference.name,
                write(files.folder / f"p{n}.nrrd", fuzzy(LARGE, n, 1.0), SPACING).name,
            )
        )
    path = files.folder / "cohort.csv"
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    return path


def one_sentence(outcome, *says: str) -> None:
    assert outcome.code == 2, (outcome.code, outcome.out, outcome.err)
    assert outcome.out == ""
    text = outcome.err.strip()
    assert "\n" not in text, text
    assert text.endswith("."), text
    for part in says:
        assert part in text, text


def test_json_has_the_fields_of_the_contract(contourqa: Command, files: Study):
    found = contourqa(*sweeping(files.reference, files.tumor), "--structure", "tumor", *JSON).json
    assert set(found) >= {"cases", "pooled", "unmatched", "definitions", "provenance"}
    (case,) = found["cases"]
    assert set(case) >= FIELDS
    assert (case["case"], case["structure"], case["status"]) == ("net_tumor_map", "Tumor", "ok")
    assert case["thresholds"] == [n / 100 for n in range(101)]
    assert all(len(case[name]) == 101 for name in (*CURVES, "flags"))
    assert set(case["flags"]) <= {"ok", "empty", "full"}
    assert (case["flags"][0], case["flags"][50]) == ("full", "ok")
    for figure in FIGURES:
        assert set(case["optimum"][figure]) >= {"threshold", "value"}
    assert set(case["loss_at_half_percent"]) == FIGURES
    assert set(case["perturbation_loss_percent"]) == {"0.01", "0.02", "0.05", "0.10"}
    assert all(set(losses) == FIGURES for losses in case["perturbation_loss_percent"].values())
    assert case["prominence"] == pytest.approx(LARGE.mean())
    assert found["pooled"] == {}
    assert len(found["provenance"]["inputs"]) == 2
    assert found["provenance"]["settings"]["thresholds"] == 101


def test_losses_are_those_of_the_printed_curves(contourqa: Command, files: Study):
    (case,) = contourqa(*sweeping(files.reference, f"Tumor={files.tumor}"), *JSON).json["cases"]
    best = int(np.argmax(case["dice"]))
    assert case["optimum"]["dice"]["threshold"] == case["thresholds"][best] != 0.5
    top = case["dice"][best]
    # The same quotient of the same numbers, perhaps in another order.
    assert case["loss_at_half_percent"]["dice"] == pytest.approx(100 * (top - case["dice"][50]) / top)
    both = [100 * (top - case["dice"][n]) / top for n in (best - 5, best + 5)]
    assert case["perturbation_loss_percent"]["0.05"]["dice"] == pytest.approx(np.mean(both))
    nearest = min(value for value in case["hd95_mm"] if value is not None)
    assert case["optimum"]["hd95_mm"]["value"] == nearest
    lost = 100 * (case["hd95_mm"][50] - nearest) / nearest
    assert case["loss_at_half_percent"]["hd95_mm"] == pytest.approx(lost)


def test_the_numbers_are_those_that_compare_gives_for_the_thresholded_map(contourqa: Command, files: Study):
    (case,) = contourqa(*sweeping(files.reference, f"Tumor={files.tumor}"), *JSON).json["cases"]
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(files.tumor)))
    tumor = write(files.folder / "tumor.nrrd", LARGE.astype(np.uint8), SPACING)
    for index in (0, 20, 50, 77, 95):
        mask = (values >= np.float32(index / 100)).astype(np.uint8)
        cut = write(files.folder / "cut.nrrd", mask, SPACING)
        (pair,) = contourqa(*comparing(tumor, cut), *JSON).json["pairs"]
        for name in CURVES:
            expected = pair["volume_test_cc"] if name == "volume_cc" else pair[name]
            # Sums of the same distances in another order.
            assert case[name][index] == pytest.approx(expected, rel=1e-9), (name, index)


def test_maps_find_their_structures_by_name_and_the_rest_is_listed(contourqa: Command, files: Study):
    lone = write(files.folder / "brain.nrrd", fuzzy(SMALL, 3), SPACING)
    found = contourqa(*sweeping(files.reference, files.node, lone), *JSON).json
    assert [(c["case"], c["structure"]) for c in found["cases"]] == [("node-lt", "Node_L")]
    assert found["unmatched"] == [
        {"structure": "brain", "side": "probability", "source": str(lone)},
        {"structure": "Tumor", "side": "reference", "source": str(files.reference)},
    ]
    table = contourqa(*sweeping(files.reference, files.node, lone))
    assert f"{lone} (no structure), Tumor (no map)" in table.out


def test_one_map_and_one_structure_fit_whatever_their_names(contourqa: Command, files: Study):
    label = write(files.folder / "gt.nii.gz", LARGE.astype(np.uint8), SPACING)
    (case,) = contourqa(*sweeping(label, files.node), *JSON).json["cases"]
    assert case["structure"] == "label_1"
    chosen = contourqa(*sweeping(files.reference, files.node), "--structure", "TUMOR", *JSON).json
    assert [c["structure"] for c in chosen["cases"]] == ["Tumor"]
    named = contourqa(*sweeping(label, files.node), "--labels", "1=GTV", *JSON).json
    assert [c["structure"] for c in named["cases"]] == ["GTV"]


def test_maps_of_the_same_name_in_two_folders_are_two_cases_and_pooled(contourqa: Command, files: Study):
    paths = []
    for n in range(2):
        (files.folder / f"run{n}").mkdir()
        paths.append(write(files.folder / f"run{n}" / "tumor.nrrd", fuzzy(LARGE, n), SPACING))
    found = contourqa(*sweeping(files.reference, *paths), *JSON).json
    assert [case["case"] for case in found["cases"]] == ["run0/tumor", "run1/tumor"]
    assert found["pooled"]["Tumor"]["cases"] == ["run0/tumor", "run1/tumor"]


def test_steps_and_lists_of_thresholds(contourqa: Command, files: Study):
    asked = (*sweeping(files.reference, files.tumor), *JSON)
    (coarse,) = contourqa(*asked, "--steps", 11).json["cases"]
    assert coarse["thresholds"] == [n / 10 for n in range(11)]
    (fine,) = contourqa(*asked).json["cases"]
    assert coarse["dice"] == fine["dice"][::10]
    (listed,) = contourqa(*asked, "--threshold-list", "0.25, 0.6,0.61").json["cases"]
    assert listed["thresholds"] == [0.25, 0.6, 0.61]
    # Sums of the same distances in another order.
    assert listed["msd_mm"] == pytest.approx([fine["msd_mm"][n] for n in (25, 60, 61)], rel=1e-12)
    # 0.5 was not asked for, and is measured all the same.
    best = listed["optimum"]["dice"]["value"]
    lost = 100 * (best - fine["dice"][50]) / best
    assert listed["loss_at_half_percent"]["dice"] == pytest.approx(lost)


def test_csv_is_one_row_a_threshold(contourqa: Command, files: Study):
    asked = sweeping(files.reference, files.tumor, files.node)
    rows = list(csv.DictReader(io.StringIO(contourqa(*asked, "--steps", 5, "--format", "csv").out)))
    assert [(row["structure"], row["threshold"]) for row in rows] == [
        (name, t) for name in ("Tumor", "Node_L") for t in ("0.0", "0.25", "0.5", "0.75", "1.0")
    ]
    assert rows[0]["flag"] == "full"
    assert float(rows[2]["dice"]) > 0.5
    assert rows[4]["hd_mm"] == ""  # nothing is selected at 1
    assert set(rows[0]) >= {"case", "status", *CURVES}


def test_a_cohort_is_pooled_and_a_case_that_fails_is_listed(contourqa: Command, files: Study):
    manifest = cohort(files)
    far = write(files.folder / "far.nrrd", fuzzy(LARGE, 9), SPACING, (900.0, 0.0, 0.0))
    with manifest.open("a") as file:
        file.write("gone,Tumor,reference.seg.nrrd,gone.nrrd\n")
        file.write(f"far,TUMOR,reference.seg.nrrd,{far.name}\n")
        file.write("other,Spleen,reference.seg.nrrd,p0.nrrd\n")
    outcome = contourqa("thresholds", "--cases", manifest, *JSON)
    found = outcome.json
    status = {case["case"]: case["status"] for case in found["cases"]}
    assert status == {
        "case 0": "ok", "case 1": "ok", "case 2": "ok", "gone": "failed", "far": "failed", "other": "failed",
    }  # fmt: skip
    by_name = {case["case"]: case for case in found["cases"]}
    assert "gone.nrrd does not exist" in by_name["gone"]["reason"]
    assert "no point in common" in by_name["far"]["reason"]
    assert "no structure Spleen" in by_name["other"]["reason"]
    assert (by_name["gone"]["dice"], by_name["gone"]["prominence"]) == ([], None)
    assert set(by_name["gone"]) >= FIELDS
    pooled = found["pooled"]["Tumor"]
    assert pooled["cases"] == ["case 0", "case 1", "case 2"]
    curves = np.array([by_name[f"case {n}"]["dice"] for n in range(3)])
    # Sums of three numbers in another order.
    assert pooled["dice"]["mean"] == pytest.approx(curves.mean(axis=0), abs=1e-11)
    error = curves.std(axis=0, ddof=1) / np.sqrt(3)
    assert pooled["dice"]["standard_error"] == pytest.approx(error, abs=1e-9)
    assert pooled["optimum"]["dice"]["threshold"] == np.argmax(curves.mean(axis=0).round(12)) / 100
    assert set(pooled["perturbation_loss_percent"]) == {"0.01", "0.02", "0.05", "0.10"}
    rows = list(
        csv.DictReader(io.StringIO(contourqa("thresholds", "--cases", manifest, "--format", "csv").out))
    )
    assert len(rows) == 3 * 101 + 3


def test_pooled_losses_need_no_threshold_that_was_swept(contourqa: Command, files: Study):
    coarse = contourqa("thresholds", "--cases", cohort(files), "--steps", 6, *JSON).json
    loss = coarse["pooled"]["Tumor"]["loss_at_half_percent"]["dice"]
    fine = contourqa("thresholds", "--cases", cohort(files), *JSON).json["cases"]
    at = round(100 * coarse["pooled"]["Tumor"]["optimum"]["dice"]["threshold"])
    losses = [100 * (case["dice"][at] - case["dice"][50]) / case["dice"][at] for case in fine]
    assert loss["median"] == pytest.approx(np.median(losses))
    assert loss["undefined"] == 0


def test_a_structure_of_a_manifest_can_be_chosen(contourqa: Command, files: Study):
    manifest = cohort(files)
    with manifest.open("a") as file:
        file.write("case 0,Node_L,reference.seg.nrrd,node-lt.nii.gz\n")
    found = contourqa("thresholds", "--cases", manifest, "--structure", "node left", *JSON).json
    assert [case["structure"] for case in found["cases"]] == ["Node_L"]
    one_sentence(contourqa("thresholds", "--cases", manifest, "--structure", "Liver"), "Liver", "Node_L")


def test_nothing_that_could_be_analyzed_is_an_error(contourqa: Command, files: Study, tmp_path):
    manifest = files.folder / "lost.csv"
    manifest.write_text("case,structure,reference,probability\na,Tumor,reference.seg.nrrd,gone.nrrd\n")
    out = tmp_path / "out"
    one_sentence(contourqa("thresholds", "--cases", manifest, "-o", out), "No case of", "gone.nrrd")
    assert not out.exists()


def test_empty_references_and_constant_maps_are_results(contourqa: Command, files: Study, tmp_path):
    nothing = write(files.folder / "nothing.nii.gz", np.zeros(SHAPE, np.uint8), SPACING)
    (case,) = contourqa(*sweeping(nothing, files.tumor), *JSON, "-o", tmp_path / "empty").json["cases"]
    assert case["status"] == "reference_empty"
    assert "empty" in case["reason"]
    assert case["hd_mm"] == [None] * 101
    assert case["optimum"]["dice"]["threshold"] is None
    assert case["loss_at_half_percent"]["dice"] is None
    for value, status in ((0.0, "empty"), (1.0, "full")):
        flat = write(files.folder / "tumor.nrrd", np.full(SHAPE, value, np.float32), SPACING)
        out = tmp_path / status
        (case,) = contourqa(*sweeping(files.reference, flat), *JSON, "-o", out).json["cases"]
        assert case["status"] == status
        assert case["reason"]
        assert (out / "report.html").is_file()


def test_another_grid_is_resampled_and_said(contourqa: Command, files: Study):
    fine = sitk.ReadImage(str(files.tumor))
    moved = sitk.Resample(fine, fine, sitk.TranslationTransform(3, (0.3, 0.0, 0.0)))
    moved.SetOrigin((0.3, 0.0, 0.0))
    sitk.WriteImage(moved, str(files.folder / "tumor.mha"))
    (case,) = contourqa(*sweeping(files.reference, files.folder / "tumor.mha"), *JSON).json["cases"]
    assert case["resampled"] is True
    assert "Resampled" in contourqa(*sweeping(files.reference, files.folder / "tumor.mha")).out


def test_the_table_shows_optimum_losses_and_recommendations(contourqa: Command, files: Study):
    found = contourqa("thresholds", "--cases", cohort(files))
    assert found.code == 0
    words = " ".join(found.out.split())
    for part in ("Best", "threshold", "at 0.5", "±0.05, %", "Prominence", "HD95, mm", "Recommended", "± SE"):
        assert part in words


def test_the_report_folder_holds_page_tables_and_contours(contourqa: Command, files: Study, tmp_path):
    out = tmp_path / "out"
    image = write(files.folder / "ct.nrrd", (LARGE * 1040 - 1000).astype(np.int16), SPACING)
    asked = (*sweeping(files.reference, files.tumor, files.node), "--image", image, "-o", out)
    assert contourqa(*asked).code == 0
    assert {path.name for path in out.iterdir()} == {
        "report.html", "report.json", "report.csv", "optimum.seg.nrrd",
    }  # fmt: skip
    page = (out / "report.html").read_text()
    # Of each structure curves, slices, losses and reliability.
    assert page.count("data:image/png;base64,") == 8
    assert "CT soft-tissue window" in page
    case = json.loads((out / "report.json").read_text())["cases"][0]
    best = case["optimum"]["dice"]["threshold"]
    segments = {segment.name: segment for segment in read_segmentation(out / "optimum.seg.nrrd")}
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(files.tumor)))
    names = [f"Tumor at {best:.4g}, best Dice", "Tumor at 0.5"]
    assert list(segments)[:2] == names
    for name, threshold in zip(names, (best, 0.5), strict=True):
        assert np.array_equal(segments[name].mask, values >= np.float32(threshold))


def test_the_report_of_a_cohort_has_an_overlay_a_case_and_survives_a_lost_image(
    contourqa: Command, files: Study, tmp_path
):
    manifest = cohort(files, 2)
    text = manifest.read_text().splitlines()
    manifest.write_text("\n".join([text[0] + ",image", text[1] + ",gone.nrrd", text[2] + ","]) + "\n")
    out = tmp_path / "out"
    found = contourqa("thresholds", "--cases", manifest, "-o", out)
    assert found.code == 0
    assert "gone.nrrd does not exist" in found.err
    assert {path.name for path in out.glob("*.seg.nrrd")} == {
        "optimum_case_0.seg.nrrd", "optimum_case_1.seg.nrrd",
    }  # fmt: skip
    assert "Recommended thresholds" in (out / "report.html").read_text()


def test_the_same_answer_twice_is_the_same_bytes(contourqa: Command, files: Study):
    once, twice = (contourqa("thresholds", "--cases", cohort(files), *JSON).out for _ in range(2))
    assert once == twice


def test_the_phantom_and_its_manifest(contourqa: Command, tmp_path):
    contourqa("phantom", "-o", tmp_path, "--size", "40x40x20")
    found = contourqa("thresholds", "--cases", tmp_path / "manifest.csv", *JSON).json
    assert len(found["cases"]) == 6
    ctv = found["cases"][0]
    # The vendor's target is 16 to 18 % too large at one half; here it has 71 voxels, each more than 1 %.
    assert ctv["volume_cc"][50] / ctv["volume_reference_cc"] == pytest.approx(1.17, abs=0.03)
    assert ctv["optimum"]["dice"]["threshold"] > 0.5
    maps = sorted(tmp_path.glob("vendor_probability_*.nrrd"))
    named = contourqa(*sweeping(tmp_path / "reference.seg.nrrd", *maps), *JSON).json
    assert named["unmatched"] == []
    curves = {case["structure"]: case["dice"] for case in found["cases"]}
    assert {case["structure"]: case["dice"] for case in named["cases"]} == curves


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--threshold-list", "0.5,0.2"), "0.2 follows 0.5"),
        (("--threshold-list", "0.5,0.5"), "0.5 follows 0.5"),
        (("--threshold-list", "0.5,1.5"), "1.5 is not between 0 and 1"),
        (("--threshold-list", "0.5,nan"), "nan is not between 0 and 1"),
        (("--threshold-list", "half"), "half"),
        (("--threshold-list", ""), "not a list of numbers"),
        (("--steps", "1"), "2 to 65535 thresholds"),
        (("--steps", "70000"), "2 to 65535 thresholds"),
        (("--tolerance-mm", "-1"), "tolerance"),
        (("--structure", "Spleen"), "Spleen"),
        (("--merge", "x", "--labels", "1=y"), "merged"),
        (("--image", "nowhere.nrrd"), "nowhere.nrrd does not exist"),
    ],
)
def test_settings_that_cannot_be_used(contourqa: Command, files: Study, tmp_path, options, says):
    out = tmp_path / "out"
    one_sentence(contourqa(*sweeping(files.reference, files.tumor), *options, "-o", out), says)
    assert not out.exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.full(SHAPE, 50.0, np.float32), "divide percent by 100"),
        (np.full(SHAPE, -0.2, np.float32), "probabilities lie"),
        (np.full(SHAPE, np.nan, np.float32), "NaN or infinite"),
        (np.where(LARGE, np.inf, 0).astype(np.float32), "NaN or infinite"),
    ],
)
def test_values_that_are_no_probabilities(contourqa: Command, files: Study, values, says):
    bad = write(files.folder / "tumor.nrrd", values, SPACING)
    one_sentence(contourqa(*sweeping(files.reference, bad)), "tumor.nrrd", says)


def test_files_that_do_not_fit(contourqa: Command, files: Study, tmp_path):
    far = write(files.folder / "tumor.nrrd", fuzzy(LARGE, 1), SPACING, (900.0, 0.0, 0.0))
    one_sentence(contourqa(*sweeping(files.reference, far)), "tumor.nrrd", "no point in common")
    one_sentence(contourqa(*sweeping(files.tumor, files.tumor)), "looks like a probability map")
    one_sentence(contourqa(*sweeping(tmp_path / "x.nrrd", files.tumor)), "x.nrrd does not exist")
    one_sentence(contourqa(*sweeping(files.reference, tmp_path / "x_tumor.nrrd")), "does not exist")
    spleen = write(files.folder / "spleen.nrrd", fuzzy(LARGE, 1), SPACING)
    one_sentence(contourqa(*sweeping(files.reference, spleen)), "NAME=", "Tumor")
    one_sentence(contourqa(*sweeping(files.reference, f"Spleen={spleen}")), "Tumor")
    both = write(files.folder / "tumor_node_l.nrrd", fuzzy(LARGE, 1), SPACING)
    one_sentence(contourqa(*sweeping(files.reference, both)), "could be the map of")


def test_options_that_are_missing_or_exclude_each_other(contourqa: Command, files: Study):
    one_sentence(contourqa("thresholds"), "--probability", "--cases")
    one_sentence(contourqa("thresholds", "--probability", files.tumor), "--reference")
    one_sentence(contourqa("thresholds", "--reference", files.reference), "--probability")
    manifest = cohort(files)
    one_sentence(contourqa(*sweeping(files.reference, files.tumor), "--cases", manifest), "--cases")
    manifest.write_text("case,structure,reference\na,b,c\n")
    one_sentence(contourqa("thresholds", "--cases", manifest), "no column probability")


def test_a_folder_that_cannot_be_written_is_found_out_before_the_work(
    contourqa: Command, files: Study, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("the maps were swept before the folder was looked at")

    monkeypatch.setattr("ContourQALib.commands.threshold_cases.analyze_case", never)
    taken = files.folder / "taken"
    taken.write_text("mine")
    one_sentence(contourqa(*sweeping(files.reference, files.tumor), "-o", taken / "below"), "taken")
    assert taken.read_text() == "mine"


def test_an_interrupt_leaves_nothing(contourqa: Command, files: Study, tmp_path, monkeypatch):
    from ContourQALib.commands import threshold_cases

    calls = []

    def stopped(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    real = threshold_cases.analyze_case
    monkeypatch.setattr(threshold_cases, "analyze_case", stopped)
    out = tmp_path / "out"
    found = contourqa("thresholds", "--cases", cohort(files), "-o", out, *JSON)
    assert (found.code, found.out) == (130, "")
    assert not out.exists()
