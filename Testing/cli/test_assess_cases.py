"""`contourqa assess --cases`: many cases in one list by risk, what fails beside them, and a killed run.

Structures that no model knows are used where the model does not matter: nothing of torch is loaded then.
"""

from __future__ import annotations

import csv
import filecmp
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bundles import write_bundle
from command_line import JSON, Command
from files_on_disk import BALL, SHAPE, SHIFTED, write
from shapes import ball_mask

FILES = {"assess.journal", "figures", "report.html", "report.json", "report.csv"}
NOTHING = np.zeros(SHAPE, np.uint8)


def manifest(folder: Path, contours: Sequence[np.ndarray | str], structure: str = "spleen") -> Path:
    """A manifest of one image and a contour file a case; a text is the path of a file that is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).normal(300, 30, SHAPE).astype(np.float32)
    write(folder / "image.nii.gz", noise)
    lines = ["case,patient,structure,image,contour"]
    for number, mask in enumerate(contours):
        name = mask if isinstance(mask, str) else write(folder / f"c{number}.nii.gz", mask).name
        lines.append(f"case_{number},p_{number},{structure},image.nii.gz,{name}")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n")
    return folder / "cases.csv"


def test_one_list_by_risk_with_what_failed_above_it(contourqa: Command, tmp_path: Path) -> None:
    listed = manifest(tmp_path / "in", [BALL, NOTHING, "gone.nii.gz", SHIFTED])
    found = contourqa("assess", "--cases", listed, *JSON)
    assert [c["case"] for c in found.json["cases"]] == ["case_2", "case_1", "case_0", "case_3"]
    failed, empty, *rest = found.json["cases"]
    assert (failed["status"], failed["structures"]) == ("failed", [])
    assert "gone.nii.gz" in failed["reason"]
    assert empty["structures"][0]["verdict"] == "reject"
    assert {c["structures"][0]["verdict"] for c in rest} == {"review"}
    assert [c["patient"] for c in rest] == ["p_0", "p_3"]
    assert "1 of 4 cases could not be assessed" in found.err


def test_csv_has_a_row_a_contour_and_the_table_names_every_case(contourqa: Command, tmp_path: Path) -> None:
    listed = manifest(tmp_path / "in", [BALL, "gone.nii.gz"])
    rows = list(csv.DictReader(io.StringIO(contourqa("assess", "--cases", listed, "--format", "csv").out)))
    assert [(r["case"], r["status"], r["verdict"]) for r in rows] == [
        ("case_1", "failed", ""),
        ("case_0", "ok", "review"),
    ]
    table = contourqa("assess", "--cases", listed).out
    assert table.index("NOT ASSESSED") < table.index("case_0")


def test_nothing_to_read_at_all_is_one_sentence_and_no_report(contourqa: Command, tmp_path: Path) -> None:
    listed = manifest(tmp_path / "in", ["gone.nii.gz", "away.nii.gz"])
    found = contourqa("assess", "--cases", listed, "-o", tmp_path / "out")
    assert found.code == 2
    assert "None of the 2 cases" in found.err
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(("fail_on", "contours", "code"), [
    ("reject", [BALL], 0), ("reject", [BALL, NOTHING], 3),
    ("review", [BALL], 3), ("reject", [BALL, "gone.nii.gz"], 3),
])  # fmt: skip
def test_fail_on_counts_every_case(contourqa: Command, tmp_path: Path, fail_on, contours, code) -> None:
    listed = manifest(tmp_path / "in", contours)
    assert contourqa("assess", "--cases", listed, "--fail-on", fail_on).code == code


def test_a_model_predicts_each_case_and_the_folder_shows_what_is_not_accepted(
    contourqa: Command, tmp_path: Path
) -> None:
    listed = manifest(tmp_path / "in", [BALL, NOTHING], structure="ball")
    toy = write_bundle(tmp_path / "toy", teaching_only=True)
    options = ("--model", toy, "--accept", "1", "--reject", "0", "-o", tmp_path / "out")
    found = contourqa("assess", "--cases", listed, *options, *JSON)
    empty, ball = found.json["cases"]
    assert (empty["case"], ball["case"]) == ("case_1", "case_0")
    assert 0 <= ball["structures"][0]["dice"] <= 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    (picture,) = (tmp_path / "out" / "figures").iterdir()
    assert picture.name == ball["pictures"]["ball"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<img") == 1  # an empty contour has nothing to show
    for text in (
        page,
        (tmp_path / "out" / "report.json").read_text(),
        (tmp_path / "out" / "report.csv").read_text(),
    ):
        assert "For teaching only: the model toy" in text
    again = contourqa("assess", "--cases", listed, *options)
    assert "2 of 2 cases were assessed before" in again.err
    assert "For teaching only" in again.out


def test_other_settings_are_no_continuation(contourqa: Command, tmp_path: Path) -> None:
    listed = manifest(tmp_path / "in", [NOTHING, NOTHING])
    command = ("assess", "--cases", listed, "-o", tmp_path / "out")
    assert contourqa(*command).code == 0
    other = contourqa(*command, "--reject", "0.5")
    assert other.code == 2
    assert "another reject" in other.err
    assert contourqa(*command, "--reject", "0.5", "--fresh").code == 0


def test_a_contour_drawn_anew_is_assessed_anew(contourqa: Command, tmp_path: Path) -> None:
    listed = manifest(tmp_path / "in", [NOTHING, NOTHING])
    command = ("assess", "--cases", listed, "-o", tmp_path / "out", *JSON)
    contourqa(*command)
    write(tmp_path / "in" / "c1.nii.gz", BALL)
    found = contourqa(*command)
    assert "1 of 2 cases were assessed before" in found.err
    assert [c["structures"][0]["verdict"] for c in found.json["cases"]] == ["reject", "review"]


@pytest.mark.parametrize("further", ["--image", "--contours", "--probability"])
def test_a_manifest_names_its_files_itself(contourqa: Command, tmp_path: Path, further: str) -> None:
    listed = manifest(tmp_path / "in", [NOTHING])
    found = contourqa("assess", "--cases", listed, further, tmp_path / "in" / "image.nii.gz")
    assert found.code == 2
    assert "--cases" in found.err


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def started(listed: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ContourQALib", "assess", "--cases", str(listed), "-o", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_killed_and_started_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    small = ball_mask(SHAPE, (15, 16, 17), 5).astype(np.uint8)
    listed = manifest(tmp_path / "in", [NOTHING, BALL, NOTHING, SHIFTED, small])
    process = started(listed, tmp_path / "killed")
    journal = tmp_path / "killed" / "assess.journal"
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 1):  # a header and one case
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert b"case_4" not in journal.read_bytes()
    assert not (tmp_path / "killed" / "report.json").exists()
    (tmp_path / "killed" / "figures" / f".{'0' * 16}.png").write_bytes(b"left by a kill while it was written")
    for out in ("killed", "whole"):
        process = started(listed, tmp_path / out)
        said = process.communicate()[1]
        assert process.returncode == 0, said
        assert ("assessed before" in said) == (out == "killed")
    names = files_in(tmp_path / "whole")
    assert len(names) == 4 + 3  # and three pictures
    assert names == files_in(tmp_path / "killed")
    _, differing, odd = filecmp.cmpfiles(tmp_path / "killed", tmp_path / "whole", names, shallow=False)
    assert (differing, odd) == ([], [])
