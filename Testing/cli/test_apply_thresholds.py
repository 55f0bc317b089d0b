"""Recommended thresholds from a validation set to maps without a reference, through the command line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from command_line import JSON, Command
from ContourQALib.formats.recommendation import read_recommendation
from ContourQALib.formats.segmentation import read_segmentation
from files_on_disk import write
from shapes import ball_mask

SHAPE = (12, 16, 18)
SPACING = (1.0, 2.0, 2.5)
VOXEL_CC = 0.005
FIGURES = {"dice", "msd_mm", "hd_mm", "hd95_mm"}
REPORT = {"report.html", "report.json", "report.csv", "contours.seg.nrrd"}


def distance(center: tuple[float, float, float]) -> np.ndarray:
    index = np.indices(SHAPE).reshape(3, -1).T
    return np.linalg.norm((index - center) * SPACING[::-1], axis=1).reshape(SHAPE)


def falling(center: tuple[float, float, float], lean: float, seed: int) -> np.ndarray:
    """A map that falls off from the center; at 0.5 its radius is 8 mm and `lean` more."""
    noise = np.random.default_rng(seed).normal(0, 0.3, SHAPE)
    return (1 / (1 + np.exp((distance(center) + noise - 8 - lean) / 1.5))).astype(np.float32)


@dataclass(frozen=True)
class Cohort:
    """Validation cases of two structures whose maps are too large at 0.5, and maps of a new patient."""

    folder: Path
    manifest: Path
    tumor: Path
    node: Path

    @property
    def advice(self) -> Path:
        return self.folder / "study" / "recommended_thresholds.json"


TUMOR, NODE = (6, 8, 9), (5, 7, 8)


def write_cohort(folder: Path) -> Cohort:
    rows = ["case,structure,reference,probability"]
    for n in range(3):
        for name, center, lean in (("GTV", TUMOR, 2.0), ("Node_L", NODE, 1.0)):
            mask = ball_mask(SHAPE, center, 8, SPACING[::-1]).astype(np.uint8)
            write(folder / f"r_{name}.nrrd", mask, SPACING)
            write(folder / f"{name}_{n}.nrrd", falling(center, lean, n), SPACING)
            rows.append(f"case {n},{name},r_{name}.nrrd,{name}_{n}.nrrd")
    manifest = folder / "cohort.csv"
    manifest.write_text("\n".join(rows) + "\n")
    new = folder / "new"
    new.mkdir()
    return Cohort(
        folder,
        manifest,
        write(new / "net_gtv_map.nrrd", falling(TUMOR, 2.0, 10), SPACING, (5.0, -7.0, 11.0)),
        write(new / "node-lt.nii.gz", falling(NODE, 1.0, 11), SPACING),
    )


@pytest.fixture
def cohort(tmp_path) -> Cohort:
    return write_cohort(tmp_path)


@pytest.fixture(scope="module")
def lasting_cohort(tmp_path_factory) -> Cohort:
    return write_cohort(tmp_path_factory.mktemp("studied"))


@pytest.fixture
def studied(contourqa: Command, lasting_cohort: Cohort) -> Cohort:
    """A cohort with its study's folder, which is written once: tests only read it."""
    advice = lasting_cohort.advice
    if not advice.exists():
        found = contourqa("thresholds", "--cases", lasting_cohort.manifest, "-o", advice.parent)
        assert found.code == 0, found.err
        assert str(advice) in found.err
    return lasting_cohort


def advised(folder: Path, **structures: Any) -> Path:
    """A file of recommendations by Dice: the threshold, or threshold and interval, of each structure."""
    record = {"cases": 4, "value": 0.9, "value_at_half": 0.8, "loss_at_half_percent": 3.0}
    entries = {
        name: {
            "dice": {"threshold": t, "interval": interval, "level": interval and 0.95, **record, "flag": "ok"}
        }
        for name, (t, interval) in structures.items()
    }
    path = folder / "advice.json"
    path.write_text(
        json.dumps({"format": "contourqa recommended thresholds", "version": 1, "structures": entries})
    )
    return path


