"""`contourqa perturb`: the error lands in the file, and the printed metrics are the true ones."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from command_line import Command
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.metrics.compare import compare
from ContourQALib.perturbation import ERRORS, perturb
from shapes import ball_mask, box_mask, contour

SHAPE = (20, 30, 30)


@pytest.fixture
def organs(tmp_path):
    """Two organs side by side in one segmentation."""
    path = tmp_path / "organs.seg.nrrd"
    left = contour(ball_mask(SHAPE, (10, 15, 20), 6.0), name="Parotid_L")
    right = contour(box_mask(SHAPE, (5, 10, 2), (15, 20, 10)), name="Parotid_R")
    write_segmentation([left, right], path)
    return path


def test_the_file_holds_the_error_and_the_metrics_are_those_of_compare(contourqa: Command, organs, tmp_path):
    out = tmp_path / "spoiled.seg.nrrd"
    result = contourqa(
        "perturb",
        "--contours",
        organs,
        "--error",
        "shift",
        "--severity",
        4,
        "--seed",
        2,
        "-o",
        out,
        "--format",
        "json",
    )
    assert result.code == 0
    document = json.loads(result.out)
    assert (document["error"], document["severity"], document["unit"], document["seed"]) == (
        "shift",
        4,
        "mm",
        2,
    )
    for before, after, pair in zip(read_contours(organs), read_contours(out), document["pairs"], strict=True):
        assert np.array_equal(after.mask, perturb(before, "shift", 4.0, 2).mask)
        expected = compare(before, after)
        assert (pair["structure"], pair["dice"], pair["hd95_mm"]) == (
            before.name,
            expected.dice,
            expected.hd95_mm,
        )
        assert (pair["reference"], pair["test"]) == (str(organs), str(out))


def test_only_the_chosen_structure_is_spoiled_and_the_others_are_kept(contourqa: Command, organs, tmp_path):
    out = tmp_path / "spoiled.seg.nrrd"
    result = contourqa(
        *("perturb", "--contours", organs, "--error", "missing_slices", "--severity", 3),
        *("--structure", "parotid-lt", "-o", out, "--format", "csv"),
    )
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [row["structure"] for row in rows] == ["Parotid_L"]
    assert rows[0]["error"] == "missing-slices"
    (left, right), (left_after, right_after) = read_contours(organs), read_contours(out)
    assert left.mask.any(axis=(1, 2)).sum() - left_after.mask.any(axis=(1, 2)).sum() == 3
    assert np.array_equal(right.mask, right_after.mask)


def test_without_an_output_only_the_metrics_are_printed(contourqa: Command, organs, tmp_path):
    before = sorted(tmp_path.iterdir())
    result = contourqa("perturb", "--contours", organs, "--error", "dilate", "--severity", 2)
    assert result.code == 0
    assert "Parotid_L" in result.out
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_gets_a_name_that_says_what_was_done(contourqa: Command, organs, tmp_path):
    result = contourqa(
        "perturb",
        "--contours",
        organs,
        "--error",
        "Empty",
        "--severity",
        1,
        "-o",
        tmp_path / "new" / "folder",
    )
    assert result.code == 0
    assert all(not c.mask.any() for c in read_contours(tmp_path / "new" / "folder" / "organs_empty.seg.nrrd"))


@pytest.mark.parametrize("name", ["spoiled.nii.gz", "spoiled.nrrd", "spoiled.mha"])
def test_a_label_map_keeps_its_labels(contourqa: Command, organs, tmp_path, name: str):
    labels = tmp_path / "labels.nii.gz"
    assert (
        contourqa("perturb", "--contours", organs, "--error", "erode", "--severity", 1, "-o", labels).code
        == 0
    )
    assert set(np.unique(read_image(labels).values)) == {0, 1, 2}
    named = ("--labels", "2=right,7=none", "--structure", "right")
    out = tmp_path / name
    assert (
        contourqa(
            "perturb", "--contours", labels, "--error", "erode", "--severity", 1, *named, "-o", out
        ).code
        == 0
    )
    before, after = read_image(labels).values, read_image(out).values
    assert np.array_equal(after == 1, before == 1)
    assert 0 < np.count_nonzero(after == 2) < np.count_nonzero(before == 2)


def test_structures_that_come_to_overlap_need_a_segmentation(contourqa: Command, organs, tmp_path):
    out = tmp_path / "spoiled.nii.gz"
    result = contourqa("perturb", "--contours", organs, "--error", "dilate", "--severity", 8, "-o", out)
    assert result.code == 2
    assert "overlaps another structure; let the name end in .seg.nrrd" in result.err
    assert not out.exists()


def test_the_list_names_every_error(contourqa: Command):
    assert [
        row["error"] for row in json.loads(contourqa("perturb", "--list", "--format", "json").out)["errors"]
    ] == [*ERRORS]
    table = contourqa("perturb", "--list").out
    assert all(name in table for name in ERRORS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--error", "blur", "--severity", 1), "'blur'; choose one of shift"),
        (("--error", "shift", "--severity", "nan"), "severity of shift is nan"),
        (("--error", "shift", "--severity=-2"), "severity of shift is -2"),
        (("--error", "shift"), "--severity"),
        (("--error", "shift", "--severity", 1, "--structure", "liver"), "liver"),
    ],
)
def test_usage_that_is_wrong_is_one_sentence(contourqa: Command, organs, tmp_path, arguments, message: str):
    out = tmp_path / "spoiled.seg.nrrd"
    result = contourqa("perturb", "--contours", organs, *arguments, "-o", out)
    assert result.code == 2
    assert message in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not out.exists()


def test_the_original_is_not_overwritten(contourqa: Command, organs):
    before = organs.read_bytes()
    result = contourqa("perturb", "--contours", organs, "--error", "empty", "--severity", 1, "-o", organs)
    assert result.code == 2
    assert "is the file to spoil" in result.err
    assert organs.read_bytes() == before


@pytest.mark.realdata
def test_a_shifted_hippocampus_is_far_from_itself(contourqa: Command, data, tmp_path):
    source = data / "hippocampus" / "labels" / "hippocampus_003.nii.gz"
    result = contourqa(
        *("perturb", "--contours", source, "--merge", "hippocampus", "--error", "shift", "--severity", 10),
        *("-o", tmp_path / "shifted.nii.gz", "--format", "json"),
    )
    (pair,) = json.loads(result.out)["pairs"]
    assert pair["structure"] == "hippocampus"
    # The organ is about 10 mm thick: a shift of 10 mm along any axis but its longest leaves little overlap.
    assert pair["dice"] < 0.3
    assert pair["msd_mm"] > 3
