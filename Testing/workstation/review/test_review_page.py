"""The review page without a browser: a phantom, the real worker, the real scene."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from ContourQALib.case import Contour
from ContourQALib.mrml import segmentations
from ContourQALib.mrml.outlines import display_of
from ContourQALib.quality.worklist import AssessedCase, WorklistEntry
from ContourQALib.worker_events import WorkerError
from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.review.shortcuts import SHORTCUTS
from ContourQALib.workstation.settings import Settings

LIMIT_S = 60


@dataclass
class Desk:
    """The workstation, its review page, and the event loop that both live on."""

    station: Any
    loop: asyncio.AbstractEventLoop

    @property
    def session(self) -> Any:
        return self.station.session

    @property
    def page(self) -> Any:
        return self.station.pages["review"]

    @property
    def shown(self) -> Any:
        return self.page.typed.data

    def row(self, name: str) -> dict[str, Any]:
        return next(one for one in self.shown.rows if one["name"] == name)

    def do(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Call something as a click does: on the loop, and let those who listen hear of it."""

        async def called() -> None:
            with self.session.state:
                result = action(*arguments)
            if asyncio.iscoroutine(result):
                await result

        self.loop.run_until_complete(asyncio.wait_for(called(), LIMIT_S))

    def put(self, **values: Any) -> None:
        """Change values as the page does."""
        self.do(lambda: [setattr(self.shown, name, value) for name, value in values.items()])

    def wait(self, condition: Callable[[], Any]) -> None:
        async def until() -> None:
            while not condition():
                await asyncio.sleep(0.01)

        self.loop.run_until_complete(asyncio.wait_for(until(), LIMIT_S))

    def open(self, name: str) -> None:
        self.do(self.session.open_case, name)
        self.wait(lambda: self.is_assessed)

    @property
    def is_assessed(self) -> bool:
        case = self.session.case
        return (
            case is not None
            and case.assessment is not None
            and not any(map(case.is_awaited, case.structures))
        )


def made(structure: str, choice: Choice, case: str = "phantom_1") -> Decision:
    decision = Decision(case, structure, choice, "Reader", "", "", "", "", "", None, None, None, True)
    return replace(decision, decided_at="2026-01-02T03:04:05.000+00:00")


