"""Charts of a cohort: what is drawn of which case, what is undefined or beyond an axis, and what is said."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image as Png

from cohort_samples import cohort, spoiled
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.summary import summarize
from ContourQALib.metrics.definitions import Status
from ContourQALib.report import cohort_charts, cohort_volumes
from ContourQALib.report.canvas import Picture
from ContourQALib.report.cohort_charts import SHOWN, distribution_picture, mark_of
from ContourQALib.report.cohort_looks import CHART_BLUE, CHART_RED, chart_looks, overlay_looks
from ContourQALib.report.cohort_panels import MOST_PANELS, Panel, in_pictures, panels_of, reach
from ContourQALib.report.cohort_volumes import MOST_IN_ORDER, MOST_NAMED, volume_picture


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures that are made, as matplotlib holds them; they are not painted, which takes long."""
    figures: list = []
    for module in (cohort_charts, cohort_volumes):
        make = module.blank_figure
        monkeypatch.setattr(module, "to_png", lambda figure: b"")
        monkeypatch.setattr(
            module, "blank_figure", lambda *size, make=make: figures.append(make(*size)) or figures[-1]
        )
    return figures


def panels(results: CohortResults, structure: str = "CTV") -> list[Panel]:
    return panels_of(results, summarize(results))[structure]


def words(ax) -> str:
    return " ".join(found.get_text() for found in ax.findobj(Text) if found.get_text())


def is_picture(picture: Picture) -> bool:
    pixels = np.asarray(Png.open(io.BytesIO(picture.png)).convert("L"))
    return min(pixels.shape) > 200 and pixels.min() < 100 < 250 < pixels.max() and len(picture.alt) > 20


SMALL = {"organs": ("CTV",), "cases": 7}


def test_volumes_are_lines_in_the_papers_colors_and_errors_are_bars(drawn):
    results = cohort(**SMALL)
    (exval, geneva) = panels(results)
    volume_picture("CTV", [exval, geneva], several=True)
    profile, errors = drawn[0].axes[:2]
    lines = {line.get_label(): line for line in profile.lines}
    assert np.array_equal(lines["reference"].get_ydata(), results.volume_reference_cc[exval.rows])
    assert lines["reference"].get_color() == "#000000"
    for n, (model, color) in enumerate((("VPM", CHART_RED[0]), ("LFT", CHART_BLUE[0]))):
        assert np.array_equal(lines[model].get_ydata(), results.values["volume_cc"][exval.rows, n])
        assert lines[model].get_color() == color
    assert len({line.get_linestyle() for line in lines.values()}) == 3
    heights = [bar.get_height() for bar in errors.patches]
    assert heights == results.values["volume_error_percent"][exval.rows].T.ravel().tolist()
    assert [label.get_text() for label in errors.get_xticklabels()] == exval.cases
    headings = [text.get_text() for text in drawn[0].texts]
    assert headings == ["(a) ExVal, 7 cases", "(b) GenEva, 7 cases"]


def test_a_case_without_a_volume_is_a_gap_a_mark_and_a_name(drawn):
    results = spoiled(cohort(**SMALL), 2, 1, Status.UNMATCHED)
    picture = volume_picture("CTV", panels(results))
    profile, errors = drawn[0].axes[:2]
    line = next(line for line in profile.lines if line.get_label() == "LFT")
    assert np.isnan(line.get_ydata()).tolist() == [n == 2 for n in range(7)]
    crosses = [line for line in errors.lines if line.get_marker() == "x"]
    assert [len(line.get_xdata()) for line in crosses] == [1]
    assert "LFT's volume error is undefined" in picture.caption
    assert "in 1 of 7: ExVal_03." in picture.caption
    assert "undefined" not in volume_picture("CTV", panels(cohort(**SMALL))).caption


def test_a_volume_astray_does_not_flatten_the_others_and_is_counted(drawn):
    results = cohort(organs=("CTV",), cases=30)
    results.values["volume_error_percent"][4, 0] = 900.0
    volume_picture("CTV", panels(results)[:1])
    errors = drawn[0].axes[1]
    assert errors.get_ylim()[1] < 300
    assert "cut off: 1 of 60, up to +900 %" in words(errors)


