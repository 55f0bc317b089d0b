"""Cases of a threshold study: what is kept, what is pooled, what stands for a case that failed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.domain import cropped
from ContourQALib.thresholds.cases import ThresholdCase, analyze_case, study
from shapes import ball_mask

GRID = Grid((16, 14, 12), (1.0, 2.0, 3.0), (5.0, -7.0, 11.0), (0, 1, 0, -1, 0, 0, 0, 0, 1))
MASK = ball_mask(GRID.shape, (6, 7, 8), 7, GRID.spacing_kji)


def case(name: str, structure: str = "CTV", seed: int = 0, keep: bool = False, thresholds=None):
    noise = np.random.default_rng(seed).random(GRID.shape).astype(np.float32)
    values = np.where(MASK, 0.35 + 0.6 * noise, 0.5 * noise).astype(np.float32)
    drawn = Contour(MASK, GRID, structure)
    return analyze_case(
        name, ProbabilityMap(values, GRID, "p"), drawn, thresholds, keep_contours=keep
    ), values


def test_a_contour_cut_to_its_box_comes_back_whole():
    drawn = Contour(MASK, GRID, "CTV", (1.0, 0.0, 0.0))
    small = cropped(drawn)
    assert small.mask.size < MASK.size / 2
    back = small.on(GRID)
    assert np.array_equal(back.mask, MASK)
    assert (back.resampled, back.lost_cc, back.color) == (False, 0.0, (1.0, 0.0, 0.0))
    nothing = cropped(replace(drawn, mask=np.zeros_like(MASK)))
    assert nothing.mask.size == 1
    assert not nothing.on(GRID).mask.any()


def test_the_contours_at_half_and_at_the_dice_optimum_are_kept_on_request():
    found, values = case("a", keep=True)
    kept = found.contours
    best = found.analysis.optimum["dice"].threshold
    assert kept.optimum_threshold == best
    assert np.array_equal(kept.optimum.on(GRID).mask, values >= np.float32(best))
    assert np.array_equal(kept.half.on(GRID).mask, values >= np.float32(0.5))
    assert np.array_equal(kept.reference.on(GRID).mask, MASK)
    assert case("a")[0].contours is None


def test_spellings_of_a_structure_are_pooled_and_failures_are_not():
    cases = [case("a", "Parotid_L")[0], case("b", "Node")[0], case("c", "LeftParotid", seed=1)[0]]
    failed = ThresholdCase("d", "Parotid_L", "r", "p", Status.FAILED, "it does not exist")
    found = study([failed, *cases])
    assert list(found.pooled) == ["Parotid_L"]
    assert found.pooled["Parotid_L"].cases == ("a", "c")
    assert [one.case for one in found.cases] == ["d", "a", "b", "c"]
    assert len(found.analyses) == 3
    expected = (cases[0].analysis.sweep.dice + cases[2].analysis.sweep.dice) / 2
    # Half the sum of the same two numbers; means are rounded to twelve decimals.
    assert found.pooled["Parotid_L"].curves["dice"].mean == pytest.approx(expected, abs=1e-12)


def test_losses_about_a_pooled_optimum_sweep_a_case_again_where_it_must_be():
    thresholds = np.array([0.2, 0.45])
    members = [case("a", thresholds=thresholds), case("b", seed=1, thresholds=thresholds)]

    def further(one: ThresholdCase, more: np.ndarray):
        values = dict(zip("ab", (values for _, values in members), strict=True))[one.case]
        drawn = Contour(MASK, GRID, "CTV")
        return analyze_case(one.case, ProbabilityMap(values, GRID, "p"), drawn, more).analysis.sweep

    with_it = study([one for one, _ in members], further=further).pooled["CTV"]
    losses = with_it.losses.perturbation_loss_percent[0.10]["dice"]
    best = with_it.optimum["dice"].threshold
    sides = [round(best - 0.1, 12), round(best + 0.1, 12)]
    for (_, values), loss in zip(members, losses.per_case, strict=True):

        def dice(t: float, values: np.ndarray = values) -> float:
            mask = values >= np.float32(t)
            return 2 * (mask & MASK).sum() / (mask.sum() + MASK.sum())

        # Few operations on numbers below one.
        assert loss == pytest.approx(np.mean([100 * (1 - dice(t) / dice(best)) for t in sides]), abs=1e-9)
