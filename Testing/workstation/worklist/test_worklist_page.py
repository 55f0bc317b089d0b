"""The worklist page without a browser: what it does to session and state, with a real worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.cases.known_cases import Stage
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.settings import Settings
from ContourQALib.workstation.worklist import worklist_page
from ContourQALib.workstation.worklist.queue_progress import QueueState
from ContourQALib.workstation.worklist.worklist_state import WorklistState
from worklist_samples import assessment, decision, found

MODEL = "pelvis-phantom"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """The queue begins at once, and the table follows it closely."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worklist_page, "PAGE_FIRST_S", 0.0)
        patch.setattr(worklist_page, "PERIOD_S", 0.01)
        yield


@pytest.fixture(scope="module")
def make(module_bench, phantom_cases, tmp_path_factory) -> Any:
    """Opens a workstation on two phantoms and a case with half a file."""
    cases = Path(shutil.copytree(phantom_cases, tmp_path_factory.mktemp("worklist") / "cases"))
    (cases / "broken").mkdir()
    (cases / "broken" / "image.nrrd").symlink_to(cases / "phantom_1" / "image.nrrd")
    half = (cases / "phantom_1" / "vendor.seg.nrrd").read_bytes()[:2000]
    (cases / "broken" / "vendor.seg.nrrd").write_bytes(half)

    def opened(results: Path) -> Any:
        made = module_bench(Settings(results=results, source=cases, model=MODEL))
        page = made.station.pages["worklist"]
        return SimpleNamespace(bench=made, session=made.session, page=page, data=page.data)

    return opened


@pytest.fixture(scope="module")
def opened(make, tmp_path_factory) -> Any:
    return make(tmp_path_factory.mktemp("results"))


@pytest.fixture
def one(opened) -> Any:
    """The page as it is after it was opened: nothing is known, filtered or told."""

    def reset() -> None:
        session, known = opened.session, opened.session.known_cases
        session.close_case()
        session.call_first.switch(False)
        session.show_page("worklist")
        session.tell("")
        for case in known.cases:
            known.put_back(case.name)
        TypedState.from_dataclass(opened.data, WorklistState())
        opened.page.refresh()

    do(opened, reset)
    return opened


def do(one: Any, action: Callable[..., Any], *arguments: Any) -> Any:
    """Call something on the event loop."""

    async def call() -> Any:
        return action(*arguments)

    return one.bench.run(call())


def filled(one: Any) -> Any:
    """Two cases with made-up assessments: no worker is needed to see how they are shown."""
    known = one.session.known_cases
    known.keep("phantom_1", assessment(found("Bladder"), found("CTV", "review", 0.78)))
    known.keep("phantom_2", assessment(found("Bladder"), found("Rectum", "reject", 0.6)))
    do(one, one.page.refresh)
    return one


def names(one: Any) -> list[str]:
    return [row["case"] for row in one.data.rows]


def change(one: Any, **values: Any) -> None:
    """State variables of the page, changed as the browser changes them."""
    one.bench.change(**{f"worklist__WorklistState__{name}": value for name, value in values.items()})


def test_every_case_is_assessed_and_known_after_a_restart(make, tmp_path):
    one = make(tmp_path)
    do(one, one.page.start)
    one.bench.wait(lambda: one.page.queue.progress.state is QueueState.DONE)
    known = one.session.known_cases
    assert [case.name for case in known.of_stage(Stage.ASSESSED)] == ["phantom_1", "phantom_2"]
    assert "damaged" in known.case("broken").reason
    one.bench.wait(lambda: one.session.background.pid is None)  # its memory is free
    do(one, one.page.refresh)
    assert names(one) == list(one.session.cases_by_risk())
    assert names(one)[0] == "broken"
    shown = {row["case"]: row for row in one.data.rows}
    for case in known.of_stage(Stage.ASSESSED):
        lead = case.entries[0].structure
        assert shown[case.name]["structure"] == lead.structure
        assert shown[case.name]["word"] == lead.verdict.value
    one.bench.station.close()

    again = make(tmp_path)
    do(again, again.page.start)
    again.bench.wait(lambda: again.page.queue.progress.state is QueueState.DONE)
    for case in known.of_stage(Stage.ASSESSED):
        kept = again.session.known_cases.case(case.name).assessment
        assert kept.structures == case.assessment.structures
    assert again.session.background.pid is None, "nothing had to be assessed"


def test_chips_search_and_structure_filter_the_rows(one):
    filled(one)
    assert names(one) == ["phantom_2", "phantom_1", "broken"]
    assert {chip["mark"]: chip["count"] for chip in one.data.chips} == {
        "reject": 1,
        "review": 1,
        "accept": 0,
        "waiting": 1,
    }
    change(one, mark="review")
    assert names(one) == ["phantom_1"]
    assert one.data.filtered
    change(one, mark="", search="rectum")
    assert names(one) == ["phantom_2"]
    change(one, search=None, structure="CTV")
    assert names(one) == ["phantom_1"]
    change(one, structure=None, contours=True)
    assert [row["structure"] for row in one.data.rows] == ["Rectum", "CTV", "Bladder", "Bladder"]
    assert not one.data.filtered


