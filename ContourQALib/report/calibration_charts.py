"""Charts of calibration: how often a structure is there where its map gives it a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ContourQALib.report.canvas import Picture, blank_figure, to_png
from ContourQALib.report.outlines import Look
from ContourQALib.thresholds.calibration import Calibration
from ContourQALib.thresholds.reliability import DOMAIN, Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEFORE = Look("#1a2027", "-", "black")
TEMPERATURE = Look("#2b9fd9", "--", "sky blue")
WITH_BIAS = Look("#d98200", "-.", "orange")


def reliability_chart(calibration: Calibration, subject: str) -> Picture:
    """Observed frequency against predicted probability, before and after recalibration, with voxel counts.

    Args:
        calibration: what to draw.
        subject: whose it is, for the alternative text.
    """
    figure = blank_figure(5.2, 4.6)
    diagram, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    diagram.plot([0, 1], [0, 1], color="#9aa5b1", linewidth=1.0, zorder=1)
    _draw(diagram, calibration.before, BEFORE, "the map as it is")
    _draw(diagram, calibration.after_temperature, TEMPERATURE, "temperature")
    _draw(diagram, calibration.after_temperature_and_bias, WITH_BIAS, "temperature and bias")
    diagram.set_ylim(-0.02, 1.02)
    diagram.set_ylabel("share inside the reference", fontsize=8.5)
    diagram.legend(fontsize=8, frameon=False, loc="upper left")
    before = calibration.before
    counts.bar(before.edges[:-1], before.voxels, 0.92 * before.edges[1], align="edge", color="#9aa5b1")
    counts.set_yscale("symlog", linthresh=1)
    counts.set_ylim(bottom=0)
    counts.set_ylabel("voxels", fontsize=8.5)
    counts.set_xlabel("predicted probability", fontsize=8.5)
    counts.set_xlim(-0.02, 1.02)
    for ax in (diagram, counts):
        ax.grid(True, color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(labelsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    figure.subplots_adjust(left=0.13, right=0.98, bottom=0.11, top=0.97, hspace=0.1)
    caption = f"Fifteen bins over {calibration.voxels} voxels: {DOMAIN}. On the gray line predictions hold."
    return Picture(to_png(figure), f"Reliability of the probabilities of {subject}.", caption)


def _draw(ax: Axes, reliability: Reliability, look: Look, label: str) -> None:
    line = {"color": look.color, "linestyle": look.style, "linewidth": 1.4}
    # Bins without voxels are passed over: their neighbors are joined.
    held = reliability.voxels > 0
    ax.plot(
        reliability.mean_predicted[held],
        reliability.observed[held],
        marker="o",
        markersize=3,
        label=f"{label}: ECE {reliability.ece:.3f}",
        **line,
    )
