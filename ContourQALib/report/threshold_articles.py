"""Articles of a threshold report: the pictures and calibration of one case, or of one structure's cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from ContourQALib.case import Image
from ContourQALib.report.calibration_charts import reliability_chart
from ContourQALib.report.canvas import Picture
from ContourQALib.report.figures import SLICES_OF_ONE, slice_figure
from ContourQALib.report.html import Column, figure, table
from ContourQALib.report.loss_charts import Loss, loss_chart
from ContourQALib.report.outlines import Outline
from ContourQALib.report.threshold_charts import pooled_chart, threshold_chart
from ContourQALib.report.threshold_panels import AT_HALF, AT_OPTIMUM
from ContourQALib.report.threshold_wording import SHOWN_PERTURBATION
from ContourQALib.report.views import choose_views
from ContourQALib.report.wording import dice_text, number, percent_text, threshold_text
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.calibration import Calibration, Rescaling
from ContourQALib.thresholds.cases import KeptContours, ThresholdCase
from ContourQALib.thresholds.pooled import PooledSweep
from ContourQALib.thresholds.pooled_losses import LossSpread
from ContourQALib.thresholds.sensitivity import FIGURES, Sensitivity

ImageOf = Callable[[ThresholdCase], Image | None]
"""The image to show below a case's outlines, asked for once it is needed; None for none."""

FITS = {"": "as it is", "temperature": "temperature", "temperature_and_bias": "temperature and bias"}
"""The map and its recalibrations, in words."""

IN_SAMPLE = "The fits are measured on the voxels they were made on, which flatters them."


def case_article(case: ThresholdCase, image_of: ImageOf) -> str:
    """Curves, slices, losses and calibration of a case that was analyzed, as HTML."""
    analysis = case.analysis
    assert analysis is not None, "a case that failed has nothing to show"
    best = analysis.optimum["dice"]
    told = (
        f"best Dice {dice_text(best.value)} at {threshold_text(best.threshold)}" if best else "no best Dice"
    )
    body = figure(threshold_chart(analysis))
    if case.contours is not None and case.contours.reference.mask.any():
        body += figure(_slices(case.contours, image_of(case)))
    subject = f"{case.structure} of {case.case}"
    if any(analysis.optimum.values()):
        body += figure(
            loss_chart(
                {d: _of_one(losses) for d, losses in analysis.perturbation_loss_percent.items()},
                _of_one(analysis.loss_at_half_percent),
                subject,
            )
        )
    if analysis.calibration is not None:
        body += _calibration(analysis.calibration, subject, {"": analysis, **analysis.recalibrated})
    return _article(case.structure, f"{case.case}: {told}", body)


def pooled_article(structure: str, pooled: PooledSweep, analyses: Sequence[ThresholdAnalysis]) -> str:
    """Mean curves, losses and calibration of a structure over its cases, as HTML."""
    best, losses = pooled.optimum["dice"], pooled.losses
    told = f"{len(pooled.cases)} cases"
    body = figure(pooled_chart(pooled, analyses))
    if best is not None:
        told += f": best mean Dice {dice_text(best.value)} at {threshold_text(best.threshold)}"
        body += figure(
            loss_chart(
                {d: _of_several(spreads) for d, spreads in losses.perturbation_loss_percent.items()},
                _of_several(losses.loss_at_half_percent),
                f"{structure} over {len(pooled.cases)} cases",
            )
        )
    if pooled.calibration is not None:
        body += _calibration(pooled.calibration, f"{structure}, all cases together", {})
    return _article(structure, told, body)


def _article(structure: str, score: str, body: str) -> str:
    head = f'<h3>{escape(structure)} <span class="score">{escape(score)}</span></h3>'
    return f"<article>{head}{body}</article>"


def _slices(contours: KeptContours, image: Image | None) -> Picture:
    """The reference with the contours at 0.5 and at the Dice optimum."""
    grid = contours.grid
    outlines = [Outline(contours.reference.on(grid).mask, "reference")]
    outlines.append(Outline(contours.half.on(grid).mask, "P ≥ 0.5", AT_HALF))
    if contours.optimum is not None:
        label = f"P ≥ {threshold_text(contours.optimum_threshold)}, best Dice"
        outlines.append(Outline(contours.optimum.on(grid).mask, label, AT_OPTIMUM))
    views = choose_views([outline.mask for outline in outlines], grid, SLICES_OF_ONE)
    return slice_figure([outlines], grid, views, image)


def _of_one(losses: Mapping[str, float]) -> dict[str, Loss]:
    return {name: Loss(losses[name]) for name in FIGURES}


def _of_several(losses: Mapping[str, LossSpread]) -> dict[str, Loss]:
    return {n: Loss(s.median, s.lower_quartile, s.upper_quartile) for n, s in losses.items()}


def _calibration(calibration: Calibration, subject: str, found: Mapping[str, Sensitivity]) -> str:
    """The reliability diagram and, beside the figures of each fit, what it does to the Dice optimum."""
    fits = {"": Rescaling(), **calibration.rescalings}
    after = (calibration.before, calibration.after_temperature, calibration.after_temperature_and_bias)
    columns = [Column("Map", numeric=False), Column("Temperature"), Column("Bias"), Column("ECE")]
    columns += [Column("Largest error of a bin"), Column("Brier score"), Column("NLL", "nats a voxel")]
    if found:
        columns += [Column("Best Dice", "at threshold"), Column("Dice lost at 0.5", "%")]
        columns.append(Column(f"Dice lost at ±{SHOWN_PERTURBATION:g}", "%"))
    rows = []
    for (name, fit), reliability in zip(fits.items(), after, strict=True):
        limit = " (at the limit)" if fit.at_limit else ""
        row = [FITS[name] + limit, number(fit.temperature, ".3g"), number(fit.bias, "+z.2f")]
        row += [number(reliability.ece, ".4f"), number(reliability.max_error, ".3f")]
        row += [number(reliability.brier, ".4f"), number(reliability.nll, ".4f")]
        if found:
            best = found[name].optimum["dice"]
            row.append(threshold_text(best.threshold if best else None))
            row.append(percent_text(found[name].loss_at_half_percent["dice"]))
            row.append(percent_text(found[name].perturbation_loss_percent[SHOWN_PERTURBATION]["dice"]))
        rows.append(row)
    note = f'<p class="notes">{IN_SAMPLE}</p>' if calibration.in_sample else ""
    return figure(reliability_chart(calibration, subject)) + table(columns, rows, "Calibration") + note
