"""Contours with known errors to judge by: every error at every severity, and the first paper's failures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from contourqa_training.sampling import BATTERY_ONLY, GRADED
from contourqa_training.strata import battery_stratum, graded_stratum
from ContourQALib.metrics.overlap import overlap
from ContourQALib.perturbation import ERRORS
from training_cases import training_cases

CASES = training_cases(2)


def test_graded_errors_come_at_every_severity_and_the_battery_is_not_among_them() -> None:
    judged = list(graded_stratum(CASES, 0))
    assert len(judged) == len(CASES) * sum(len(ERRORS[kind].severities) for kind in GRADED)
    assert not {j.kind for j in judged} & set(BATTERY_ONLY)
    for kind in ("dilate", "erode", "shift"):
        series = [j for j in judged if j.kind == kind and j.case is CASES[0]]
        assert [j.grade for j in series] == [1, 2, 3, 4, 5]
        assert all(later.dice <= earlier.dice for earlier, later in itertools.pairwise(series))
    for one in judged[::9]:
        assert one.dice == overlap(one.case.reference.mask, one.contour.mask).dice
        assert one.contour.name == "ball"


def test_the_battery_has_the_papers_groups() -> None:
    found = {j.kind: j for j in battery_stratum(CASES[:1], 0)}
    assert set(found) == {"reference", "empty", "binary-noise", "full", "shift-fraction"}
    assert found["reference"].dice == 1
    assert found["empty"].dice == 0
    assert found["full"].contour.mask.all()
    assert 0.4 < found["binary-noise"].contour.mask.mean() < 0.6


@pytest.mark.parametrize("stratum", [graded_stratum, battery_stratum])
def test_the_same_seed_gives_the_same_contours_and_another_seed_others(stratum) -> None:
    one, again, other = ([j.contour.mask for j in stratum(CASES[:1], seed)] for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
