"""The worklist's report and tables."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.cases.known_cases import KnownCases
from ContourQALib.workstation.decisions.decision_export import decisions_file
from ContourQALib.workstation.decisions.decision_log import DecisionLog
from ContourQALib.workstation.settings import Settings
from ContourQALib.workstation.worklist.agreement_table import AFTER, BEFORE, agreement_table
from ContourQALib.workstation.worklist.worklist_files import report_file, table_file
from worklist_samples import assessment, decision, entry, found


def known() -> KnownCases:
    cases = KnownCases([entry("a <b>", "Ada"), entry("b"), entry("c")], Levels())
    cases.keep("a <b>", assessment(found("Bladder"), found("Rectum", "reject", 0.6, reasons=("It leaks.",))))
    cases.fail("b", "b.nrrd is damaged.")
    return cases


def test_the_report_is_one_page_with_every_contour(tmp_path):
    manifest = tmp_path / "cases.csv"
    manifest.write_text("case,image\n")
    page = report_file(known().worklist, Settings(results=tmp_path, source=manifest)).decode()
    assert page.startswith("<!DOCTYPE html>")
    for text in (
        "a &lt;b&gt;",
        "Rectum",
        "It leaks.",
        "b.nrrd is damaged.",
        "cases.csv",
        "not a medical device",
    ):
        assert text in page
    assert "a <b>" not in page
    assert "1 reject, 0 review, 1 accept" in page


def test_the_report_needs_no_drawing_library():
    # the server's memory: matplotlib alone would take 40 MB
    code = (
        "from pathlib import Path; from ContourQALib.quality.verdict import Levels;"
        "from ContourQALib.workstation.settings import Settings;"
        "from ContourQALib.quality.worklist import Worklist;"
        "from ContourQALib.workstation.worklist.worklist_files import report_file;"
        "report_file(Worklist((), Levels()), Settings(results=Path()));"
        "import sys; print(sorted({'matplotlib', 'torch', 'scipy', 'vtkmodules'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_table_is_that_of_the_command_line():
    rows = list(csv.DictReader(io.StringIO(table_file(known().worklist).decode("utf-8-sig"))))
    assert [(row["case"], row["structure"]) for row in rows] == [
        ("b", ""),
        ("a <b>", "Rectum"),
        ("a <b>", "Bladder"),
    ]
    assert (rows[1]["verdict"], rows[1]["dice"]) == ("reject", "0.6")


def test_decisions_come_as_a_table(tmp_path: Path):
    with DecisionLog(tmp_path / "decisions.sqlite") as log:
        log.append(decision("a", "Rectum", "reject"))
        rows = list(csv.DictReader(io.StringIO(decisions_file(log.all()).decode("utf-8-sig"))))
    assert [(row["case"], row["choice"], row["number"]) for row in rows] == [("a", "reject", "1")]


def test_agreement_stands_apart_for_first_calls():
    table = agreement_table(
        [
            decision("a", "A", "reject", verdict="reject"),
            decision("a", "B", "accept", verdict="review"),
            decision("b", "A", "edit", verdict="accept", hidden=True),
            decision("b", "B", "accept", verdict=""),
        ]
    )
    assert [block["title"] for block in table["blocks"]] == [BEFORE, AFTER]
    hidden, shown = table["blocks"]
    assert hidden["rows"][0] == {"verdict": "accept", "counts": [0, 1, 0]}
    assert (hidden["missed"], shown["false_alarms"]) == (1, 1)
    assert shown["agreeing"] == "1 of 2 (50 %)"
    assert table["readers"][0]["agreeing"] == "1 of 3 (33 %)"
    assert table["without"] == 1


def test_nobody_agrees_where_nobody_decided():
    assert agreement_table([])["blocks"] == []
