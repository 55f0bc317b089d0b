"""Baselines of a stratum: those of the bundle, or fitted to the manifest's own patients where it has none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from contourqa_training.evaluation.baselines import FITTED, MEDIAN, RULE, TREES, VOLUME, Baselines, fit
from contourqa_training.evaluation.contours import EvaluatedContour
from ContourQALib.quality.intervals import FIGURES, Figure

TREE_FOLDS = 10
"""Trees are fitted so many times at most, each time without a tenth of the patients."""

TRAINING = "training patients"
LEFT_OUT = "this manifest: medians of all patients, regression and trees of those not judged"
"""What baselines know; medians of the judged contours themselves are the hardest constants there are."""

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
    # A constant that changed with who is left out would order the contours, and against the truth.
    fits: list[tuple[Baselines, np.ndarray, tuple[str, ...]]] = []
    fits.append((fit(contours, [stratum], trees=False), np.arange(len(contours)), (MEDIAN, RULE)))
    for folds, name in ((len(np.unique(patients)), VOLUME), (TREE_FOLDS, TREES)):
        for left_out in _folds(patients, folds):
            others = [contours[n] for n in np.flatnonzero(~np.isin(patients, left_out)).tolist()]
            if others:
                index = np.flatnonzero(np.isin(patients, left_out))
                fits.append((fit(others, [stratum], trees=name == TREES), index, (name,)))
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
