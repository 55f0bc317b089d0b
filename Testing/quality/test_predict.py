"""Assessments: rules first, then the model; what is unknown is said and never accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import write_bundle
from ContourQALib.case import Contour, Image
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.model import find_model
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Levels, Verdict
from shapes import ball_mask, contour

SHAPE = (30, 30, 30)
BALL = contour(ball_mask(SHAPE, (15, 15, 15), 9), name="ball")
VALUES = np.random.default_rng(0).normal(500, 50, SHAPE).astype(np.float32)
MR = Image(VALUES, BALL.grid)
ANYTHING = Levels(accept=0.0, reject=0.0)  # what the untrained test network says does not matter


@pytest.fixture
def toy(tmp_path):
    return find_model(str(write_bundle(tmp_path / "toy")))


def only(assessment):
    (structure,) = assessment.structures
    return structure


def test_a_normal_contour_in_a_normal_image_can_be_accepted(toy):
    result = only(assess(MR, [BALL], toy, ANYTHING))
    assert (result.status, result.verdict, result.reasons) == (Status.OK, Verdict.ACCEPT, ())
    assert 0 <= result.dice <= 1
    assert result.novelty.inside_training_range is True
    assert result.model == "toy"
    assert result.volume_cc == pytest.approx(BALL.volume_cc)


def test_a_low_score_rejects_and_says_so(toy):
    result = only(assess(MR, [BALL], toy, Levels(accept=1.0, reject=1.0)))
    assert result.verdict is Verdict.REJECT
    assert "below the reject level of 1.00" in result.reasons[0]


def test_an_empty_contour_has_a_status_and_no_score(toy):
    result = only(assess(MR, [replace(BALL, mask=np.zeros(SHAPE, bool))], toy, ANYTHING))
    assert (result.status, result.dice, result.verdict) == (Status.EMPTY, None, Verdict.REJECT)


def test_a_full_contour_is_rejected_whatever_the_model_says(toy):
    result = only(assess(MR, [replace(BALL, mask=np.ones(SHAPE, bool))], toy, ANYTHING))
    assert (result.status, result.verdict) == (Status.FULL, Verdict.REJECT)


@pytest.mark.parametrize(
    ("image", "drawn", "says"),
    [
        (Image(VALUES - 1500, BALL.grid), BALL, "looks like CT"),
        (
            Image(VALUES, Grid(BALL.grid.size, (1.0, 1.0, 1.2))),
            replace(BALL, grid=Grid(BALL.grid.size, (1.0, 1.0, 1.2))),
            "spacing",
        ),
        (MR, replace(BALL, mask=ball_mask(SHAPE, (6, 15, 15), 9)), "touches the edge"),
    ],
)
def test_what_the_model_never_saw_is_never_accepted(toy, image, drawn, says):
    result = only(assess(image, [drawn], toy, ANYTHING))
    assert result.verdict is Verdict.REVIEW
    assert result.novelty.inside_training_range is False
    assert says in " ".join(result.reasons)


def test_a_structure_that_the_model_does_not_know_gets_rules_alone(toy):
    result = only(assess(MR, [replace(BALL, name="liver")], toy, ANYTHING))
    assert (result.dice, result.verdict, result.model) == (None, Verdict.REVIEW, None)
    assert "toy does not know this structure" in result.reasons[0]


def test_without_any_model_the_result_says_so():
    assessment = assess(MR, [replace(BALL, name="liver")])
    assert assessment.model.name is None
    assert only(assessment).verdict is Verdict.REVIEW
    assert "mask-only rules alone" in only(assessment).reasons[0]


def test_a_contour_on_another_grid_is_brought_over_and_said(toy):
    fine = Contour(
        ball_mask((60, 60, 60), (30, 30, 30), 9, (0.5, 0.5, 0.5)), Grid((60, 60, 60), (0.5,) * 3), "ball"
    )
    result = only(assess(MR, [fine], toy, ANYTHING))
    assert result.resampled


def test_a_contour_in_another_place_is_an_error(toy):
    far = replace(BALL, grid=replace(BALL.grid, origin=(900.0, 0.0, 0.0)))
    with pytest.raises(GeometryError, match="ball"):
        assess(MR, [far], toy)


def test_progress_is_told_before_each_contour(toy):
    told = []
    assess(MR, [BALL, replace(BALL, name="liver")], toy, progress=lambda *what: told.append(what))
    assert told == [(0, 2, "ball"), (1, 2, "liver")]
