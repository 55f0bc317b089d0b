"""A decision is written down with all that stood beside it, and none is lost."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.report.provenance import hash_file
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.decisions.errors import DecisionError
from ContourQALib.workstation.editing.stroke_editing import Tool
from editing_bench import EditingBench, opened


@pytest.fixture(scope="module")
def shared(phantom_cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EditingBench]:
    folder = tmp_path_factory.mktemp("deciding")
    cases = Path(shutil.copytree(phantom_cases, folder / "cases"))
    with opened(cases, folder / "results", reader="Ann") as bench:
        bench.folder = cases
        yield bench


@pytest.fixture
def bench(shared: EditingBench) -> EditingBench:
    """The first patient as in his files, assessed, the bladder selected, read by Ann."""
    shared.open("phantom_1", "Bladder", again=False)
    shared.assessed()
    shared.session.state.shell_reader = "Ann"
    shared.call(shared.session.call_first.switch, False)
    shared.panel.deciding.pending, shared.panel.deciding.problem = (), ""
    write(shared, "")
    return shared


def write(bench: EditingBench, note: str) -> None:
    bench.call(lambda: setattr(bench.panel._typed.data, "note", note))


def last(bench: EditingBench):
    return bench.session.decisions.all()[-1]


def count(bench: EditingBench) -> int:
    return len(bench.session.decisions.all())


def test_a_decision_says_who_what_when_and_what_stood_beside_it(bench: EditingBench) -> None:
    found = bench.case.found("Bladder")
    write(bench, "  a dent at the top\nchecked  ")
    bench.run(bench.panel.decide(Choice.ACCEPT))
    made = last(bench)
    assert (made.case, made.structure, made.choice) == ("phantom_1", "Bladder", Choice.ACCEPT)
    assert (made.reader, made.note) == ("Ann", "a dent at the top\nchecked")
    assert made.contour_sha256 == hash_contour(bench.case.contour("Bladder"))
    assert made.image_sha256 == hash_file(bench.case.entry.image)
    assert (made.model, made.model_version) == ("pelvis-phantom", "1.0.0")
    assert made.verdict == found.verdict.value
    assert (made.dice, made.dice_low, made.dice_high) == (found.dice, *found.dice_interval)
    assert not made.score_hidden
    assert made.edited_file == ""
    assert bench.panel._typed.data.note == ""


def test_after_a_decision_the_next_undecided_structure_is_selected(bench: EditingBench) -> None:
    heard = []
    hear = heard.append
    bench.session.decided.connect(hear)
    expected = bench.panel.deciding.next_undecided()
    bench.run(bench.panel.decide(Choice.REJECT))
    assert bench.session.structure == expected != "Bladder"
    assert [(one.structure, one.choice) for one in heard] == [("Bladder", Choice.REJECT)]
    bench.session.decided.disconnect(hear)


def test_without_a_name_nothing_is_decided_and_the_note_stays(bench: EditingBench) -> None:
    before = count(bench)
    bench.session.state.shell_reader = "  "
    write(bench, "keep me")
    bench.run(bench.panel.decide(Choice.ACCEPT))
    assert count(bench) == before
    assert "type your name" in bench.message
    assert bench.panel._typed.data.note == "keep me"


def test_edit_without_an_edit_hands_out_the_brush(bench: EditingBench) -> None:
    before = count(bench)
    bench.run(bench.panel.decide(Choice.EDIT))
    assert count(bench) == before
    assert "Nothing of Bladder was changed yet" in bench.message
    assert bench.session.strokes.tool is Tool.PAINT


@pytest.mark.parametrize("choice", list(Choice))
def test_an_edited_contour_lies_in_a_file_before_it_is_decided_on(bench: EditingBench, choice) -> None:
    size = {Choice.ACCEPT: 12.0, Choice.EDIT: 16.0, Choice.REJECT: 20.0}[choice]
    bench.stroke(Tool.ERASE, bench.middle("Bladder"), diameter_mm=size)
    drawn = hash_contour(bench.case.contour("Bladder"))
    bench.run(bench.panel.decide(choice))
    made = last(bench)
    assert (made.choice, made.contour_sha256) == (choice, drawn)
    saved = read_contours(bench.folder / "phantom_1" / made.edited_file)
    assert drawn in {hash_contour(one) for one in saved}
    assert bench.session.strokes.unsaved == ()
    # no figure was known of this contour yet, and none of another one is written down
    assert (made.verdict, made.dice) == ("", None)


def test_an_edited_contour_that_is_decided_on_again_is_not_saved_again(bench: EditingBench) -> None:
    bench.stroke(Tool.ERASE, bench.middle("Bladder"), diameter_mm=24.0)
    bench.run(bench.panel.decide(Choice.EDIT))
    bench.call(bench.session.select_structure, "Bladder")
    bench.wait(lambda: not bench.case.is_outdated("Bladder"))
    bench.run(bench.panel.decide(Choice.ACCEPT))
    first, second = bench.session.decisions.all()[-2:]
    assert first.edited_file == second.edited_file != ""
    assert second.dice == bench.case.found("Bladder").dice


def test_what_cannot_be_written_waits_and_is_written_once_at_the_next_try(
    bench: EditingBench, monkeypatch
) -> None:
    before = count(bench)
    real = bench.session.decisions.append

    def locked(_decision):
        raise DecisionError("The decisions are in use by another program; try again.")

    monkeypatch.setattr(bench.session.decisions, "append", locked)
    write(bench, "do not lose me")
    bench.run(bench.panel.decide(Choice.REJECT))
    shown = bench.panel._typed.data
    assert count(bench) == before
    assert shown.pending == ["reject Bladder"]
    assert "in use by another program" in shown.problem
    bench.run(bench.panel.deciding.try_again())
    assert shown.pending == ["reject Bladder"]
    monkeypatch.setattr(bench.session.decisions, "append", real)
    bench.run(bench.panel.deciding.try_again())
    assert (last(bench).choice, last(bench).note) == (Choice.REJECT, "do not lose me")
    assert count(bench) == before + 1
    assert (shown.pending, shown.problem) == ([], "")


def test_a_later_decision_never_comes_before_one_that_waits(bench: EditingBench, monkeypatch) -> None:
    before = count(bench)
    real, open_again = bench.session.decisions.append, []

    def locked(decision):
        if not open_again:
            raise DecisionError("The decisions are in use by another program; try again.")
        return real(decision)

    monkeypatch.setattr(bench.session.decisions, "append", locked)
    bench.run(bench.panel.decide(Choice.REJECT))
    bench.run(bench.panel.decide(Choice.ACCEPT))
    assert bench.panel._typed.data.pending == ["reject Bladder", "accept Bladder"]
    open_again.append(True)
    bench.run(bench.panel.decide(Choice.REJECT))
    written = bench.session.decisions.all()[before:]
    assert [one.choice for one in written] == [Choice.REJECT, Choice.ACCEPT, Choice.REJECT]
    assert bench.panel.deciding.pending == ()


def test_a_database_that_another_program_holds_is_waited_for_and_told_of(bench: EditingBench) -> None:
    before = count(bench)
    other = sqlite3.connect(bench.session.decisions.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        bench.run(bench.panel.decide(Choice.ACCEPT))
        assert bench.panel._typed.data.pending == ["accept Bladder"]
    finally:
        other.execute("ROLLBACK")
        other.close()
    bench.run(bench.panel.deciding.try_again())
    assert count(bench) == before + 1


def test_notes_of_different_structures_are_kept_apart(bench: EditingBench) -> None:
    write(bench, "of the bladder")
    bench.call(bench.session.select_structure, "Rectum")
    assert bench.panel._typed.data.note == ""
    write(bench, "of the rectum")
    bench.call(bench.session.select_structure, "Bladder")
    assert bench.panel._typed.data.note == "of the bladder"


def test_the_history_says_which_decisions_are_of_another_contour(bench: EditingBench) -> None:
    bench.run(bench.panel.decide(Choice.ACCEPT))
    bench.call(bench.session.select_structure, "Bladder")
    assert not bench.panel._typed.data.history[0]["other"]
    bench.stroke(Tool.ERASE, bench.middle("Bladder"), diameter_mm=28.0)
    bench.call(bench.session.strokes.settle)
    line = bench.panel._typed.data.history[0]
    assert line["other"]
    assert (line["reader"], line["word"]) == ("Ann", "accepted")


def test_an_edited_contour_of_an_earlier_decision_is_shown_again(bench: EditingBench) -> None:
    bench.stroke(Tool.ERASE, bench.middle("Bladder"), diameter_mm=32.0)
    drawn = hash_contour(bench.case.contour("Bladder"))
    bench.run(bench.panel.decide(Choice.EDIT))
    made = last(bench)
    bench.open("phantom_1", "Bladder")
    assert hash_contour(bench.case.contour("Bladder")) != drawn
    bench.wait(lambda: bench.panel.deciding.history("Bladder"))
    bench.run(bench.panel.deciding.load_edited(made))
    bench.call(bench.session.strokes.settle)
    assert hash_contour(bench.case.contour("Bladder")) == drawn
    assert bench.session.strokes.unsaved == ()
    bench.call(bench.session.strokes.undo)
    assert hash_contour(bench.case.contour("Bladder")) != drawn


def test_switching_the_mode_in_the_middle_of_a_case_is_explained(bench: EditingBench) -> None:
    bench.session.state.shell_reader = "Cleo"  # who has decided nothing yet
    shown = bench.panel._typed.data
    bench.call(bench.session.call_first.switch, True)
    bench.wait(lambda: bench.session.call_first._shown is not None)
    bench.call(bench.session.select_structure, "Rectum")
    assert "may have been on screen before" in shown.call_note
    bench.run(bench.panel.decide(Choice.ACCEPT))
    assert not last(bench).score_hidden
    bench.call(bench.session.call_first.switch, False)
    bench.call(bench.session.select_structure, "CTV")
    assert "from the next case on" in shown.call_note
    assert bench.session.call_first.hides("phantom_1", "CTV")


def test_a_blind_call_is_stored_as_one_and_the_score_shown_beside_it(bench: EditingBench) -> None:
    bench.open("phantom_2", "Bladder")
    bench.session.state.shell_reader = "Bea"
    # nothing of this case has been on screen yet
    bench.session.call_first._enabled, bench.session.call_first._shown = True, set()
    bench.assessed()
    found = bench.case.found("Bladder")
    assert bench.session.call_first.hides("phantom_2", "Bladder")
    bench.run(bench.panel.decide(Choice.ACCEPT))
    assert last(bench).score_hidden
    assert last(bench).dice == found.dice
    assert bench.session.structure == "Bladder"  # the reader sees what the model says of it
    shown = bench.panel._typed.data.compared
    assert shown["you"] == "accept"
    assert shown["model"].startswith(f"{found.verdict.value}, predicted Dice {found.dice:.2f}")
    assert not bench.session.call_first.hides("phantom_2", "Bladder")
    bench.run(bench.panel.decide(Choice.REJECT))
    assert not last(bench).score_hidden
    assert bench.session.structure != "Bladder"


def test_what_is_pressed_twice_is_decided_once(bench: EditingBench) -> None:
    before = count(bench)
    bench.call(bench.panel.ask, "accept", "phantom_1", "Bladder")
    bench.wait(lambda: count(bench) == before + 1 and bench.session.structure != "Bladder")
    following = bench.session.structure
    bench.call(bench.panel.ask, "accept", "phantom_1", "Bladder")  # sent before the page heard of it
    assert bench.message == "Bladder accepted."
    assert (count(bench), bench.session.structure) == (before + 1, following)
    assert not bench.panel.deciding.busy


@pytest.mark.parametrize("seen", [("phantom_1", "Rectum"), ("phantom_2", "Bladder"), ("", "")])
def test_a_contour_that_the_page_did_not_show_yet_is_not_decided_on(
    bench: EditingBench, seen: tuple[str, str]
) -> None:
    before = count(bench)
    bench.call(bench.panel.ask, "reject", *seen)
    assert "another contour came into view" in bench.message
    bench.call(bench.panel.ask, "dance", "phantom_1", "Bladder")
    assert (count(bench), bench.session.structure) == (before, "Bladder")
    assert not bench.panel.deciding.busy


def test_a_contour_that_is_chosen_right_after_the_press_is_not_decided_on(bench: EditingBench) -> None:
    before = count(bench)
    bench.call(bench.session.tell, "")

    def press_and_go_on() -> None:  # as when both messages arrive together
        bench.panel.ask("reject", "phantom_1", "Bladder")
        bench.session.select_structure("Rectum")

    bench.call(press_and_go_on)
    bench.wait(lambda: "another contour came into view" in bench.message)
    assert (count(bench), bench.session.structure) == (before, "Rectum")
    assert not bench.panel.deciding.busy
