"""One group of contours judged: every figure of every predictor with its interval, and the differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from contourqa_training.evaluation.bootstrap import DRAWS, Interval, PatientDraws, percentiles
from contourqa_training.evaluation.contours import (
    HINTED,
    MODEL,
    UNADJUSTED,
    WITH_RULES,
    EvaluatedContour,
    predicted_values,
    true_values,
)
from contourqa_training.evaluation.localization import Localization
from contourqa_training.evaluation.measuring import Ablation
from contourqa_training.evaluation.monotony import monotony
from contourqa_training.evaluation.ranking import Ranking, clopper_pearson
from ContourQALib.quality.intervals import FIGURES, Figure

OURS = (MODEL, WITH_RULES, UNADJUSTED, HINTED, *map(str, Ablation))
"""Predictors that are the network in one form or another; all others are baselines."""

DIFFERENCES = {"mae": -1, "spearman": 1, "aurc": -1}
"""Figures in which the model is compared with each baseline, and the sign that makes more better."""

TRUTH = "true Dice"
"""Stands among the predictors where monotony is told."""

NO_MAP = "The model gives no error map, or no contour of this group has an error."

Values = Mapping[str, Mapping[Figure, np.ndarray]]
"""Per predictor and figure (n,); nan where it has none."""


class Group:
    """Contours of one stratum, or of one structure in it, with every predictor's figures.

    Args:
        contours: the group, (n,).
        values: of every predictor.
        constants: per figure the training median for each contour, (n,).
        draws: of the bootstrap.
    """

    def __init__(
        self,
        contours: Sequence[EvaluatedContour],
        values: Values,
        constants: Mapping[Figure, np.ndarray],
        draws: int = DRAWS,
    ) -> None:
        self.contours = contours
        self.values = values
        self.constants = constants
        self.draws = PatientDraws([c.patient for c in contours], draws=draws)
        self.true = {figure: true_values(contours, figure) for figure in FIGURES}
        self._samples: dict[tuple[str, Figure, bytes], dict[str, np.ndarray]] = {}

    def of(self, structure: str) -> Group:
        """The contours of one structure."""
        chosen = np.flatnonzero([c.structure == structure for c in self.contours]).tolist()
        values = {p: {f: v[chosen] for f, v in figures.items()} for p, figures in self.values.items()}
        constants = {f: v[chosen] for f, v in self.constants.items()}
        return Group([self.contours[n] for n in chosen], values, constants, self.draws.draws)

    def predictors(self) -> dict[str, Any]:
        """Every predictor's figures; a figure that it does not predict is missing."""
        found: dict[str, Any] = {}
        for name, figures in self.values.items():
            found[name] = {f: self._judged(name, f) for f, v in figures.items() if np.isfinite(v).any()}
        return found

    def differences(self) -> dict[str, Any]:
        """How much better the model is than each baseline, on the contours that both have a figure for.

        Positive is better for the model: mae is the baseline's less the model's, spearman the model's less
        the baseline's, aurc as mae.
        """
        found: dict[str, Any] = {}
        for name, figures in self.values.items():
            if name in OURS:
                continue
            record = {f: self._difference(name, f) for f in figures}
            found[name] = {f: r for f, r in record.items() if r}
        return found

    def localization(self) -> dict[str, Any]:
        """Means over contours with an error, with intervals; null with a reason where there is no map."""
        index = np.flatnonzero([c.localization is not None for c in self.contours])
        if not len(index):
            return {"n": 0, "reason": NO_MAP}
        held = [c.localization for c in self.contours if c.localization is not None]
        record: dict[str, Any] = {"n": len(index), "reason": None}
        for field in fields(Localization):
            values = np.array([getattr(one, field.name) for one in held])
            finite = np.isfinite(values)
            record[field.name] = float(values[finite].mean()) if finite.any() else math.nan
            part = self.draws.of(index[finite])
            record[f"{field.name}_interval"] = list(part.mean_interval(values[finite]))
        record["auprc_over_prevalence"] = (
            record["auprc"] / record["prevalence"] if record["prevalence"] > 0 else math.nan
        )
        return record

    def monotony(self) -> dict[str, Any] | None:
        """How each predictor's Dice follows severity; None where the group has no graded series."""
        truth = monotony(self.true["dice"], self.contours)
        if not truth.series:
            return None
        found = {TRUTH: asdict(truth)}
        for name, figures in self.values.items():
            if "dice" in figures and np.isfinite(figures["dice"]).any():
                found[name] = asdict(monotony(figures["dice"], self.contours))
        return found

    def ranking(self, predictor: str, figure: Figure) -> tuple[Ranking, np.ndarray] | None:
        """Prediction beside truth where both are defined, and which contours those are; None for none."""
        predicted = self.values.get(predictor, {}).get(figure)
        if predicted is None:
            return None
        return self._ranked(predicted, figure, np.isfinite(predicted) & np.isfinite(self.true[figure]))

    def _ranked(
        self, predicted: np.ndarray, figure: Figure, chosen: np.ndarray
    ) -> tuple[Ranking, np.ndarray] | None:
        index = np.flatnonzero(chosen)
        if not len(index):
            return None
        return Ranking(predicted[index], self.true[figure][index], self.constants[figure][index]), index

    def _sampled(
        self, name: str, figure: Figure, ranking: Ranking, index: np.ndarray
    ) -> dict[str, np.ndarray]:
        key = name, figure, index.tobytes()
        if key not in self._samples:
            self._samples[key] = self.draws.of(index).samples(lambda w: _figures(ranking, figure, w))
        return self._samples[key]

    def _judged(self, name: str, figure: Figure) -> dict[str, Any]:
        found = self.ranking(name, figure)
        if found is None:
            return {"n": 0, "undefined": len(self.contours)}
        ranking, index = found
        samples = self._sampled(name, figure, ranking, index)
        record: dict[str, Any] = {"n": len(index), "undefined": len(self.contours) - len(index)}
        for label, value in _figures(ranking, figure, None).items():
            record[label] = value
            record[f"{label}_interval"] = list(percentiles(samples[label]))
        record |= self._kendall(ranking, index)
        if figure == "dice":
            right = len(index) - int(ranking.wrong_side().sum())
            record["global_accuracy"] = right / len(index)
            record["global_accuracy_interval"] = list(clopper_pearson(right, len(index)))
            record["global_accuracy_failures"] = len(index) - right
        return record

    def _kendall(self, ranking: Ranking, index: np.ndarray) -> dict[str, Any]:
        """Mean over images of Kendall's tau among the contours of one structure on one image."""
        from scipy.stats import kendalltau

        together: dict[tuple[str, str], list[int]] = {}
        for place, n in enumerate(index):
            contour = self.contours[n]
            together.setdefault((contour.image, contour.structure), []).append(place)
        taus, first = [], []
        for places in together.values():
            predicted, true = ranking.predicted[places], ranking.true[places]
            if len(places) > 1 and np.ptp(predicted) and np.ptp(true):
                taus.append(float(kendalltau(predicted, true).statistic))
                first.append(int(index[places[0]]))
        interval: Interval = (math.nan, math.nan)
        if taus:
            interval = self.draws.of(np.array(first)).mean_interval(np.array(taus))
        return {
            "kendall": float(np.mean(taus)) if taus else math.nan,
            "kendall_interval": list(interval),
            "kendall_images": len(taus),
        }

    def _difference(self, name: str, figure: Figure) -> dict[str, Any] | None:
        model, baseline = self.values[MODEL].get(figure), self.values[name][figure]
        if model is None:
            return None
        common = np.isfinite(model) & np.isfinite(baseline) & np.isfinite(self.true[figure])
        ours, theirs = self._ranked(model, figure, common), self._ranked(baseline, figure, common)
        if ours is None or theirs is None:
            return None
        record: dict[str, Any] = {"n": len(ours[1])}
        means = [_figures(ranking, figure, None) for ranking, _ in (ours, theirs)]
        drawn = [self._sampled(p, figure, *r) for p, r in ((MODEL, ours), (name, theirs))]
        for label, sign in DIFFERENCES.items():
            if label in means[0]:
                low, high = percentiles(sign * (drawn[0][label] - drawn[1][label]))
                record[label] = sign * (means[0][label] - means[1][label])
                record[f"{label}_interval"] = [low, high]
                record[f"{label}_better"] = low > 0 if math.isfinite(low) else None
        return record


