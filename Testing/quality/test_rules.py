"""Mask-only rules: what each finds, and what alone rejects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contourqa_training.patient_split import read_split
from ContourQALib.formats.contours import read_contours
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.model import find_model
from ContourQALib.quality.rules import RuleSettings, check_mask, mask_status
from shapes import ball_mask, box_mask, contour

BALL = contour(ball_mask((30, 30, 30), (15, 15, 15), 9))  # about 3.05 cc
NORMAL = RuleSettings(volume_range_cc=(2.5, 4.0), single_part=True)


def found(c, settings=NORMAL) -> dict[str, bool]:
    return {finding.rule: finding.failed for finding in check_mask(c, settings)}


def with_extra(mask: np.ndarray):
    return replace(BALL, mask=BALL.mask | mask)


def test_a_normal_contour_has_no_findings():
    assert found(BALL) == {}
    assert mask_status(BALL) is Status.OK


def test_an_empty_and_a_full_contour_fail():
    empty, full = (replace(BALL, mask=np.full(BALL.mask.shape, value)) for value in (False, True))
    assert (mask_status(empty), mask_status(full)) == (Status.EMPTY, Status.FULL)
    assert found(empty) == {"empty": True}
    assert found(full) == {"full": True}


def test_an_empty_contour_says_what_lies_outside():
    empty = replace(BALL, mask=np.zeros_like(BALL.mask), lost_cc=4.2)
    assert "4.2 cc lie outside" in check_mask(empty)[0].reason


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((3.2, 4.0), {}),
        ((3.7, 5.0), {"volume": False}),
        ((7.0, 9.0), {"volume": True}),
        ((0.5, 1.2), {"volume": True}),
    ],
)
def test_volume_is_reported_a_little_and_fails_far_outside_the_range(limits, expected):
    assert found(BALL, RuleSettings(volume_range_cc=limits)) == expected


def test_touching_the_edge_is_reported():
    cut = contour(BALL.mask[:, :, 10:])
    assert found(cut, RuleSettings()) == {"edge": False}


def test_strays_fail_only_where_the_structure_is_one_piece():
    small = with_extra(box_mask((30, 30, 30), (1, 1, 1), (5, 5, 5)))  # 64 of some 3100 voxels
    large = with_extra(box_mask((30, 30, 30), (1, 1, 1), (5, 29, 12)))  # 1232
    anything = replace(NORMAL, volume_range_cc=None)
    assert found(small, anything) == {"parts": False}
    assert found(large, anything) == {"parts": True}
    assert found(large, replace(anything, single_part=None)) == {"parts": False}
    assert found(large, replace(anything, single_part=False)) == {}


def test_a_few_stray_voxels_are_not_worth_a_word():
    assert found(with_extra(box_mask((30, 30, 30), (1, 1, 1), (2, 2, 4)))) == {}


def test_enclosed_holes_are_reported():
    hollow = replace(BALL, mask=BALL.mask & ~ball_mask((30, 30, 30), (15, 15, 15), 5))
    assert found(hollow, RuleSettings()) == {"holes": False}


def test_failures_come_first():
    hollow = replace(BALL, mask=BALL.mask & ~ball_mask((30, 30, 30), (15, 15, 15), 5))
    findings = check_mask(hollow, RuleSettings(volume_range_cc=(0.2, 0.5)))
    assert [finding.failed for finding in findings] == [True, False]


def test_the_rules_measure_in_cc_not_in_voxels():
    coarse = replace(BALL, grid=Grid(BALL.grid.size, (2.0, 2.0, 2.0)))
    assert found(coarse) == {"volume": True}


@pytest.mark.realdata
def test_no_training_reference_of_the_bundled_model_has_a_finding(data):
    settings = find_model("hippocampus-t1").card.range_of("hippocampus").rules
    train = [patient for patient, split in read_split("hippocampus").items() if split == "train"]
    folder = data / "hippocampus" / "labels"
    found = {
        patient: findings
        for patient in train
        if (
            findings := check_mask(
                read_contours(folder / f"{patient}.nii.gz", merge="hippocampus")[0], settings
            )
        )
    }
    assert found == {}
