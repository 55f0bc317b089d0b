from __future__ import annotations

import json
from pathlib import Path

import pytest

from ContourQALib.errors import FormatError
from ContourQALib.workstation.cohort.cohort_charts import hidden, paired_chart, spread_chart
from ContourQALib.workstation.cohort.cohort_report import read_cohort_report
from ContourQALib.workstation.cohort.cohort_rows import rows_of_tests, worst_rows


def figures(dice: float | None, status: str = "ok", reason: str | None = None) -> dict:
    return {"status": status, "reason": reason, "dice": dice, "hd95_mm": 4.0, "volume_error_percent": 10.0}


def means(n: int, undefined: int = 0) -> dict:
    found = {"n": n, "undefined": undefined, "mean": 0.8, "sd": 0.05, "median": 0.8}
    return {"dice": found, "hd95_mm": found}


def written(folder: Path, **changes) -> Path:
    """A report of two models on three cases; the second model missed the rectum of the third."""
    rows = [
        {"dataset": "", "case": case, "structure": "Rectum", "models": {"VPM": first, "LFT": second}}
        for case, first, second in (
            ("one", figures(0.70), figures(0.90)),
            ("two", figures(0.80), figures(0.85)),
            ("three", figures(0.75), figures(None, "failed", "the file cannot be read")),
        )
    ]
    test = {
        "figure": "dice",
        "first": "VPM",
        "second": "LFT",
        "pairs": 2,
        "mean_difference": 0.125,
        "interval": [0.05, 0.2],
        "p": 0.001,
        "p_holm": 0.002,
        "reason": None,
    }
    against_reference = {**test, "figure": "volume_cc", "second": "reference"}
    group = {
        "dataset": "",
        "structure": "Rectum",
        "models": {"VPM": means(3), "LFT": means(2, 1)},
        "tests": [test, against_reference],
    }
    document = {"models": ["VPM", "LFT"], "groups": [group], "rows": rows} | changes
    (folder / "report.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_a_report_is_read_with_its_models_rows_and_tests(tmp_path):
    report = read_cohort_report(written(tmp_path))
    assert report.models == ("VPM", "LFT")
    assert [row.case for row in report.rows] == ["one", "two", "three"]
    assert report.rows[2].value("LFT", "dice") is None
    assert len(report.tests) == 1  # the reference's volume is no model
    assert report.page is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"models": 3}', "no json", '{"models": [], "rows": [], "groups": []}']
)
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"report\.json"):
        read_cohort_report(tmp_path)


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(FormatError, match="contourqa cohort -o"):
        read_cohort_report(tmp_path)


def test_every_defined_pair_is_a_point_that_knows_its_case(tmp_path):
    report = read_cohort_report(written(tmp_path))
    (trace,) = paired_chart(report, "dice", "", "", "VPM", "LFT").to_plotly_json()["data"]
    assert trace["x"] == [0.70, 0.80]
    assert trace["y"] == [0.90, 0.85]
    assert trace["customdata"] == [["one", "Rectum"], ["two", "Rectum"]]
    assert [row.case for row in hidden(report, "dice", "", "", report.models)] == ["three"]


def test_the_spread_has_a_box_a_model(tmp_path):
    report = read_cohort_report(written(tmp_path))
    boxes = spread_chart(report, "dice", "", "Rectum").to_plotly_json()["data"]
    assert [(box["name"], box["y"]) for box in boxes] == [("VPM", [0.70, 0.80, 0.75]), ("LFT", [0.90, 0.85])]


def test_a_test_is_said_in_words_whichever_model_comes_first(tmp_path):
    report = read_cohort_report(written(tmp_path))
    (row,) = rows_of_tests(report, "dice", "", "VPM", "LFT")
    assert (row["says"], row["tone"], row["difference"]) == (
        "LFT is higher",
        "better",
        "+0.125 (+0.050 to +0.200)",
    )
    assert (row["n"], row["undefined"]) == (3, 1)
    (turned,) = rows_of_tests(report, "dice", "", "LFT", "VPM")
    assert (turned["says"], turned["tone"]) == ("VPM is lower", "worse")
    assert turned["difference"] == "-0.125 (-0.200 to -0.050)"


def test_what_is_undefined_and_then_what_is_worst_comes_first(tmp_path):
    report = read_cohort_report(written(tmp_path))
    rows = worst_rows(report, "dice", "", "", "LFT")
    assert [row["case"] for row in rows] == ["three", "two", "one"]
    assert rows[0]["why"] == "the file cannot be read"
