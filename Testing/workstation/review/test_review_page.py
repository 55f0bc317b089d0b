"""The review page without a browser: structures, figures, decisions, cases; the real worker and scene."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from ContourQALib.case import Contour
from ContourQALib.quality.worklist import AssessedCase, WorklistEntry
from ContourQALib.worker_events import WorkerError
from ContourQALib.workstation.decisions.decision import Choice, Decision


def made(structure: str, choice: Choice, case: str = "phantom_1") -> Decision:
    decision = Decision(case, structure, choice, "Reader", "", "", "", "", "", None, None, None, True)
    return replace(decision, decided_at="2026-01-02T03:04:05.000+00:00")


def test_the_riskiest_structure_stands_first_and_is_chosen_by_itself(opened: Any) -> None:
    opened.open("phantom_2")
    assessment = opened.session.case.assessment
    case = AssessedCase("phantom_2", "", "", assessment)
    by_risk = sorted(assessment.structures, key=lambda one: WorklistEntry(case, one).risk)
    assert [row["name"] for row in opened.shown.rows] == [one.structure for one in by_risk]
    assert opened.session.structure == by_risk[0].structure
    assert opened.shown.details["name"] == by_risk[0].structure


def test_a_reader_at_work_on_another_page_keeps_the_structure(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened.session.store, "known", lambda _entry: None)
    opened.do(opened.session.show_page, "thresholds")
    opened.open("phantom_2")
    kept, first = opened.session.structure, opened.session.case.structures[0]
    opened.do(opened.session.show_page, "review")
    assert kept == first != opened.shown.rows[0]["name"]


def test_what_is_known_already_is_chosen_before_the_errors_are_located(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(600)

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


def test_a_reader_who_has_chosen_is_not_led_away(opened: Any) -> None:
    opened.do(opened.session.open_case, "phantom_1")
    opened.do(opened.session.select_structure, "Rectum")
    opened.wait(lambda: opened.is_assessed)
    assert opened.session.structure == "Rectum"


def test_every_row_is_filled_from_the_assessment(desk: Any) -> None:
    for found in desk.session.case.assessment.structures:
        row = desk.row(found.structure)
        assert row["state"] == "known"
        assert row["verdict"] == found.verdict.value
        assert row["dice"] == ("–" if found.dice is None else f"{found.dice:.2f}")
    assert desk.shown.details["reasons"] == list(desk.session.case.found("Bladder").reasons)
    assert "teaching only" in desk.shown.details["caution"]


def test_a_click_on_a_row_brings_the_structure_in_sight(desk: Any) -> None:
    desk.do(desk.page.table.select, "FemoralHead_L")
    contour = desk.session.case.contour("FemoralHead_L")
    middle = contour.grid.index_to_world((np.asarray(contour.grid.size) - 1) / 2)
    k = desk.session.case.image.grid.world_to_index(middle)[2]
    assert abs(desk.session.views.slice_index() - k) <= 2  # the center of mass is near the box's middle
    assert desk.shown.details["name"] == "FemoralHead_L"
    desk.do(desk.page.table.select, "No such structure")
    assert desk.session.structure == "FemoralHead_L"


def test_steps_between_structures_end_at_the_ends(desk: Any) -> None:
    names = [row["name"] for row in desk.shown.rows]
    desk.do(desk.page.table.select, names[0])
    desk.do(desk.page.table.step, -1)
    assert desk.session.structure == names[0]
    desk.do(desk.page.table.step, 1)
    assert desk.session.structure == names[1]
    desk.do(desk.page.table.step, 99)
    assert desk.session.structure == names[-1]


def test_the_model_card_opens(desk: Any) -> None:
    desk.do(desk.page.details.show_card)
    assert desk.shown.card_shown
    assert "It knows the pelvis phantom alone" in json.dumps(desk.shown.card)
    desk.put(card_shown=False)


def test_an_edited_contour_is_told_with_its_change(desk: Any) -> None:
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


def test_hidden_scores_leave_no_trace_until_the_call(desk: Any) -> None:
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


def test_decisions_are_counted_and_marked(desk: Any) -> None:
    of = len(desk.session.case.structures)
    desk.open("phantom_2")
    assert desk.shown.decided == f"0 of {of} decided"
    desk.do(desk.session.decided, made("CTV", Choice.REJECT, "phantom_2"))
    desk.do(desk.session.decided, made("Rectum", Choice.REJECT, "another case"))
    assert desk.shown.decided == f"1 of {of} decided"
    assert desk.row("CTV")["choice"] == "reject"
    assert desk.row("Rectum")["choice"] == ""


def test_decisions_made_before_are_read(desk: Any) -> None:
    desk.session.decisions.append(made("FemoralHead_R", Choice.ACCEPT, "phantom_2"))
    desk.open("phantom_2")
    desk.wait(lambda: desk.row("FemoralHead_R")["choice"] == "accept")


def test_cases_before_and_after(desk: Any) -> None:
    order = [name for name in desk.session.cases_by_risk() if name.startswith("phantom")]
    desk.open(order[0])
    assert (desk.shown.previous_case, desk.shown.next_case) == ("", order[1])
    assert desk.shown.case_place == "1 / 2"
    desk.do(desk.page.header.next_case)
    desk.wait(lambda: desk.session.case.entry.name == order[1] and desk.is_assessed)
    assert (desk.shown.previous_case, desk.shown.next_case) == (order[0], "")
    desk.do(desk.page.header.next_case)  # there is none


def test_what_cannot_be_assessed_is_not_waited_for(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_closed_case_leaves_nothing(desk: Any) -> None:
    desk.do(desk.session.close_case)
    assert desk.shown.rows == []
    assert desk.shown.strip == {}
    assert desk.page.overlay.nodes == ()
    desk.do(desk.page.keys.press, "next_slice")
    desk.do(desk.page.table.step, 1)
