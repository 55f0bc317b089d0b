"""The review page without a browser: the strip of slices, what is drawn, gray scales and keys."""

from __future__ import annotations

from typing import Any

from ContourQALib.mrml import segmentations
from ContourQALib.mrml.outlines import display_of
from ContourQALib.workstation.review.shortcuts import SHORTCUTS


def test_the_strip_goes_through_the_slices_from_the_worst(desk: Any) -> None:
    listed = [one.index for one in desk.session.case.found("Bladder").slices]
    assert list(desk.page.strip.listed) == listed
    for at in (0, 1):
        desk.do(desk.page.strip.next)
        assert desk.session.views.slice_index() == desk.shown.slice == listed[at]
        assert desk.shown.place == f"{at + 1} of {len(listed)}"
    desk.do(desk.page.strip.previous)
    desk.do(desk.page.strip.previous)
    assert desk.session.views.slice_index() == listed[0]


def test_the_strip_and_the_view_show_the_same_slice(desk: Any) -> None:
    first = desk.shown.strip["first"]
    desk.do(desk.page.strip.show, first)
    assert desk.session.views.slice_index() == first
    desk.do(desk.session.views.set_slice_index, first + 3)
    assert desk.shown.slice == first + 3


def test_the_strip_holds_the_error_volume(desk: Any) -> None:
    strip = desk.shown.strip
    found = desk.session.case.found("Bladder")
    assert strip["listed"] == len(found.slices)
    assert [mark["k"] for mark in strip["marks"]] == [one.index for one in found.slices[:5]]
    assert strip["overListed"] + strip["underListed"]
    assert f"worst: {found.slices[0].index}" in strip["text"]


def test_errors_are_drawn_for_the_chosen_structure(desk: Any) -> None:
    def names() -> set[str]:
        return {
            one.name.split()[0] for node in desk.page.overlay.nodes for one in segmentations.segments_of(node)
        }

    assert names() == {"Bladder"}
    desk.do(desk.session.select_structure, "CTV")
    assert names() == {"CTV"}
    desk.put(errors_all=True)
    located = {one.structure for one in desk.session.case.assessment.structures if one.error is not None}
    assert names() == located
    assert len(located) > 1


def test_errors_can_be_shown_as_probability(desk: Any) -> None:
    desk.put(errors_look="probability", errors_opacity=40)
    (node,) = desk.page.overlay.nodes
    views = desk.session.views.slices
    assert {view.get_foreground_volume_id() for view in views} == {node.GetID()}
    assert {view.get_foreground_opacity() for view in views} == {0.4}
    desk.put(errors_look="marks")
    assert {view.get_foreground_volume_id() for view in views} == {None}
    assert not desk.session.scene.IsNodePresent(node)


def test_errors_leave_with_their_switch_and_with_the_page(desk: Any) -> None:
    for away, back in (
        (lambda: desk.put(errors_shown=False), lambda: desk.put(errors_shown=True)),
        (
            lambda: desk.do(desk.session.show_page, "worklist"),
            lambda: desk.do(desk.session.show_page, "review"),
        ),
    ):
        (node,) = desk.page.overlay.nodes
        away()
        assert desk.page.overlay.nodes == ()
        assert not desk.session.scene.IsNodePresent(node)
        back()
        assert len(desk.page.overlay.nodes) == 1


def test_nothing_marked_is_said(desk: Any) -> None:
    bowel = desk.session.case.found("Bowel")
    assert bowel.error is None
    desk.do(desk.session.select_structure, "Bowel")
    assert desk.shown.errors_note == "no map of errors here"
    desk.do(desk.session.select_structure, "Bladder")
    marked = bool((desk.session.case.found("Bladder").error.probability > 0.5).any())
    assert (desk.shown.errors_note == "") == marked


def test_contours_are_drawn_as_the_switches_say(desk: Any) -> None:
    display = display_of(desk.session.case.contours)
    desk.put(contours_look="both", contours_width=4)
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (1, 1)
    assert display.GetSliceIntersectionThickness() == 4
    desk.do(desk.page.display.toggle_contours)
    assert not display.GetVisibility2D()
    desk.put(contours_look="outlines", contours_width=2, contours_shown=True)
    assert (display.GetVisibility2DFill(), display.GetVisibility2D()) == (0, 1)


def test_an_eye_hides_one_contour(desk: Any) -> None:
    display = display_of(desk.session.case.contours)
    segment_id = desk.session.case.segment_ids["Rectum"]
    desk.do(desk.page.table.toggle_visible, "Rectum")
    assert not display.GetSegmentVisibility(segment_id)
    assert not desk.row("Rectum")["visible"]
    assert desk.row("Bladder")["visible"]
    desk.do(desk.page.table.toggle_visible, "Rectum")
    assert desk.row("Rectum")["visible"]


def test_gray_scales_by_name_and_by_number(desk: Any) -> None:
    desk.wait(lambda: desk.page.display.presets)
    display = desk.session.case.volume.GetDisplayNode()
    desk.do(desk.page.display.use_preset, 2)
    assert (display.GetWindow(), display.GetLevel()) == (2000, 300)
    assert (desk.shown.width, desk.shown.level) == (2000, 300)
    for width, level in ((-5, 10), (0, 10), ("wide", 10), (float("nan"), 1), (None, None)):
        desk.do(desk.page.display.set_window, width, level)
        assert (display.GetWindow(), display.GetLevel()) == (2000, 300)
    desk.do(desk.page.display.set_window, 350, 35.5)
    assert (display.GetWindow(), display.GetLevel()) == (350, 35.5)
    desk.do(desk.page.display.use_preset, 99)
    assert display.GetWindow() == 350
    desk.do(desk.session.views.set_window, 400, 40)
    assert (desk.shown.width, desk.shown.level) == (400, 40)


def test_each_key_has_something_to_do(desk: Any) -> None:
    listed = desk.page.strip.listed
    for key, expected in (
        ("next_slice", listed[0]),
        ("next_slice", listed[1]),
        ("previous_slice", listed[0]),
    ):
        desk.do(desk.page.keys.press, key)
        assert desk.session.views.slice_index() == expected
    desk.do(desk.page.keys.press, "toggle_errors")
    assert not desk.shown.errors_shown
    desk.do(desk.page.keys.press, "help")
    assert desk.shown.help_shown
    desk.put(help_shown=False)
    desk.do(desk.page.keys.press, "format the disk")
    assert set(desk.page.keys.actions) == {one.action for one in SHORTCUTS if not one.decides}
