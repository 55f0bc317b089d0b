"""Paired comparison: closed forms, and what has no partner is counted, never dropped in silence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ContourQALib.cohort import paired
from ContourQALib.cohort.paired import compare_paired, interval_of_mean
from ContourQALib.errors import SettingError


def test_differences_are_second_minus_first() -> None:
    found = compare_paired([0.5, 0.6, 0.7], [0.6, 0.8, 0.7])
    assert (found.pairs, found.undefined) == (3, 0)
    assert found.mean_difference == pytest.approx(0.1)
    assert found.sd_difference == pytest.approx(0.1)
    assert found.median_difference == pytest.approx(0.1)
    assert (found.test.n, found.test.zeros) == (2, 1)
    assert found.test.effect == 1


def test_a_patient_without_one_of_the_values_is_counted() -> None:
    found = compare_paired([0.5, math.nan, 0.7, math.inf], [0.6, 0.8, math.nan, 0.1])
    assert (found.pairs, found.undefined, found.test.undefined) == (1, 3, 3)
    assert found.mean_difference == pytest.approx(0.1)
    assert found.interval is None
    assert math.isnan(found.sd_difference)


def test_nobody_to_compare() -> None:
    found = compare_paired([math.nan], [0.5])
    assert (found.pairs, found.undefined) == (0, 1)
    assert math.isnan(found.mean_difference)
    assert found.test.method == "none"
    with pytest.raises(SettingError, match="not 1 and 2"):
        compare_paired([0.5], [0.5, 0.6])


def test_the_interval_of_a_mean_is_near_the_normal_one_and_always_the_same() -> None:
    values = np.random.default_rng(1).normal(2.0, 3.0, 400)
    low, high = interval_of_mean(values)
    error = 1.96 * values.std(ddof=1) / math.sqrt(values.size)
    # the ends of 2000 draws scatter by some 4 % of the interval's width
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.15 * error)
    assert interval_of_mean(values) == (low, high)


def test_the_interval_does_not_depend_on_how_many_values_are_drawn_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(2).normal(0, 1, 37)
    expected = interval_of_mean(values)
    monkeypatch.setattr(paired, "_VALUES_AT_ONCE", 101)
    assert interval_of_mean(values) == expected


def test_a_constant_difference_has_an_interval_without_width() -> None:
    assert compare_paired(np.zeros(8), np.full(8, 0.25)).interval == (0.25, 0.25)
