"""Which contour agrees better, figure by figure."""

from __future__ import annotations

import dataclasses
import math

import pytest

from ContourQALib.metrics.better import badness, best, gain
from ContourQALib.metrics.compare import Comparison


def test_every_figure_of_agreement_is_judged_and_nothing_else() -> None:
    numbers = {field.name for field in dataclasses.fields(Comparison) if field.type == "float"}
    settings = {"volume_reference_cc", "volume_test_cc", "tolerance_mm", "lost_cc"}
    for figure in numbers - settings:
        assert math.isfinite(badness(figure, 0.5))
    for figure in settings:
        with pytest.raises(KeyError):
            badness(figure, 0.5)


def test_more_overlap_less_distance_and_the_volume_nearer_to_the_references_are_better() -> None:
    assert best("dice", [0.8, 0.9, 0.7], 3) == (1,)
    assert best("hd95_mm", [3.0, 2.0, 8.0], 2) == (1,)
    assert best("volume_error_percent", [-9.0, 12.0, 8.5], 1) == (2,)


def test_what_reads_alike_is_alike() -> None:
    assert best("dice", [0.9001, 0.9004], 3) == ()
    assert best("dice", [0.9001, 0.9004, 0.8], 3) == (0, 1)


def test_an_undefined_figure_is_never_best_and_beats_nobody() -> None:
    assert best("msd_mm", [math.inf, math.nan, 1.0], 2) == ()
    assert best("msd_mm", [math.inf, 2.0, 1.0], 2) == (2,)
    assert math.isnan(gain("msd_mm", math.inf, 1.0))


def test_a_gain_is_positive_where_the_second_is_better() -> None:
    assert gain("dice", 0.8, 0.9) == pytest.approx(0.1)
    assert gain("hd_mm", 5.0, 3.0) == 2.0
    assert gain("volume_error_percent", -2.0, 5.0) == -3.0