def test_a_case_unfolds_to_its_contours_and_folds_again(one):
    filled(one)
    expand = one.session.controller.trigger_fn("worklist_expand")
    do(one, expand, number_of(one, "phantom_2"))
    assert [row["structure"] for row in one.data.rows][:3] == ["Rectum", "Rectum", "Bladder"]
    do(one, expand, number_of(one, "phantom_2"))
    assert len(one.data.rows) == 3


def test_a_click_opens_the_case_at_the_structure_on_the_review_page(one):
    filled(one)
    row = next(row for row in one.data.rows if row["case"] == "phantom_2")
    do(one, one.session.controller.trigger_fn("worklist_open"), row["number"], row["structure"], row["key"])
    assert one.data.opening == row["key"], "busy at once"
    one.bench.wait(lambda: one.session.page == "review")
    assert one.session.case.entry.name == "phantom_2"
    assert one.session.structure == "Rectum"
    assert one.data.opening == ""


def test_another_structure_of_the_open_case_is_shown_without_reading_it_again(one):
    filled(one)
    one.bench.run(one.page.open(number_of(one, "phantom_2"), "Rectum"))
    case = one.session.case
    do(one, one.session.show_page, "worklist")
    one.bench.run(one.page.open(number_of(one, "phantom_2"), "Bladder"))
    assert one.session.case is case
    assert (one.session.structure, one.session.page) == ("Bladder", "review")


def test_a_case_that_cannot_be_read_is_told_and_the_worklist_stays(one):
    filled(one)
    do(one, one.session.controller.trigger_fn("worklist_open"), number_of(one, "broken"), "", "key")
    one.bench.wait(lambda: told(one))
    assert "damaged" in told(one)
    assert one.session.page == "worklist"
    assert one.data.opening == ""


def number_of(one: Any, name: str) -> int:
    return one.session.known_cases.case(name).number


def told(one: Any) -> str:
    return one.session.state.shell_message["text"]


def test_what_was_found_of_the_open_case_is_known_to_the_worklist(one):
    one.bench.run(one.session.open_case("phantom_1"))
    known, case = one.session.known_cases, one.session.case
    one.bench.wait(lambda: known.case("phantom_1").assessment)
    assert known.case("phantom_1").assessment.structures == case.assessment.structures
    case.edited.add("Bladder")
    case.assessment = edited = assessment(found("Bladder", "reject", 0.1))
    do(one, one.session.assessed, case)
    assert known.case("phantom_1").assessment != edited, "the file's contours were not edited"


def test_my_call_first_hides_scores_order_and_files(one):
    filled(one)
    do(one, one.session.call_first.switch, True)
    one.bench.wait(lambda: one.data.hidden)
    assert one.data.hidden
    assert names(one) == [case.name for case in one.session.cases] == list(one.session.cases_by_risk())
    assert {row["word"] for row in one.data.rows} == {"hidden", "waiting"}
    assert one.bench.run(one.session.controller.trigger_fn("worklist_report")()) == ""
    assert "my call first" in told(one)
    do(one, one.session.call_first.switch, False)
    one.bench.wait(lambda: not one.data.hidden)
    assert names(one)[0] == "phantom_2"
    assert one.session.cases_by_risk()[0] == "phantom_2"


@pytest.mark.parametrize(
    ("trigger", "begins"),
    [
        ("worklist_report", b"<!DOCTYPE html>"),
        ("worklist_csv", "\ufeffcase,patient".encode()),
        ("worklist_decisions", "\ufeffcase,".encode()),
    ],
)
def test_files_are_offered_for_download(one, trigger, begins):
    filled(one)
    address = one.bench.run(one.session.controller.trigger_fn(trigger)())
    offered = one.session.downloads._offers[address.rsplit("/", 1)[1]]
    assert offered.content.startswith(begins)


def test_no_file_of_nothing(one):
    assert one.bench.run(one.session.controller.trigger_fn("worklist_csv")()) == ""
    assert "No case has been assessed yet" in told(one)


def test_the_rows_of_a_thousand_cases_come_a_page_at_a_time(one, monkeypatch):
    filled(one)
    monkeypatch.setattr(worklist_page, "PAGE_ROWS", 2)
    do(one, one.page.refresh)
    assert (len(one.data.rows), one.data.pages, one.data.span) == (2, 2, "1–2 of 3")
    change(one, page=2)
    assert (names(one), one.data.span) == (["broken"], "3–3 of 3")
    change(one, search="phantom")
    assert (one.data.page, one.data.pages) == (1, 1)


def test_without_cases_nothing_is_started(bench, tmp_path):
    made = bench(Settings(results=tmp_path))
    made.station.pages["worklist"].start()  # outside of an event loop, where nothing can be
    assert made.session.background.pid is None


def test_decisions_are_counted_also_those_of_before(one):
    one.session.decisions.append(decision("phantom_2", "Rectum", "reject"))
    filled(one)
    do(one, one.session.show_page, "review")
    do(one, one.session.show_page, "worklist")  # another viewer of this folder may have decided meanwhile
    one.bench.wait(lambda: one.session.known_decisions.latest("phantom_2", "Rectum"))
    row = next(row for row in one.data.rows if row["case"] == "phantom_2")
    assert row["decided"] == "1 of 2"
    do(one, one.session.decided, decision("phantom_2", "Bladder"))
    one.bench.wait(lambda: next(r for r in one.data.rows if r["case"] == "phantom_2")["done"])
    assert one.session.known_decisions.latest("phantom_2", "Rectum").choice is Choice.REJECT
