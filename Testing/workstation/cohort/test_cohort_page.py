from __future__ import annotations

import json

import pytest

pytest.importorskip("trame_slicer")

from ContourQALib.workstation.settings import Settings


@pytest.fixture
def opened(bench, manifest, cohort_folder, tmp_path):
    """A bench of the manifest's cases with the cohort's report."""
    settings = Settings(tmp_path / "results", manifest, model="pelvis-phantom", cohort=cohort_folder)
    return bench(settings)


def state_of(bench):
    return bench.station.pages["cohort"].typed.data


def test_the_commands_own_report_is_shown(opened, cohort_folder):
    document = json.loads((cohort_folder / "report.json").read_text(encoding="utf-8"))
    state = state_of(opened)
    assert state.there
    assert state.models == ["VPM", "LFT"]
    points = [point for trace in opened.state.cohort_figure["data"] for point in trace["customdata"]]
    assert sorted(points) == sorted([row["case"], row["structure"]] for row in document["rows"])
    assert len(state.tests) == len(document["groups"])


def test_another_figure_and_structure_are_drawn(opened):
    names = opened.station.pages["cohort"].typed.name
    opened.change(**{names.metric: "hd95_mm", names.structure: "Rectum"})
    (trace,) = opened.state.cohort_figure["data"]
    assert trace["name"] == "Rectum"
    assert "HD95" in opened.state.cohort_figure["layout"]["xaxis"]["title"]["text"]


def test_a_point_opens_its_case_at_its_structure_on_the_compare_page(opened):
    page = opened.station.pages["cohort"]
    opened.run(page.open_case(["phantom_2", "Rectum"]))
    opened.wait(lambda: opened.session.structure == "Rectum")
    assert opened.session.case.entry.name == "phantom_2"
    assert opened.session.page == "compare"


def test_a_case_that_is_not_in_the_worklist_is_said(opened):
    opened.run(opened.station.pages["cohort"].open_case(["elsewhere", "Rectum"]))
    assert "not in the worklist" in opened.state.shell_message["text"]
    assert opened.session.case is None


def test_a_manifest_is_made_into_a_report_by_the_command(bench, manifest, tmp_path):
    made = bench(Settings(tmp_path / "results", manifest))
    assert state_of(made).can_make
    assert not state_of(made).there
    made.run(made.station.pages["cohort"].make())
    made.wait(lambda: state_of(made).there)
    assert not state_of(made).making
    assert (tmp_path / "results" / "cohort" / "report.html").is_file()


def test_a_manifest_that_leads_out_of_what_may_be_read_is_not_made_into_a_report(bench, manifest, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    text = manifest.read_text(encoding="utf-8").replace("phantom_", f"{manifest.parent}/phantom_")
    (folder / "cohort.csv").write_text(text, encoding="utf-8")
    made = bench(Settings(tmp_path / "results", folder / "cohort.csv"))
    made.session.tell("")
    made.run(made.station.pages["cohort"].make())
    made.wait(lambda: made.state.shell_message["text"])
    assert "lies outside" in made.state.shell_message["text"]
    assert not (tmp_path / "results" / "cohort").exists()
    assert not state_of(made).making


def test_what_no_cohort_can_be_made_of_is_said(bench, phantom_cases, tmp_path):
    made = bench(Settings(tmp_path / "results", phantom_cases, cohort=tmp_path / "nothing"))
    assert not state_of(made).can_make
    assert "report.json" in state_of(made).why_not
