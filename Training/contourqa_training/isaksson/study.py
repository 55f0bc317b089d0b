"""The study of Isaksson et al. 2022 end to end: patients, folds, baseline, battery, tables and figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.isaksson.baseline import Baseline, run_baseline
from contourqa_training.isaksson.battery import BatteryCase, battery
from contourqa_training.isaksson.config import IsakssonConfig
from contourqa_training.isaksson.figures import (
    draw_battery,
    draw_curves,
    draw_errors,
    draw_importances,
    draw_network,
    draw_trees,
)
from contourqa_training.isaksson.fold import TrainedFold
from contourqa_training.isaksson.judging import Agreement, GroupFigures, agreements, group_figures
from contourqa_training.isaksson.pair_batches import PairBatches
from contourqa_training.isaksson.pairs import Pair
from contourqa_training.isaksson.predicting import predict
from contourqa_training.isaksson.predictors import MEDIAN, NAIVE, NETWORK, NETWORKS, FoldPredictors
from contourqa_training.isaksson.preparing import StudyData, prepare, train_folds
from contourqa_training.isaksson.variables import case_variables
from contourqa_training.study_output import Places, Row, write_figure, write_results
from ContourQALib.formats.output import output_folder
from ContourQALib.report.records import plain

Say = Callable[[str], None]

TIMED = 10
"""Predictions behind the median time of one."""

Predictions = dict[str, np.ndarray]


def run_study(
    config: IsakssonConfig,
    places: Places,
    *,
    variables: Path | None = None,
    threads: int | None = None,
    progress: bool = True,
    say: Say = lambda _: None,
) -> None:
    """Train what is not trained yet, judge it, and write tables, figures and results.json.

    Args:
        config: whom and how long.
        places: where everything lies; the data are a contour library.
        variables: a CSV table of clinical variables for the boosted trees, by patient.
        threads: of torch; its own choice without.
        progress: whether to show progress bars.
        say: told what is being done.

    Raises:
        SettingError: too few natural contours, a table that does not fit, or a run of another configuration.
        FormatError: the library or the table cannot be read.
        OutputError: a folder cannot be written.
    """
    output_folder(places.output)
    data = prepare(config, places.data, places.cache, say)
    trained = train_folds(config, data, places.runs, threads=threads, progress=progress, say=say)
    table = case_variables(data.facts)
    if variables is not None:
        table = table.joined(variables)
    baseline = run_baseline(table, config.study, say)
    say("judging")
    judged = _Judged(config, data, trained, baseline)
    document = {
        "config": config.record(),
        "data": _data(data),
        "folds": {str(number): _fold(config, data, fold, number) for number, fold in trained.items()},
        "natural": plain_records(judged.natural),
        "battery": plain_records(judged.battery_figures),
        "training_contours": plain_records(judged.training),
        "baseline": baseline.record(),
        "seconds_per_prediction": judged.seconds,
    }
    rows = {
        "natural": plain_records(judged.natural),
        "predictions": judged.prediction_rows(),
        "battery": plain_records(judged.battery_figures),
        "battery_cases": judged.battery_rows(),
        "batch_statistics": _batch_statistics(judged),
        "curves": [{"fold": number, **p} for number, fold in trained.items() for p in fold.curve],
        "cohort": table.records(),
        **baseline.tables(),
    }
    write_results(places.output, plain(document), rows)
    curves = {number: fold.curve for number, fold in trained.items()}
    true = np.array([pair.dice for pair in judged.pairs])
    found = judged.predicted[NETWORK]
    told = [one for one in judged.battery_figures if one.predictor == NETWORK]
    figures = {
        "figure_3_trees": draw_trees(baseline.validation),
        "figure_4_importances": draw_importances(baseline.validation, table.names),
        "figure_4_network": draw_network(found, true, judged.predicted[NAIVE]),
        "figure_5_errors": draw_errors(found, true),
        "figure_6_curves": draw_curves(curves),
        "figure_7_battery": draw_battery(judged.cases, judged.on_battery[NETWORK], told),
    }
    for name, figure in figures.items():
        write_figure(places.output / f"{name}.png", figure)


class _Judged:
    """Predictions and figures over all trained folds together."""

    def __init__(
        self,
        config: IsakssonConfig,
        data: StudyData,
        trained: Mapping[int, TrainedFold],
        baseline: Baseline,
    ) -> None:
        self.pairs: list[Pair] = []
        self.cases: list[BatteryCase] = []
        parts: list[tuple[Predictions, Predictions, Predictions]] = []
        learned: list[Pair] = []
        training, seed = config.quality.training, config.study.seed
        for number, fold in trained.items():
            train = data.train(number)
            predictors = FoldPredictors(
                number,
                data,
                fold,
                baseline.table,
                baseline.searched.best,
                # bound now, not when called; a lambda's defaults have no types
                lambda epoch, train=train: PairBatches(  # type: ignore[misc]
                    train, config.quality.spatial, training.seed, epoch
                ),
            )
            cases = battery(predictors.test, seed)
            self.pairs += predictors.test
            self.cases += cases
            learned += predictors.train
            parts.append((predictors.natural(), predictors.on_battery(cases), predictors.on_training()))
        self.predicted, self.on_battery, on_training = (
            {name: np.concatenate([part[n][name] for part in parts]) for name in parts[0][n]}
            for n in range(3)
        )
        self.natural = agreements(self.pairs, self.predicted, self.predicted[MEDIAN])
        self.battery_figures: list[GroupFigures] = group_figures(self.cases, self.on_battery)
        medians = np.full(len(learned), np.median([pair.dice for pair in learned]))
        self.training = agreements(learned, on_training, medians)
        self.seconds = _seconds(next(iter(trained.values())), self.pairs[0])

    def prediction_rows(self) -> list[Row]:
        """One row a test contour: the data of figures 4 and 5."""
        return [
            {
                "patient": pair.patient,
                "fold": pair.fold,
                "drawn_by": pair.network,
                "regime": pair.regime,
                "dice": round(pair.dice, 6),
                **{name: plain(round(float(v[n]), 6)) for name, v in self.predicted.items()},
            }
            for n, pair in enumerate(self.pairs)
        ]

    def battery_rows(self) -> list[Row]:
        """One row a case of the battery: the data of figure 7."""
        return [
            {
                "group": case.group,
                "patient": case.pair.patient,
                "fold": case.pair.fold,
                "drawn_by": case.pair.network,
                "dice": round(case.dice, 6),
                **{name: round(float(v[n]), 6) for name, v in self.on_battery.items()},
            }
            for n, case in enumerate(self.cases)
        ]


def plain_records(figures: Sequence[Agreement | GroupFigures]) -> list[Row]:
    """Figures as rows; an interval becomes two cells, undefined is null or empty."""
    rows = []
    for one in figures:
        row: Row = {}
        for name, value in asdict(one).items():
            if isinstance(value, tuple):
                row[f"{name}_low"], row[f"{name}_high"] = (_rounded(v) for v in value)
            else:
                row[name] = _rounded(value)
        rows.append(row)
    return rows


def _batch_statistics(judged: _Judged) -> list[Row]:
    """The network alone, on training and on test contours, by where its batch statistics come from."""
    both = {"training": judged.training, "test": judged.natural}
    return [
        {"contours": contours, **row}
        for contours, figures in both.items()
        for row in plain_records([one for one in figures if one.predictor in NETWORKS])
    ]


def _data(data: StudyData) -> dict[str, Any]:
    dice = np.array([pair.dice for pair in data.pairs])
    regimes = [member.regime for member in data.members]
    return {
        "fingerprint": data.fingerprint,
        "patients": len(data.members),
        "contours": len(data.pairs),
        "contours_by_network": {n: sum(p.network == n for p in data.pairs) for n in _networks(data)},
        "patients_by_regime": {regime: regimes.count(regime) for regime in sorted(set(regimes))},
        "dice": {
            "least": dice.min(),
            "median": np.median(dice),
            "largest": dice.max(),
            "sd": dice.std(ddof=1),
        },
        "members": [asdict(member) for member in data.members],
    }


def _networks(data: StudyData) -> list[str]:
    return sorted({pair.network for pair in data.pairs})


def _fold(config: IsakssonConfig, data: StudyData, fold: TrainedFold, number: int) -> dict[str, Any]:
    return {
        "train_contours": len(data.train(number)),
        "test_contours": len(data.test(number)),
        "test_patients": len({pair.patient for pair in data.test(number)}),
        "epochs": fold.epochs,
        "learning_rate_dropped_after": round(config.quality.training.drop_after * fold.epochs),
        "last": fold.curve[-1],
        "parameters": sum(p.numel() for p in fold.network.parameters()),
    }


def _seconds(fold: TrainedFold, pair: Pair) -> dict[str, float]:
    """Median seconds of one prediction on this machine's processor."""
    import torch

    taken = []
    for _ in range(TIMED):
        started = time.perf_counter()
        predict(fold.network, [pair.input])
        taken.append(time.perf_counter() - started)
    return {"median": round(float(np.median(taken)), 4), "threads": torch.get_num_threads()}


def _rounded(value: Any) -> Any:
    return plain(round(value, 6)) if isinstance(value, float) else plain(value)