def applying(advice: Path, *maps: object) -> tuple[object, ...]:
    return ("thresholds", "--apply", advice, *(part for one in maps for part in ("--probability", one)))


def values_of(path: Path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def one_sentence(outcome, *says: str) -> None:
    assert outcome.code == 2, (outcome.code, outcome.out, outcome.err)
    assert outcome.out == ""
    text = outcome.err.strip()
    assert "\n" not in text, text
    assert text.endswith("."), text
    for part in says:
        assert part in text, text


def test_a_study_writes_what_its_document_recommends(contourqa: Command, studied: Cohort):
    document = json.loads((studied.advice.parent / "report.json").read_text())
    saved = json.loads(studied.advice.read_text())
    assert set(document["recommended"]) == {"format", "version", "structures"}
    assert saved == document["recommended"] | {"provenance": document["provenance"]}
    printed = contourqa("thresholds", "--cases", studied.manifest, *JSON).json
    assert printed["recommended"] == document["recommended"]
    assert set(saved["structures"]) == {"GTV", "Node_L"}
    for name, by_figure in saved["structures"].items():
        pooled = document["pooled"][name]
        assert set(by_figure) == FIGURES
        for figure, advice in by_figure.items():
            best = pooled["optimum"][figure]
            assert (advice["threshold"], advice["value"]) == (best["threshold"], best["value"])
            assert advice["interval"] == [best["interval"]["low"], best["interval"]["high"]]
            assert (advice["level"], advice["cases"], advice["flag"]) == (0.95, 3, "ok")
            assert advice["value_at_half"] == pooled[figure]["mean"][50]
            assert advice["loss_at_half_percent"] == pooled["loss_at_half_percent"][figure]["median"]
    # The maps of the cohort are too large at 0.5, or there would be nothing to recommend.
    assert saved["structures"]["GTV"]["dice"]["threshold"] > 0.6


def test_nothing_pooled_is_nothing_recommended_and_said(contourqa: Command, cohort: Cohort, tmp_path):
    cohort.manifest.write_text("\n".join(cohort.manifest.read_text().splitlines()[:3]) + "\n")
    out = tmp_path / "out"
    found = contourqa("thresholds", "--cases", cohort.manifest, *JSON, "-o", out)
    assert found.json["recommended"]["structures"] == {}
    assert "No threshold is recommended" in found.err
    assert not (out / "recommended_thresholds.json").exists()


def test_contours_are_the_maps_from_the_recommended_thresholds_on(
    contourqa: Command, studied: Cohort, tmp_path
):
    out = tmp_path / "out"
    found = contourqa(*applying(studied.advice, studied.tumor, studied.node), *JSON, "-o", out).json
    advice = read_recommendation(studied.advice).by("dice")
    assert found["by"] == "dice"
    assert [one["structure"] for one in found["applied"]] == ["GTV", "Node_L"]
    assert {path.name for path in out.iterdir()} == REPORT | {"contours_2.seg.nrrd"}
    for one, path, name in zip(
        found["applied"],
        (studied.tumor, studied.node),
        ("contours.seg.nrrd", "contours_2.seg.nrrd"),
        strict=True,
    ):
        values, best = values_of(path), advice[one["structure"]]
        assert (one["probability"], one["threshold"]) == (str(path), best.threshold)
        (segment,) = read_segmentation(out / name)
        assert segment.name == one["structure"]
        assert np.array_equal(segment.mask, values >= np.float32(best.threshold))
        # Products of the same count and spacings in another order.
        assert one["volume_cc"] == pytest.approx(segment.mask.sum() * VOXEL_CC)
        half = (values >= np.float32(0.5)).sum() * VOXEL_CC
        assert one["volume_at_half_cc"] == pytest.approx(half)
        assert one["interval"] == list(best.interval)
        ends = [(values >= np.float32(end)).sum() * VOXEL_CC for end in best.interval]
        assert one["volume_at_interval_cc"] == pytest.approx(ends)
        assert one["volume_difference_percent"] == pytest.approx(100 * (one["volume_cc"] - half) / half)
        assert one["volume_difference_percent"] < 0
        assert one["validation"]["cases"] == 3
    assert json.loads((out / "report.json").read_text()) == found
    assert len(found["provenance"]["inputs"]) == 3
    (placed,) = read_segmentation(out / "contours.seg.nrrd")
    assert placed.grid.origin == (5.0, -7.0, 11.0)


def test_maps_of_one_grid_share_a_file_and_maps_of_one_structure_keep_apart(
    contourqa: Command, cohort: Cohort, tmp_path
):
    other = write(cohort.folder / "new" / "old_gtv.nrrd", falling(TUMOR, 0.0, 12), SPACING)
    third = write(cohort.folder / "new" / "new_gtv.nrrd", falling(TUMOR, 1.0, 13), SPACING)
    out = tmp_path / "out"
    advice = advised(cohort.folder, GTV=(0.6, None), Node_L=(0.7, [0.6, 0.8]))
    assert contourqa(*applying(advice, other, third, cohort.node), "-o", out).code == 0
    segments = read_segmentation(out / "contours.seg.nrrd")
    assert [s.name for s in segments] == ["GTV old_gtv.nrrd", "GTV new_gtv.nrrd", "Node_L"]
    for segment, path, threshold in zip(segments, (other, third, cohort.node), (0.6, 0.6, 0.7), strict=True):
        assert np.array_equal(segment.mask, values_of(path) >= np.float32(threshold))


def test_another_figure_has_another_threshold(contourqa: Command, cohort: Cohort):
    advice = advised(cohort.folder, GTV=(0.6, None))
    document = json.loads(advice.read_text())
    by_figure = document["structures"]["GTV"]
    wanted = {"dice": ("dice", 0.6), "msd": ("msd_mm", 0.5), "hd": ("hd_mm", 0.4), "hd95": ("hd95_mm", 0.3)}
    for figure, threshold in wanted.values():
        by_figure[figure] = by_figure["dice"] | {"threshold": threshold}
    advice.write_text(json.dumps(document))
    asked = applying(advice, cohort.tumor)
    for by, (figure, threshold) in wanted.items():
        found = contourqa(*asked, "--by", by, *JSON).json
        assert (found["by"], found["applied"][0]["threshold"]) == (figure, threshold)
    assert contourqa(*asked, *JSON).json["by"] == "dice"


def test_what_finds_no_partner_is_listed(contourqa: Command, cohort: Cohort):
    liver = write(cohort.folder / "liver.nrrd", falling(TUMOR, 0, 1), SPACING)
    advice = advised(cohort.folder, GTV=(0.6, None), Bladder=(0.4, None))
    asked = applying(advice, cohort.tumor, liver)
    assert contourqa(*asked, *JSON).json["unmatched"] == [
        {"structure": "liver", "side": "probability", "source": str(liver)},
        {"structure": "Bladder", "side": "recommendation", "source": str(advice)},
    ]
    assert f"{liver} (no recommendation), Bladder (no map)" in contourqa(*asked).out


def test_a_map_is_of_no_structure_that_its_name_does_not_say(contourqa: Command, cohort: Cohort, tmp_path):
    # One structure and one map: with a reference they would belong together, here nobody could tell.
    advice = advised(cohort.folder, Bladder=(0.4, None))
    out = tmp_path / "out"
    one_sentence(contourqa(*applying(advice, cohort.tumor), "-o", out), "Bladder", "NAME=", str(cohort.tumor))
    assert not out.exists()
    named = contourqa(*applying(advice, f"bladder={cohort.tumor}"), *JSON).json
    assert named["applied"][0]["structure"] == "Bladder"
    chosen = contourqa(*applying(advice, cohort.tumor), "--structure", "bladder", *JSON).json
    assert chosen["applied"] == named["applied"]


def test_csv_is_one_row_a_map_and_null_an_empty_cell(contourqa: Command, cohort: Cohort):
    advice = advised(cohort.folder, GTV=(0.6, None), Node_L=(0.7, [0.6, 0.8]))
    asked = applying(advice, cohort.tumor, cohort.node)
    tumor, node = csv.DictReader(io.StringIO(contourqa(*asked, "--format", "csv").out))
    assert (tumor["structure"], tumor["by"], tumor["threshold"]) == ("GTV", "dice", "0.6")
    assert (tumor["interval_low"], tumor["volume_at_interval_low_cc"]) == ("", "")
    assert (node["interval_low"], node["interval_high"]) == ("0.6", "0.8")
    assert float(node["volume_at_interval_low_cc"]) > float(node["volume_at_interval_high_cc"])
    applied = contourqa(*asked, *JSON).json["applied"]
    assert applied[0]["volume_at_interval_cc"] is None
    assert "no interval" in applied[0]["reasons"]["volume_at_interval_cc"]
    assert float(tumor["volume_cc"]) == applied[0]["volume_cc"]


def test_a_map_below_every_threshold_is_a_result_with_its_reason(
    contourqa: Command, cohort: Cohort, tmp_path
):
    low = write(cohort.folder / "gtv.nrrd", np.full(SHAPE, 0.3, np.float32), SPACING)
    asked = applying(advised(cohort.folder, GTV=(0.6, None)), low)
    (one,) = contourqa(*asked, *JSON, "-o", tmp_path / "out").json["applied"]
    assert (one["status"], one["volume_cc"], one["volume_difference_percent"]) == ("empty", 0.0, None)
    assert "0.5 selects nothing" in one["reasons"]["volume_difference_percent"]
    (segment,) = read_segmentation(tmp_path / "out" / "contours.seg.nrrd")
    assert not segment.mask.any()
    assert "<img" not in (tmp_path / "out" / "report.html").read_text()
    assert "the contour is empty" in contourqa(*asked).out
    full = contourqa(*applying(advised(cohort.folder, GTV=(0.2, None)), low), *JSON).json["applied"]
    assert full[0]["status"] == "full"


def test_the_page_shows_both_contours_on_the_image_or_on_the_map(
    contourqa: Command, cohort: Cohort, tmp_path
):
    image = write(cohort.folder / "ct.nrrd", (values_of(cohort.node) * 1040 - 1000).astype(np.int16), SPACING)
    asked = applying(advised(cohort.folder, Node_L=(0.7, [0.6, 0.8])), cohort.node)
    pages = []
    for folder, options in (("on_map", ()), ("on_image", ("--image", image))):
        assert contourqa(*asked, *options, "-o", tmp_path / folder).code == 0
        pages.append((tmp_path / folder / "report.html").read_text())
    on_map, on_image = pages
    for page in pages:
        assert page.count("data:image/png;base64,") == 1
        assert "P ≥ 0.5 (broken sky blue)" in page
        assert "P ≥ 0.7, recommended (broken orange)" in page
        assert "not a medical device" in page
    assert "No image was given" in on_map
    assert "No image was given" not in on_image
    assert "CT soft-tissue window" in on_image


def test_the_table_and_the_same_bytes_twice(contourqa: Command, cohort: Cohort):
    asked = applying(advised(cohort.folder, Node_L=(0.7, [0.6, 0.8])), cohort.node)
    once, twice = (contourqa(*asked).out for _ in range(2))
    assert once == twice
    words = " ".join(once.split())
    for part in (
        "Threshold",
        "by Dice",
        "95 % of",
        "0.6 – 0.8",
        "from 0.5, %",
        "interval, cc",
        "node-lt.nii.gz",
    ):
        assert part in words


def test_phantoms_from_validation_to_a_new_patient(contourqa: Command, tmp_path):
    rows = []
    for seed in (1, 2):
        contourqa("phantom", "-o", tmp_path / f"p{seed}", "--size", "40x40x20", "--seed", seed)
        with (tmp_path / f"p{seed}" / "manifest.csv").open() as file:
            rows += [row | {"folder": f"p{seed}"} for row in csv.DictReader(file)]
    lines = ["case,structure,reference,probability"]
    for row in rows:
        files = ",".join(f"{row['folder']}/{row[column]}" for column in ("reference", "probability"))
        lines.append(f"{row['case']},{row['structure']},{files}")
    (tmp_path / "validation.csv").write_text("\n".join(lines) + "\n")
    study = contourqa("thresholds", "--cases", tmp_path / "validation.csv", *JSON).json
    advice = tmp_path / "advice.json"
    # What the document recommends is a file as it stands.
    advice.write_text(json.dumps(study["recommended"]))
    contourqa("phantom", "-o", tmp_path / "new", "--size", "40x40x20", "--seed", 9)
    maps = sorted((tmp_path / "new").glob("vendor_probability_*.nrrd"))
    found = contourqa(*applying(advice, *maps), *JSON).json
    assert found["unmatched"] == []
    assert len(found["applied"]) == 6
    ctv = next(one for one in found["applied"] if one["structure"] == "CTV")
    # The vendor's target is 16 to 18 % too large at one half, so its threshold is higher.
    assert ctv["threshold"] > 0.5
    assert ctv["volume_difference_percent"] < 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--reference", "r_GTV.nrrd"), "leave out --reference"),
        (("--cases", "cohort.csv"), "leave out --cases"),
        (("--steps", "11"), "leave out --steps"),
        (("--threshold-list", "0.5"), "leave out --threshold-list"),
        (("--tolerance-mm", "3"), "leave out --tolerance-mm"),
        (("--labels", "1=GTV"), "leave out --labels"),
        (("--merge", "GTV"), "leave out --merge"),
        (("--color-table", "x.ctbl"), "leave out --color-table"),
        (("--structure", "Spleen"), "for Spleen; it does for GTV"),
        (("--by", "hd"), "recommends no threshold by HD"),
        (("--image", "nowhere.nrrd"), "nowhere.nrrd does not exist"),
        (("--image", "far.nrrd"), "no point in common"),
        (("--probability", "gtv_lost.nrrd"), "gtv_lost.nrrd does not exist"),
        (("--probability", "r_GTV_percent.nrrd"), "divide percent by 100"),
    ],
)
def test_options_that_cannot_be_used_leave_nothing(
    contourqa: Command, cohort: Cohort, tmp_path, options, says
):
    write(cohort.folder / "r_GTV_percent.nrrd", np.full(SHAPE, 50.0, np.float32), SPACING)
    write(cohort.folder / "far.nrrd", np.zeros(SHAPE, np.int16), SPACING, (900.0, 0.0, 0.0))
    out = tmp_path / "out"
    asked = applying(advised(cohort.folder, GTV=(0.6, None)), cohort.tumor)
    placed = [str(cohort.folder / o) if str(o).endswith(".nrrd") else o for o in options]
    one_sentence(contourqa(*asked, *placed, "-o", out), says)
    assert not out.exists()


