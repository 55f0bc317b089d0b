from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ContourQALib.case import Contour
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.observers import compare_pairwise
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.quality.assessment import Assessment, ModelIdentity
from ContourQALib.report.tables import print_assessment, print_comparisons, print_matrix, print_slices
from ContourQALib.report.wording import UNDEFINED, model_text, percent_text, short_labels


def piped() -> Console:
    """A console that writes where nobody watches, as narrow as rich then takes it to be."""
    return Console(file=io.StringIO(), width=80)


def text(console: Console) -> str:
    return console.file.getvalue()


def test_comparisons_show_units_and_figures_and_no_color_in_a_pipe(pair: Comparison) -> None:
    console = piped()
    print_comparisons(console, [pair])
    shown = text(console)
    assert "\x1b" not in shown
    header = " ".join(shown.split("─")[0].split())
    for word in ("Structure", "Dice", "HD95", "MSD", "mm", "cc", "error %", "at 2 mm"):
        assert word in header
    assert f"{pair.dice:.3f}" in shown
    assert f"{pair.hd95_mm:.2f}" in shown
    assert "Test" in header
    assert "vpm.nrrd" not in shown  # a single test file needs no column


def test_long_names_are_whole_in_a_pipe_and_the_console_keeps_its_width(pair: Comparison) -> None:
    console = piped()
    name = "structure_with_a_long_name_" * 5
    print_comparisons(console, [replace(pair, structure=name), replace(pair, test="lft.nrrd")])
    assert name in text(console)
    assert console.width == 80


def test_undefined_figures_are_a_dash_with_a_footnote(missed: Comparison) -> None:
    console = piped()
    print_comparisons(console, [missed])
    row, footnote = text(console).splitlines()[-2:]
    assert row.split()[2:4] == [UNDEFINED, UNDEFINED]
    assert row.split()[-1] == "1"
    assert footnote.startswith("1  The test contour is empty")


def test_resampled_lost_and_edge_are_footnotes_shared_by_rows(pair: Comparison) -> None:
    console = piped()
    odd = replace(pair, resampled=True, touches_edge=True, lost_cc=1.25)
    print_comparisons(console, [odd, replace(odd, structure="other")])
    lines = text(console).splitlines()
    assert lines[-3].startswith("1  Resampled")
    assert lines[-2].startswith("2  1.25 cc")
    assert lines[-1].startswith("3  Edge")
    assert lines[-4].endswith("1 2 3")


def test_several_tests_get_a_column_and_the_unmatched_a_line(pair: Comparison, missed: Comparison) -> None:
    console = piped()
    print_comparisons(console, [pair, missed], [Unmatched("Brain", "test", "b/vpm.nrrd")])
    shown = text(console)
    assert "a/vpm.nrrd" in shown  # the files' names are equal, so their folders tell them apart
    assert "b/vpm.nrrd" in shown
    assert "Without a partner: Brain (test, vpm.nrrd)" in shown


def test_brackets_in_names_are_no_markup(pair: Comparison) -> None:
    console = piped()
    print_comparisons(console, [replace(pair, structure="CTV[red][/bold]")])
    assert "CTV[red][/bold]" in text(console)


def test_slices_are_listed_by_index(pair: Comparison) -> None:
    console = piped()
    print_slices(console, pair)
    assert pair.slices
    last = text(console).splitlines()[-1].split()
    assert int(last[0]) == pair.slices[-1].index
    assert float(last[1]) == round(pair.slices[-1].dice, 3)


def test_the_matrix_holds_dice_above_and_hd95_below_the_diagonal(
    reference: Contour, shifted: Contour
) -> None:
    console = piped()
    [pair], matrix = compare_pairwise([reference, shifted], ["x/one.nrrd", "x/two.nrrd"])
    print_matrix(console, matrix)
    first, second = (line.split() for line in text(console).splitlines()[-2:])
    assert first == ["one.nrrd", "·", f"{pair.dice:.3f}"]
    assert second == ["two.nrrd", f"{pair.hd95_mm:.2f}", "·"]


def test_an_assessment_says_the_verdict_in_words_with_interval_reasons_and_model(
    assessment: Assessment,
) -> None:
    console = piped()
    print_assessment(console, assessment)
    shown = text(console)
    for part in ("ACCEPT", "REJECT", "0.87 [0.81, 0.93]", "the contour is empty", "PREVIEW", "90 % interval"):
        assert part in shown
    assert "2.00 cc of the contour lie outside the image" in shown


def test_colors_on_a_terminal_within_100_columns(
    pair: Comparison, missed: Comparison, assessment: Assessment, reference: Contour
) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    print_assessment(console, assessment)
    assert "\x1b[1;31mREJECT" in text(console)
    plain = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    print_assessment(plain, assessment)
    print_comparisons(plain, [pair, missed, compare(reference, reference)])
    assert max(map(len, text(plain).splitlines())) <= 100
    assert "…" not in text(plain)


def test_short_labels_are_the_shortest_that_tell_files_apart() -> None:
    labels = short_labels(["d/a/ptv.nrrd", "d/b/ptv.nrrd", "d/b/oar.nrrd", "oncologist"])
    assert list(labels.values()) == ["a/ptv.nrrd", "b/ptv.nrrd", "oar.nrrd", "oncologist"]
    assert short_labels(["ptv.nrrd", "b/ptv.nrrd"])["ptv.nrrd"] == "ptv.nrrd"


def test_a_rounded_volume_error_is_never_minus_zero() -> None:
    assert percent_text(-0.01) == "+0.0"
    assert percent_text(float("nan")) == UNDEFINED


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (ModelIdentity("m", "1.0", "MIT", "released"), "m 1.0, MIT"),
        (ModelIdentity("m", "1.0", "MIT", "preview"), "m 1.0, PREVIEW, MIT"),
        (ModelIdentity("m", "1.0", "MIT", "released", teaching_only=True), "m 1.0, FOR TEACHING ONLY, MIT"),
    ],
)
def test_a_model_says_what_it_must_not_be_taken_for(model: ModelIdentity, text: str) -> None:
    assert model_text(model) == text
