"""Learning curves of the study of Geng 2024: how good models are by how many patients they learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contourqa_training.geng.models import VPM, StudyModel
from ContourQALib.cohort.paired import PairedComparison, compare_paired, interval_of_mean
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.signed_rank import LEVEL, holm
from ContourQALib.cohort.summary import CohortSummary, rows_of_groups

CURVE_FIGURES = ("dice", "hd95_pooled_mm")
"""What curves and questions are about."""

ALL = "mean of the organs"
"""Stands for a structure where each patient's organs are averaged."""

MARGIN = 0.01
"""A Dice that is lower by less is as good: fixed before any model was judged."""


@dataclass(frozen=True)
class CurvePoint:
    """One model's figure in one structure of one dataset.

    Attributes:
        model, kind, patients: as in `StudyModel`.
        dataset: ExVal or GenEva.
        structure: an organ, or `ALL`.
        figure: of `CURVE_FIGURES`.
        n: patients with a value.
        undefined: patients without, as a missed organ has no distance.
        mean: nan for none.
        interval: of the mean, from resampled patients; None for fewer than two.
    """

    model: str
    kind: str
    patients: int
    dataset: str
    structure: str
    figure: str
    n: int
    undefined: int
    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Question:
    """Two models of the study compared in one structure: second minus first.

    Attributes:
        asked: what is asked, in a few words.
        first, second: names of the models.
        dataset, structure, figure: as in `CurvePoint`.
        compared: patient by patient.
        p_holm: corrected over the structures (`ALL` apart) of one question, dataset and figure.
    """

    asked: str
    first: str
    second: str
    dataset: str
    structure: str
    figure: str
    compared: PairedComparison
    p_holm: float


@dataclass(frozen=True)
class Enough:
    """How many local patients are enough, by Dice averaged over each patient's organs.

    Attributes:
        dataset: ExVal or GenEva.
        most: patients of the largest cohort that fine-tuned.
        patients: the least number from which on no cohort is worse than the largest by `MARGIN`: the whole
            interval of the difference lies above minus the margin. None where that is the largest alone.
        differences: mean difference to the largest with its interval, by number of patients.
    """

    dataset: str
    most: int
    patients: int | None
    differences: Mapping[int, tuple[float, tuple[float, float] | None]]


class Judgement:
    """The figures of every model of the study, by dataset and structure.

    Args:
        results: measured with a column for each model of `models`.
        models: of the study.
    """

    def __init__(self, results: CohortResults, models: Sequence[StudyModel]) -> None:
        self.models = tuple(models)
        self._column = {name: place for place, name in enumerate(results.models)}
        self._results = results
        self._groups = rows_of_groups(results)
        self.datasets = tuple(dict.fromkeys(dataset for dataset, _ in self._groups))
        self.structures = tuple(dict.fromkeys(structure for _, structure in self._groups))

    def values(self, model: str, dataset: str, structure: str, figure: str) -> np.ndarray:
        """(patients,) one model's figure, patient by patient; not finite where undefined.

        The mean of a patient's organs is undefined where that of one of his organs is.
        """
        if structure != ALL:
            return self._values(model, self._groups[dataset, structure], figure)
        rows = np.concatenate([self._groups[dataset, organ] for organ in self._organs(dataset)])
        names = [self._results.rows[row].patient for row in rows]
        found = self._values(model, rows, figure)
        patients = list(dict.fromkeys(names))
        sums = np.zeros(len(patients))
        counts = np.zeros(len(patients))
        for name, value in zip(names, found, strict=True):
            sums[patients.index(name)] += value
            counts[patients.index(name)] += 1
        return np.asarray(sums / counts)

    def points(self) -> list[CurvePoint]:
        """Every model's figures."""
        return [
            self._point(model, dataset, structure, figure)
            for figure in CURVE_FIGURES
            for dataset in self.datasets
            for structure in (ALL, *self._organs(dataset))
            for model in self.models
        ]

    def questions(self) -> list[Question]:
        """Fine-tuned models against the vendor's and against ones from nothing."""
        found: list[Question] = []
        tuned = {model.patients: model.name for model in self.models if model.kind == "fine-tuned"}
        for name in tuned.values():
            found += self._ask("does fine-tuning help", VPM, name)
        for model in self.models:
            if model.kind == "from nothing" and model.patients in tuned:
                found += self._ask(
                    "is fine-tuning better than training from nothing", model.name, tuned[model.patients]
                )
        return found

    def enough(self) -> list[Enough]:
        """How many patients are enough, by dataset."""
        tuned = {model.patients: model.name for model in self.models if model.kind == "fine-tuned"}
        if len(tuned) < 2:
            return []
        most = max(tuned)
        answers = []
        for dataset in self.datasets:
            best = self.values(tuned[most], dataset, ALL, "dice")
            compared = {
                count: compare_paired(best, self.values(name, dataset, ALL, "dice"))
                for count, name in sorted(tuned.items())
                if count != most
            }
            as_good = {
                count: c.interval is not None and c.interval[0] > -MARGIN for count, c in compared.items()
            }
            from_here = [n for n in as_good if all(good for other, good in as_good.items() if other >= n)]
            answers.append(
                Enough(
                    dataset,
                    most,
                    min(from_here, default=None),
                    {count: (c.mean_difference, c.interval) for count, c in compared.items()},
                )
            )
        return answers

    def _organs(self, dataset: str) -> list[str]:
        """Structures that the data set has."""
        return [structure for structure in self.structures if (dataset, structure) in self._groups]

    def _values(self, model: str, rows: np.ndarray, figure: str) -> np.ndarray:
        return np.asarray(self._results.values[figure][rows, self._column[model]])

    def _point(self, model: StudyModel, dataset: str, structure: str, figure: str) -> CurvePoint:
        values = self.values(model.name, dataset, structure, figure)
        finite = values[np.isfinite(values)]
        return CurvePoint(
            model.name,
            model.kind,
            model.patients,
            dataset,
            structure,
            figure,
            n=len(finite),
            undefined=len(values) - len(finite),
            mean=float(finite.mean()) if len(finite) else math.nan,
            interval=interval_of_mean(finite) if len(finite) > 1 else None,
        )

    def _ask(self, asked: str, first: str, second: str) -> list[Question]:
        found = []
        for dataset in self.datasets:
            organs = self._organs(dataset)
            for figure in CURVE_FIGURES:
                compared = {
                    structure: compare_paired(
                        self.values(first, dataset, structure, figure),
                        self.values(second, dataset, structure, figure),
                    )
                    for structure in (ALL, *organs)
                }
                corrected = dict(zip(organs, holm([compared[s].test.p for s in organs]), strict=True))
                corrected[ALL] = compared[ALL].test.p
                found += [
                    Question(asked, first, second, dataset, structure, figure, c, corrected[structure])
                    for structure, c in compared.items()
                ]
        return found


def improved(summary: CohortSummary) -> dict[str, dict[str, list[str]]]:
    """Structures that the second of two models improves, by dataset and figure of `CURVE_FIGURES`.

    Improved is what differs with a corrected p below `LEVEL`, for the better in the mean.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for group in summary.groups:
        of_dataset = found.setdefault(group.dataset, {figure: [] for figure in CURVE_FIGURES})
        for difference in group.differences:
            better = 1 if difference.figure == "dice" else -1
            if (
                difference.figure in of_dataset
                and difference.p_holm < LEVEL
                and better * difference.compared.mean_difference > 0
            ):
                of_dataset[difference.figure].append(group.structure)
    return found
