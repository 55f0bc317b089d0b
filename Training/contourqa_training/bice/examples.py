"""Examples: a middling validation patient of each structure, outlined at the best threshold and at 0.5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contourqa_training.bice.curve_figures import SMALL, titled_figure
from contourqa_training.bice.findings import Finding
from contourqa_training.bice.measuring import Measured
from contourqa_training.segmentation_cases import SegmentationCase, read_case
from contourqa_training.segmenter_model import SegmenterModel
from ContourQALib.case import Image
from ContourQALib.metrics.surface import box
from ContourQALib.report.canvas import literal
from ContourQALib.report.figures import window
from ContourQALib.report.outlines import REFERENCE
from ContourQALib.report.threshold_panels import AT_HALF, AT_OPTIMUM
from ContourQALib.report.views import View, cut_image, cut_mask, plane, region
from ContourQALib.thresholds.sensitivity import HALF

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
PICTURE_INCHES = 2.7


@dataclass(frozen=True, eq=False)
class Example:
    """One structure of one patient.

    Attributes:
        structure: the structure.
        image: the patient's image.
        reference: bool (K, J, I).
        probability: (K, J, I).
        threshold: the validation optimum.
        dice: at that threshold.
        dice_at_half: at 0.5.
    """

    structure: str
    image: Image
    reference: np.ndarray
    probability: np.ndarray
    threshold: float
    dice: float
    dice_at_half: float


def make_example(
    finding: Finding,
    model: SegmenterModel,
    validated: Sequence[Measured],
    cases: Sequence[SegmentationCase],
) -> Example | None:
    """The validation patient whose Dice is the median, predicted again; None without an optimum.

    Args:
        finding: whose example.
        model: the finding's model.
        validated: the validation patients of all models.
        cases: their files, among others.
    """
    from contourqa_training.segmenter_outputs import probability_maps

    best = finding.validation.optimum["dice"]
    mine = [m for m in validated if (m.model, m.structure) == (finding.model, finding.structure)]
    if best is None or not mine:
        return None
    ranked = sorted(mine, key=lambda m: m.analysis.point(best.threshold).dice)
    middling = ranked[len(ranked) // 2]
    case = next(case for case in cases if case.name == middling.patient)
    image, masks = read_case(case)
    maps = probability_maps(image, model, model.network())
    return Example(
        structure=finding.structure,
        image=image,
        reference=masks[finding.structure],
        probability=maps[finding.structure],
        threshold=best.threshold,
        dice=middling.analysis.point(best.threshold).dice,
        dice_at_half=middling.analysis.point(HALF).dice,
    )


def draw_examples(examples: Sequence[Example], title: str) -> Figure | None:
    """The slice of each example where the reference is largest; None for no examples."""
    if not examples:
        return None
    rows = -(-len(examples) // COLUMNS)
    notes = (
        f"Solid {REFERENCE.name}: reference; {AT_OPTIMUM.name} dash-dotted: at the validation optimum;"
        f" {AT_HALF.name} dashed: at 0.5.",
        "Each structure's patient of median Dice, in the slice where the reference is largest.",
    )
    figure = titled_figure(PICTURE_INCHES * rows, title, "4 and 5", notes)
    panels = np.atleast_1d(figure.subplots(rows, COLUMNS, squeeze=False)).ravel()
    for ax in panels[len(examples) :]:
        ax.set_axis_off()
    for ax, example in zip(panels, examples, strict=False):
        _draw(ax, example)
    return figure


def _draw(ax: Axes, example: Example) -> None:
    grid = example.image.grid
    masks = {
        REFERENCE: example.reference,
        AT_OPTIMUM: example.probability >= np.float32(example.threshold),
        AT_HALF: example.probability >= np.float32(HALF),
    }
    axial = plane(grid, 0)
    view = View(axial, int(example.reference.sum(axis=(1, 2)).argmax()))
    around = np.zeros_like(example.reference)
    around[view.index] = np.logical_or.reduce([mask[view.index] for mask in masks.values()])
    shown = region(axial, box(around), grid, example.image)
    gray = window(example.image)
    pixels = cut_image(example.image, grid, view, shown)
    across, down = axial.pixel_mm
    ax.imshow(
        pixels, cmap="gray", vmin=gray.low, vmax=gray.high, aspect=down / across, interpolation="nearest"
    )
    for look, mask in masks.items():
        cut = cut_mask(mask, view, shown)
        if cut.any() and not cut.all():
            ax.contour(cut, levels=[0.5], colors=look.color, linestyles=[look.style], linewidths=1.4)
    ax.set_title(
        f"{literal(example.structure)}\nDice {example.dice:.2f} at {example.threshold:.2f},"
        f" {example.dice_at_half:.2f} at 0.5",
        fontsize=SMALL,
        loc="left",
    )
    ax.set_xticks([])
    ax.set_yticks([])