@pytest.fixture(scope="module")
def opened(phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    from trame.app import get_server

    from ContourQALib.workstation.application import Workstation

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    server = get_server(f"review-{os.getpid()}", client_type="vue3")
    server.state.ready()
    settings = Settings(
        tmp_path_factory.mktemp("results"), phantom_cases, model="pelvis-phantom", reader="Reader"
    )
    desk = Desk(Workstation(settings, server), loop)
    desk.do(desk.session.show_page, "review")
    desk.open("phantom_1")
    yield desk
    desk.station.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def desk(opened: Desk) -> Desk:
    """The page as it is after the phantom was assessed, with the bladder chosen."""
    if opened.session.case is None or opened.session.case.entry.name != "phantom_1":
        opened.open("phantom_1")
    if opened.session.page != "review":
        opened.do(opened.session.show_page, "review")
    opened.put(errors_shown=True, errors_all=False, errors_look="marks", contours_shown=True)
    opened.do(opened.session.select_structure, "Bladder")
    return opened


def test_the_riskiest_structure_stands_first_and_is_chosen_by_itself(opened: Desk) -> None:
    opened.open("phantom_2")
    assessment = opened.session.case.assessment
    case = AssessedCase("phantom_2", "", "", assessment)
    by_risk = sorted(assessment.structures, key=lambda one: WorklistEntry(case, one).risk)
    assert [row["name"] for row in opened.shown.rows] == [one.structure for one in by_risk]
    assert opened.session.structure == by_risk[0].structure
    assert opened.shown.details["name"] == by_risk[0].structure


def test_a_reader_at_work_on_another_page_keeps_the_structure(
    opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened.session.store, "known", lambda _entry: None)
    opened.do(opened.session.show_page, "thresholds")
    opened.open("phantom_2")
    kept, first = opened.session.structure, opened.session.case.structures[0]
    opened.do(opened.session.show_page, "review")
    assert kept == first != opened.shown.rows[0]["name"]


def test_what_is_known_already_is_chosen_before_the_errors_are_located(
    opened: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(10 * LIMIT_S)

    monkeypatch.setattr(opened.session.tasks, "ask", never)
    opened.do(opened.session.open_case, "phantom_2")
    opened.wait(lambda: opened.session.structure == opened.shown.rows[0]["name"] != "CTV")
    assert opened.row("Bladder")["state"] == "known"
    assert opened.session.case.found("Bladder").error is None
    opened.do(opened.session.select_structure, "Bladder")
    assert opened.shown.strip["text"].endswith("the others follow")
    assert opened.shown.errors_note == "being looked for …"
    monkeypatch.undo()
    opened.do(opened.session.assess)
    opened.wait(lambda: opened.session.case.found("Bladder").error is not None)
    assert opened.shown.errors_note == ""


def test_a_reader_who_has_chosen_is_not_led_away(opened: Desk) -> None:
    opened.do(opened.session.open_case, "phantom_1")
    opened.do(opened.session.select_structure, "Rectum")
    opened.wait(lambda: opened.is_assessed)
    assert opened.session.structure == "Rectum"


def test_every_row_is_filled_from_the_assessment(desk: Desk) -> None:
    for found in desk.session.case.assessment.structures:
        row = desk.row(found.structure)
        assert row["state"] == "known"
        assert row["verdict"] == found.verdict.value
        assert row["dice"] == ("–" if found.dice is None else f"{found.dice:.2f}")
    assert desk.shown.details["reasons"] == list(desk.session.case.found("Bladder").reasons)
    assert "teaching only" in desk.shown.details["caution"]


def test_a_click_on_a_row_brings_the_structure_in_sight(desk: Desk) -> None:
    desk.do(desk.page.table.select, "FemoralHead_L")
    contour = desk.session.case.contour("FemoralHead_L")
    middle = contour.grid.index_to_world((np.asarray(contour.grid.size) - 1) / 2)
    k = desk.session.case.image.grid.world_to_index(middle)[2]
    assert abs(desk.session.views.slice_index() - k) <= 2  # the center of mass is near the box's middle
    assert desk.shown.details["name"] == "FemoralHead_L"
    desk.do(desk.page.table.select, "No such structure")
    assert desk.session.structure == "FemoralHead_L"


def test_steps_between_structures_end_at_the_ends(desk: Desk) -> None:
    names = [row["name"] for row in desk.shown.rows]
    desk.do(desk.page.table.select, names[0])
    desk.do(desk.page.table.step, -1)
    assert desk.session.structure == names[0]
    desk.do(desk.page.table.step, 1)
    assert desk.session.structure == names[1]
    desk.do(desk.page.table.step, 99)
    assert desk.session.structure == names[-1]


def test_the_strip_goes_through_the_slices_from_the_worst(desk: Desk) -> None:
    listed = [one.index for one in desk.session.case.found("Bladder").slices]
    assert list(desk.page.strip.listed) == listed
    for at in (0, 1):
        desk.do(desk.page.strip.next)
        assert desk.session.views.slice_index() == desk.shown.slice == listed[at]
        assert desk.shown.place == f"{at + 1} of {len(listed)}"
    desk.do(desk.page.strip.previous)
    desk.do(desk.page.strip.previous)
    assert desk.session.views.slice_index() == listed[0]


def test_the_strip_and_the_view_show_the_same_slice(desk: Desk) -> None:
    first = desk.shown.strip["first"]
    desk.put(slice=first)
    assert desk.session.views.slice_index() == first
    desk.do(desk.session.views.set_slice_index, first + 3)
    assert desk.shown.slice == first + 3


def test_the_strip_holds_the_error_volume(desk: Desk) -> None:
    strip = desk.shown.strip
    found = desk.session.case.found("Bladder")
    assert strip["listed"] == len(found.slices)
    assert [mark["k"] for mark in strip["marks"]] == [one.index for one in found.slices[:5]]
    assert strip["overListed"] + strip["underListed"]
    assert f"worst: {found.slices[0].index}" in strip["text"]


def test_errors_are_drawn_for_the_chosen_structure(desk: Desk) -> None:
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


def test_errors_can_be_shown_as_probability(desk: Desk) -> None:
    desk.put(errors_look="probability", errors_opacity=40)
    (node,) = desk.page.overlay.nodes
    views = desk.session.views.slices
    assert {view.get_foreground_volume_id() for view in views} == {node.GetID()}
    assert {view.get_foreground_opacity() for view in views} == {0.4}
    desk.put(errors_look="marks")
    assert {view.get_foreground_volume_id() for view in views} == {None}
    assert not desk.session.scene.IsNodePresent(node)


def test_errors_leave_with_their_switch_and_with_the_page(desk: Desk) -> None:
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


def test_nothing_marked_is_said(desk: Desk) -> None:
    bowel = desk.session.case.found("Bowel")
    assert bowel.error is None
    desk.do(desk.session.select_structure, "Bowel")
    assert desk.shown.errors_note == "no map of errors here"
    desk.do(desk.session.select_structure, "Bladder")
    marked = bool((desk.session.case.found("Bladder").error.probability > 0.5).any())
    assert (desk.shown.errors_note == "") == marked


def test_contours_are_drawn_as_the_switches_say(desk: Desk) -> None:
    display = display_of(desk.session.case.contours)
    desk.put(contours_look="both", contours_width=4)
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (1, 1)
    assert display.GetSliceIntersectionThickness() == 4
    desk.do(desk.page.display.toggle_contours)
    assert not display.GetVisibility2D()
    desk.put(contours_look="outlines", contours_width=2, contours_shown=True)
    assert (display.GetVisibility2DFill(), display.GetVisibility2D()) == (0, 1)


def test_an_eye_hides_one_contour(desk: Desk) -> None:
    display = display_of(desk.session.case.contours)
    segment_id = desk.session.case.segment_ids["Rectum"]
    desk.do(desk.page.table.toggle_visible, "Rectum")
    assert not display.GetSegmentVisibility(segment_id)
    assert not desk.row("Rectum")["visible"]
    assert desk.row("Bladder")["visible"]
    desk.do(desk.page.table.toggle_visible, "Rectum")
    assert desk.row("Rectum")["visible"]


def test_gray_scales_by_name_and_by_number(desk: Desk) -> None:
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


def test_each_key_has_something_to_do(desk: Desk) -> None:
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
    assert set(desk.page.keys.actions) == {one.action for one in SHORTCUTS}


def test_the_model_card_opens(desk: Desk) -> None:
    desk.do(desk.page.details.show_card)
    assert desk.shown.card_shown
    assert "It knows the pelvis phantom alone" in json.dumps(desk.shown.card)
    desk.put(card_shown=False)


def test_an_edited_contour_is_told_with_its_change(desk: Desk) -> None:
    case, strokes = desk.session.case, desk.session.strokes
    before = case.found("Bladder")
    drawn = case.contour("Bladder")
    smaller = Contour(binary_erosion(drawn.mask, iterations=2), drawn.grid, "Bladder", drawn.color)

    seen: list[tuple[str, str, bool]] = []
    states = desk.session.assessing
    told = states.connect(
        lambda _case: seen.append(
            (desk.row("Bladder")["state"], desk.row("Rectum")["state"], desk.shown.details["outdated"])
        )
    )
    desk.do(strokes.become, "Bladder", smaller)
    desk.do(strokes.settle)
    desk.wait(lambda: not case.is_outdated("Bladder"))
    states.disconnect(told)
    assert seen == [("changed", "known", True)]
    after = case.found("Bladder")
    assert after.dice < before.dice
    assert desk.row("Bladder")["change"] == f"{after.dice - before.dice:+.3f}"
    assert desk.shown.details["figures"][0]["was"] == f"was {before.dice:.2f}"
    assert not desk.shown.details["outdated"]

    desk.do(strokes.back_to_file, "Bladder")
    desk.do(strokes.settle)
    desk.wait(lambda: not case.is_outdated("Bladder"))
    assert desk.row("Bladder")["change"] == ""


def test_hidden_scores_leave_no_trace_until_the_call(desk: Desk) -> None:
    session = desk.session
    desk.do(session.call_first.switch, True)
    try:
        assert [row["name"] for row in desk.shown.rows] == list(session.case.structures)
        assert {row["state"] for row in desk.shown.rows} == {"hidden"}
        assert desk.shown.any_hidden
        assert desk.page.overlay.nodes == ()
        assert desk.page.strip.listed == ()
        told = json.dumps([desk.shown.rows, desk.shown.details, desk.shown.strip, desk.shown.errors_note])
        found = session.case.found("Bladder")
        for secret in (f"{found.dice:.2f}", f"{found.hd95_mm:.1f}", *found.reasons, "training", "pelvis"):
            assert secret not in told
        for name in session.case.structures:
            assert desk.row(name).keys() & {"verdict", "dice", "hd95", "novel"} == set()

        desk.do(session.decided, made("Bladder", Choice.ACCEPT))
        assert desk.row("Bladder")["verdict"] == found.verdict.value
        assert desk.row("Rectum")["state"] == "hidden"
        assert len(desk.page.overlay.nodes) == 1
    finally:
        desk.do(session.call_first.switch, False)
        desk.open("phantom_2")  # switched off, the mode goes on in the open case
        desk.open("phantom_1")
    assert not desk.shown.any_hidden


def test_decisions_are_counted_and_marked(desk: Desk) -> None:
    of = len(desk.session.case.structures)
    desk.open("phantom_2")
    assert desk.shown.decided == f"0 of {of} decided"
    desk.do(desk.session.decided, made("CTV", Choice.REJECT, "phantom_2"))
    desk.do(desk.session.decided, made("Rectum", Choice.REJECT, "another case"))
    assert desk.shown.decided == f"1 of {of} decided"
    assert desk.row("CTV")["choice"] == "reject"
    assert desk.row("Rectum")["choice"] == ""


def test_decisions_made_before_are_read(desk: Desk) -> None:
    desk.session.decisions.append(made("FemoralHead_R", Choice.ACCEPT, "phantom_2"))
    desk.open("phantom_2")
    desk.wait(lambda: desk.row("FemoralHead_R")["choice"] == "accept")


def test_cases_before_and_after(desk: Desk) -> None:
    order = [name for name in desk.session.cases_by_risk() if name.startswith("phantom")]
    desk.open(order[0])
    assert (desk.shown.previous_case, desk.shown.next_case) == ("", order[1])
    assert desk.shown.case_place == "1 / 2"
    desk.do(desk.page.header.next_case)
    desk.wait(lambda: desk.session.case.entry.name == order[1] and desk.is_assessed)
    assert (desk.shown.previous_case, desk.shown.next_case) == (order[0], "")
    desk.do(desk.page.header.next_case)  # there is none


def test_what_cannot_be_assessed_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise WorkerError("The model is gone; install it again.")

    monkeypatch.setattr(desk.session.tasks, "ask", fail)
    desk.session.case.assessment = None
    desk.do(desk.session.assess)
    desk.wait(lambda: "model is gone" in desk.session.state.shell_message["text"])
    assert {row["state"] for row in desk.shown.rows} == {"unknown"}
    assert desk.shown.strip["text"] == "not assessed"
    monkeypatch.undo()
    desk.do(desk.session.assess)
    desk.wait(lambda: desk.is_assessed)
    assert {row["state"] for row in desk.shown.rows} == {"known"}


def test_a_closed_case_leaves_nothing(desk: Desk) -> None:
    desk.do(desk.session.close_case)
    assert desk.shown.rows == []
    assert desk.shown.strip == {}
    assert desk.page.overlay.nodes == ()
    desk.do(desk.page.keys.press, "next_slice")
    desk.do(desk.page.table.step, 1)