def _figures(ranking: Ranking, figure: Figure, weights: np.ndarray | None) -> dict[str, float]:
    found = ranking.agreement(weights)
    if figure == "dice":
        found |= ranking.detection(weights) | ranking.risk_coverage(weights)
    return found


def group_of(
    contours: Sequence[EvaluatedContour],
    fitted: Mapping[str, Mapping[Figure, np.ndarray]],
    median: str,
    draws: int = DRAWS,
) -> Group:
    """A group with the predictions that its contours carry and those of fitted baselines.

    Args:
        contours: the group, (n,).
        fitted: per baseline and figure (n,).
        median: the baseline that skill is measured against.
        draws: of the bootstrap.
    """
    names = dict.fromkeys(name for contour in contours for name in contour.predicted)
    values: dict[str, dict[Figure, np.ndarray]] = {}
    for name in sorted(names, key=lambda n: OURS.index(n) if n in OURS else len(OURS)):
        values[name] = {
            figure: predicted_values(contours, name, figure)
            for figure in FIGURES
            if any(figure in contour.predicted.get(name, {}) for contour in contours)
        }
    # Baselines of a figure that the model does not predict would stand beside nothing.
    values |= {name: {f: v for f, v in known.items() if f in values[MODEL]} for name, known in fitted.items()}
    return Group(contours, values, fitted[median], draws)
