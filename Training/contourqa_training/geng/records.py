"""Records: the study's learning curves as JSON values and as rows of tables; undefined is null, or empty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from contourqa_training.geng.judging import MARGIN, CurvePoint, Enough, Question
from contourqa_training.geng.vendor import ProtocolEffect
from contourqa_training.study_output import Row
from ContourQALib.report.records import plain


def curve_rows(points: Iterable[CurvePoint]) -> list[Row]:
    """One row a model, dataset, structure and figure."""
    return [
        {
            "model": point.model,
            "weights": point.kind,
            "patients": point.patients,
            "dataset": point.dataset,
            "structure": point.structure,
            "figure": point.figure,
            "n": point.n,
            "undefined": point.undefined,
            "mean": plain(point.mean),
            "interval_low": point.interval[0] if point.interval else None,
            "interval_high": point.interval[1] if point.interval else None,
        }
        for point in points
    ]


def question_rows(questions: Iterable[Question]) -> list[Row]:
    """One row a comparison."""
    rows = []
    for question in questions:
        compared = question.compared
        low, high = compared.interval or (None, None)
        rows.append(
            {
                "question": question.asked,
                "first": question.first,
                "second": question.second,
                "dataset": question.dataset,
                "structure": question.structure,
                "figure": question.figure,
                "pairs": compared.pairs,
                "undefined": compared.undefined,
                "zeros": compared.test.zeros,
                "mean_difference": plain(compared.mean_difference),
                "interval_low": low,
                "interval_high": high,
                "p": plain(compared.test.p),
                "p_holm_of_organs": plain(question.p_holm),
                "effect": plain(compared.test.effect),
                "reason": compared.test.reason,
            }
        )
    return rows


def enough_record(answers: Sequence[Enough]) -> Row:
    """How many patients are enough, and by which rule."""
    return {
        "rule": f"the least number from which on the 95 % interval of the difference in Dice (each patient's "
        f"mean over his organs) to the largest cohort lies above -{MARGIN:g}",
        "answers": [
            {
                "dataset": answer.dataset,
                "largest": answer.most,
                "enough": answer.patients,
                "difference_to_largest": {
                    str(count): {"mean": plain(mean), "interval": plain(interval)}
                    for count, (mean, interval) in answer.differences.items()
                },
            }
            for answer in answers
        ],
    }


def protocol_rows(effects: Iterable[ProtocolEffect]) -> list[Row]:
    """One row an organ: what the vendor's protocol makes of clinical contours; quartiles."""
    rows = []
    for effect in effects:
        facts = asdict(effect)
        row = {name: facts[name] for name in ("structure", "n", "not_contoured")}
        for name in ("volume_ratio", "longer_mm", "dice"):
            for quartile, value in zip(("q1", "median", "q3"), facts[name], strict=True):
                row[f"{name}_{quartile}"] = plain(value)
        rows.append(row)
    return rows
