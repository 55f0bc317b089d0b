"""Monotony: whether a score falls, or at least does not rise, as an error grows (stratum S)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contourqa_training.evaluation.contours import EvaluatedContour

ROUNDING = 1e-4
"""A rise of the score by less is no rise: batches of another size change the last digits of float32."""


@dataclass(frozen=True)
class Monotony:
    """How a score follows growing errors.

    Attributes:
        series: (patient, structure, error of contour or image) with at least two severities.
        share: of the series, those in which the score never rises.
        steps: steps from one severity to the next.
        steps_share: of the steps, those that do not rise.
    """

    series: int
    share: float
    steps: int
    steps_share: float


def monotony(values: np.ndarray, contours: Sequence[EvaluatedContour]) -> Monotony:
    """How `values` (n,) follow severity within the series that the contours belong to."""
    points: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for value, contour in zip(values, contours, strict=True):
        if contour.severity is not None and math.isfinite(value):
            key = (contour.patient, contour.structure, contour.kind)
            points.setdefault(key, []).append((contour.severity, float(value)))
    falls = []
    for series in points.values():
        severities = np.array(sorted(series))
        if len(severities) > 1:
            falls.append(np.diff(severities[:, 1]) <= ROUNDING)
    steps = np.concatenate(falls) if falls else np.zeros(0, bool)
    return Monotony(
        series=len(falls),
        share=float(np.mean([fall.all() for fall in falls])) if falls else math.nan,
        steps=len(steps),
        steps_share=float(steps.mean()) if len(steps) else math.nan,
    )
