"""A row of a cohort: figures by hand, and every way in which contours can be missing, with its reason."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cohort_folders import SHAPE, box, write_mask
from ContourQALib.case import Contour
from ContourQALib.cohort.file_stamp import state_of
from ContourQALib.cohort.measurement import RowMeasurement, RowReader
from ContourQALib.cohort.results import MEASURED, CohortRow
from ContourQALib.cohort.tasks import MOST_TOGETHER, RowTask, batches, models_of, tasks_of
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status

GRID = Grid.for_shape(SHAPE, (1.0, 1.0, 2.0))


def task(reference: Path, *tests: Path | None, structure: str = "CTV") -> RowTask:
    row = CohortRow("", "case", "patient", structure)
    return RowTask(row, str(reference), tuple(str(test) if test else None for test in tests))


def measured(reference: Path, *tests: Path | None, structure: str = "CTV") -> RowMeasurement:
    return RowReader(read_contours, 2.0).measure(task(reference, *tests, structure=structure))


def figure(measurement: RowMeasurement, name: str, model: int = 0) -> float:
    return measurement.models[model].values[MEASURED.index(name)]


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_mask(tmp_path / "reference.nrrd", box(2, 9))


def test_figures_are_those_of_two_boxes(tmp_path: Path, reference: Path) -> None:
    found = measured(reference, write_mask(tmp_path / "test.nrrd", box(4, 9)))
    # 7 and 5 columns of 16 voxels of 2 mm³, the five shared
    assert found.models[0].status is Status.OK
    assert found.models[0].reason is None
    assert figure(found, "dice") == pytest.approx(10 / 12)
    assert figure(found, "sensitivity") == pytest.approx(5 / 7)
    assert figure(found, "specificity") == 1
    assert figure(found, "volume_cc") == pytest.approx(5 * 16 * 2e-3)
    assert figure(found, "volume_error_percent") == pytest.approx(-200 / 7)
    assert figure(found, "hd_mm") == 2
    assert found.volume_reference_cc == pytest.approx(7 * 16 * 2e-3)


def test_a_model_that_the_manifest_leaves_out_is_unmatched(reference: Path) -> None:
    found = measured(reference, None, reference)
    assert [model.status for model in found.models] == [Status.UNMATCHED, Status.OK]
    assert found.models[0].reason == "the manifest names no contours of this model"
    assert all(math.isnan(value) for value in found.models[0].values)
    assert figure(found, "dice", 1) == 1
    assert found.stamps[1] is None
    assert not found.failed


def test_a_file_that_is_not_there_fails_its_model_alone(tmp_path: Path, reference: Path) -> None:
    found = measured(reference, tmp_path / "lost.nrrd", reference)
    assert [model.status for model in found.models] == [Status.FAILED, Status.OK]
    assert "lost.nrrd does not exist" in str(found.models[0].reason)
    assert found.failed


def test_without_its_reference_every_model_fails(tmp_path: Path, reference: Path) -> None:
    found = measured(tmp_path / "lost.nrrd", reference, None)
    assert [model.status for model in found.models] == [Status.FAILED, Status.FAILED]
    assert str(found.models[0].reason).startswith("no reference: ")
    assert math.isnan(found.volume_reference_cc)


def test_a_missed_organ_has_a_dice_of_zero_and_infinite_distances(tmp_path: Path, reference: Path) -> None:
    found = measured(reference, write_mask(tmp_path / "empty.nrrd", box(0, 0)))
    assert found.models[0].status is Status.TEST_EMPTY
    assert figure(found, "dice") == 0
    assert figure(found, "volume_cc") == 0
    assert math.isinf(figure(found, "hd95_pooled_mm"))
    assert found.models[0].reason


def test_a_reference_that_fills_its_grid_leaves_specificity_undefined(tmp_path: Path) -> None:
    full = write_mask(tmp_path / "full.nrrd", np.ones(SHAPE, np.uint8))
    found = measured(full, full)
    assert found.models[0].status is Status.OK
    assert math.isnan(figure(found, "specificity"))
    assert "fills its whole grid" in str(found.models[0].reason)


def segmentation(path: Path, **masks: np.ndarray) -> Path:
    contours = [Contour(mask.astype(bool), GRID, name.replace("_", " ")) for name, mask in masks.items()]
    write_segmentation(contours, path)
    return path


def test_structures_are_found_by_name_in_files_of_many(tmp_path: Path) -> None:
    drawn = segmentation(tmp_path / "a.seg.nrrd", left_parotid=box(2, 6), CTV=box(2, 9))
    other = segmentation(tmp_path / "b.seg.nrrd", Parotid_Lt=box(3, 6))
    found = measured(drawn, other, structure="Parotid_L")
    assert figure(found, "dice") == pytest.approx(6 / 7)
    missing = measured(drawn, other, structure="CTV")
    assert missing.models[0].status is Status.UNMATCHED
    assert "holds no structure CTV; it holds Parotid Lt" in str(missing.models[0].reason)


def test_two_contours_of_the_same_name_are_not_guessed_between(tmp_path: Path, reference: Path) -> None:
    twice = segmentation(tmp_path / "a.seg.nrrd", CTV=box(2, 6), ctv=box(2, 9))
    assert measured(reference, twice, structure="c-tv").models[0].status is Status.FAILED


def test_a_contour_elsewhere_in_space_fails(tmp_path: Path, reference: Path) -> None:
    far = Contour(box(2, 9).astype(bool), replace(GRID, origin=(900.0, 0.0, 0.0)), "CTV")
    write_segmentation([far], tmp_path / "far.seg.nrrd")
    assert measured(reference, tmp_path / "far.seg.nrrd").models[0].status is Status.FAILED


def test_consecutive_rows_read_a_file_once(tmp_path: Path, reference: Path) -> None:
    read: list[Path] = []

    def counted(path: Path, **how: Any) -> tuple[Contour, ...]:
        read.append(path)
        return read_contours(path, **how)

    reader = RowReader(counted, 2.0)
    test = write_mask(tmp_path / "test.nrrd", box(4, 9))
    for _ in range(3):
        reader.measure(task(reference, test, reference))
    assert read == [reference, test, reference]


def test_the_state_of_a_file_follows_its_bytes_and_those_beside_it(tmp_path: Path, reference: Path) -> None:
    before = state_of(str(reference))
    assert before == state_of(str(reference))
    (tmp_path / "reference.ctbl").write_text("1 CTV 255 0 0 255\n")
    with_table = state_of(str(reference))
    assert with_table != before
    write_mask(reference, box(2, 8))
    assert state_of(str(reference)) != with_table
    assert state_of(str(tmp_path / "lost.nrrd")) == ""


def manifest(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_tasks_keep_the_manifest_s_order_and_the_models_asked_for(tmp_path: Path) -> None:
    listed = read_manifest(
        manifest(
            tmp_path / "m.csv",
            "case,structure,reference,VPM,LFT\na,CTV,r.nrrd,v.nrrd,l.nrrd\nb,Rectum,r.nrrd,v.nrrd,\n",
        )
    )
    assert models_of(listed) == ("VPM", "LFT")
    assert models_of(listed, ["lft", "VPM", "LFT"]) == ("LFT", "VPM")
    tasks = tasks_of(listed, ("LFT", "VPM"))
    assert [one.row.case for one in tasks] == ["a", "b"]
    assert tasks[0].tests == (str(tmp_path / "l.nrrd"), str(tmp_path / "v.nrrd"))
    assert tasks[1].tests == (None, str(tmp_path / "v.nrrd"))
    assert [one.row.structure for one in tasks_of(listed, ("VPM",), ["RECTUM"])] == ["Rectum"]
    with pytest.raises(StructureError, match="no structure Lens; it lists CTV, Rectum"):
        tasks_of(listed, ("VPM",), ["Lens"])
    with pytest.raises(SettingError, match="no column XYZ; its models are VPM, LFT"):
        models_of(listed, ["XYZ"])


def test_a_manifest_without_a_model_says_what_to_add(tmp_path: Path) -> None:
    path = manifest(tmp_path / "m.csv", "case,structure,reference\na,CTV,r.nrrd\n")
    with pytest.raises(SettingError, match="no column of a model"):
        models_of(read_manifest(path))


def test_rows_of_one_reference_go_together_and_all_go_once() -> None:
    tasks = [task(Path(name)) for name in "a" * 3 + "b" + "a" * (MOST_TOGETHER + 2)]
    parts = list(batches(tasks, range(1, len(tasks))))
    assert [len(part) for part in parts] == [MOST_TOGETHER, 4, 1]
    assert [[tasks[number].reference for number in part] for part in parts] == [["a"] * 16, ["a"] * 4, ["b"]]
    assert sorted(number for part in parts for number in part) == list(range(1, len(tasks)))
