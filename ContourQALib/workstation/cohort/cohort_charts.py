"""The charts of a cohort: two models case by case, and each model's spread by structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ContourQALib.report.outlines import looks_of_tests
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure, escaped
from ContourQALib.workstation.cohort.cohort_report import METRICS, CohortReport, CohortRow
from ContourQALib.workstation.theme import MUTED

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross", "pentagon")
COLORS = ("#5aa9e6", "#e3a33b", "#4caf72", "#c77dd6", "#e5734b", "#4bc4c4", "#b9b94a", "#9aa4ad")
"""Structures of the paired chart; each has a sign of its own too, since not everybody tells colors apart."""

WIDENED = 0.06
"""The diagonal reaches this part of the range beyond the points."""


def paired_chart(
    report: CohortReport, metric: str, dataset: str, structure: str, first: str, second: str
) -> PlotlyFigure:
    """One point a structure of a case: the first model's figure against the second's.

    Args:
        report: the cohort.
        metric: a field of `METRICS`.
        dataset: "" for all.
        structure: "" for all.
        first: the model along x.
        second: the model along y.

    Returns:
        A chart whose points carry [case, structure] as customdata. Undefined figures have no point; `hidden`
        says how many.
    """
    rows = [row for row in report.chosen(dataset, structure) if _pair(row, metric, first, second)]
    traces: list[dict[str, Any]] = []
    for number, name in enumerate(dict.fromkeys(row.structure for row in rows)):
        own = [row for row in rows if row.structure == name]
        traces.append(
            {
                "type": "scattergl" if len(rows) > 5000 else "scatter",
                "mode": "markers",
                "name": name,
                "x": [row.value(first, metric) for row in own],
                "y": [row.value(second, metric) for row in own],
                "customdata": [[row.case, row.structure] for row in own],
                "marker": {
                    "size": 9,
                    "opacity": 0.85,
                    "color": COLORS[number % len(COLORS)],
                    "symbol": SYMBOLS[(number + number // len(COLORS)) % len(SYMBOLS)],
                },
                "hovertemplate": (
                    "<b>%{customdata[0]}</b>, %{customdata[1]}<br>"
                    f"{escaped(first)} %{{x:.3~f}}<br>{escaped(second)} %{{y:.3~f}}<extra></extra>"
                ),
            }
        )
    title = METRICS[metric]
    layout = {
        "xaxis": {"title": {"text": f"{title}: {first}"}},
        "yaxis": {"title": {"text": f"{title}: {second}"}},
        "shapes": _diagonal(rows, metric, first, second),
        "showlegend": True,
        "margin": {"l": 60, "r": 12, "t": 12, "b": 48},
    }
    return PlotlyFigure(traces, layout)


def spread_chart(report: CohortReport, metric: str, dataset: str, structure: str) -> PlotlyFigure:
    """Every case as a point beside its model's box, by structure."""
    traces = []
    for model, look in zip(report.models, looks_of_tests(report.models), strict=True):
        rows = [row for row in report.chosen(dataset, structure) if row.value(model, metric) is not None]
        traces.append(
            {
                "type": "box",
                "name": model,
                "x": [row.structure for row in rows],
                "y": [row.value(model, metric) for row in rows],
                "customdata": [[row.case, row.structure] for row in rows],
                "boxpoints": "all",
                "jitter": 0.4,
                "pointpos": 0,
                "marker": {"size": 5, "color": look.color},
                "line": {"width": 1},
                "fillcolor": "rgba(0,0,0,0)",
                "hovertemplate": (
                    f"<b>%{{customdata[0]}}</b>, %{{x}}<br>{escaped(model)} %{{y:.3~f}}<extra></extra>"
                ),
                "hoveron": "points",
            }
        )
    layout = {
        "boxmode": "group",
        "yaxis": {"title": {"text": METRICS[metric]}},
        "margin": {"l": 60, "r": 12, "t": 12, "b": 40},
    }
    return PlotlyFigure(traces, layout)


def hidden(
    report: CohortReport, metric: str, dataset: str, structure: str, models: Sequence[str]
) -> list[CohortRow]:
    """Rows that have no point, since a figure of one of the models is undefined."""
    return [
        row
        for row in report.chosen(dataset, structure)
        if any(row.value(model, metric) is None for model in models)
    ]


def _pair(row: CohortRow, metric: str, first: str, second: str) -> bool:
    return row.value(first, metric) is not None and row.value(second, metric) is not None


def _diagonal(rows: Sequence[CohortRow], metric: str, first: str, second: str) -> list[dict[str, Any]]:
    """Where both models are alike."""
    values = [row.value(model, metric) or 0.0 for row in rows for model in (first, second)]
    if not values:
        return []
    low, high = min(values), max(values)
    beyond = (high - low or 1.0) * WIDENED
    return [
        {
            "type": "line",
            "x0": low - beyond,
            "y0": low - beyond,
            "x1": high + beyond,
            "y1": high + beyond,
            "line": {"color": MUTED, "width": 1, "dash": "dot"},
        }
    ]