def test_files_and_options_that_are_missing(contourqa: Command, cohort: Cohort, tmp_path):
    out = tmp_path / "out"
    advice = advised(cohort.folder, GTV=(0.6, None))
    one_sentence(contourqa("thresholds", "--apply", advice, "-o", out), "--probability")
    one_sentence(contourqa(*applying(tmp_path / "x.json", cohort.tumor), "-o", out), "x.json does not exist")
    one_sentence(contourqa(*applying(cohort.manifest, cohort.tumor), "-o", out), "cohort.csv", "no JSON")
    one_sentence(contourqa("thresholds", "--probability", cohort.tumor, "--by", "hd"), "--apply")
    advice.write_text(advice.read_text().replace("0.6", "60"))
    one_sentence(contourqa(*applying(advice, cohort.tumor), "-o", out), "dice of GTV", "threshold 60")
    assert not out.exists()


def test_a_folder_that_cannot_be_written_is_found_out_before_a_map_is_read(
    contourqa: Command, cohort: Cohort, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("a map was read before the folder was looked at")

    monkeypatch.setattr("ContourQALib.commands.applied_thresholds.read_probability", never)
    taken = cohort.folder / "taken"
    taken.write_text("mine")
    asked = applying(advised(cohort.folder, GTV=(0.6, None)), cohort.tumor)
    one_sentence(contourqa(*asked, "-o", taken / "below"), "taken")
    assert taken.read_text() == "mine"
