"""EvaluatedContour: one contour of a manifest with its true quality and what each predictor says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contourqa_training.evaluation.localization import Localization
from ContourQALib.metrics.definitions import Status

MODEL = "model"
"""The network's own score; an empty contour has Dice 0."""

WITH_RULES = "model with rules"
"""The same, and Dice 0 where a mask-only rule fails, as `contourqa assess` judges."""

HINTED = "model with hint"
"""The network's score where it also sees the probability map or a second segmentation; its calibration
knows contours without hints."""

UNADJUSTED = "model before adjustment"
"""The network's score before the bundle's adjustment to local cases; only where there is one."""


@dataclass(frozen=True, eq=False)
class EvaluatedContour:
    """A contour whose true quality is known.

    Attributes:
        case, patient, structure, stratum: as the manifest names them.
        image: its image, as a name that contours of one image share.
        kind: which error a contour of a graded series has; "" without one.
        severity: how severe it is, in the error's unit; None without one.
        status: whether both, one or no mask is empty.
        true: true figures by name; nan or infinite where undefined.
        predicted: per predictor its figures; only those that it predicts.
        variables: case variables of `evaluation.variables`.
        passes: whether every mask-only rule holds.
        localization: where errors are and were predicted; None without an error map or without an error.
    """

    case: str
    patient: str
    structure: str
    stratum: str
    image: str
    kind: str
    severity: float | None
    status: Status
    true: Mapping[str, float]
    predicted: Mapping[str, Mapping[str, float]]
    variables: np.ndarray
    passes: bool
    localization: Localization | None = None


def true_values(contours: Sequence[EvaluatedContour], figure: str) -> np.ndarray:
    """The true figure of each contour, (n,)."""
    return np.array([c.true[figure] for c in contours], float)


def predicted_values(contours: Sequence[EvaluatedContour], predictor: str, figure: str) -> np.ndarray:
    """A predictor's figure of each contour, (n,); nan where it has none."""
    return np.array([c.predicted.get(predictor, {}).get(figure, np.nan) for c in contours], float)