@pytest.mark.parametrize("count", [1, 61, 200])
def test_every_number_of_cases_is_drawn_with_names_that_fit(drawn, count):
    results = cohort(("",), ("CTV",), count)
    volume_picture("CTV", panels(results))
    profile, errors = drawn[0].axes
    assert len(profile.lines[0].get_xdata()) == count
    assert len(errors.patches) == 2 * count
    assert 1 <= len(errors.get_xticks()) <= MOST_NAMED
    assert errors.get_xlim()[1] - errors.get_xlim()[0] >= count


def test_more_cases_than_fit_are_points_sorted_by_the_references_volume(drawn):
    results = cohort(("",), ("CTV",), MOST_IN_ORDER + 1)
    results.volume_reference_cc[17] = np.nan
    picture = volume_picture("CTV", panels(results))
    profile, errors = drawn[0].axes
    heights = next(line for line in profile.lines if line.get_label() == "reference").get_ydata()
    assert np.array_equal(heights[:-1], np.sort(results.volume_reference_cc)[:-1])
    assert np.isnan(heights[-1])
    assert not errors.patches
    assert "sorted by the reference's volume" in picture.caption
    assert "The reference's volume is undefined" in picture.caption


def test_distributions_are_boxes_of_the_finite_values_with_a_point_a_case(drawn):
    results = cohort(**SMALL)
    (exval, _) = panels(results)
    distribution_picture("CTV", [exval])
    assert [ax.get_title() for ax in drawn[0].axes] == ["DSC", "Sensitivity", "Specificity", "95HD, mm"]
    for ax, name in zip(drawn[0].axes, SHOWN, strict=True):
        values = results.values[name][exval.rows]
        points = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 7]
        assert all(np.array_equal(found, column) for found, column in zip(points, values.T, strict=True))
        medians = {line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1}
        assert set(np.median(values, axis=0)) <= medians
        assert [t.get_text() for t in ax.get_xticklabels()] == ["VPM\nn 7", "LFT\nn 7"]


def test_a_missed_organ_is_a_count_in_distances_and_below_the_axis_of_dice(drawn):
    results = spoiled(cohort(organs=("CTV",)), 5, 1, Status.TEST_EMPTY)
    exval, geneva = panels(results)
    picture = distribution_picture("CTV", [exval, geneva])
    dice, _, _, distance = drawn[0].axes[:4]
    assert "∞ 1" in words(distance)
    assert "LFT\nn 29\n1 undefined" in [t.get_text() for t in distance.get_xticklabels()]
    assert "▼ 1" in words(dice)
    assert dice.get_ylim()[0] > 0.5
    assert "LFT\nn 30" in [t.get_text() for t in dice.get_xticklabels()]
    assert "∞: cases in which" in picture.caption
    assert "▼: 1 case beyond the axis of DSC, down to 0.000." in picture.caption
    # The same axis for both datasets, or they could not be compared by eye.
    assert drawn[0].axes[4].get_ylim() == dice.get_ylim()
    clean = distribution_picture("CTV", [geneva]).caption
    assert "∞" not in clean
    assert "▼" not in clean


def test_a_distance_astray_is_counted_above_the_axis(drawn):
    results = cohort(organs=("CTV",))
    results.values["hd95_pooled_mm"][3, 0] = 180.0
    picture = distribution_picture("CTV", panels(results)[:1])
    distance = drawn[0].axes[3]
    assert "▲ 1" in words(distance)
    assert distance.get_ylim()[1] < 60
    # What is counted as beyond is not also a point among the brackets.
    assert not any(180.0 in line.get_ydata() for line in distance.lines)
    assert "up to 180 mm" in picture.caption


def test_marks_follow_holms_p_and_its_levels():
    (exval, _) = panels(cohort(**SMALL))
    difference = exval.group.differences[0]
    marks = [mark_of(replace(difference, p_holm=p)) for p in (0.0009, 0.001, 0.0099, 0.01, 0.049, 0.05, 1.0)]
    assert marks == ["***", "**", "**", "*", "*", "ns", "ns"]


