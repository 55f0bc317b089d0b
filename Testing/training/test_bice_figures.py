"""Figures of the Bice study: what is drawn, what the axes show, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import same_color
from PIL import Image

from bice_findings import WEAK, bice_findings
from contourqa_training.bice.curve_figures import colors_of, draw_monte_carlo, draw_series, draw_structures
from contourqa_training.bice.figures import DRAWN, draw_figures
from contourqa_training.bice.findings import Correlation, Finding, Findings
from contourqa_training.bice.further_figures import (
    draw_calibration,
    draw_prominence,
    draw_transfer,
    intervals_of,
)
from contourqa_training.bice.loss_figures import draw_dice_at_half, draw_distances_at_half, draw_pairs
from contourqa_training.bice.transfer import Transfer, TransferRow
from ContourQALib.report.threshold_panels import LEAST_REACH
from ContourQALib.thresholds.pooled_losses import LossSpread, PooledLosses
from ContourQALib.thresholds.sensitivity import FIGURES, PERTURBATIONS

SERIES = {"fig17_lambda_dice.png", "fig18_lambda_msd.png"}
DRAWS = "fig08_monte_carlo.png"
PAIRS = "multi_label.png"
NAN = float("nan")


def of(findings: Findings, model: str, structure: str) -> Finding:
    (found,) = (f for f in findings.of_model(model) if f.structure == structure)
    return found


def line_named(ax: Any, begins: str) -> Any:
    (found,) = (line for line in ax.get_lines() if str(line.get_label()).startswith(begins))
    return found


def texts(figure: Any) -> str:
    return " ".join(text.get_text() for text in figure.texts)


@pytest.fixture(scope="module")
def findings() -> Findings:
    return bice_findings()


@pytest.mark.filterwarnings("error::UserWarning")  # a layout that found no room says so in one
def test_every_figure_is_written_and_none_is_blank(tmp_path: Path, findings: Findings) -> None:
    written = draw_figures(tmp_path / "new" / "figures", findings)
    assert [path.name for path in written] == list(DRAWN)
    assert sorted(path.name for path in written) == sorted(p.name for p in written[0].parent.iterdir())
    for path in written:
        with Image.open(path) as image:
            assert image.format == "PNG"
            pixels = np.asarray(image.convert("L"))
        # Lines and words cover some percent of a page; less is a frame around nothing.
        assert (pixels < 200).mean() > 0.01, path.name
        # Nothing is cut off by the page's edge, where only white may lie.
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (edge == 255).all(), path.name


@pytest.mark.parametrize(
    ("trained", "missing"),
    [
        (lambda f: f.multi_label, {*SERIES, PAIRS}),
        (lambda f: f.multi_label or f.dice_weight == 0, SERIES),
        (lambda f: not f.multi_label, {PAIRS}),
    ],
    ids=["the multi-label model alone", "one lambda", "no multi-label model"],
)
def test_what_was_not_trained_has_no_figure(
    findings: Findings, trained: Callable[[Finding], bool], missing: set[str]
) -> None:
    part = replace(findings, findings=tuple(f for f in findings.findings if trained(f)), monte_carlo=())
    assert {name for name, draw in DRAWN.items() if draw(part) is None} == {*missing, DRAWS}


def test_no_findings_give_no_figure(tmp_path: Path) -> None:
    assert draw_figures(tmp_path, Findings((), (), ())) == []


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_study_whose_numbers_are_undefined_is_drawn_all_the_same(
    tmp_path: Path, findings: Findings
) -> None:
    nothing = LossSpread(np.full(3, NAN), NAN, NAN, NAN, 0, 3, NAN)
    each = dict.fromkeys(FIGURES, nothing)
    losses = PooledLosses(each, dict.fromkeys(PERTURBATIONS, each), {})
    row = TransferRow(0, 0.5, NAN, NAN, NAN, NAN, NAN)
    bare = [
        replace(
            finding,
            prominence=NAN,
            validation=replace(finding.validation, optimum=dict.fromkeys(FIGURES)),
            losses=losses,
            recalibrated={},
            transfer=Transfer((row, replace(row, patients=4))),
        )
        for finding in findings.multi_label()
    ]
    correlation = Correlation("multi-label", ("Brainstem",), (NAN,), (0.3,), NAN, NAN, NAN, NAN)
    written = {path.name for path in draw_figures(tmp_path, Findings(tuple(bare), (), (correlation,)))}
    assert set(DRAWN) - written == {*SERIES, DRAWS, PAIRS, "calibration.png"}


def test_curves_are_the_validation_means_with_their_optima_marked(findings: Findings) -> None:
    figure = draw_structures(findings, "dice", "7")
    assert figure is not None
    multi_label, single = figure.axes
    for ax, members in ((multi_label, findings.multi_label()), (single, findings.papers())):
        for finding in members:
            best = finding.validation.optimum["dice"]
            assert best is not None
            line = line_named(ax, f"{finding.structure}: {best.value:.3f} at {best.threshold:.4g}")
            assert np.array_equal(line.get_xdata(), finding.validation.thresholds)
            assert np.array_equal(line.get_ydata(), finding.validation.curves["dice"].mean)
            assert same_color(line.get_color(), colors_of(findings)[finding.structure])
            points = [(p.get_xdata()[0], p.get_ydata()[0]) for p in ax.get_lines() if p.get_marker() == "o"]
            assert (best.threshold, best.value) in points
    assert "counterpart of figure 7" in texts(figure)


def test_distances_end_at_three_times_the_worst_of_the_best_means(findings: Findings) -> None:
    figure = draw_structures(findings, "msd_mm", "10")
    assert figure is not None
    shown = findings.multi_label() + findings.papers()
    worst = max(best.value for f in shown if (best := f.validation.optimum["msd_mm"]))
    for ax in figure.axes:
        assert LEAST_REACH * worst <= ax.get_ylim()[1] <= 1.2 * LEAST_REACH * worst  # and some headroom
    assert "Cut off: values up to" in texts(figure)


def test_means_of_fewer_patients_are_dotted(findings: Findings) -> None:
    figure = draw_structures(findings, "hd_mm", "11")
    assert figure is not None
    finding = of(findings, "multi-label", "SpinalCord")
    curve = finding.validation.curves["hd_mm"]
    fewer = curve.undefined > curve.undefined.min()
    assert fewer.any(), "the map of some validation patient ends below 1"
    assert np.isnan(line_named(figure.axes[0], "SpinalCord").get_ydata()[fewer]).all()


def test_the_band_is_one_standard_error_about_the_mean_of_the_draws(findings: Findings) -> None:
    figure = draw_monte_carlo(findings)
    assert figure is not None
    (found,) = findings.monte_carlo
    ax = figure.axes[0]
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    curve, at = found.curves["dice"], 40
    edges = corners[np.isclose(corners[:, 0], found.thresholds[at]), 1]
    expected = curve.mean[at] + curve.standard_error[at] * np.array([-1, 1])
    assert [edges.min(), edges.max()] == pytest.approx(expected)
    drawn = [line.get_ydata() for line in ax.get_lines()]
    assert all(any(np.array_equal(values, d) for d in drawn) for values in found.draws["dice"])


def test_a_series_has_a_panel_for_each_structure_and_a_line_for_each_lambda(findings: Findings) -> None:
    figure = draw_series(findings, "dice", "17")
    assert figure is not None
    assert [ax.get_title("left") for ax in figure.axes] == ["Brainstem", "RightParotid"]
    for ax, structure in zip(figure.axes, ("Brainstem", "RightParotid"), strict=True):
        for finding in findings.series(structure):
            line = line_named(ax, f"λ = {finding.dice_weight:g}:")
            assert np.array_equal(line.get_ydata(), finding.validation.curves["dice"].mean)


def test_medians_of_losses_stand_beside_their_rows(findings: Findings) -> None:
    figure = draw_dice_at_half(findings)
    assert figure is not None
    figure.draw_without_rendering()
    (ax,) = figure.axes
    (medians,) = ax.child_axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    values = dict(zip(names, (t.get_text() for t in medians.get_yticklabels()), strict=True))
    for finding in findings.findings:
        kind = "multi-label" if finding.multi_label else f"λ = {finding.dice_weight:g}"
        median = finding.losses.loss_at_half_percent["dice"].median
        assert values[f"{finding.structure}, {kind}"] == f"{median:z.1f}"
    together = np.concatenate([f.losses.loss_at_half_percent["dice"].per_case for f in findings.papers()])
    assert values["All, λ = 0"] == f"{np.median(together):z.1f}"


def test_every_loss_is_a_dot_or_counted_as_beyond_or_undefined(findings: Findings) -> None:
    figure = draw_distances_at_half(findings)
    assert figure is not None
    undefined = 0
    for ax, name in zip(figure.axes, ("msd_mm", "hd_mm"), strict=True):
        losses = np.concatenate([f.losses.loss_at_half_percent[name].per_case for f in findings.findings])
        undefined += int(np.isnan(losses).sum())
        low, high = ax.get_xlim()
        dots = sum(len(dots.get_offsets()) for dots in ax.collections)
        beyond = int(((losses < low) | (losses > high)).sum())
        assert dots + beyond == np.isfinite(losses).sum()
        assert (f"{beyond} beyond" in ax.get_xlabel()) == (beyond > 0)
    weak = of(findings, "multi-label", WEAK[0]).losses.loss_at_half_percent["hd_mm"]
    assert np.isnan(weak.per_case[WEAK[1]])
    assert f"{undefined} losses that are undefined" in texts(figure)


def test_pairs_are_the_structures_that_both_kinds_of_model_have(findings: Findings) -> None:
    figure = draw_pairs(findings)
    assert figure is not None
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[:4] == [
        f"{structure}, {kind}"
        for structure in ("Brainstem", "RightParotid")
        for kind in ("multi-label", "λ = 0")
    ]


def test_a_structure_has_one_color_wherever_it_is_drawn(findings: Findings) -> None:
    figure = draw_pairs(findings)
    assert figure is not None
    shown = figure.axes[0].patches[2].get_edgecolor()  # without SpinalCord the parotid is the second
    assert same_color(shown, colors_of(findings)["RightParotid"])
    assert len(set(colors_of(findings).values())) == 3


def test_prominence_is_drawn_with_names_and_the_optimas_intervals(findings: Findings) -> None:
    figure = draw_prominence(findings)
    assert figure is not None
    correlation = findings.correlations[0]
    ax = figure.axes[0]
    assert f"r = {correlation.r:.2f}" in ax.get_title("left")
    assert sorted(text.get_text() for text in ax.texts) == sorted(correlation.structures)
    intervals = intervals_of(findings, correlation)
    for name, interval in zip(correlation.structures, intervals, strict=True):
        best = of(findings, "multi-label", name).validation.optimum["dice"]
        assert best is not None
        assert best.interval is not None
        assert interval == best.interval
        bars = [tuple(line.get_ydata()) for line in ax.get_lines()]
        assert (best.interval.low, best.interval.high) in bars


def test_two_structures_have_no_correlation(findings: Findings) -> None:
    figure = draw_prominence(findings)
    assert figure is not None
    assert "fewer than three" in figure.axes[1].get_title("left")


def test_calibration_shows_the_loss_and_error_of_every_fit(findings: Findings) -> None:
    figure = draw_calibration(findings)
    assert figure is not None
    losses, errors = figure.axes
    first = of(findings, "multi-label", "Brainstem")
    after = first.recalibrated["temperature_and_bias"]
    shown = line_named(losses, "temperature and bias").get_xdata()[0]
    assert shown == after.losses.loss_at_half_percent["dice"].median
    assert [line.get_xdata()[0] for line in errors.get_lines()[:3]] == [
        after.ece_before,
        first.recalibrated["temperature"].ece_after,
        after.ece_after,
    ]


def test_transfer_goes_from_one_half_to_all_patients(findings: Findings) -> None:
    figure = draw_transfer(findings)
    assert figure is not None
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["none: 0.5", "2", "all"]
    finding = of(findings, "multi-label", "Brainstem")
    assert finding.transfer is not None
    expected = [row.loss_percent for row in finding.transfer.rows]
    assert list(line_named(ax, "Brainstem").get_ydata()) == expected
