"""Baseline: the search, the cross-validations and the importances of the boosted trees, with their tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.isaksson.boosted_trees import (
    FINAL_SEED,
    FOLDS,
    CrossValidation,
    SearchedTrees,
    cross_validate,
    search_trees,
)
from contourqa_training.isaksson.config import IsakssonSettings
from contourqa_training.isaksson.figures import draw_importances, draw_trees
from contourqa_training.isaksson.variables import VariableTable
from contourqa_training.study_output import Row, write_figure, write_results
from ContourQALib.formats.output import output_folder
from ContourQALib.report.records import plain

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Baseline:
    """The boosted trees of the paper beside the naive baseline (its Table 2, figures 3 and 4).

    Attributes:
        table: variables and targets.
        searched: what the search found.
        validation: the best parameters' cross-validations.
    """

    table: VariableTable
    searched: SearchedTrees
    validation: CrossValidation

    def record(self) -> dict[str, Any]:
        """The figures as JSON holds them; undefined is null."""
        found = self.validation
        ranks = found.correlations[np.isfinite(found.correlations)]
        return {
            "patients": len(self.table.patients),
            "variables": list(self.table.names),
            "parameter_sets": len(self.searched.trials),
            "best": asdict(self.searched.best),
            "search_mae": self.searched.mae,
            "cross_validations": len(found.predicted),
            "folds": FOLDS,
            "trees": {
                "mae": found.maes.mean(),
                "mae_sd": found.maes.std(),
                "spearman": ranks.mean() if ranks.size else None,
                "spearman_sd": ranks.std() if ranks.size else None,
                "spearman_undefined": int(len(found.correlations) - ranks.size),
            },
            "naive": {"mae": found.naive_maes.mean(), "mae_sd": found.naive_maes.std(), "spearman": None},
            "better_than_naive_share": float((found.maes < found.naive_maes).mean()),
            "importances": {row["variable"]: row["importance_percent"] for row in self._importances()},
        }

    def tables(self) -> dict[str, list[Row]]:
        """Tables by name: the search, predictions by patient (figure 3) and the importances (figure 4)."""
        found = self.validation
        predicted = [
            {
                "patient": patient,
                "dice": round(float(found.dice[n]), 6),
                "predicted_mean": round(float(found.predicted[:, n].mean()), 6),
                "predicted_sd": round(float(found.predicted[:, n].std()), 6),
                "naive_mean": round(float(found.naive[:, n].mean()), 6),
            }
            for n, patient in enumerate(self.table.patients)
        ]
        search = [{**trial, "mae": round(trial["mae"], 7)} for trial in self.searched.trials]
        return {
            "baseline_search": search,
            "baseline_predictions": predicted,
            "importances": self._importances(),
        }

    def _importances(self) -> list[Row]:
        means, spread = self.validation.importances.mean(axis=0), self.validation.importances.std(axis=0)
        return [
            {
                "variable": self.table.names[n],
                "importance_percent": round(float(means[n]), 3),
                "sd": round(float(spread[n]), 3),
            }
            for n in np.argsort(-means)
        ]


def run_baseline(table: VariableTable, settings: IsakssonSettings, say: Say = lambda _: None) -> Baseline:
    """Search the parameters, then judge the best ones by as many cross-validations as the paper does.

    Raises:
        SettingError: too few patients, or a Dice that is the same for all.
    """
    say(f"boosted trees: {settings.search_steps} parameter sets, {len(table.patients)} patients")
    searched = search_trees(table, settings.search_steps, settings.search_repeats, settings.seed, say)
    say(f"boosted trees: {settings.repeats} cross-validations of the best")
    validation = cross_validate(table, searched.best, settings.repeats, settings.seed + FINAL_SEED)
    return Baseline(table, searched, validation)


def write_baseline(baseline: Baseline, folder: Path) -> None:
    """Write results.json, the tables, and figures 3 and 4.

    Raises:
        OutputError: the folder cannot be written.
    """
    output_folder(folder)
    write_results(folder, plain({"baseline": baseline.record()}), baseline.tables())
    write_figure(folder / "figure_3_trees.png", draw_trees(baseline.validation))
    write_figure(
        folder / "figure_4_importances.png", draw_importances(baseline.validation, baseline.table.names)
    )
