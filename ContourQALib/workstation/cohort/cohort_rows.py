"""What the cohort page's tables say: the test of each structure in words, and the cases to open first."""

from __future__ import annotations

from typing import Any

from ContourQALib.metrics.better import HIGHER_IS_BETTER, NEARER_ZERO_IS_BETTER, badness
from ContourQALib.report.cohort_wording import change_text, p_text, spread_text, value_text
from ContourQALib.report.wording import UNDEFINED
from ContourQALib.workstation.cohort.cohort_report import CohortReport, CohortTest

LEVEL = 0.05
"""Below it a corrected p is called a difference."""

MOST_WORST = 15


def rows_of_tests(
    report: CohortReport, metric: str, dataset: str, first: str, second: str
) -> list[dict[str, Any]]:
    """One row a structure: both models' means, their difference and what the test says of it.

    Args:
        report: the cohort.
        metric: a field of `METRICS`.
        dataset: "" for all.
        first: a model.
        second: another; the difference is the second's figure less the first's.
    """
    tests = {
        (test.dataset, test.structure): test
        for test in report.tests
        if test.figure == metric and {test.first, test.second} == {first, second}
    }
    rows = []
    for group in report.groups:
        if dataset and group.dataset != dataset:
            continue
        of = {model: group.figures[model][metric] for model in (first, second)}
        test = tests.get((group.dataset, group.structure))
        sign = 1.0 if test is None or test.first == first else -1.0
        rows.append(
            {
                "key": f"{group.dataset}/{group.structure}",
                "dataset": group.dataset,
                "structure": group.structure,
                "n": of[first]["n"],
                "undefined": sum(int(of[model]["undefined"]) for model in (first, second)),
                "first": _mean(metric, of[first]),
                "second": _mean(metric, of[second]),
                "difference": _difference(metric, test, sign),
                "p": p_text(test.p_holm) if test else UNDEFINED,
                "says": _says(test, sign, second),
                "tone": _tone(metric, test, sign),
            }
        )
    return rows


def worst_rows(
    report: CohortReport, metric: str, dataset: str, structure: str, model: str
) -> list[dict[str, Any]]:
    """The cases of a model to open first: what is undefined, then the worst figures."""
    rows = list(report.chosen(dataset, structure))
    lost = [row for row in rows if row.value(model, metric) is None]
    known = [row for row in rows if row.value(model, metric) is not None]
    known.sort(key=lambda row: badness(metric, row.value(model, metric) or 0.0), reverse=True)
    return [
        {
            "key": f"{row.dataset}/{row.case}/{row.structure}",
            "case": row.case,
            "structure": row.structure,
            "value": value_text(metric, row.value(model, metric)),
            "why": row.reasons[model] or (row.statuses[model] if row.statuses[model] != "ok" else ""),
        }
        for row in [*lost, *known][:MOST_WORST]
    ]


def _mean(metric: str, found: Any) -> str:
    if not found["n"]:
        return UNDEFINED
    return f"{value_text(metric, found['mean'])} ± {spread_text(metric, found['sd'])}"


def _difference(metric: str, test: CohortTest | None, sign: float) -> str:
    if test is None or test.mean_difference is None:
        return UNDEFINED
    text = change_text(metric, sign * test.mean_difference)
    if test.interval is None:
        return text
    low, high = sorted(sign * bound for bound in test.interval)
    return f"{text} ({change_text(metric, low)} to {change_text(metric, high)})"


def _says(test: CohortTest | None, sign: float, second: str) -> str:
    if test is None:
        return "not tested"
    if test.p_holm is None:
        return test.reason or "not tested"
    if test.p_holm >= LEVEL or test.mean_difference is None:
        return test.reason or "no difference shown"
    return f"{second} is {'higher' if sign * test.mean_difference > 0 else 'lower'}"


def _tone(metric: str, test: CohortTest | None, sign: float) -> str:
    """Whether the second model is better or worse; "" where that is open or a matter of the sign alone."""
    if test is None or test.p_holm is None or test.p_holm >= LEVEL or not test.mean_difference:
        return ""
    if metric in NEARER_ZERO_IS_BETTER:
        return ""
    higher = sign * test.mean_difference > 0
    return "better" if higher == (metric in HIGHER_IS_BETTER) else "worse"
