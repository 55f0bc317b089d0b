"""The chart of the page: the curves of the sweep, their best points, and a scale that shows what matters."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.thresholds.recommendation import Recommendation
from ContourQALib.worker_requests import Swept
from ContourQALib.workstation.thresholds import threshold_figures as figures
from ContourQALib.workstation.thresholds.threshold_chart import CURVES, axis_of, chart_of, curves_of, kinds_of
from ContourQALib.workstation.thresholds.threshold_state import AGREEMENT, DISTANCES, VOLUME

GRID = Grid.for_shape((10, 10, 10), (2.0, 2.0, 2.0))


@pytest.fixture(scope="module")
def swept() -> Swept:
    away = np.sqrt(sum((n - 4.5) ** 2 for n in np.indices(GRID.shape)))
    probability = ProbabilityMap(np.clip(1 - away / 7, 0, 1), GRID, "CTV")
    return Swept(
        analyze(probability, Contour(probability.values >= 0.3, GRID, "CTV")), expected_curve(probability)
    )


@pytest.fixture(scope="module")
def alone(swept: Swept) -> Swept:
    return Swept(None, swept.expected)


def drawn(swept: Swept, kind: str, shown: list[str], **how: object) -> dict:
    return chart_of(swept, kind, shown, **how).to_plotly_json()


def test_every_kind_shows_the_sweeps_own_values(swept: Swept) -> None:
    assert swept.analysis is not None
    for kind, looks in CURVES.items():
        chart = drawn(swept, kind, [look.figure for look in looks])
        for look, trace in zip(looks, chart["data"], strict=False):
            values = getattr(
                swept.expected if look.figure == "expected_dice" else swept.analysis.sweep, look.figure
            )
            # five digits are more than a screen has
            given = [math.nan if value is None else value for value in trace["y"]]
            np.testing.assert_allclose(given, np.where(np.isfinite(values), values, np.nan), atol=1e-5)


def test_the_page_can_hold_the_chart(swept: Swept) -> None:
    text = json.dumps(drawn(swept, DISTANCES, ["hd_mm"]), allow_nan=False)

    assert "hd" in text.lower()


def test_the_best_of_each_curve_that_has_one_is_marked(swept: Swept) -> None:
    assert swept.analysis is not None
    best = swept.analysis.optimum["dice"]
    assert best is not None

    marked = [t for t in drawn(swept, AGREEMENT, ["dice", "sensitivity"])["data"] if t["mode"] == "markers"]

    assert [(t["x"], t["y"]) for t in marked] == [([best.threshold], [best.value])]


def test_a_half_and_the_recommendation_with_its_interval_are_marked(swept: Swept) -> None:
    advice = Recommendation(0.4, (0.35, 0.45), 0.95, 12, 0.9, None, None)

    shapes = drawn(swept, AGREEMENT, ["dice"], recommended=advice)["layout"]["shapes"]

    lines = [shape["x0"] for shape in shapes if shape["type"] == "line"]
    bands = [(shape["x0"], shape["x1"]) for shape in shapes if shape["type"] == "rect"]
    assert lines == [0.5, 0.4]
    assert (0.35, 0.45) in bands


def test_thresholds_that_select_nothing_are_shaded(swept: Swept) -> None:
    shapes = drawn(swept, AGREEMENT, ["dice"])["layout"]["shapes"]

    assert any(shape["type"] == "rect" and shape["x0"] < 1 <= shape["x1"] for shape in shapes)


def test_the_zoom_holds_the_best_threshold_and_a_half(swept: Swept) -> None:
    low, high = axis_of(swept, ["dice"], zoomed=True)

    assert 0 <= low < 0.3 < 0.5 < high < 1
    assert axis_of(swept, ["dice"], zoomed=False) == (0.0, 1.0)


def test_a_zoomed_scale_is_that_of_the_curves_in_sight(swept: Swept) -> None:
    whole = drawn(swept, AGREEMENT, ["dice"])["layout"]["yaxis"]["range"]
    near = drawn(swept, AGREEMENT, ["dice"], zoomed=True)["layout"]["yaxis"]["range"]

    low, high = axis_of(swept, ["dice"], zoomed=True)
    assert swept.analysis is not None
    sweep = swept.analysis.sweep
    inside = sweep.dice[(sweep.thresholds >= low) & (sweep.thresholds <= high)]
    assert whole[0] == 0
    assert 0 < near[0] < inside.min()
    assert inside.max() <= near[1]
    assert near[1] - near[0] < 1.3 * (inside.max() - inside.min()), "little room is left above and below"


def test_without_a_reference_expected_dice_and_volume_are_drawn(alone: Swept) -> None:
    assert kinds_of(alone) == [AGREEMENT, VOLUME]
    assert [look.figure for look in curves_of(alone, AGREEMENT)] == ["expected_dice"]


def test_no_curve_at_all_is_an_empty_chart(swept: Swept) -> None:
    assert drawn(swept, AGREEMENT, [])["data"] == []


def test_losses_are_the_analysis_own(swept: Swept) -> None:
    assert swept.analysis is not None

    rows = figures.losses_of(swept)

    at_half = swept.analysis.loss_at_half_percent
    assert [row["cells"][0]["text"] for row in rows] == [
        f"{at_half[row['figure']]:+.1f}" if math.isfinite(at_half[row["figure"]]) else "–" for row in rows
    ]
    assert len(rows[0]["cells"]) == len(figures.LOSS_HEADS)


def test_an_undefined_loss_says_why(swept: Swept) -> None:
    """The reference is the map at 0.3 itself, whose best distance is 0: of that there is no percentage."""
    (row,) = (row for row in figures.losses_of(swept) if row["figure"] == "hd_mm")

    assert row["cells"][0]["text"] == "–"
    assert "0" in row["cells"][0]["why"]


def test_a_threshold_that_selects_nothing_is_said_in_words(swept: Swept) -> None:
    assert figures.now_flagged(swept, 1.0) == "At 1 nothing is selected."
    assert figures.now_flagged(swept, 0.0) == "At 0 the whole grid is selected."
    assert figures.now_flagged(swept, 0.4) == ""


def test_the_notes_speak_of_prominence_or_of_what_is_missing(swept: Swept, alone: Swept) -> None:
    assert any(note.startswith("Prominence ") for note in figures.notes_of(swept))
    assert figures.notes_of(alone)[0].startswith("Without a reference")
    assert figures.losses_of(alone) == []


def test_every_figure_of_the_table_is_defined() -> None:
    defined = {one["name"] for one in figures.definitions()}

    assert {"Dice", "HD95", "MSD", "Sensitivity", "Specificity", "Surface Dice", "Expected Dice"} <= defined
    assert all(one["text"][0].isupper() or not one["text"][0].isalpha() for one in figures.definitions())
