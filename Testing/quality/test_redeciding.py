"""Other levels for an assessment that is there: the same as assessing anew, whatever the contour is like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest

from bundles import write_bundle
from ContourQALib.case import Image, ProbabilityMap
from ContourQALib.quality import predict
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.calibrated import Calibrated
from ContourQALib.quality.card import read_card
from ContourQALib.quality.model import QualityModel
from ContourQALib.quality.prediction import Prediction
from ContourQALib.quality.redeciding import redecide
from ContourQALib.quality.verdict import Levels, Verdict
from shapes import ball_mask, contour

SHAPE = (30, 30, 30)
BALL = contour(ball_mask(SHAPE, (15, 15, 15), 9), name="ball")
MR = Image(np.random.default_rng(0).normal(500, 50, SHAPE).astype(np.float32), BALL.grid)
FOGGY = ProbabilityMap(0.55 * BALL.mask.astype(np.float32) + 0.2, BALL.grid, "ball")
MOVED = replace(BALL, mask=ball_mask(SHAPE, (15, 15, 21), 9))

CONTOURS = {
    "whole": BALL,
    "empty": replace(BALL, mask=np.zeros(SHAPE, bool)),
    "full": replace(BALL, mask=np.ones(SHAPE, bool)),
    "small": replace(BALL, mask=ball_mask(SHAPE, (15, 15, 15), 7)),  # outside the range, but no failure
    "tiny": replace(BALL, mask=ball_mask(SHAPE, (15, 15, 15), 3)),  # a failed rule beside a score
    "unknown": replace(BALL, name="bladder"),
}
FIGURES = {
    "high": Calibrated(dice=0.93, dice_interval=(0.85, 0.97)),
    "wide": Calibrated(dice=0.93, dice_interval=(0.55, 0.99)),
    "middle": Calibrated(dice=0.78, dice_interval=(0.71, 0.86)),
    "low": Calibrated(dice=0.31),
    "undefined": Calibrated(dice=float("nan")),
}
LEVELS = [
    Levels(*pair) for pair in ((0.8, 0.75), (0.95, 0.9), (0.6, 0.6), (0.98, 0.1), (0.0, 0.0), (1.0, 1.0))
]


@dataclass(frozen=True)
class Asked(QualityModel):
    """A model that needs no network: what it says is replaced by the test."""

    def predict(self, image, contours, hints=()):
        return [Prediction(0.5) for _ in contours]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Asked:
    folder = write_bundle(tmp_path_factory.mktemp("models") / "toy")
    return Asked(folder, read_card(folder))


def without_time(assessment: Assessment) -> Assessment:
    return replace(assessment, elapsed_s=0.0)


@pytest.mark.parametrize(
    "further",
    [{}, {"probabilities": (FOGGY,), "seconds": (MOVED,)}],
    ids=["alone", "map and second"],
)
@pytest.mark.parametrize("figures", FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("contour", CONTOURS.values(), ids=CONTOURS)
def test_redeciding_is_assessing_with_the_other_levels(model, monkeypatch, contour, figures, further):
    monkeypatch.setattr(predict, "calibrated", lambda *_: figures)
    assessed = {
        levels: without_time(predict.assess(MR, [contour], model, levels, **further)) for levels in LEVELS
    }
    for old, new in product(LEVELS, LEVELS):
        # repr, because nan is not equal to itself
        assert repr(redecide(assessed[old], new)) == repr(assessed[new]), (old, new)


def test_the_cases_above_meet_every_verdict_and_kind_of_reason(model, monkeypatch):
    verdicts, reasons = set(), set()
    for one, figures, levels in product(CONTOURS.values(), FIGURES.values(), LEVELS):
        monkeypatch.setattr(predict, "calibrated", lambda *_, figures=figures: figures)
        (found,) = predict.assess(
            MR, [one], model, levels, probabilities=(FOGGY,), seconds=(MOVED,)
        ).structures
        verdicts.add(found.verdict)
        reasons.update(found.reasons)
    assert verdicts == set(Verdict)
    for words in (
        "below the reject",
        "below the accept",
        "may be as low",
        "far below",
        "is to be expected",
        "second",
    ):
        assert any(words in reason for reason in reasons), words


def test_what_was_assessed_stays_as_it_is(model):
    assessed = predict.assess(MR, [BALL], model, Levels())
    before = repr(assessed)
    redecide(assessed, Levels(1.0, 1.0))
    assert repr(assessed) == before
