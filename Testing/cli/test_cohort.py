"""`contourqa cohort`: what it prints and writes, what a kill costs, and every wrong input as one sentence."""

from __future__ import annotations

import csv
import filecmp
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cohort_folders import box, observers_cohort, small_cohort, write_manifest, write_mask
from command_line import JSON, Command

ROWS = 120
"""Rows of a cohort that is stopped on its way: a second's work and more."""

FILES = {
    "cohort.journal",
    "report.html",
    "report.json",
    "report.csv",
    "summary.csv",
    "tests.csv",
    "undefined.csv",
    "table2.csv",
}


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def differing(one: Path, other: Path) -> list[str]:
    """Files that are not in both folders, byte for byte."""
    names = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*")}
    files = [str(n) for n in sorted(names) if not ((one / n).is_dir() and (other / n).is_dir())]
    return sorted({*filecmp.cmpfiles(one, other, files, shallow=False)[1]}) + sorted(
        filecmp.cmpfiles(one, other, files, shallow=False)[2]
    )


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return small_cohort(tmp_path / "small", 12)


def test_json_holds_every_row_and_what_scipy_says_of_the_models(contourqa: Command, manifest: Path) -> None:
    from scipy.stats import wilcoxon

    found = contourqa("cohort", manifest, "--workers", "1", *JSON).json
    assert [row["case"] for row in found["rows"]] == [f"case_{n:05d}" for n in range(12)]
    assert found["models"] == ["VPM", "LFT"]
    # boxes of 7 columns in the reference: VPM has lost n % 5 of them, LFT has n % 5 % 3 beyond
    assert found["rows"][3]["models"]["VPM"]["dice"] == pytest.approx(2 * 4 / (7 + 4))
    assert found["rows"][2]["models"]["LFT"]["dice"] == pytest.approx(2 * 7 / (7 + 9))
    (group,) = [g for g in found["groups"] if (g["dataset"], g["structure"]) == ("ExVal", "CTV")]
    rows = [r for r in found["rows"] if (r["dataset"], r["structure"]) == ("ExVal", "CTV")]
    dice = [[row["models"][model]["dice"] for row in rows] for model in found["models"]]
    assert group["cases"] == len(rows) == 3
    assert group["models"]["VPM"]["dice"]["mean"] == pytest.approx(sum(dice[0]) / 3)
    test = next(t for t in group["tests"] if t["figure"] == "dice")
    expected = wilcoxon([b - a for a, b in zip(*dice, strict=True) if a != b], method="exact")
    assert test["p"] == pytest.approx(expected.pvalue, abs=1e-12)
    assert "cannot reach p < 0.05" in test["reason"]
    assert found["undefined"] == []
    assert len(found["files"]) == 36
    assert len(found["provenance"]["inputs"]) == 1


def test_the_folder_holds_the_same_figures_in_every_form(
    contourqa: Command, manifest: Path, tmp_path: Path
) -> None:
    done = contourqa("cohort", manifest, "--workers", "1", "--format", "csv", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "out").iterdir()} >= FILES
    rows = table(tmp_path / "out" / "report.csv")
    assert done.out == (tmp_path / "out" / "report.csv").read_text()
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(rows) == 24
    for row in rows:
        case = next(r for r in document["rows"] if r["case"] == row["case"])
        assert float(row["dice"]) == case["models"][row["model"]]["dice"]
        assert row["touches_edge"] in ("true", "false")
    summary = table(tmp_path / "out" / "summary.csv")
    one = next(
        r
        for r in summary
        if (r["dataset"], r["structure"], r["model"], r["figure"]) == ("GenEva", "Rectum", "LFT", "hd95_mm")
    )
    group = next(g for g in document["groups"] if (g["dataset"], g["structure"]) == ("GenEva", "Rectum"))
    assert float(one["mean"]) == group["models"]["LFT"]["hd95_mm"]["mean"]
    tests = table(tmp_path / "out" / "tests.csv")
    assert {(r["first"], r["second"]) for r in tests} == {
        ("VPM", "LFT"),
        ("reference", "VPM"),
        ("reference", "LFT"),
    }
    nothing = (tmp_path / "out" / "undefined.csv").read_text()
    assert nothing == "dataset,case,patient,structure,model,status,reason\n"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "VPM" in page
    assert str(manifest.name) in page


def test_models_and_structures_can_be_chosen(contourqa: Command, manifest: Path) -> None:
    found = contourqa(
        "cohort", manifest, "--model", "lft", "--structure", "rectum", "--workers", "1", *JSON
    ).json
    assert found["models"] == ["LFT"]
    assert {row["structure"] for row in found["rows"]} == {"Rectum"}
    assert all(test["first"] == "reference" for group in found["groups"] for test in group["tests"])


