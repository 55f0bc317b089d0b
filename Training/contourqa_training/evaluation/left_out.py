"""Baselines where no bundle has them: fitted to the manifest's other patients, each patient left out once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from contourqa_training.evaluation.baselines import FITTED, TREES, Baselines, fit
from contourqa_training.evaluation.contours import EvaluatedContour
from ContourQALib.quality.intervals import FIGURES, Figure

TREE_FOLDS = 10
"""Trees are fitted so many times at most, each time without a tenth of the patients."""

TRAINING, LEFT_OUT = "training patients", "the other patients of this manifest"

Predictions = dict[str, dict[Figure, np.ndarray]]
"""Per baseline and figure (n,); nan where it has none."""


def baseline_predictions(
    contours: Sequence[EvaluatedContour], stratum: str, bundle: Baselines | None
) -> tuple[Predictions, str]:
    """What every fitted baseline says of a stratum's contours, and what it was fitted to.

    Args:
        contours: all of the stratum.
        stratum: its name.
        bundle: baselines that came with the model; None without.
    """
    names = dict.fromkeys(contour.structure for contour in contours)
    if bundle is not None and all(bundle.of(stratum, name) for name in names):
        return _filled(contours, [(bundle, np.arange(len(contours)), FITTED)], stratum), TRAINING
    patients = np.array([contour.patient for contour in contours])
    fits = []
    for folds, wanted in (
        (len(np.unique(patients)), tuple(name for name in FITTED if name != TREES)),
        (TREE_FOLDS, (TREES,)),
    ):
        for left_out in _folds(patients, folds):
            others = [contours[n] for n in np.flatnonzero(~np.isin(patients, left_out))]
            if others:
                index = np.flatnonzero(np.isin(patients, left_out))
                fits.append((fit(others, [stratum], trees=TREES in wanted), index, wanted))
    return _filled(contours, fits, stratum), LEFT_OUT


def _folds(patients: np.ndarray, most: int) -> list[np.ndarray]:
    names = np.unique(patients)
    return [names[start :: min(most, len(names))] for start in range(min(most, len(names)))]


def _filled(
    contours: Sequence[EvaluatedContour],
    fits: Sequence[tuple[Baselines, np.ndarray, Sequence[str]]],
    stratum: str,
) -> Predictions:
    found: Predictions = {
        name: {figure: np.full(len(contours), math.nan) for figure in FIGURES} for name in FITTED
    }
    for fitted, index, wanted in fits:
        for structure in dict.fromkeys(contours[n].structure for n in index):
            known = fitted.of(stratum, structure)
            if known is None:
                continue
            members = [n for n in index if contours[n].structure == structure]
            for figure in FIGURES:
                baseline = known[0].get(figure)
                if baseline is None or known[1] not in baseline.medians:
                    continue
                values = baseline.predict(known[1], [contours[n] for n in members], figure)
                for name in wanted:
                    found[name][figure][members] = values[name]
    return found
