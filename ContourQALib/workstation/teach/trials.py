"""Trial: one dose of an error with its true and its predicted quality; Trials: those of one error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ContourQALib.metrics.compare import Comparison
from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.quality.verdict import Levels, Verdict
from ContourQALib.report.outlines import ASSESSED, REFERENCE
from ContourQALib.report.wording import UNDEFINED, dice_text, number
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.teach.lessons import Lesson
from ContourQALib.workstation.teach.teaching_case import Dose
from ContourQALib.workstation.theme import MUTED, VERDICT_COLORS

CHART_HEIGHT_PX = 205


@dataclass(frozen=True)
class Trial:
    """One contour that was spoiled on purpose.

    Attributes:
        dose: with what.
        truth: how it agrees with the reference.
        predicted: what is predicted of it without the reference.
    """

    dose: Dose
    truth: Comparison
    predicted: StructureAssessment

    @property
    def unchanged(self) -> bool:
        """Whether the contour is the reference still: an error below half a voxel moves none."""
        return self.truth.dice == 1.0

    def rows(self) -> list[dict[str, str]]:
        """True beside predicted figures: rows with name, true, predicted and interval as texts."""
        truth, said = self.truth, self.predicted
        tolerance = f"{truth.tolerance_mm:g} mm"
        return [
            _row("Dice", dice_text(truth.dice), dice_text(said.dice), _span(said.dice_interval, dice_text)),
            _row("HD95", _mm(truth.hd95_mm), _mm(said.hd95_mm), _span(said.hd95_interval_mm, _mm)),
            _row("MSD", _mm(truth.msd_mm), _mm(said.msd_mm), _span(said.msd_interval_mm, _mm)),
            _row(f"Surface Dice, {tolerance}", dice_text(truth.surface_dice), UNDEFINED, ""),
            _row("Largest distance", _mm(truth.hd_mm), UNDEFINED, ""),
        ]


class Trials:
    """The trials of one error on one structure, one a severity: the newest stands for its severity."""

    def __init__(self, known: Sequence[Trial] = ()) -> None:
        self._by_severity: dict[float, Trial] = {trial.dose.severity: trial for trial in known}

    def __len__(self) -> int:
        return len(self._by_severity)

    def __iter__(self) -> Iterator[Trial]:
        """The trials from slight to grave."""
        return iter(self._by_severity[severity] for severity in sorted(self._by_severity))

    def add(self, trial: Trial) -> None:
        """Keep a trial."""
        self._by_severity[trial.dose.severity] = trial

    def chart(self, lesson: Lesson, levels: Levels, now: float | None = None) -> PlotlyFigure:
        """True and predicted Dice over the severity, the accept and reject levels, and where the slider is.

        Args:
            lesson: of the error.
            levels: accept and reject levels of Dice.
            now: the severity that is shown; None marks none.
        """
        trials = list(self)
        share = lesson.kind.unit == "fraction"
        factor = 100.0 if share else 1.0
        unit = "%" if share else lesson.kind.unit
        x = [factor * trial.dose.severity for trial in trials]
        highest = factor * lesson.highest
        lines = [
            _level(levels.accept, "accept", VERDICT_COLORS[Verdict.ACCEPT]),
            _level(levels.reject, "reject", VERDICT_COLORS[Verdict.REJECT]),
        ]
        if now is not None:
            at = factor * now
            lines.append(_line(at, at, 0, 1, MUTED, "paper"))
        layout = {
            "height": CHART_HEIGHT_PX,
            "margin": {"l": 44, "r": 54, "t": 26, "b": 40},
            "xaxis": {
                "title": {"text": f"{lesson.title}, {unit}"},
                "range": [-0.02 * highest, 1.02 * highest],
            },
            "yaxis": {"title": {"text": "Dice"}, "range": [-0.02, 1.04]},
            "shapes": [line["shape"] for line in lines],
            "annotations": [line["text"] for line in lines if line["text"]],
            "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        }
        return PlotlyFigure((_true_trace(x, trials), _predicted_trace(x, trials)), layout)


def _true_trace(x: Sequence[float], trials: Sequence[Trial]) -> Mapping[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "true",
        "x": x,
        "y": [_plain(trial.truth.dice) for trial in trials],
        "line": {"color": REFERENCE.color, "width": 2},
        "marker": {"size": 7},
        "hovertemplate": "true Dice %{y:.3f}<extra></extra>",
    }


def _predicted_trace(x: Sequence[float], trials: Sequence[Trial]) -> Mapping[str, Any]:
    """Predicted Dice; its interval, which is not symmetric, as bars."""
    y = [_plain(trial.predicted.dice) for trial in trials]
    spans = [trial.predicted.dice_interval for trial in trials]
    up = [
        span[1] - value if span and value is not None else 0.0 for span, value in zip(spans, y, strict=True)
    ]
    down = [
        value - span[0] if span and value is not None else 0.0 for span, value in zip(spans, y, strict=True)
    ]
    bars = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1, "width": 3}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "predicted",
        "x": x,
        "y": y,
        "error_y": {**bars, "color": ASSESSED.color},
        "line": {"color": ASSESSED.color, "width": 2, "dash": "dash"},
        "marker": {"size": 7, "symbol": "diamond"},
        "hovertemplate": "predicted Dice %{y:.3f}<extra></extra>",
    }


def _level(value: float, word: str, color: str) -> dict[str, Any]:
    found = _line(0, 1, value, value, color, "y")
    found["shape"]["xref"] = "paper"
    place = {"xref": "paper", "x": 1.01, "xanchor": "left", "y": value, "showarrow": False}
    # the two levels may lie close together: their words go up and down from the lines
    found["text"] = {
        **place,
        "yanchor": "bottom" if word == "accept" else "top",
        "text": word,
        "font": {"color": color},
    }
    return found


def _line(x0: float, x1: float, y0: float, y1: float, color: str, yref: str) -> dict[str, Any]:
    style = {"color": color, "width": 1, "dash": "dot"}
    return {
        "shape": {"type": "line", "x0": x0, "x1": x1, "y0": y0, "y1": y1, "yref": yref, "line": style},
        "text": None,
    }


def _row(name: str, true: str, predicted: str, interval: str) -> dict[str, str]:
    return {"name": name, "true": true, "predicted": predicted, "interval": interval}


def _plain(value: float | None) -> float | None:
    """A number that a chart can hold; None, a gap, where there is none."""
    return value if value is not None and math.isfinite(value) else None


def _mm(value: float | None) -> str:
    if value is not None and math.isinf(value):
        return "∞"
    text = number(value, ".1f")
    return text if text == UNDEFINED else f"{text} mm"


def _span(interval: tuple[float, float] | None, words: Any) -> str:
    if interval is None:
        return ""
    low, high = (words(end).removesuffix(" mm") for end in interval)
    return f"{low} to {high}"
