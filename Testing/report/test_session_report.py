from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import OutputError, SettingError
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.quality.assessment import Assessment
from ContourQALib.report.canvas import blank_figure, to_png
from ContourQALib.report.session_report import SessionReport, Snapshot
from ContourQALib.report.session_writing import write_session_report
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze

ALL_FILES = {
    "report.html",
    "report.json",
    "report.csv",
    "comparison.csv",
    "slices.csv",
    "thresholds.csv",
    "snapshot_01.png",
    "snapshot_02.png",
}


@pytest.fixture(scope="module")
def probability(reference: Contour) -> ProbabilityMap:
    blurred = reference.mask * 0.7 + np.roll(reference.mask, 2, axis=2) * 0.25
    return ProbabilityMap(blurred, reference.grid, "P CTV")


@pytest.fixture(scope="module")
def swept(probability: ProbabilityMap, reference: Contour) -> ThresholdAnalysis:
    return analyze(probability, reference, [0.1, 0.5, 0.9], reference_label="RS", probability_label="P CTV")


@pytest.fixture(scope="module")
def whole(
    assessment: Assessment,
    image: Image,
    reference: Contour,
    shifted: Contour,
    empty: Contour,
    pair: Comparison,
    swept: ThresholdAnalysis,
    probability: ProbabilityMap,
) -> SessionReport:
    png = to_png(blank_figure(1, 1))
    return SessionReport(
        "Pelvis <3>",
        image,
        assessment,
        (shifted, empty),
        (replace(pair, test="VPM", reference="RS"),),
        (Unmatched("Brain", "test", "VPM", ("RS",)),),
        ((reference, shifted),),
        (swept,),
        (probability,),
        (Snapshot(png, "CTV, axial & all"), Snapshot(png, "CTV, sagittal")),
        {"tolerance_mm": 2.0},
    )