@pytest.fixture
def gaps(tmp_path: Path) -> Path:
    """A manifest in which contours are missing in every way."""
    folder = tmp_path / "gaps"
    folder.mkdir()
    write_mask(folder / "r.nrrd", box(2, 9))
    write_mask(folder / "t.nrrd", box(3, 9))
    write_mask(folder / "empty.nrrd", box(0, 0))
    (folder / "broken.nrrd").write_bytes(b"NRRD0004\ntype: nonsense\n\n")
    rows = [
        ["A", "whole", "", "CTV", "r.nrrd", "t.nrrd", "r.nrrd"],
        ["A", "no_cell", "", "CTV", "r.nrrd", "", "r.nrrd"],
        ["A", "lost", "", "CTV", "r.nrrd", "t.nrrd", "nowhere.nrrd"],
        ["A", "missed", "", "CTV", "r.nrrd", "empty.nrrd", "r.nrrd"],
        ["A", "broken", "", "CTV", "r.nrrd", "t.nrrd", "broken.nrrd"],
        ["A", "blind", "", "CTV", "nowhere.nrrd", "t.nrrd", "r.nrrd"],
    ]
    return write_manifest(folder / "m.csv", ["VPM", "LFT"], rows)


def test_what_is_undefined_is_listed_counted_and_nothing_stops(
    contourqa: Command, gaps: Path, tmp_path: Path
) -> None:
    found = contourqa("cohort", gaps, "-o", tmp_path / "out", *JSON).json
    listed = [(u["case"], u["model"], u["status"]) for u in found["undefined"]]
    assert listed == [
        ("no_cell", "VPM", "unmatched"),
        ("lost", "LFT", "failed"),
        ("missed", "VPM", "test_empty"),
        ("broken", "LFT", "failed"),
        ("blind", "VPM", "failed"),
        ("blind", "LFT", "failed"),
    ]
    assert all(u["reason"] for u in found["undefined"])
    (group,) = found["groups"]
    assert group["cases"] == 6
    assert group["models"]["VPM"]["dice"] | {"mean": 0, "sd": 0, "median": 0} == {
        "n": 4,
        "undefined": 2,
        "mean": 0,
        "sd": 0,
        "median": 0,
    }
    assert group["models"]["VPM"]["hd95_mm"]["undefined"] == 3
    dice = next(t for t in group["tests"] if t["figure"] == "dice" and t["first"] == "VPM")
    assert (dice["pairs"], dice["undefined"]) == (2, 4)
    assert [row["status"] for row in table(tmp_path / "out" / "undefined.csv")] == [u[2] for u in listed]


def test_the_terminal_shows_means_p_values_and_what_is_undefined(contourqa: Command, gaps: Path) -> None:
    said = contourqa("cohort", gaps).out
    assert "LFT - VPM" in said
    assert "p (Holm)" in said
    assert "±" in said
    assert "undefined, left out of the mean" in said
    assert "Undefined (6)" in said
    assert "A no_cell CTV, VPM: unmatched; the manifest names no contours of this model" in said


