"""The signed-rank test: scipy where there are no ties, every sign written out where there are."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from ContourQALib.cohort.signed_rank import MOST_EXACT, holm, signed_rank_test
from ContourQALib.errors import SettingError

RNG = np.random.default_rng(5)


def enumerated(differences: np.ndarray) -> float:
    """Two-sided p over all signs of the ranks."""
    ranks = rankdata(np.abs(differences))
    seen = ranks[differences > 0].sum()
    sums = np.array([ranks[list(signs)].sum() for signs in product([False, True], repeat=len(ranks))])
    return min(1.0, 2 * min((sums <= seen + 1e-9).mean(), (sums >= seen - 1e-9).mean()))


@pytest.mark.parametrize("n", [1, 2, 5, 6, 10, 25, 49, 50])
def test_without_ties_it_is_scipy_s_exact_test(n: int) -> None:
    differences = RNG.normal(0.3, 1, n)
    expected = wilcoxon(differences, method="exact")
    found = signed_rank_test(differences)
    assert found.method == "exact"
    assert found.p == pytest.approx(expected.pvalue, abs=1e-12)
    assert min(found.rank_sum_positive, found.rank_sum_negative) == expected.statistic


@pytest.mark.parametrize("n", [60, 200, 2000])
@pytest.mark.parametrize("decimals", [1, 9])
def test_beyond_fifty_it_is_scipy_s_approximation_with_ties_and_without(n: int, decimals: int) -> None:
    differences = np.round(RNG.normal(0.1, 1, n), decimals)
    expected = wilcoxon(differences, method="approx", correction=False, zero_method="wilcox")
    found = signed_rank_test(differences)
    assert found.n > MOST_EXACT
    assert found.method == "normal"
    assert found.p == pytest.approx(expected.pvalue, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=10))
def test_with_ties_it_counts_every_sign(differences: list[int]) -> None:
    assert signed_rank_test(differences).p == pytest.approx(enumerated(np.array(differences)), abs=1e-12)


def test_zeros_are_dropped_and_counted_undefined_pairs_too() -> None:
    found = signed_rank_test([0.0, 1.0, -2.0, math.nan, 3.0, 0.0, math.inf])
    assert (found.n, found.zeros, found.undefined) == (3, 2, 2)
    assert found.p == signed_rank_test([1.0, -2.0, 3.0]).p
    assert (found.rank_sum_positive, found.rank_sum_negative) == (4.0, 2.0)
    assert found.effect == pytest.approx(2 / 6)


def test_differences_that_only_binary_tells_apart_are_a_tie() -> None:
    assert 0.3 - 0.1 != 0.7 - 0.5
    found = signed_rank_test([0.3 - 0.1, -(0.7 - 0.5)])
    assert found.rank_sum_positive == found.rank_sum_negative == 1.5
    assert found.p == 1


@pytest.mark.parametrize(("n", "told"), [(5, True), (6, False)])
def test_fewer_than_six_differences_cannot_be_significant(n: int, told: bool) -> None:
    found = signed_rank_test(np.arange(1.0, n + 1))
    assert found.p == pytest.approx(2 / 2**n)
    assert (found.reason is not None) == told
    assert (found.p < 0.05) != told


def test_nothing_to_compare() -> None:
    for differences, reason in (([0.0, 0.0], "all differences are zero"), ([math.nan], "no pair")):
        found = signed_rank_test(differences)
        assert found.method == "none"
        assert math.isnan(found.p)
        assert reason in str(found.reason)
    with pytest.raises(SettingError):
        signed_rank_test(np.ones((1, 2)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-5, 5, allow_nan=False), min_size=1, max_size=60))
def test_swapped_models_swap_the_sign(values: list[float]) -> None:
    found, swapped = signed_rank_test(values), signed_rank_test([-v for v in values])
    assert (found.p, found.rank_sum_positive) == pytest.approx(
        (swapped.p, swapped.rank_sum_negative), nan_ok=True
    )
    assert found.effect == pytest.approx(-swapped.effect, nan_ok=True)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    corrected = holm([0.6, math.nan, 0.7])
    assert corrected[0] == corrected[2] == 1.0
    assert math.isnan(corrected[1])
    assert holm([]) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_between_none_and_bonferroni_and_keeps_the_order(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for p, after in zip(p_values, corrected, strict=True):
        assert p <= after <= min(1.0, len(p_values) * p) or math.isclose(after, min(1, len(p_values) * p))
    order = np.argsort(p_values, kind="stable")
    assert list(np.array(corrected)[order]) == sorted(corrected)