@pytest.fixture(scope="module")
def folder(whole: SessionReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session_report(tmp_path_factory.mktemp("session") / "report", whole).parent


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_folder_holds_page_document_tables_and_snapshots(folder: Path, pair: Comparison) -> None:
    assert {path.name for path in folder.iterdir()} == ALL_FILES
    assert [row["structure"] for row in rows_of(folder / "report.csv")] == ["hippocampus", "CTV"]
    compared = rows_of(folder / "comparison.csv")
    assert [row["status"] for row in compared] == ["ok", "unmatched"]
    assert float(compared[0]["dice"]) == pytest.approx(pair.dice)
    assert len(rows_of(folder / "slices.csv")) == len(pair.slices or ())
    assert [row["threshold"] for row in rows_of(folder / "thresholds.csv")] == ["0.1", "0.5", "0.9"]
    assert (folder / "snapshot_01.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_has_every_part_in_order_and_names_cannot_become_markup(folder: Path) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"<h2>(.*?)</h2>", html) == [
        "Assessment",
        "Comparison with a reference",
        "Definitions",
        "Thresholds",
        "Case by case",
        "Words",
        "Views",
        "Provenance",
    ]
    assert "Pelvis &lt;3&gt;" in html
    assert "CTV, axial &amp; all" in html
    assert html.count('<div class="shots"><figure>') == 1
    # Two snapshots; the predicted Dice and one contour; slices and chart of the pair; three of the sweep.
    assert html.count("<img ") == 2 + 2 + 2 + 3


def test_the_document_has_the_parts_of_the_commands(folder: Path, swept: ThresholdAnalysis) -> None:
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [s["structure"] for s in document["assessment"]["structures"]] == ["hippocampus", "CTV"]
    assert document["comparison"]["pairs"][0]["test"] == "VPM"
    best = swept.optimum["dice"]
    assert best is not None
    assert document["thresholds"]["cases"][0]["optimum"]["dice"]["threshold"] == best.threshold
    assert [s["file"] for s in document["snapshots"]] == ["snapshot_01.png", "snapshot_02.png"]
    assert document["provenance"]["settings"] == {"tolerance_mm": 2.0}


def test_inputs_are_named_by_their_voxels(folder: Path, image: Image, reference: Contour) -> None:
    inputs = json.loads((folder / "report.json").read_text(encoding="utf-8"))["provenance"]["inputs"]
    by_name = {file["path"]: file["sha256"] for file in inputs}
    name = "voxels of planning CT (10×24×24, int16)"
    assert by_name[name] == hashlib.sha256(image.values.tobytes()).hexdigest()
    filled = np.argwhere(reference.mask)
    low, high = filled.min(axis=0), filled.max(axis=0) + 1
    box = reference.mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    shape = "×".join(map(str, box.shape))
    assert by_name[f"voxels of RS: CTV ({shape}, bool)"] == hashlib.sha256(box.tobytes()).hexdigest()
    assert "voxels of P CTV (10×24×24, float32)" in by_name


def test_a_margin_does_not_change_the_hash_of_a_contour(whole: SessionReport, reference: Contour) -> None:
    from ContourQALib.report.session_inputs import inputs_of

    cropped = replace(
        reference,
        mask=reference.mask[1:],
        grid=replace(
            reference.grid,
            size=(24, 24, 9),
            origin=tuple(reference.grid.index_to_world((0, 0, 1)).tolist()),
        ),
    )
    moved = replace(whole, pairs=((cropped, whole.pairs[0][1]),))
    assert inputs_of(moved) == inputs_of(whole)


def test_parts_that_are_missing_are_left_out(tmp_path: Path, swept: ThresholdAnalysis) -> None:
    told: list[tuple[int, int, str]] = []
    only = SessionReport("One map", sweeps=(swept,))
    written = write_session_report(tmp_path, only, lambda *step: told.append(step))
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.json", "thresholds.csv"}
    assert "Assessment" not in written.read_text(encoding="utf-8")
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["assessment"] is document["comparison"] is None
    assert told == [(0, 1, "Thresholds")]


@pytest.fixture(scope="module")
def tables_alone(whole: SessionReport) -> SessionReport:
    """Without what takes long to draw."""
    compared = tuple(replace(c, slices=None) for c in whole.comparisons)
    return replace(whole, image=None, contours=(), pairs=(), sweeps=(), comparisons=compared)


def test_a_second_report_leaves_no_table_of_the_first_and_nothing_of_others_is_removed(
    tmp_path: Path, tables_alone: SessionReport
) -> None:
    (tmp_path / "mine.csv").write_text("keep")
    (tmp_path / "thresholds.csv").write_text("not of a session's report")
    write_session_report(tmp_path, tables_alone)
    first = {path.name for path in tmp_path.iterdir()}
    assert first == ALL_FILES - {"slices.csv"} | {"mine.csv"}
    write_session_report(tmp_path, replace(tables_alone, assessment=None, snapshots=()))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"mine.csv", "thresholds.csv", "report.html", "report.json", "comparison.csv"}
    assert (tmp_path / "thresholds.csv").read_text() == "not of a session's report"


def test_equal_sessions_give_equal_tables(tmp_path: Path, tables_alone: SessionReport) -> None:
    for name in ("one", "two"):
        write_session_report(tmp_path / name, tables_alone)
    for name in ALL_FILES - {"report.html", "slices.csv", "thresholds.csv"}:  # the page carries its date
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_what_cannot_be_written_is_one_sentence_and_leaves_no_page(
    tmp_path: Path, whole: SessionReport, tables_alone: SessionReport
) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    with pytest.raises(OutputError, match="is a file"):
        write_session_report(tmp_path / "file" / "report", whole, lambda *step: told.append(step[2]))
    assert told == [], "a folder that cannot be written is found out before anything is drawn"
    (tmp_path / "snapshot_01.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_session_report(tmp_path, tables_alone)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "snapshot_01.png"}


def test_nothing_to_report_and_contours_of_other_results_are_refused(
    assessment: Assessment, reference: Contour
) -> None:
    with pytest.raises(SettingError, match="nothing to report"):
        SessionReport("Empty")
    with pytest.raises(SettingError, match="2 assessed results but the contours of 1"):
        SessionReport("Wrong", assessment=assessment, contours=(reference,))
