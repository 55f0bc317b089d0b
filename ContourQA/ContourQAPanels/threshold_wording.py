"""What the panel says of a threshold: figures side by side, and what 0.5 and small errors cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from ContourQALib.mrml.tables import expected_at
from ContourQALib.report.wording import FIGURE_TITLES, UNDEFINED, figure_text, percent_text, threshold_text
from ContourQALib.thresholds.analysis import FIGURES
from ContourQALib.thresholds.sensitivity import HALF

READ_FIGURES = ("dice", "msd_mm", "hd95_mm", "hd_mm", "surface_dice", "volume_cc")
EXPECTED = "expected_dice"

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
    if swept.analysis is not None:
        sweep = swept.analysis.sweep
        now, half = sweep.at(threshold), swept.analysis.find(HALF)
        for figure in READ_FIGURES:
            best = swept.analysis.optimum.get(figure)
            read.append(
                ReadOut(
                    titled(figure),
                    figure_text(figure, getattr(now, figure)),
                    figure_text(figure, getattr(half, figure) if half else None),
                    _at(figure, best.value, best.threshold) if best else UNDEFINED,
                    "" if best else _whyNoBest(swept, figure),
                )
            )
        expected = expected_at(swept, sweep.thresholds)
        thresholds = sweep.thresholds
    else:
        expected, thresholds = swept.expected.expected_dice, swept.expected.thresholds
        volume = swept.expected.volume_cc
        read.append(
            ReadOut(
                titled("volume_cc"),
                figure_text("volume_cc", _value(volume, thresholds, threshold)),
                figure_text("volume_cc", _value(volume, thresholds, HALF)),
                UNDEFINED,
                _whyNoBest(swept, "volume_cc"),
            )
        )
    best_expected = expectedBest(expected, thresholds)
    read.append(
        ReadOut(
            _("Expected Dice"),
            figure_text("dice", _value(expected, thresholds, threshold)),
            figure_text("dice", _value(expected, thresholds, HALF)),
            _at("dice", *best_expected) if best_expected else UNDEFINED,
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


def titled(figure: str) -> str:
    """A figure's name with its unit: "HD95, mm"."""
    unit = figure.rpartition("_")[2]
    return FIGURE_TITLES[figure] + (f", {unit}" if unit in ("mm", "cc") else "")


def expectedBest(expected: np.ndarray, thresholds: np.ndarray) -> tuple[float, float] | None:
    """Value and threshold of the largest expected Dice; None where none is defined."""
    if not np.isfinite(expected).any():
        return None
    at = int(np.nanargmax(expected))
    return float(expected[at]), float(thresholds[at])


def bestOf(swept: Any, figure: str) -> tuple[float, float] | None:
    """Value and threshold of a figure's best; of expected Dice where there is no reference."""
    if swept.analysis is None:
        return expectedBest(swept.expected.expected_dice, swept.expected.thresholds)
    best = swept.analysis.optimum.get(figure)
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


def _value(curve: np.ndarray, thresholds: np.ndarray, threshold: float) -> float:
    return float(curve[int(np.abs(thresholds - threshold).argmin())])
