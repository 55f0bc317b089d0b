"""Counterparts of the paper's figures 3 to 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from contourqa_training.isaksson.battery import BatteryCase
from contourqa_training.isaksson.boosted_trees import CrossValidation
from contourqa_training.isaksson.fold import Curve
from contourqa_training.isaksson.judging import GroupFigures
from ContourQALib.report.canvas import blank_figure, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED, GREY = "#1d4fa3", "#b35900", "#e0402f", "#666666"


def draw_trees(validation: CrossValidation) -> Figure:
    """Figure 3: predicted and target Dice of the boosted trees, means of the out-of-fold predictions."""
    figure = blank_figure(4.6, 4.4)
    axes = figure.subplots()
    predicted = validation.predicted.mean(axis=0)
    _beside(axes, predicted, validation.dice, f"patients, means of {len(validation.predicted)}")
    axes.axhline(validation.dice.mean(), color=ORANGE, linewidth=1, label="mean Dice (naive)")
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    axes.set_title("Boosted trees on case variables", fontsize=10)
    figure.subplots_adjust(left=0.16, right=0.97, top=0.92, bottom=0.13)
    return figure


def draw_importances(validation: CrossValidation, names: Sequence[str]) -> Figure:
    """Figure 4 by the paper's text: importances of the variables, mean and spread over all fits."""
    means, spread = validation.importances.mean(axis=0), validation.importances.std(axis=0)
    order = np.argsort(means)
    figure = blank_figure(6.4, 0.9 + 0.3 * len(names))
    axes = figure.subplots()
    shown = [literal(names[n].replace("_", " ")) for n in order]
    axes.barh(shown, means[order], xerr=spread[order], color=BLUE, ecolor=GREY, height=0.65, capsize=2)
    axes.set_xlim(left=0)
    axes.set_xlabel("importance, % (bar: mean, line: standard deviation over fits)", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("What the boosted trees use", fontsize=10)
    figure.tight_layout()
    return figure


def draw_network(predicted: np.ndarray, true: np.ndarray, naive: np.ndarray) -> Figure:
    """Figure 4 by its caption: predicted and target Dice of the network on natural test contours."""
    figure = blank_figure(4.6, 4.4)
    axes = figure.subplots()
    _beside(axes, predicted, true, "test contours")
    axes.axhline(naive.mean(), color=ORANGE, linewidth=1, label="mean of training (naive)")
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    axes.set_title("Network", fontsize=10)
    figure.subplots_adjust(left=0.16, right=0.97, top=0.92, bottom=0.13)
    return figure


def draw_errors(predicted: np.ndarray, true: np.ndarray) -> Figure:
    """Figure 5: predicted Dice, target and absolute error of each test contour, by rising target."""
    order = np.argsort(true)
    place = np.arange(1, len(true) + 1)
    figure = blank_figure(7.2, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(place, true[order], "o-", color=GREY, markersize=4, linewidth=1, label="target")
    above.plot(place, predicted[order], "s", color=BLUE, markersize=4, label="predicted")
    above.vlines(place, true[order], predicted[order], color=BLUE, linewidth=0.6)
    above.set_ylabel("Dice", fontsize=9)
    above.legend(fontsize=8, frameon=False)
    error = np.abs(predicted - true)[order]
    below.bar(place, error, color=ORANGE, width=0.7)
    below.axhline(error.mean(), color="black", linewidth=0.8, linestyle=":")
    below.set_ylabel("absolute error", fontsize=9)
    below.set_xlabel("test contour, by rising target", fontsize=9)
    below.xaxis.get_major_locator().set_params(integer=True)
    for axes in (above, below):
        _plain(axes)
    figure.tight_layout()
    return figure


def draw_curves(curves: Mapping[int, Curve]) -> Figure:
    """Figure 6: training and validation loss by epoch; with several folds their mean and range."""
    figure = blank_figure(7.2, 4.0)
    axes = figure.subplots()
    count = min(len(curve) for curve in curves.values())
    epochs = [point["epoch"] for point in next(iter(curves.values()))[:count]]
    for key, name, color in (("train_mse", "training", BLUE), ("validation_mse", "validation", ORANGE)):
        losses = np.array([[point[key] for point in curve[:count]] for curve in curves.values()])
        axes.plot(epochs, losses.mean(axis=0), color=color, linewidth=1.3, label=name)
        if len(losses) > 1:
            axes.fill_between(
                epochs, losses.min(axis=0), losses.max(axis=0), color=color, alpha=0.15, linewidth=0
            )
    rates = [point["learning_rate"] for point in next(iter(curves.values()))[:count]]
    drops = [epoch for epoch, before, now in zip(epochs[1:], rates, rates[1:], strict=False) if now < before]
    for epoch in drops:
        axes.axvline(epoch - 0.5, color=GREY, linewidth=0.9, linestyle="--", label="learning rate / 10")
    axes.set_yscale("log")
    axes.set_xlabel("epoch", fontsize=9)
    axes.set_ylabel("mean squared error of Dice", fontsize=9)
    folds = f"{len(curves)} folds, mean and range" if len(curves) > 1 else f"fold {next(iter(curves))}"
    axes.set_title(f"Training curves: {folds}", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    _plain(axes)
    figure.tight_layout()
    return figure


def draw_battery(
    cases: Sequence[BatteryCase], predicted: np.ndarray, figures: Sequence[GroupFigures]
) -> Figure:
    """Figure 7: an example and the figures of each group of the battery, on the first test contour."""
    groups = list(dict.fromkeys(case.group for case in cases))
    figure = blank_figure(1.75 * len(groups), 3.3)
    for axes, group in zip(figure.subplots(1, len(groups)), groups, strict=True):
        number = next(n for n, case in enumerate(cases) if case.group == group)
        case, told = cases[number], next(one for one in figures if one.group == group)
        _example(axes, case)
        rank = "undefined" if np.isnan(told.spearman) else f"{told.spearman:.2f}"
        axes.set_title(literal(group), fontsize=10)
        axes.set_xlabel(
            f"here: {predicted[number]:.2f}, true {case.dice:.2f}\n"
            f"n = {told.n}, MAE {told.mae:.3f}\ncorrelation {rank}\n{told.failed} misclassified",
            fontsize=8,
        )
    figure.subplots_adjust(left=0.01, right=0.99, top=0.9, bottom=0.26, wspace=0.05)
    return figure


def _example(axes: Axes, case: BatteryCase) -> None:
    """The slice through the reference's middle with the contour over it."""
    areas = case.pair.reference.sum(axis=(1, 2))
    middle = int(np.flatnonzero(np.cumsum(areas) * 2 >= areas.sum())[0])
    # K runs to superior, J to posterior, I to left: shown from below, posterior at the bottom.
    axes.imshow(case.pair.image[middle], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    shade = np.ma.masked_equal(case.mask[middle].astype(float), 0.0)
    axes.imshow(shade, cmap="autumn", alpha=0.45, vmin=0, vmax=1, interpolation="nearest")
    if case.pair.reference[middle].any():
        axes.contour(case.pair.reference[middle], levels=[0.5], colors="#33dd55", linewidths=1.0)
    axes.set_xticks([])
    axes.set_yticks([])


def _beside(axes: Axes, predicted: np.ndarray, true: np.ndarray, what: str) -> None:
    """Predicted against target, equal scales, the dotted line where they agree."""
    low = min(predicted.min(), true.min()) - 0.01
    high = max(predicted.max(), true.max()) + 0.01
    axes.plot([low, high], [low, high], color=GREY, linestyle=":", linewidth=1.2, label="x = y")
    axes.scatter(
        true, predicted, s=18, color=BLUE, alpha=0.75, edgecolors="none", label=f"{len(true)} {what}"
    )
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.set_xlabel("target Dice", fontsize=9)
    axes.set_ylabel("predicted Dice", fontsize=9)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
