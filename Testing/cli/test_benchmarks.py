"""The benchmarks run, compare what they measure, and fail loudly where a tool differs from ours."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
FIELDS = {"organ", "tool", "wall_s", "cpu_s", "peak_mb", "ratio"}


def run(script: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / script), "--quick", *options],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def rows_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert all(row.keys() >= FIELDS for row in rows)
    return {row["tool"]: row for row in rows}


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("script", "by_hand"),
    [("metrics.py", "scipy trees, cropped"), ("sweep.py", "scipy tree loop, cropped")],
)
def test_a_benchmark_measures_and_compares(script: str, by_hand: str) -> None:
    rows = rows_of(run(script, "--peers", "--format", "json"))
    assert rows["ours"]["ratio"] == 1
    assert rows["floor"]["floor_ratio"] == 1
    for tool in ("ours", "ours, numpy path", by_hand, f"{by_hand} and tuned"):
        assert rows[tool]["cpu_s"] > 0, tool
        assert rows[tool]["peak_mb"] >= 0, tool
    for tool in ("ours, numpy path", by_hand, f"{by_hand} and tuned"):
        assert rows[tool]["agrees"] is True, tool
        assert {"dice", "hd_mm", "hd95_mm", "msd_mm"} <= rows[tool]["compared"].keys()


@pytest.mark.realdata
def test_the_cohort_s_benchmark_measures_rates_and_memory() -> None:
    done = run("cohort.py", "--no-peers", "--organs", "Lens-Lt", "--format", "json")
    assert done.returncode == 0, done.stderr  # 1 where memory grows by more than 50 MB
    rows = json.loads(done.stdout)
    assert len(rows) == 5
    assert all(row["pairs_per_s"] > 0 for row in rows)
    assert all(row["peak_mb"] > 0 for row in rows[-3:])
    assert "MB more for" in done.stderr


@pytest.mark.realdata
def test_a_tool_that_is_missing_has_a_row_that_says_so(tmp_path: Path) -> None:
    done = run("metrics.py", "--peers", "plastimatch", "--format", "markdown", PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| organ | tool |")
    assert any("plastimatch" in line and "not installed" in line for line in lines)


@pytest.fixture
def reporting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("reporting")


@pytest.mark.parametrize(
    ("theirs", "agrees"),
    [([0.9, 0.5], True), ([0.9, 0.5004], True), ([0.9, 0.51], False), ([0.9, float("nan")], False),
     ([0.9, None], True), ([None, None], None)],
)  # fmt: skip
def test_figures_are_ours_within_their_tolerance(
    reporting: ModuleType, theirs: list[float | None], agrees: bool | None
) -> None:
    row = reporting.judged(
        reporting.Row("organ", "tool"), {"dice": [0.9, 0.5]}, {"dice": theirs}, {"dice": 1e-3}
    )
    assert row.agrees is agrees


def test_a_difference_or_a_failure_is_said_and_ends_with_1(
    reporting: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = reporting.judged(
        reporting.Row("Brain", "tool"), {"hd_mm": [2.0]}, {"hd_mm": [3.0]}, {"hd_mm": 1e-3}
    )
    broken = reporting.Row("Brain", "other", error="MemoryError: no room")
    assert reporting.exit_code([wrong, broken]) == 1
    said = capsys.readouterr().err
    assert "DISAGREEMENT on Brain: tool differs from ours in hd_mm by 1 (allowed 0.001)" in said
    assert "FAILURE on Brain: other: MemoryError: no room" in said
    assert reporting.exit_code([reporting.Row("Brain", "tool", agrees=True)]) == 0


@pytest.mark.parametrize("script", ["metrics.py", "sweep.py"])
def test_an_organ_without_files_is_one_sentence(script: str, tmp_path: Path) -> None:
    without_quick = [sys.executable, str(BENCHMARKS / script), "--organs", "Spleen"]
    done = subprocess.run(
        without_quick,
        capture_output=True,
        text=True,
        env={**os.environ, "CONTOURQA_DATA": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Spleen_oncologist.nrrd; name the data folder" in done.stderr
