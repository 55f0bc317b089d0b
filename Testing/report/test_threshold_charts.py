"""Charts of a threshold study: what is drawn, marked, shaded and cut off."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Png

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.report import threshold_charts
from ContourQALib.report.calibration_charts import reliability_chart
from ContourQALib.report.loss_charts import Loss, loss_chart
from ContourQALib.report.threshold_charts import pooled_chart, threshold_chart
from ContourQALib.report.threshold_panels import Curve, draw_panel
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze
from ContourQALib.thresholds.pooled import pool
from ContourQALib.thresholds.sensitivity import FIGURES, PERTURBATIONS


@pytest.fixture(scope="module")
def analysis(reference: Contour, shifted: Contour) -> ThresholdAnalysis:
    values = np.where(reference.mask, 0.4, 0.0) + np.where(shifted.mask, 0.45, 0.02)
    return analyze(ProbabilityMap(values.astype(np.float32), reference.grid, "CTV"), reference)


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that are made, as matplotlib holds them."""
    figures: list = []
    make = threshold_charts.blank_figure
    monkeypatch.setattr(
        threshold_charts, "blank_figure", lambda *size: figures.append(make(*size)) or figures[-1]
    )
    return figures


def is_picture(png: bytes) -> bool:
    pixels = np.asarray(Png.open(io.BytesIO(png)).convert("L"))
    return min(pixels.shape) > 200 and pixels.min() < 100 < 250 < pixels.max()


def words(ax) -> str:
    from matplotlib.text import Text

    return " ".join(found.get_text() for found in ax.findobj(Text) if found.get_text())


def test_every_figure_is_drawn_with_its_optimum_and_its_value_at_half(analysis, drawn):
    picture = threshold_chart(analysis)
    assert is_picture(picture.png)
    panels = drawn[0].axes
    assert [ax.get_title(loc="left") for ax in panels] == [
        "Dice", "Surface Dice", "Volume, cc", "MSD, mm", "HD, mm", "HD95, mm",
    ]  # fmt: skip
    best, half = analysis.optimum["dice"], analysis.point(0.5)
    shown = words(panels[0])
    assert f"best {best.value:.3f} at {best.threshold:g}" in shown
    assert f"{half.dice:.3f} at 0.5" in shown
    marks = {tuple(line.get_xydata()[0]) for line in panels[0].lines if len(line.get_xydata()) == 1}
    assert {(best.threshold, best.value), (0.5, half.dice)} <= marks
    curve = panels[0].lines[0].get_xydata()
    assert np.array_equal(curve, np.column_stack([analysis.sweep.thresholds, analysis.sweep.dice]))
    volume = analysis.sweep.volume_reference_cc
    level = [line for line in panels[2].lines if set(line.get_ydata()) == {volume}]
    assert len(level) == 1


def test_thresholds_without_a_contour_are_shaded_and_named(analysis, drawn):
    picture = threshold_chart(analysis)
    # The map is at least 0.02 everywhere and 0.85 at most.
    assert "the whole grid at 0 to 0.02, nothing at 0.86 to 1" in picture.caption
    spans = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in drawn[0].axes[0].patches)
    assert spans[0] == pytest.approx((-0.005, 0.025))
    assert spans[-1] == pytest.approx((0.855, 1.005))


def test_what_would_flatten_a_chart_is_cut_off_and_said(analysis, drawn):
    picture = threshold_chart(analysis)
    hd = analysis.sweep.hd_mm
    top = drawn[0].axes[4].get_ylim()[1]
    assert np.nanmax(hd[np.isfinite(hd)]) > top > np.max(hd[5:80])
    assert f"HD (up to {hd[0]:.0f} mm)" in picture.caption
    assert "cut off" in words(drawn[0].axes[4])


def test_a_chart_reaches_three_times_the_best_value_at_least(drawn):
    figure = threshold_charts.blank_figure(4, 3)
    ax = figure.subplots()
    t = np.linspace(0, 1, 11)
    astray = Curve(t, np.where(t < 0.05, 100.0, 2.0))
    assert draw_panel(ax, "hd_mm", [astray], least=2.0) == "HD (up to 100 mm)"
    assert 6 < ax.get_ylim()[1] < 7
    assert draw_panel(figure.subplots(), "hd_mm", [Curve(t, 2 + t)], least=2.0) == ""


def test_an_empty_reference_has_panels_that_say_undefined(analysis, drawn, reference, empty):
    values = reference.mask.astype(np.float32)
    picture = threshold_chart(analyze(ProbabilityMap(values, reference.grid, "CTV"), empty))
    assert is_picture(picture.png)
    assert "undefined" in words(drawn[0].axes[3])
    assert "best" not in words(drawn[0].axes[0])


def test_a_single_threshold_is_a_point_and_the_panel_reaches_the_value_at_half(drawn, reference):
    values = (0.3 * reference.mask).astype(np.float32)
    values[tuple(np.argwhere(reference.mask)[0])] = 0.9
    found = analyze(ProbabilityMap(values, reference.grid, "CTV"), reference, [0.25])
    assert is_picture(threshold_chart(found).png)
    assert drawn[0].axes[4].get_ylim()[1] > found.point(0.5).hd_mm > found.point(0.25).hd_mm


def test_a_cohort_is_a_mean_with_its_band_and_a_line_a_case(analysis, drawn, reference, shifted, monkeypatch):
    values = np.where(shifted.mask, 0.7, 0.1).astype(np.float32)
    other = analyze(ProbabilityMap(values, reference.grid, "CTV"), reference)
    pooled = pool([analysis, other, other], ["a", "b", "c"])
    picture = pooled_chart(pooled, [analysis, other, other])
    assert is_picture(picture.png)
    assert picture.caption.startswith("Mean of 3 cases, band ±1 standard error, thin lines the cases.")
    assert "From threshold 0.71 on, some contours vanish" in picture.caption
    dice = drawn[0].axes[0]
    heights = [line.get_ydata() for line in dice.lines if len(line.get_ydata()) == 101]
    assert len(heights) == 4
    assert np.array_equal(heights[-1], pooled.curves["dice"].mean)
    edges = dice.collections[0].get_paths()[0].vertices[:, 1]
    highest = np.nanmax(pooled.curves["dice"].mean + pooled.curves["dice"].standard_error)
    assert edges.max() == pytest.approx(highest)
    monkeypatch.setattr(threshold_charts, "MOST_LINES", 2)
    assert "one case in 2" in pooled_chart(pooled, [analysis, other, other]).caption


def test_losses_are_bars_with_quartiles_and_a_dash_for_what_is_undefined():
    one = {name: Loss(5.0 + n) for n, name in enumerate(FIGURES)}
    odd = {**one, "hd_mm": Loss(float("nan"), float("nan"), float("nan")), "dice": Loss(2.0, -1.0, 4.0)}
    single = loss_chart(dict.fromkeys(PERTURBATIONS, one), one, "CTV of a")
    several = loss_chart(dict.fromkeys(PERTURBATIONS, odd), odd, "CTV of all")
    assert is_picture(single.png)
    assert is_picture(several.png)
    assert "quartiles" in several.caption
    assert "quartiles" not in single.caption


def test_reliability_says_its_domain(analysis):
    picture = reliability_chart(analysis.calibration, "CTV of a")
    assert is_picture(picture.png)
    assert f"over {analysis.calibration.voxels} voxels" in picture.caption
    assert "margin" in picture.caption


def test_names_with_dollars_are_shown_as_they_are(analysis, drawn):
    named = replace(analysis, sweep=replace(analysis.sweep, structure="$x_1$"))
    assert "$x_1$" in threshold_chart(named).alt
