"""Contours with known errors that a model is judged on: strata S and B of EVALUATION.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from contourqa_training.cases import TrainingCase
from contourqa_training.sampling import GRADED
from ContourQALib.case import Contour
from ContourQALib.metrics.overlap import overlap
from ContourQALib.perturbation import ERRORS, perturb

BATTERY = {"empty": 1.0, "binary-noise": 1.0, "full": 1.0, "shift-fraction": 0.5}
"""The paper's failure groups: empty, noise, all ones, reference moved by up to half of the image."""


@dataclass(frozen=True, eq=False)
class JudgedContour:
    """A contour whose true quality is known.

    Attributes:
        case: the patient it is drawn on.
        contour: the contour.
        stratum: S (graded error) or B (failure battery).
        kind: which error, "reference" for none.
        severity: its severity in the error's unit.
        grade: rank of the severity among the error's typical ones, from 1; 0 without one.
        dice: its true Dice.
    """

    case: TrainingCase
    contour: Contour
    stratum: str
    kind: str
    severity: float
    grade: int
    dice: float


def graded_stratum(cases: Sequence[TrainingCase], seed: int) -> Iterator[JudgedContour]:
    """S: every error at each typical severity; one seed an error and patient, so that it only grows.

    Args:
        cases: the patients.
        seed: of directions and places.
    """
    for number, case in enumerate(cases):
        for kind in GRADED:
            draw = _seed(seed, number, kind)
            for grade, severity in enumerate(ERRORS[kind].severities, 1):
                spoiled = perturb(case.reference, kind, severity, draw)
                yield _judged(case, spoiled, "S", kind, severity, grade)


def battery_stratum(cases: Sequence[TrainingCase], seed: int) -> Iterator[JudgedContour]:
    """B: the paper's failures and the references; its natural contours do not exist here."""
    for number, case in enumerate(cases):
        yield _judged(case, case.reference, "B", "reference")
        for kind, largest in BATTERY.items():
            random = np.random.default_rng(_seed(seed, number, kind))
            severity = random.uniform(0, largest) if kind == "shift-fraction" else largest
            spoiled = perturb(case.reference, kind, severity, _seed(seed, number, kind))
            yield _judged(case, spoiled, "B", kind, severity)


def _judged(
    case: TrainingCase, contour: Contour, stratum: str, kind: str, severity: float = 0.0, grade: int = 0
) -> JudgedContour:
    dice = overlap(case.reference.mask, contour.mask).dice
    return JudgedContour(
        case, replace(contour, name=case.reference.name), stratum, kind, severity, grade, dice
    )


def _seed(seed: int, number: int, kind: str) -> int:
    return int(np.random.default_rng((seed, number, *kind.encode())).integers(2**31))
