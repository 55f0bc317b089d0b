from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.report.assessment_charts import slice_error_chart
from ContourQALib.report.canvas import DPI, WIDTH_INCHES, Picture, literal
from ContourQALib.report.charts import slice_chart
from ContourQALib.report.figures import CT_WINDOW, PAPER, assessment_figure, comparison_figure, window
from ContourQALib.report.outlines import Look, Outline, looks_of_tests

BUDGET_BYTES = 3_000_000 * 3 // 4 // 5
"""A page of five structures shall stay below 3 MB, and base64 makes four bytes of three."""


def size(picture: Picture) -> tuple[int, int]:
    assert picture.png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture.png[16:24])
    return width, height


def colors(picture: Picture) -> np.ndarray:
    from PIL import Image as Reader

    return np.asarray(Reader.open(io.BytesIO(picture.png)).convert("RGB")).reshape(-1, 3)


def share_of(picture: Picture, color: str) -> float:
    rgb = np.array([int(color[n : n + 2], 16) for n in (1, 3, 5)])
    return float((np.abs(colors(picture).astype(int) - rgb).max(axis=1) <= 2).mean())


def test_a_comparison_shows_both_outlines_in_their_colors_and_says_so(
    reference: Contour, shifted: Contour, image: Image
) -> None:
    [look] = looks_of_tests(["VPM"])
    picture = comparison_figure(
        Outline(reference.mask, "clinician"), [Outline(shifted.mask, "VPM", look)], reference.grid, image
    )
    assert size(picture)[0] == pytest.approx(WIDTH_INCHES * DPI, abs=1)  # rounded to whole pixels
    assert len(picture.png) < BUDGET_BYTES
    assert "clinician (solid red)" in picture.alt
    assert "VPM (broken blue)" in picture.alt
    assert "largest area and difference" in picture.alt
    assert "halfway between voxel centers" in picture.caption
    for color in (Outline(reference.mask, "").look.color, look.color):
        assert share_of(picture, color) > 1e-4  # over a hundred pixels of pure outline


def test_several_tests_have_a_line_each_and_no_image_is_said(reference: Contour, shifted: Contour) -> None:
    looks = looks_of_tests(["VPM", "LFT", "third"])
    tests = [Outline(shifted.mask, look.name, look) for look in looks]
    drawn = Outline(reference.mask, "reference")
    two, three = (comparison_figure(drawn, tests[:n], reference.grid, None) for n in (2, 3))
    assert size(three)[1] > size(two)[1]
    assert "No image" in two.caption


@pytest.mark.parametrize("fill", [False, True])
def test_empty_and_full_contours_are_drawn(image: Image, fill: bool) -> None:
    mask = np.full(image.grid.shape, fill)
    for background in (image, None):
        assert size(assessment_figure(Outline(mask, "odd"), image.grid, background))[1] > 100
    both = comparison_figure(Outline(mask, "a"), [Outline(~mask, "b", Look("#0000ff"))], image.grid, image)
    assert size(both)[1] > 100


def test_a_one_slice_image_is_drawn() -> None:
    grid = Grid.for_shape((1, 30, 40), (1.0, 1.0, 5.0))
    mask = np.zeros(grid.shape, bool)
    mask[0, 10:20, 10:20] = True
    picture = assessment_figure(Outline(mask, "CTV"), grid, Image(np.zeros(grid.shape), grid))
    assert picture.alt.count("axial K 0") == 1
    assert "coronal" not in picture.alt


def test_ct_gets_a_soft_tissue_window_and_other_images_percentiles() -> None:
    grid = Grid.for_shape((2, 10, 10))
    air = np.zeros(grid.shape)
    air[0, 0, 0] = -1000
    assert (window(Image(air, grid)).low, window(Image(air, grid)).high) == CT_WINDOW
    ramp = window(Image(np.linspace(0.0, 100.0, 200).reshape(grid.shape), grid))
    # Percentiles of evenly spaced values from 0 to 100 are the percentages themselves, to rounding.
    assert (ramp.low, ramp.high) == pytest.approx((1.0, 99.0), abs=1e-9)
    flat = window(Image(np.zeros(grid.shape), grid))
    assert flat.high > flat.low


def test_models_keep_their_colors_and_every_test_its_line_style() -> None:
    looks = looks_of_tests(["vpm.nrrd", "LFT fold 1", "other", "fine-tuned.nrrd", "fifth"])
    assert [look.name for look in looks] == ["blue", "green", "sky blue", "green", "purple"]
    assert len({(look.color, look.style) for look in looks}) == 5
    assert all(look.style != "-" for look in looks)


def test_the_chart_takes_slices_without_values(reference: Contour, empty: Contour) -> None:
    gap = replace(reference, mask=reference.mask & (np.arange(10) != 5)[:, None, None])
    slices = [compare(gap, test, per_slice=True).slices or () for test in (gap, empty)]
    picture = slice_chart(slices, ["VPM", "LFT"], "clinician")
    assert picture.alt == "Dice and area slice by slice along K for VPM, LFT against clinician."
    assert len(picture.png) < BUDGET_BYTES
    assert size(slice_chart([()], ["VPM"]))[1] > 100


def test_names_are_shown_as_they_are_written(pair: Comparison, reference: Contour) -> None:
    odd = r"_$\frac{$ 前立腺"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slice_chart([pair.slices or ()], [odd], odd)
        comparison_figure(
            Outline(reference.mask, odd), [Outline(reference.mask, odd)] * 2, reference.grid, None
        )
    assert literal("_a$b") == r" _a\$b"


def test_an_image_elsewhere_in_space_leaves_the_background_plain(reference: Contour, image: Image) -> None:
    far = replace(image, grid=replace(image.grid, origin=(5000.0, 0.0, 0.0)))
    drawn = Outline(reference.mask, "CTV")
    picture = assessment_figure(drawn, reference.grid, far)
    assert share_of(picture, PAPER) > 0.5
    assert share_of(assessment_figure(drawn, reference.grid, image), PAPER) < 0.5


def test_nothing_is_drawn_with_before_a_figure_is_wanted() -> None:
    code = "import sys, ContourQALib.report.sections; print({'matplotlib', 'PIL'} & sys.modules.keys())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_an_error_map_of_a_box_is_drawn_as_one_of_the_whole_image(
    reference: Contour, image: Image, assessment: Assessment
) -> None:
    whole = np.zeros(reference.grid.shape, np.float32)
    spans = (slice(3, 8), slice(2, 19), slice(5, 24))
    whole[spans] = np.random.default_rng(0).random(whole[spans].shape)
    everything = tuple(slice(0, n) for n in whole.shape)
    outline = Outline(reference.mask, "CTV")
    drawn = []
    for box in (spans, everything):
        error = ErrorMap.of_box(whole[box], box, reference.mask, reference.grid)
        chart = slice_error_chart(assessment.structures[0], error, reference.mask)
        assert chart is not None
        veiled = assessment_figure(outline, reference.grid, image, [1, 9], error)  # beyond the box too
        drawn.append((veiled.png, chart.png))
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != assessment_figure(outline, reference.grid, image, [1, 9]).png
