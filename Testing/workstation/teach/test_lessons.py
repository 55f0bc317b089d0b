"""Lessons: one for each contour error, severities that the error takes, and sentences that are true."""

from __future__ import annotations

import pytest

from ContourQALib.metrics.compare import Comparison
from ContourQALib.perturbation import ERRORS
from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.quality.verdict import Verdict
from ContourQALib.workstation.teach.lessons import LESSONS, Lesson, lesson_items
from ContourQALib.workstation.teach.measuring import Measuring
from ContourQALib.workstation.teach.teaching_case import Dose, TeachingCase, phantom_case

STRUCTURE = "Bladder"


@pytest.fixture(scope="module")
def truths(case: TeachingCase, measuring: Measuring, run):
    """Comparisons of the bladder spoiled with an error at some severities."""

    def measured(error: str, *severities: float, structure: str = STRUCTURE) -> tuple[Comparison, ...]:
        contours = [case.spoiled(structure, Dose(error, severity)) for severity in severities]
        return run(measuring.truths(case, structure, contours))

    return measured


def test_every_error_has_its_lesson_in_the_same_order() -> None:
    assert list(LESSONS) == list(ERRORS)
    titles = [lesson.title for lesson in LESSONS.values()]
    assert len(set(titles)) == len(titles)


def test_the_list_of_errors_has_a_heading_for_each_group_and_no_empty_one() -> None:
    items = lesson_items([error for error in LESSONS if error != "empty"])
    headings = [item["title"] for item in items if "value" not in item]
    assert headings == list(dict.fromkeys(lesson.group for lesson in LESSONS.values()))
    assert len(items) == len(headings) + len(LESSONS) - 1
    assert [item["title"] for item in lesson_items(["shift"])] == ["Moved or stretched", "Shifted"]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.error)
def test_the_slider_offers_severities_that_the_error_takes(lesson: Lesson, case: TeachingCase) -> None:
    steps = round(lesson.highest / lesson.step)
    assert 1 <= steps <= 100
    assert lesson.severity(-5) == 0
    assert lesson.severity(1e9) == lesson.highest
    for place in (0, 1, steps):
        severity = lesson.severity(place * lesson.step + 0.4 * lesson.step)
        assert severity == pytest.approx(place * lesson.step)
        case.spoiled("CTV", Dose(lesson.error, severity))
    assert lesson.notice.endswith(".")
    assert lesson.notice.count(". ") == 0


@pytest.mark.parametrize(
    ("error", "severity", "words"),
    [
        ("shift", 6.0, "6 mm"),
        ("scale", 0.07, "7 %"),
        ("missing-slices", 1.0, "1 slice"),
        ("missing-slices", 3.0, "3 slices"),
        ("rotate", 1.0, "1 degree"),
        ("empty", 1.0, "on"),
        ("empty", 0.0, "off"),
    ],
)
def test_severities_are_said_in_the_errors_unit(error: str, severity: float, words: str) -> None:
    assert LESSONS[error].words(severity) == words
    assert Dose(error, severity).words == f"{LESSONS[error].title}, {words}"


def test_missing_end_slices_hardly_move_dice_and_each_moves_the_largest_distance_by_a_slice(truths) -> None:
    found = truths("missing-slices", 1, 2, 3)
    assert [one.hd_mm for one in found] == pytest.approx([3.0, 6.0, 9.0])
    assert all(one.dice > 0.97 for one in found)


def test_beyond_the_end_dice_moves_least(truths) -> None:
    (one,) = truths("extra-slices", 5)
    assert one.hd_mm == pytest.approx(15.0)
    assert one.dice > 0.98


def test_a_ragged_surface_leaves_hd95_at_one_voxel_while_surface_dice_falls(truths) -> None:
    found = truths("noise", 0.1, 0.3, 0.5)
    assert max(one.hd95_mm for one in found) <= 5.0  # the voxel's edge in the plane
    assert found[0].surface_dice - found[-1].surface_dice > 0.3


def test_hd95_does_not_see_a_speck_until_it_has_its_share_of_the_surface(truths) -> None:
    small, large = truths("island", 4, 10)
    assert small.hd_mm > 15
    assert small.hd95_mm < 5
    assert large.hd95_mm > 10
    assert large.dice > 0.95


def test_over_smoothing_costs_surface_dice_long_before_dice(truths) -> None:
    (one,) = truths("smooth", 6, structure="CTV")
    assert 1 - one.surface_dice > 1.3 * (1 - one.dice)


def test_far_away_dice_stays_at_nothing_and_hd95_grows(truths) -> None:
    near, far = truths("shift-fraction", 0.4, 0.5)
    assert near.dice == far.dice == 0
    assert far.hd95_mm > near.hd95_mm + 10


def test_a_gap_is_seen_by_a_rule(case: TeachingCase, measuring: Measuring, run) -> None:
    gap = case.spoiled(STRUCTURE, Dose("missing-slice-inside", 3))
    (found,) = run(measuring.predictions(case, [gap])).structures
    assert any("part" in reason for reason in found.reasons)
    assert found.verdict != "accept"


def test_what_the_documents_say_of_the_demos_phantom_is_so(measuring: Measuring, run) -> None:
    """Docs/workstation-teaching.md: figures of its table, to the digits that stand there."""
    case = phantom_case(0)

    def quality(structure: str, error: str, severity: float) -> tuple[Comparison, StructureAssessment]:
        contour = case.spoiled(structure, Dose(error, severity))
        (truth,) = run(measuring.truths(case, structure, [contour]))
        return truth, run(measuring.predictions(case, [contour])).structures[0]

    truth, _ = quality("CTV", "missing-slices", 5)
    assert (round(truth.dice, 2), round(truth.hd_mm)) == (0.92, 15)
    truth, _ = quality("CTV", "island", 4)
    assert (round(truth.dice, 3), truth.hd95_mm, round(truth.hd_mm)) == (0.996, 0.0, 25)
    assert round(quality("CTV", "dilate", 3)[0].dice, 2) == 0.70
    assert round(quality("Bladder", "dilate", 3)[0].dice, 2) == 0.84
    truth, said = quality("FemoralHead_L", "swap-left-right", 1)
    assert (truth.dice, round(said.dice, 2)) == (0.0, 0.94)
    truth, said = quality("CTV", "full", 1)
    assert (round(truth.dice, 3), round(said.dice, 2), said.verdict) == (0.004, 0.94, Verdict.REJECT)
