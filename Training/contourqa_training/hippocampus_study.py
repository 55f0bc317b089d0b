"""Study hippocampus-t1: the shipped model on patients it never saw, per stratum and beside its baselines."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.baselines import Baselines
from contourqa_training.cases import TrainingCase, fingerprint, load_cases, patients_of
from contourqa_training.judgement import StratumResult, judge, monotone_share
from contourqa_training.patient_split import read_split
from contourqa_training.strata import (
    JudgedContour,
    battery_stratum,
    graded_stratum,
    moved_by_10_mm,
    reference_stratum,
)
from contourqa_training.study_figures import NETWORK, draw_figures
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.quality.model import QualityModel
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Verdict

SEED = 31
FITTING_EVERY = 7
"""Baselines are fitted to every seventh training contour: some 1500 for a dozen case variables."""
WITH_RULES = "rules, then network"
Progress = Callable[[str], None]


def run_study(
    model: QualityModel, folder: Path, output: Path, split: str = "test", say: Progress = lambda _: None
) -> dict[str, Any]:
    """Judge a hippocampus model on the patients of one split and write tables, figures and results.json.

    Args:
        model: the model to judge.
        folder: data, with images/ and labels/.
        output: folder of the results.
        split: whose patients; "test" is looked at once, "choose" as often as one likes.
        say: told what is being done.

    Returns:
        What results.json holds.

    Raises:
        OutputError: the folder cannot be written.
    """
    output_folder(output)
    structure = model.card.structures[0]
    assignment = read_split("hippocampus")
    there = patients_of(folder)
    patients = [p for p in there if assignment.get(p) == split]
    training = [p for p in there if assignment.get(p) == "train"]
    say(f"loading {len(patients)} {split} and {len(training)} training patients")
    cases = load_cases(folder, patients, structure)
    known = model.card.range_of(structure)
    assert known is not None
    trained_on = load_cases(folder, training, structure)
    say("fitting the baselines on training patients")
    fitted = Baselines.fit(
        list(graded_stratum(trained_on, SEED, FITTING_EVERY)),
        list(battery_stratum(trained_on, SEED)),
        known.rules,
    )
    strata = {
        "G": list(reference_stratum(cases)),
        "S": list(graded_stratum(cases, SEED)),
        "B": list(battery_stratum(cases, SEED)),
    }
    results = []
    for name, contours in strata.items():
        say(f"stratum {name}: {len(contours)} contours")
        results.append(_judge_stratum(name, contours, model, fitted))
    say("verdicts of references and of contours moved by 10 mm")
    document = {
        "model": {"name": model.card.name, "version": model.card.version},
        "data": {"split": split, "patients": len(patients), "fingerprint": fingerprint(folder, patients)},
        "strata": {r.name: {p: j.record() for p, j in r.judgements.items()} for r in results},
        "monotone_share": _monotony(results[1]),
        "verdicts": verdicts(model, cases),
        "cost": cost(model, cases[0]),
    }
    with write_atomically(output / "results.json") as path:
        path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    _write_strata(output / "strata.csv", results)
    _write_errors(output / "errors.csv", results[1])
    draw_figures(output, results)
    return document


def card_figures(document: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a study that a card carries: each predictor's error, skill and rank correlation."""
    kept = ("n", "mae", "bias", "skill", "spearman", "auroc", "global_accuracy")
    strata = {
        stratum: {predictor: {name: figures[name] for name in kept} for predictor, figures in table.items()}
        for stratum, table in document["strata"].items()
    }
    return {"split": document["data"]["split"], "patients": document["data"]["patients"], "strata": strata}


def _judge_stratum(
    name: str, contours: list[JudgedContour], model: QualityModel, fitted: Baselines
) -> StratumResult:
    network = np.array([model.predict_dice(j.case.image, j.contour) for j in contours])
    baselines = fitted.predict(contours, name)
    guarded = np.where(baselines["mask-only rule"] > 0, network, 0.0)
    predicted = {NETWORK: network, WITH_RULES: guarded, **baselines}
    true = np.array([j.dice for j in contours])
    patients = [j.case.patient for j in contours]
    judgements = {p: judge(v, true, patients, fitted.medians[name], SEED) for p, v in predicted.items()}
    return StratumResult(name, contours, predicted, judgements)


def verdicts(model: QualityModel, cases: Sequence[TrainingCase]) -> dict[str, Any]:
    """What `contourqa assess` says of references and of references moved by 10 mm, by intensity regime."""
    groups = {"reference": reference_stratum(cases), "moved by 10 mm": moved_by_10_mm(cases, SEED)}
    found: dict[str, Any] = {}
    for name, contours in groups.items():
        table: dict[str, dict[str, int]] = {}
        for judged in contours:
            (structure,) = assess(judged.case.image, [judged.contour], model).structures
            row = table.setdefault(judged.case.regime, dict.fromkeys((v.value for v in Verdict), 0))
            row[structure.verdict.value] += 1
        found[name] = {regime: table[regime] for regime in sorted(table)}
    return found


def cost(model: QualityModel, case: TrainingCase, repeats: int = 20) -> dict[str, float]:
    """Parameters and the median time of one prediction on this machine's processor, ms."""
    import torch

    network = model.loaded.network
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        model.predict_dice(case.image, case.reference)
        seconds.append(time.perf_counter() - started)
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "threads": torch.get_num_threads(),
        "prediction_ms": round(1000 * float(np.median(seconds)), 1),
    }


def _monotony(graded: StratumResult) -> dict[str, float]:
    groups = [(j.case.patient, j.kind) for j in graded.contours]
    grades = [j.grade for j in graded.contours]
    share = {name: monotone_share(values, groups, grades) for name, values in graded.predicted.items()}
    return {"true Dice": monotone_share(graded.true, groups, grades), **share}


def _write_strata(path: Path, results: Sequence[StratumResult]) -> None:
    rows: list[Mapping[str, Any]] = [
        {"stratum": r.name, "predictor": predictor, **judgement.record()}
        for r in results
        for predictor, judgement in r.judgements.items()
    ]
    _write_csv(path, rows)


def _write_errors(path: Path, graded: StratumResult) -> None:
    """True and predicted Dice of stratum S by error and severity, means over patients."""
    rows: list[Mapping[str, Any]] = []
    keys = list(dict.fromkeys((j.kind, j.severity) for j in graded.contours))
    for kind, severity in keys:
        index = [n for n, j in enumerate(graded.contours) if (j.kind, j.severity) == (kind, severity)]
        network = graded.predicted[NETWORK][index]
        true = graded.true[index]
        rows.append(
            {
                "error": kind,
                "severity": severity,
                "n": len(index),
                "true_dice": round(float(true.mean()), 4),
                "predicted_dice": round(float(network.mean()), 4),
                "mae": round(float(np.abs(network - true).mean()), 4),
            }
        )
    _write_csv(path, rows)


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