def test_too_few_cases_and_equal_models_are_not_called_insignificant(drawn):
    few = distribution_picture("CTV", panels(cohort(organs=("CTV",), cases=4)))
    assert "too few" in words(drawn[0].axes[0])
    assert "cannot reach p < 0.05" in few.caption
    results = cohort(**SMALL)
    for values in results.values.values():
        values[:, 1] = values[:, 0]
    equal = distribution_picture("CTV", panels(results))
    assert "no test" in words(drawn[1].axes[0])
    assert "no case has two values that differ" in equal.caption


def test_brackets_join_each_model_with_the_first_as_far_as_there_is_room(drawn):
    results = cohort(organs=("CTV",), cases=9, models=("VPM", "LFT", "c", "d", "e"))
    picture = distribution_picture("CTV", panels(results))
    brackets = [line for line in drawn[0].axes[0].lines if len(line.get_xdata()) == 4]
    ends = sorted(line.get_xdata()[2] for line in brackets if line.get_xdata()[0] == 0.05)
    assert ends == pytest.approx([0.95, 1.95, 2.95])
    assert "all are in tests.csv" in picture.caption


def test_one_model_has_no_marks_and_one_case_is_drawn(drawn):
    results = cohort(("",), ("CTV",), 1, ("VPM",))
    for draw in (distribution_picture, volume_picture):
        picture = draw("CTV", panels(results))
        assert "Holm" not in picture.caption
    assert drawn[0].texts[0].get_text() == "1 case"
    low, high = drawn[0].axes[0].get_ylim()
    assert high - low > 0.02  # not the last digits of a single value


def test_a_structure_that_nobody_contoured_is_drawn_as_undefined(drawn):
    results = cohort(**SMALL)
    for row in range(7):
        for model in (0, 1):
            results = spoiled(results, row, model, Status.FAILED)
    exval, _ = panels(results)
    picture = distribution_picture("CTV", [exval])
    assert "undefined" in words(drawn[0].axes[0])
    assert "VPM\nn 0\n7 undefined" in [t.get_text() for t in drawn[0].axes[0].get_xticklabels()]
    assert len(picture.alt) > 20
    assert "in 7 of 7" in volume_picture("CTV", [exval]).caption


def test_many_cases_are_shapes_instead_of_points(drawn):
    results = cohort(("",), ("CTV",), 101)
    assert "density" in distribution_picture("CTV", panels(results)).caption
    assert len(drawn[0].axes[0].collections) == 2


def test_names_from_the_manifest_are_no_formulas():
    results = cohort(("$x$",), ("$CTV_1$",), 6, ("_VPM$", "$\\frac"))
    for draw in (distribution_picture, volume_picture):
        assert is_picture(draw("$CTV_1$", panels(results, "$CTV_1$")))


def test_pictures_are_the_same_every_time():
    results = spoiled(cohort(("",), ("CTV",), 6), 2, 1, Status.TEST_EMPTY)
    for draw in (distribution_picture, volume_picture):
        assert draw("CTV", panels(results)).png == draw("CTV", panels(results)).png


def test_many_datasets_take_several_pictures():
    found = panels(cohort([f"d{n}" for n in range(MOST_PANELS + 1)], ("CTV",), 2))
    assert [len(part) for part in in_pictures(found)] == [MOST_PANELS, 1]


def test_the_papers_models_have_its_colors_whatever_their_order():
    assert [look.name for look in chart_looks(["VPM", "LFT"])] == ["red", "blue"]
    assert [look.name for look in chart_looks(["LFT", "VPM"])] == ["blue", "red"]
    assert [look.name for look in overlay_looks(["VPM", "LFT"])] == ["blue", "green"]
    assert [look.name for look in overlay_looks(["one", "two"])] == ["blue", "green"]
    assert [look.name for look in overlay_looks(["mine", "Fine-Tuned"])] == ["blue", "green"]
    many = overlay_looks(["VPM", "VPM 2", "LFT", "a", "b", "c"])
    assert many[0].name == "blue"
    assert many[2].name == "green"
    assert len({look.color for look in many}) == 6


def test_an_axis_reaches_all_values_unless_one_is_far_beyond_the_rest():
    close = np.array([1.0, -2.0, 3.0, np.nan, np.inf])
    assert reach(close) == 3.0
    assert reach(np.array([*close, 500.0, 2.0, 2.5, 1.5])) < 50
    assert reach(np.array([np.nan])) > 0
    assert reach(np.zeros(3)) == 0.0
