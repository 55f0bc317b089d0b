"""`contourqa compare` from files to JSON, CSV and tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from command_line import JSON, comparing
from ContourQALib.formats.segmentation import write_segmentation
from files_on_disk import BALL, SHAPE, SHIFTED, write
from shapes import contour

FIELDS = {
    "structure", "reference", "test", "status", "dice", "sensitivity", "specificity", "precision",
    "volume_reference_cc", "volume_test_cc", "volume_error_percent", "hd_mm", "hd95_mm", "hd95_pooled_mm",
    "hd95_slicerrt_mm", "msd_mm", "masd_mm", "surface_dice", "tolerance_mm", "touches_edge", "resampled",
}  # fmt: skip


def test_json_has_the_fields_of_the_contract(contourqa, files):
    found = contourqa(*comparing(files.reference, files.test), *JSON)
    (pair,) = found.json["pairs"]
    assert set(pair) >= FIELDS
    assert set(found.json) >= {"pairs", "unmatched", "definitions", "provenance"}
    assert pair["status"] == "ok"
    assert pair["hd_mm"] == pytest.approx(3)
    assert (pair["reference"], pair["test"]) == (str(files.reference), str(files.test))
    assert len(found.json["provenance"]["inputs"]) == 2


def test_the_same_answer_twice_is_the_same_bytes(contourqa, files):
    once, twice = (contourqa(*comparing(files.reference, files.test), *JSON).out for _ in range(2))
    assert once == twice


def test_csv_is_one_row_a_pair(contourqa, files):
    found = contourqa(
        *comparing(files.reference, files.test, files.reference),
        "--format",
        "csv",
    )
    rows = list(csv.DictReader(io.StringIO(found.out)))
    assert [float(row["dice"]) for row in rows] == [pytest.approx(0.75, abs=0.05), 1.0]


def test_the_table_shows_units(contourqa, files):
    found = contourqa(*comparing(files.reference, files.test))
    assert found.code == 0
    assert "mm" in found.out
    assert "cc" in found.out


def test_labels_are_named_merged_and_chosen(contourqa, files):
    both = write(files.folder / "both.nii.gz", BALL + 2 * ((SHIFTED > BALL).astype(np.uint8)))
    same = (*comparing(both, both), *JSON)
    names = [p["structure"] for p in contourqa(*same, "--labels", "1=left, 2=right").json["pairs"]]
    assert names == ["left", "right"]
    assert [p["structure"] for p in contourqa(*same).json["pairs"]] == ["label_1", "label_2"]
    assert [p["structure"] for p in contourqa(*same, "--merge", "all").json["pairs"]] == ["all"]
    asked = contourqa(*same, "--labels", "1=left,2=right", "--structure", "RIGHT")
    assert [p["structure"] for p in asked.json["pairs"]] == ["right"]


def test_per_slice_lists_every_slice(contourqa, files):
    found = contourqa(*comparing(files.reference, files.test), "--per-slice", *JSON)
    slices = found.json["pairs"][0]["slices"]
    assert [row["index"] for row in slices] == list(range(6, 25))
    assert slices[9]["hd_mm"] == pytest.approx(3)


def test_pairwise_and_consensus_need_no_reference(contourqa, files):
    third = write(files.folder / "third.mha", np.roll(BALL, 1, axis=1))
    tests = [part for path in (files.reference, files.test, third) for part in ("--test", path)]
    matrix = contourqa("compare", *tests, "--pairwise", *JSON).json
    assert len(matrix["pairs"]) == 3
    assert np.shape(matrix["matrix"][0]["dice"]) == (3, 3)
    for method in ("staple", "majority"):
        agreed = contourqa("compare", *tests, "--consensus", method, *JSON).json
        assert [p["reference"] for p in agreed["pairs"]] == [f"consensus ({method})"] * 3
        # Balls of 9 mm moved by 0, 1 and 3 mm: the farthest from any consensus overlaps the first by 0.75.
        assert all(p["dice"] > 0.75 for p in agreed["pairs"])


def test_empty_contours_are_a_result_not_an_error(contourqa, files):
    nothing = write(files.folder / "nothing.nii.gz", np.zeros(SHAPE, np.uint8))
    (pair,) = contourqa(*comparing(files.reference, nothing), *JSON).json["pairs"]
    assert (pair["status"], pair["dice"], pair["hd_mm"]) == ("test_empty", 0, None)
    assert pair["reason"]
    (pair,) = contourqa(*comparing(nothing, nothing), *JSON).json["pairs"]
    assert (pair["status"], pair["dice"]) == ("both_empty", None)
    full = write(files.folder / "full.nii.gz", np.ones(SHAPE, np.uint8))
    (pair,) = contourqa(*comparing(files.reference, full), *JSON).json["pairs"]
    assert (pair["status"], pair["sensitivity"], pair["touches_edge"]) == ("ok", 1, True)


def test_another_grid_is_resampled_and_said(contourqa, files):
    fine = write(
        files.folder / "fine.nii.gz", BALL.repeat(2, 0).repeat(2, 1).repeat(2, 2), (0.5,) * 3, (-0.25,) * 3
    )
    (pair,) = contourqa(*comparing(files.reference, fine), *JSON).json["pairs"]
    assert pair["resampled"] is True
    assert pair["dice"] == 1


def test_the_report_folder_holds_everything(contourqa, files, tmp_path):
    out = tmp_path / "out"
    found = contourqa(
        *comparing(files.reference, files.test),
        "--image",
        files.image,
        "--per-slice",
        "-o",
        out,
    )
    assert found.code == 0, found.err
    assert {path.name for path in out.iterdir()} >= {"report.html", "report.json", "report.csv"}
    assert list(out.glob("*.seg.nrrd"))


def test_structures_on_several_grids_get_an_overlay_each(contourqa, tmp_path):
    def drawn(name: str, structures: dict[str, tuple[int, int, int]]) -> Path:
        (grid_size,) = set(structures.values())
        mask = np.zeros(grid_size, bool)
        mask[2:6, 2:6, 2:6] = True
        contours = [contour(mask, name=structure) for structure in structures]
        write_segmentation(contours, tmp_path / name)
        return tmp_path / name

    small, large = (8, 8, 8), (8, 8, 12)
    a = drawn("a.seg.nrrd", {"CTV": small})
    b = drawn("b.seg.nrrd", {"CTV": large, "Rectum": large})
    c = drawn("c.seg.nrrd", {"Rectum": large})
    tests = [part for path in (a, b, c) for part in ("--test", path)]
    out = tmp_path / "out"
    found = contourqa("compare", *tests, "--consensus", "majority", "-o", out)
    assert found.code == 0, found.err
    assert {path.name for path in out.glob("*.seg.nrrd")} == {
        "differences.seg.nrrd", "differences_2.seg.nrrd", "consensus.seg.nrrd", "consensus_2.seg.nrrd",
    }  # fmt: skip


@pytest.mark.realdata
def test_the_command_of_the_readme_prints_the_golden_values(contourqa, data):
    folder = data / "headneck_observers/full/0522c0017"
    files = (folder / f"Parotid-Lt_{who}.nrrd" for who in ("oncologist", "radiographer"))
    (pair,) = contourqa(*comparing(*files), *JSON).json["pairs"]
    assert pair["dice"] == pytest.approx(0.828940, abs=1e-5)
    assert pair["hd95_mm"] == pytest.approx(5.500909, abs=1e-5)
    assert pair["hd95_slicerrt_mm"] == pytest.approx(4.093064, abs=1e-5)
