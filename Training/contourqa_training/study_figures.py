"""Figures of a study: predicted against true Dice, and how the score follows a growing error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contourqa_training.judgement import StratumResult
from ContourQALib.formats.output import write_atomically

NETWORK = "network"
"""The predictor that the figures show."""

COLUMNS = 5


def draw_figures(folder: Path, results: Sequence[StratumResult]) -> None:
    """Write predicted_against_true.png and severity.png."""
    _scatter(folder / "predicted_against_true.png", results)
    _severity(folder / "severity.png", next(r for r in results if r.name == "S"))


def _scatter(path: Path, results: Sequence[StratumResult]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(results), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, result in zip(figure.subplots(1, len(results)), results, strict=True):
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
        axes.scatter(
            result.true, result.predicted[NETWORK], s=6, alpha=0.35, color="#1f5fa8", edgecolors="none"
        )
        found = result.judgements[NETWORK]
        axes.set_title(f"Stratum {result.name}: n = {found.n}, MAE {found.mae:.3f}")
        axes.set_xlabel("true Dice")
        axes.set_ylabel("predicted Dice")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_aspect("equal")
    with write_atomically(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _severity(path: Path, graded: StratumResult) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kinds = list(dict.fromkeys(j.kind for j in graded.contours))
    rows = -(-len(kinds) // COLUMNS)
    figure = Figure(figsize=(2.6 * COLUMNS, 2.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = np.atleast_2d(figure.subplots(rows, COLUMNS, sharey=True))
    for axes in grid.ravel()[len(kinds) :]:
        axes.set_axis_off()
    for axes, kind in zip(grid.ravel(), kinds, strict=False):
        severities = sorted({j.severity for j in graded.contours if j.kind == kind})
        index = [
            [n for n, j in enumerate(graded.contours) if (j.kind, j.severity) == (kind, s)]
            for s in severities
        ]
        axes.plot(severities, [graded.true[i].mean() for i in index], "o-", color="0.4", ms=3, label="true")
        predicted = [graded.predicted[NETWORK][i].mean() for i in index]
        axes.plot(severities, predicted, "s-", color="#1f5fa8", ms=3, label="predicted")
        axes.set_title(kind, fontsize=9)
        axes.set_ylim(0, 1.02)
        axes.tick_params(labelsize=7)
    grid[0, 0].legend(fontsize=7)
    figure.supylabel("mean Dice")
    figure.supxlabel("severity, in the error's unit")
    with write_atomically(path) as temporary:
        figure.savefig(temporary, dpi=110)
