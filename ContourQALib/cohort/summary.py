"""CohortSummary: each model's figures over the patients of a dataset, and how the models differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ContourQALib.cohort.paired import PairedComparison, compare_paired
from ContourQALib.cohort.results import FIGURES, MEASURED, CohortResults
from ContourQALib.cohort.signed_rank import holm
from ContourQALib.names import normalize

CORRECTED = ("dice", "hd95_pooled_mm", "sensitivity", "specificity", "volume_cc")
"""Figures whose tests are corrected for their number: those of the paper (Geng 2024, table 2 and figure 4).
One HD95, not three: further definitions of one thing would only make the correction stricter."""

FAMILY = (
    "Holm's correction counts, for each dataset and each pair of models, the tests of all structures in "
    "Dice, HD95 (pooled), sensitivity, specificity and volume; other figures are tested without correction."
)
"""Which tests are one family, in a sentence."""


@dataclass(frozen=True)
class FigureSummary:
    """One figure of one model over the rows of a group.

    Attributes:
        n: rows with a finite value, of which the rest speaks.
        undefined: rows without one.
        mean: nan for no value.
        sd: n - 1; nan for fewer than two values.
        median: nan for no value.
    """

    n: int
    undefined: int
    mean: float
    sd: float
    median: float

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> FigureSummary:
        """Summary of values, those that are not finite counted as undefined."""
        given = np.asarray(values, float)
        finite = given[np.isfinite(given)]
        n = int(finite.size)
        return cls(
            n=n,
            undefined=int(given.size - n),
            mean=float(finite.mean()) if n else math.nan,
            sd=float(finite.std(ddof=1)) if n > 1 else math.nan,
            median=float(np.median(finite)) if n else math.nan,
        )


@dataclass(frozen=True)
class ModelDifference:
    """Two models in one figure.

    Attributes:
        first, second: the models; `first` has the earlier column.
        figure: one of `FIGURES`.
        compared: second minus first, patient by patient.
        p_holm: corrected p; nan where it is not in the family or was not tested.
    """

    first: str
    second: str
    figure: str
    compared: PairedComparison
    p_holm: float


@dataclass(frozen=True)
class GroupSummary:
    """One structure of one dataset.

    Attributes:
        dataset: "" where the manifest names none.
        structure: in its first spelling.
        cases: rows of the group.
        reference_volume_cc: of the references.
        figures: summaries by model and figure of `MEASURED`.
        differences: every pair of models in every figure of `FIGURES`.
        volume_against_reference: each model's volume minus the reference's, by model; not corrected.
        repeated: cases of patients who have an earlier one in the group; tests take all as independent.
    """

    dataset: str
    structure: str
    cases: int
    reference_volume_cc: FigureSummary
    figures: Mapping[str, Mapping[str, FigureSummary]]
    differences: tuple[ModelDifference, ...]
    volume_against_reference: Mapping[str, PairedComparison]
    repeated: int = 0


@dataclass(frozen=True)
class CohortSummary:
    """All groups, datasets and within them structures in the order in which the manifest names them first.

    Attributes:
        groups: one a dataset and structure.
        family: which tests the correction counts.
    """

    groups: tuple[GroupSummary, ...]
    family: str = FAMILY


def summarize(results: CohortResults) -> CohortSummary:
    """Summarize a cohort, and compare every two models in every structure of every dataset."""
    groups = [
        _group(results, dataset, structure, rows)
        for (dataset, structure), rows in rows_of_groups(results).items()
    ]
    return CohortSummary(tuple(_corrected(groups)))


def rows_of_groups(results: CohortResults) -> dict[tuple[str, str], np.ndarray]:
    """Row numbers by dataset and structure (first spelling), in the order of `CohortSummary.groups`."""
    datasets: dict[str, None] = {}
    spelled: dict[str, str] = {}
    meant: dict[str, str] = {}
    members: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(results.rows):
        if row.structure not in meant:
            meant[row.structure] = normalize(row.structure)
        structure = spelled.setdefault(meant[row.structure], row.structure)
        datasets.setdefault(row.dataset)
        members.setdefault((row.dataset, structure), []).append(number)
    order = [(dataset, structure) for dataset in datasets for structure in spelled.values()]
    return {key: np.array(members[key]) for key in order if key in members}


def _group(results: CohortResults, dataset: str, structure: str, rows: np.ndarray) -> GroupSummary:
    def values(figure: str, model: int) -> np.ndarray:
        return np.asarray(results.values[figure][rows, model])

    numbered = list(enumerate(results.models))
    reference_cc = results.volume_reference_cc[rows]
    return GroupSummary(
        dataset=dataset,
        structure=structure,
        cases=len(rows),
        reference_volume_cc=FigureSummary.of(reference_cc),
        figures={
            name: {figure: FigureSummary.of(values(figure, model)) for figure in MEASURED}
            for model, name in numbered
        },
        differences=tuple(
            ModelDifference(
                one_name,
                other_name,
                figure,
                compare_paired(values(figure, one), values(figure, other)),
                math.nan,
            )
            for (one, one_name), (other, other_name) in combinations(numbered, 2)
            for figure in FIGURES
        ),
        volume_against_reference={
            name: compare_paired(reference_cc, values("volume_cc", model)) for model, name in numbered
        },
        repeated=len(rows) - len({results.rows[row].patient for row in rows}),
    )


def _corrected(groups: Sequence[GroupSummary]) -> list[GroupSummary]:
    """The groups with p values corrected over each family."""
    families: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for g, group in enumerate(groups):
        for d, difference in enumerate(group.differences):
            if difference.figure in CORRECTED:
                key = group.dataset, difference.first, difference.second
                families.setdefault(key, []).append((g, d))
    differences = [list(group.differences) for group in groups]
    for places in families.values():
        corrected = holm([differences[g][d].compared.test.p for g, d in places])
        for (g, d), p in zip(places, corrected, strict=True):
            differences[g][d] = replace(differences[g][d], p_holm=p)
    return [
        replace(group, differences=tuple(found)) for group, found in zip(groups, differences, strict=True)
    ]
