"""The failure battery of Isaksson 2022, and the figures by which it and the natural contours are judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from contourqa_training.isaksson.battery import (
    EMPTY,
    NOISE,
    ONES,
    REFERENCES,
    SHIFTED,
    TEST,
    battery,
    shifted,
)
from contourqa_training.isaksson.judging import ALL, agreements, group_figures
from contourqa_training.isaksson.pairs import Pair
from ContourQALib.metrics.overlap import overlap
from shapes import ball_mask

SIZE = (12, 20, 16)


def pair(number: int, patient: str | None = None) -> Pair:
    reference = ball_mask(SIZE, (5.5, 9.5, 7.5), 4.0)
    mask = ball_mask(SIZE, (5.5, 9.5, 7.5), 3.0 + 0.1 * number)
    dice = overlap(reference, mask).dice
    image = np.zeros(SIZE, np.float32)
    spacing = (1.0, 1.0, 1.0)
    return Pair(
        patient or f"p{number}", "float", 1, "net", image, reference, mask, dice, np.nan, 1.0, spacing
    )


PAIRS = [pair(n) for n in range(16)]
CASES = battery(PAIRS, seed=1)


def test_six_groups_of_as_many_cases_as_there_are_test_contours() -> None:
    assert Counter(case.group for case in CASES) == dict.fromkeys(
        (TEST, EMPTY, NOISE, ONES, SHIFTED, REFERENCES), 16
    )


def test_the_truth_of_each_group_is_known_in_closed_form() -> None:
    window = np.prod(SIZE)
    for case in CASES:
        size = case.pair.reference.sum()
        if case.group == TEST:
            assert case.dice == case.pair.dice
        elif case.group == EMPTY:
            assert case.dice == 0
        elif case.group == REFERENCES:
            assert case.dice == 1
        elif case.group == ONES:
            assert case.dice == pytest.approx(2 * size / (size + window))
        elif case.group == NOISE:
            # half of the voxels; six standard deviations of 3840 fair tosses are 0.05 of them
            assert case.mask.mean() == pytest.approx(0.5, abs=0.05)
            assert case.dice == pytest.approx(2 * (size / 2) / (size + window / 2), abs=0.05)


def test_references_are_shifted_in_plane_by_up_to_half_of_the_window() -> None:
    moves = []
    for case in CASES:
        if case.group != SHIFTED:
            continue
        assert case.mask.sum() <= case.pair.reference.sum()
        if case.mask.sum() == case.pair.reference.sum():  # nothing left the window
            k, j, i = np.argwhere(case.mask).mean(axis=0) - np.argwhere(case.pair.reference).mean(axis=0)
            assert k == pytest.approx(0)
            assert abs(j) <= 10 + 1e-9
            assert abs(i) <= 8 + 1e-9
            moves.append((round(j), round(i)))
    assert len(set(moves)) > 3


def test_a_shift_carries_whole_voxels_and_loses_what_leaves() -> None:
    mask = np.zeros((1, 4, 5), bool)
    mask[0, 1, 2] = mask[0, 3, 4] = True
    assert np.argwhere(shifted(mask, 1, -2)).tolist() == [[0, 2, 0]]
    assert np.argwhere(shifted(mask, -1, 0)).tolist() == [[0, 0, 2], [0, 2, 4]]
    assert np.array_equal(shifted(mask, 0, 0), mask)


def test_the_battery_depends_on_the_seed_alone() -> None:
    again, other = battery(PAIRS, seed=1), battery(PAIRS, seed=2)
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(CASES, again, strict=True))
    assert not all(np.array_equal(a.mask, b.mask) for a, b in zip(CASES, other, strict=True))


def test_a_prediction_fails_on_the_wrong_side_of_the_papers_dead_band() -> None:
    """480 cases of which two fail: the paper's 99.6 %."""
    cases = [replace(CASES[0], dice=0.0)] * 400 + [replace(CASES[0], dice=0.9)] * 80
    predicted = np.array([0.5] * 398 + [0.81, 0.85] + [0.76] * 80)
    (group, whole) = group_figures(cases, {"net": predicted})
    assert (whole.group, whole.n, whole.failed) == (ALL, 480, 2)
    assert whole.accuracy == pytest.approx(478 / 480)
    low, high = whole.accuracy_interval  # exact: 478 or more, and 478 or fewer, each have 2.5 % at an end
    assert binom.sf(477, 480, low) == pytest.approx(0.025)
    assert binom.cdf(478, 480, high) == pytest.approx(0.025)
    assert group.group == TEST


def test_a_group_of_equal_truths_has_no_correlation() -> None:
    figures = {f.group: f for f in group_figures(CASES, {"net": np.linspace(0, 1, len(CASES))})}
    assert np.isnan(figures[EMPTY].spearman)
    assert np.isnan(figures[REFERENCES].spearman)
    assert np.isfinite(figures[TEST].spearman)


def test_errors_of_natural_contours_by_hand() -> None:
    true = np.array([p.dice for p in PAIRS])
    offset = np.array([0.02, -0.04] * 8)
    constant = np.full(16, np.median(true))
    (found,) = agreements(PAIRS, {"net": true + offset}, constant)
    assert (found.n, found.patients) == (16, 16)
    assert found.mae == pytest.approx(0.03)
    assert found.mae_sd == pytest.approx(0.01 * np.sqrt(16 / 15))
    assert found.bias == pytest.approx(-0.01)
    assert found.max_error == pytest.approx(0.04)
    assert found.relative_error_percent == pytest.approx(100 * np.mean(np.abs(offset) / true))
    assert found.skill == pytest.approx(1 - 0.03 / np.mean(np.abs(true - constant)))
    low, high = found.mae_interval
    assert 0.02 <= low < 0.03 < high <= 0.04


def test_a_predictor_without_values_has_no_figures() -> None:
    (found,) = agreements(PAIRS, {"net": np.full(16, np.nan)}, np.full(16, 0.5))
    assert found.n == 0
    assert np.isnan(found.mae)
    assert np.isnan(found.skill)
