"""The study's figures as files: the paper's, where the study has their data, and further ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from contourqa_training.bice import curve_figures, further_figures, loss_figures
from contourqa_training.bice.findings import Findings
from contourqa_training.study_output import write_figure
from ContourQALib.formats.output import output_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN: dict[str, Callable[[Findings], Figure | None]] = {
    "fig07_dice_curves.png": lambda found: curve_figures.draw_structures(found, "dice", "7"),
    "fig08_monte_carlo.png": curve_figures.draw_monte_carlo,
    "fig10_msd_curves.png": lambda found: curve_figures.draw_structures(found, "msd_mm", "10"),
    "fig11_hd_curves.png": lambda found: curve_figures.draw_structures(found, "hd_mm", "11"),
    "fig12_dice_loss_at_half.png": loss_figures.draw_dice_at_half,
    "fig13_distance_loss_at_half.png": loss_figures.draw_distances_at_half,
    "fig14_dice_perturbation.png": loss_figures.draw_dice_beside,
    "fig15_distance_perturbation.png": loss_figures.draw_distances_beside,
    "fig16_prominence.png": further_figures.draw_prominence,
    "fig17_lambda_dice.png": lambda found: curve_figures.draw_series(found, "dice", "17"),
    "fig18_lambda_msd.png": lambda found: curve_figures.draw_series(found, "msd_mm", "18"),
    "calibration.png": further_figures.draw_calibration,
    "transfer.png": further_figures.draw_transfer,
    "multi_label.png": loss_figures.draw_pairs,
}
"""What is drawn into which file; None where the study did not train what the figure shows."""


def draw_figures(folder: Path, findings: Findings) -> list[Path]:
    """Write every figure that there is data for.

    Args:
        folder: made where it is missing; figures of an earlier study with the same names are replaced.
        findings: what the study found.

    Returns:
        The files, in the order of the paper.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    folder = output_folder(folder)
    drawn = ((folder / name, draw(findings)) for name, draw in DRAWN.items())
    return [write_figure(path, figure) for path, figure in drawn if figure is not None]