def test_a_contour_on_another_lattice_is_told(contourqa: Command, tmp_path: Path) -> None:
    import SimpleITK as sitk

    write_mask(tmp_path / "r.nrrd", box(2, 9))
    moved = sitk.ReadImage(str(write_mask(tmp_path / "t.nrrd", box(2, 9))))
    moved.SetOrigin((0.4, 0.0, 0.0))
    sitk.WriteImage(moved, str(tmp_path / "t.nrrd"))
    path = write_manifest(tmp_path / "m.csv", ["VPM"], [["", "a", "", "CTV", "r.nrrd", "t.nrrd"]])
    found = contourqa("cohort", path, *JSON).json
    assert found["rows"][0]["models"]["VPM"]["resampled"] is True
    assert "1 contour resampled" in contourqa("cohort", path).out


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("case,structure,reference\na,CTV,r.nrrd\n", (), "no column of a model"),
        ("case,structure,VPM\na,CTV,r.nrrd\n", (), "no column reference"),
        ("case,structure,reference,VPM\na,CTV,,r.nrrd\n", (), "an empty cell in line 2, column reference"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\na,ctv,r.nrrd,r.nrrd\n", (), "twice"),
        ("case,structure,reference,VPM\na,CTV,lost.nrrd,r.nrrd\n", (), "No row of "),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--model", "LFT"), "no column LFT"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--structure", "Lens"), "no structure Lens"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--workers", "0"), "--workers 1 or more"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--tolerance-mm", "-1"), "tolerance"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--show", "a"), "-o"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--labels", "1"), "name labels"),
        ("case,structure,reference,VPM\na,CTV,r.nrrd,r.nrrd\n", ("--labels", "1=a", "--merge", "b"), "both"),
        ("case,structure,reference,VPM\n", (), "lists no case"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence(
    contourqa: Command, tmp_path: Path, text: str, options: tuple[str, ...], said: str
) -> None:
    write_mask(tmp_path / "r.nrrd", box(2, 9))
    (tmp_path / "m.csv").write_text(text)
    done = contourqa("cohort", tmp_path / "m.csv", *options)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert len(done.err.strip().splitlines()) == 1


def test_files_that_are_no_manifest_and_folders_that_cannot_be_written(
    contourqa: Command, tmp_path: Path, manifest: Path
) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("case,structure,reference,VPM\nMüller,CTV,r,v\n".encode("latin-1"))
    for path, said in (
        (latin, "UTF-8"),
        (tmp_path, "is a folder"),
        (tmp_path / "lost.csv", "does not exist"),
    ):
        done = contourqa("cohort", path)
        assert (done.code, said in done.err) == (2, True)
    done = contourqa("cohort", manifest, "-o", latin)
    assert (done.code, "is a file" in done.err) == (2, True)
    done = contourqa("cohort", manifest, "-o", tmp_path / "out", "--show", "nobody")
    assert (done.code, "nobody" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_second_call_takes_everything_from_the_journal(contourqa: Command, tmp_path: Path) -> None:
    manifest, out = small_cohort(tmp_path / "small", 2), tmp_path / "out"
    assert contourqa("cohort", manifest, "-o", out, "--workers", "1").code == 0
    again = contourqa("cohort", manifest, "-o", out)
    assert "2 of 2 rows were measured before" in again.err
    refused = contourqa("cohort", manifest, "-o", out, "--tolerance-mm", "1")
    assert refused.code == 2
    assert "another tolerance_mm" in refused.err
    fresh = contourqa("cohort", manifest, "-o", out, "--tolerance-mm", "1", "--fresh", "--workers", "1")
    assert fresh.code == 0
    assert "measured before" not in fresh.err


def started(manifest: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ContourQALib", "cohort", str(manifest), "-o", str(out), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        # a suite that runs in a shell's background ignores Ctrl-C, and what it starts would too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def after_rows(process: subprocess.Popen[str], out: Path, rows: int) -> None:
    """Wait until the journal holds so many rows."""
    for _ in range(6000):
        journal = out / "cohort.journal"
        if journal.exists() and journal.read_bytes().count(b"\n") > rows:
            return
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)
    raise AssertionError("no row was measured in a minute")


def ends_with_the_bytes_of_a_whole_run(
    contourqa: Command, manifest: Path, folder: Path, *options: str
) -> None:
    """Start again what was killed, with two processes, and compare it with a run of this process alone."""
    process = started(manifest, folder / "killed", *options, "--workers", "2")
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert "measured before" in said
    whole = contourqa("cohort", manifest, "-o", folder / "whole", *options, "--workers", "1")
    assert whole.code == 0, whole.err
    assert "measured before" not in whole.err
    assert differing(folder / "killed", folder / "whole") == []


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_killed_and_started_again_it_ends_with_the_same_bytes(contourqa: Command, tmp_path: Path) -> None:
    manifest = small_cohort(tmp_path / "small", ROWS)
    process = started(manifest, tmp_path / "killed", "--workers", "2")
    after_rows(process, tmp_path / "killed", 8)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert f"case_{ROWS - 1:05d}".encode() not in (tmp_path / "killed" / "cohort.journal").read_bytes()
    for _ in range(1000):  # nobody is left measuring for a program that is gone
        if not any(Path(f"/proc/{pid}").exists() for pid in workers):
            break
        time.sleep(0.01)
    assert not any(Path(f"/proc/{pid}/task").exists() for pid in workers)
    (tmp_path / "killed" / f".{'0' * 16}.csv").write_text("left by a kill while it was written")
    ends_with_the_bytes_of_a_whole_run(contourqa, manifest, tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="sends a signal as a terminal does")
def test_an_interrupt_says_how_far_it_came(tmp_path: Path) -> None:
    manifest = small_cohort(tmp_path / "small", ROWS)
    process = started(manifest, tmp_path / "out", "--workers", "1")
    after_rows(process, tmp_path / "out", 5)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130
    assert f"of {ROWS} rows; the same command goes on from there" in said
    assert "Traceback" not in said


@pytest.mark.realdata
def test_observers_of_real_patients_killed_half_way(contourqa: Command, tmp_path: Path, data: Path) -> None:
    folder = data / "headneck_observers" / "cropped"
    manifest = observers_cohort(folder, tmp_path / "cohort", patients=4)
    options = [part for organ in ("Lens-Lt", "Parotid-Lt", "Brain") for part in ("--structure", organ)]
    process = started(manifest, tmp_path / "killed", *options, "--workers", "2")
    after_rows(process, tmp_path / "killed", 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    ends_with_the_bytes_of_a_whole_run(contourqa, manifest, tmp_path, *options)
    rows = table(tmp_path / "whole" / "report.csv")
    (parotid,) = [
        r
        for r in rows
        if (r["case"], r["structure"], r["model"]) == ("0522c0017", "Parotid-Lt", "Radiographer")
    ]
    # the golden values of METRICS.md section 4, which a crop does not change
    assert float(parotid["dice"]) == pytest.approx(0.828940, abs=1e-6)
    assert float(parotid["hd95_mm"]) == pytest.approx(5.500909, abs=1e-6)
    assert float(parotid["hd_mm"]) == pytest.approx(11.433844, abs=1e-6)
