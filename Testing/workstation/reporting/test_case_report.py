"""A case's report: what is known of it, what was decided, and nothing that the reader may not see yet."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

pytest.importorskip("trame_slicer")

from ContourQALib.errors import FormatError
from ContourQALib.metrics.compare import compare
from ContourQALib.workstation.decisions.contour_hash import hash_contour
from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.reporting.case_report import gathered
from ContourQALib.workstation.reporting.report_button import NO_CASE, ReportButton
from ContourQALib.workstation.settings import Settings


@pytest.fixture(scope="module")
def opened(module_bench, phantom_cases, tmp_path_factory):
    """A bench whose first phantom case is open and assessed; one for each settings."""
    kept = {}

    def make(**settings):
        key = tuple(settings.items())
        if key not in kept:
            results = tmp_path_factory.mktemp("results")
            made = module_bench(Settings(results, phantom_cases, model="pelvis-phantom", **settings))
            made.run(made.session.open_case(made.session.cases[0].name))
            case = made.session.case
            made.wait(lambda: case.assessment is not None and not any(map(case.is_awaited, case.structures)))
            kept[key] = made
        return kept[key]

    return make


def gather(made):
    return made.run(gathered(made.session, made.session.case))


def text_of(page: str) -> str:
    """What a reader reads: without tags, style and pictures."""
    return re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL))


def bladder(session) -> Decision:
    contour = session.case.contour("Bladder")
    return Decision(
        session.case.entry.name,
        "Bladder",
        Choice.EDIT,
        "Dr. Gray",
        "dent <above> left",
        hash_contour(contour),
        "pelvis-phantom",
        "1",
        "review",
        0.8,
        0.7,
        0.9,
        False,
        "vendor.edited-1.seg.nrrd",
    )


def test_the_report_holds_what_was_found_and_what_was_decided(opened):
    made = opened()
    session = made.session
    decision = session.decisions.append(bladder(session))
    report = gather(made)
    assert report.assessment.structures == session.case.assessment.structures
    assert [contour.name for contour in report.contours] == [
        one.structure for one in session.case.assessment.structures
    ]
    assert {one.test for one in report.comparisons} == {"VPM", "LFT"}
    assert len(report.comparisons) == 2 * len(session.case.structures)
    assert [one.caption for one in report.snapshots] == [
        "Axial view",
        "Coronal view",
        "Sagittal view",
        "Surfaces",
    ]
    (told,) = report.decisions
    assert (told.choice, told.reader, told.decided_at) == ("edit", "Dr. Gray", decision.decided_at)


def test_comparisons_are_those_of_the_library(opened):
    made = opened()
    session = made.session
    files = session.case.files
    told = {(one.structure, one.test): one.dice for one in gather(made).comparisons}
    for model, drawn in {"VPM": files.contours(), **files.models()}.items():
        for reference, test in zip(files.reference(), drawn, strict=True):
            assert told[reference.name, model] == compare(reference, test).dice


def test_what_the_reader_may_not_see_yet_is_left_out(opened):
    made = opened(call_first=True)
    session = made.session
    session.decisions.append(replace(bladder(session), structure="CTV", score_hidden=True))
    report = gather(made)
    assert report.assessment is None
    assert not report.comparisons
    assert not report.snapshots  # they may show probable errors
    assert set(report.settings["score_hidden_until_decided"]) >= {"Bladder", "Rectum"}
    assert len(report.decisions) == 1


def test_figures_of_a_contour_that_changed_since_are_left_out(opened):
    made = opened()
    case = made.session.case
    case.changes["Rectum"] += 1
    report = gather(made)
    assert {one.structure for one in report.assessment.structures} == {*case.structures} - {"Rectum"}
    assert report.settings["changed_since_assessed"] == ["Rectum"]
    case.changes["Rectum"] -= 1  # others look at this case too


def test_the_button_makes_one_page_which_can_be_cancelled_and_made_again(opened, monkeypatch):
    made = opened()
    session = made.session
    session.decisions.append(bladder(session))
    button = ReportButton(session)
    offered = {}
    monkeypatch.setattr(
        session.downloads, "offer", lambda name, page: offered.setdefault(name, page) and "/here"
    )

    async def cancelled() -> str:
        making = asyncio.ensure_future(button.make())
        await asyncio.sleep(0.1)
        button.cancel()
        return await making

    assert made.run(cancelled()) == ""
    assert "cancelled" in made.state.shell_message["text"]
    assert made.run(button.make(), limit_s=300) == "/here"
    (page,) = offered.values()
    text = text_of(page)
    for part in ("Decisions", "Dr. Gray", "dent &lt;above&gt; left", *session.case.structures):
        assert part in text
    assert "src=" not in re.sub(r'src="data:', "", page)  # nothing is loaded from elsewhere
    assert session.case.entry.name not in text  # it may be the patient's


def test_nothing_else_waits_for_a_report_and_no_error_is_passed_over(bench, phantom_cases, tmp_path):
    made = bench(Settings(tmp_path / "results", phantom_cases))

    async def asked() -> str:
        place = made.session.controller.trigger_fn("reporting_make")()
        await asyncio.sleep(0.01)
        return place

    assert made.run(asked()).startswith("/downloads/waiting/")
    assert made.state.shell_message["text"] == NO_CASE
    made.session.controller.on_exception(TypeError("a number is needed"))
    assert "fault of ContourQA itself (TypeError)" in made.state.shell_message["text"]
    made.session.controller.on_exception(FormatError("It is broken."))
    assert made.state.shell_message["text"] == "It is broken."
    made.session.controller.on_exception(ConnectionResetError())
    assert made.state.shell_message["text"] == "It is broken."


def test_without_a_case_the_page_says_so(bench, phantom_cases, tmp_path):
    made = bench(Settings(tmp_path / "results", phantom_cases))
    assert made.run(ReportButton(made.session).make()) == ""
    assert made.state.shell_message["text"] == NO_CASE
