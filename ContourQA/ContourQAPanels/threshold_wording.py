"""What the panel says of a threshold: figures side by side, and what 0.5 and small errors cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slicer.i18n import tr as _

from ContourQALib.report.threshold_readings import EXPECTED, best_of, readings, titled
from ContourQALib.report.wording import FIGURE_TITLES, UNDEFINED, figure_text, percent_text, threshold_text
from ContourQALib.thresholds.analysis import FIGURES

SHOWN_PERTURBATION = 0.05
"""The deviation from the best threshold that the sentence speaks of."""


@dataclass(frozen=True)
class ReadOut:
    """A figure at the current threshold, at 0.5 and at its best; texts, UNDEFINED where there is none.

    `tip` says why there is no best one.
    """

    title: str
    current: str
    half: str
    best: str
    tip: str = ""


def readOuts(swept: Any, threshold: float) -> list[ReadOut]:
    """Every figure of a sweep at a threshold; no voxel is looked at.

    Args:
        swept: Swept.
        threshold: between 0 and 1; the nearest swept one is read.
    """
    read = []
    for one in readings(swept, threshold):
        expected = one.figure == EXPECTED
        has_best = one.best is not None and one.best_threshold is not None
        read.append(
            ReadOut(
                _("Expected Dice") if expected else titled(one.figure),
                figure_text(one.figure, one.current),
                figure_text(one.figure, one.half),
                _at(one.figure, one.best, one.best_threshold) if has_best else UNDEFINED,
                "" if has_best or expected else _whyNoBest(swept, one.figure),
            )
        )
    return read


def _whyNoBest(swept: Any, figure: str) -> str:
    """Why a figure has no best threshold, a sentence."""
    if figure not in FIGURES:
        return _("The best threshold is sought for Dice and the distances only.")
    analysis = swept.analysis
    why = analysis.reasons.get(f"optimum.{figure}") or analysis.sweep.reason or ""
    return _("There is no best threshold for {figure}: {why}.").format(figure=FIGURE_TITLES[figure], why=why)


def bestOf(swept: Any, figure: str) -> tuple[float, float] | None:
    """Value and threshold of a figure's best; of expected Dice where there is no reference."""
    best = best_of(swept, figure if swept.analysis is not None else EXPECTED)
    return (best.value, best.threshold) if best else None


def lossSentence(swept: Any, figure: str) -> str:
    """What 0.5 and small deviations from the best threshold cost, in a sentence.

    Args:
        swept: Swept.
        figure: one of `FIGURES`.
    """
    best = bestOf(swept, figure)
    if swept.analysis is None:
        if best is None:
            return _("The map is empty: no Dice can be expected of it.")
        return _(
            "If the map's probabilities are right, threshold {threshold} gives the best Dice to expect, "
            "{value}. What 0.5 costs in truth takes a reference."
        ).format(threshold=threshold_text(best[1]), value=figure_text("dice", best[0]))
    assert figure in FIGURES, "only these have an optimum"
    analysis = swept.analysis
    title = FIGURE_TITLES[figure]
    if best is None:
        return _whyNoBest(swept, figure)
    told = _("Best {figure} {value} at {threshold}.").format(
        figure=title, value=_with_unit(figure, best[0]), threshold=threshold_text(best[1])
    )
    half = analysis.loss_at_half_percent[figure]
    near = _near(analysis.perturbation_loss_percent)[figure]
    words = {"dice": (_("loses"), _("lose"))}.get(figure, (_("worsens it by"), _("worsen it by")))
    costs = [
        _("Threshold 0.5 {loses} {percent} %").format(loses=words[0], percent=percent_text(half).lstrip("+"))
        if math.isfinite(half)
        else _("What 0.5 costs is undefined"),
        _("±{step:g} around the best {lose} {percent} % on average").format(
            step=SHOWN_PERTURBATION, lose=words[1], percent=percent_text(near).lstrip("+")
        )
        if math.isfinite(near)
        else _("what small deviations cost is undefined"),
    ]
    return f"{told} {costs[0]}; {costs[1]}."


def _near(losses: Mapping[float, Mapping[str, float]]) -> Mapping[str, float]:
    return next(found for step, found in losses.items() if math.isclose(step, SHOWN_PERTURBATION))


def _with_unit(figure: str, value: float) -> str:
    return figure_text(figure, value) + (" mm" if figure.endswith("_mm") else "")


def _at(figure: str, value: float, threshold: float) -> str:
    return _("{value} at {threshold}").format(
        value=figure_text(figure, value), threshold=threshold_text(threshold)
    )
