"""A whole training run on boxes: what it learns and leaves behind, after a kill, and what it refuses."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from contourqa_training import segmenter
from contourqa_training.patients import Fold
from contourqa_training.segmenter import is_finished, train_segmenter
from contourqa_training.segmenter_config import SegmenterConfig
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import open_segmenter
from contourqa_training.segmenter_module import SegmenterModule
from ContourQALib.errors import FormatError, GeometryError, ModelError, SettingError
from files_on_disk import write
from segmenter_runs import PATIENTS, SHAPE, boxes_config, train_boxes, write_boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=PATIENTS[:1])


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three epochs."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    train_boxes(boxes_config(), folder, run)
    return run


def curve(run: Path, name: str) -> list[float]:
    """A logged figure, one value an epoch."""
    (table,) = (run / "curves").rglob("metrics.csv")
    with table.open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


def test_a_run_leaves_checkpoints_curves_the_model_and_its_stages(run: Path) -> None:
    assert {p.name for p in (run / "checkpoints").iterdir()} == {"last.ckpt", "best.ckpt"}
    assert list((run / "tensorboard").glob("events*"))
    assert len(curve(run, "train_loss")) == len(curve(run, "choose_dice")) == 3
    names = {"config.json", "weights.safetensors", "stage-001.safetensors", "stage-003.safetensors"}
    assert {p.name for p in (run / "model").iterdir()} == names
    assert open_segmenter(run).stages == (1, 3)


def test_the_stored_model_has_the_least_running_mean_of_choosing_losses(run: Path) -> None:
    losses, means = curve(run, "choose_loss"), curve(run, "choose_loss_mean")
    expected = [losses[0], (losses[0] + losses[1]) / 2, (losses[1] + losses[2]) / 2]
    assert means == pytest.approx(expected, rel=1e-5)  # the table has float32
    model = open_segmenter(run)
    assert model.facts["stored_after_epoch"] == int(np.argmin(means)) + 1
    stored, best = model.network().state_dict(), torch.load(run / "checkpoints" / "best.ckpt")["state_dict"]
    assert all(torch.equal(value, best[f"network.{name}"]) for name, value in stored.items())


def test_a_stage_is_the_weights_after_its_epoch(run: Path, folder: Path, tmp_path: Path) -> None:
    one = boxes_config("epochs = 1", old="epochs = 3")
    train_boxes(one, folder, tmp_path / "one")
    last = torch.load(tmp_path / "one" / "checkpoints" / "last.ckpt")["state_dict"]
    for name, value in load_file(run / "model" / "stage-001.safetensors").items():
        # the same float32 arithmetic, whose order of summation threads may change
        torch.testing.assert_close(value, last[f"network.{name}"], rtol=1e-5, atol=1e-6)


def test_every_epoch_is_reported_with_its_choosing_loss(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    data = SegmenterData.load(folder, boxes_config())

    def tell(epochs: int, loss: float) -> None:
        told.append((epochs, loss))

    def train(epochs: int, *, resume: bool = False) -> None:
        config = boxes_config(f"epochs = {epochs}", old="epochs = 3")
        train_segmenter(config, data, tmp_path / "run", resume=resume, threads=1, progress=False, report=tell)

    train(2)
    assert [epoch for epoch, _ in told] == [1, 2]
    assert [loss for _, loss in told] == pytest.approx(
        curve(tmp_path / "run", "choose_loss"), rel=1e-5
    )  # float32
    train(3, resume=True)
    assert [epoch for epoch, _ in told] == [1, 2, 3]  # what was done before is not told again


def test_a_run_is_finished_when_its_model_says_which_epoch_it_stores(run: Path, tmp_path: Path) -> None:
    assert is_finished(run)
    assert is_finished(run / "model")
    assert not is_finished(tmp_path)
    copied = tmp_path / "copied"
    shutil.copytree(run / "model", copied / "model")
    assert is_finished(copied)
    facts = copied / "model" / "config.json"
    facts.write_text(facts.read_text().replace("stored_after_epoch", "other"))
    assert not is_finished(copied)
    facts.write_text("{")
    assert not is_finished(copied)
    shutil.copy(run / "model" / "config.json", facts)
    (copied / "model" / "weights.safetensors").unlink()
    assert not is_finished(copied)


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize(
    ("step", "epoch", "batch"),
    [
        ("training_step", 1, 0),
        ("training_step", 1, 2),
        ("training_step", 2, 1),
        ("validation_step", 0, 0),
        ("validation_step", 1, 1),
    ],
)
def test_a_killed_run_goes_on_to_the_same_weights(
    run: Path,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    epoch: int,
    batch: int,
) -> None:
    killed = tmp_path / "killed"
    original = getattr(SegmenterModule, step)
    done: list[tuple[int, int]] = []

    def power_cut(module: SegmenterModule, part: object, index: int) -> object:
        if (module.current_epoch, index) == (epoch, batch):
            raise PowerCutError
        return original(module, part, index)

    def counted(module: SegmenterModule, part: object, index: int) -> object:
        done.append((module.current_epoch, index))
        return original(module, part, index)

    with monkeypatch.context() as patch:
        patch.setattr(SegmenterModule, step, power_cut)
        patch.setattr(segmenter, "SAVE_EVERY", timedelta(microseconds=1))
        with pytest.raises(PowerCutError):
            train_boxes(boxes_config(), folder, killed)
    assert not is_finished(killed)
    with pytest.raises(ModelError, match="no weights"):
        open_segmenter(killed).network()
    with monkeypatch.context() as patch:
        patch.setattr(SegmenterModule, step, counted)
        train_boxes(boxes_config(), folder, killed, resume=True)
    # training goes on with the very batch; a validation begins anew, for its sums are of one piece
    assert done[0] == (epoch, batch if step == "training_step" else 0)
    for file in ("weights", "stage-001", "stage-003"):
        whole = load_file(run / "model" / f"{file}.safetensors")
        resumed = load_file(killed / "model" / f"{file}.safetensors")
        for name, value in whole.items():
            # the same float32 arithmetic, whose order of summation threads may change
            torch.testing.assert_close(resumed[name], value, rtol=1e-5, atol=1e-6)
    assert open_segmenter(killed).facts == open_segmenter(run).facts
    past = [torch.load(r / "checkpoints" / "last.ckpt")["past_losses"] for r in (run, killed)]
    assert past[0] == pytest.approx(past[1], rel=1e-5)  # as the weights


def test_more_epochs_are_the_same_run_gone_on(run: Path, folder: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer"
    train_boxes(boxes_config("epochs = 2", old="epochs = 3"), folder, longer)
    train_boxes(boxes_config(), folder, longer, resume=True)
    whole, gone_on = (load_file(r / "model" / "stage-003.safetensors") for r in (run, longer))
    for name, value in whole.items():
        # the same float32 arithmetic, whose order of summation threads may change
        torch.testing.assert_close(gone_on[name], value, rtol=1e-5, atol=1e-6)


def test_a_run_that_was_moved_goes_on_where_it_is_and_knows_its_best_epoch(
    run: Path, folder: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(run, moved)
    best = run / "checkpoints" / "best.ckpt"
    before = best.stat().st_mtime_ns
    train_boxes(boxes_config(), folder, moved, resume=True)  # nothing is left to do
    for file in ("weights.safetensors", "config.json"):
        assert (moved / "model" / file).read_bytes() == (run / "model" / file).read_bytes()
    train_boxes(boxes_config("epochs = 4", old="epochs = 3"), folder, moved, resume=True)
    past = open_segmenter(run).facts["stored_loss"]
    assert open_segmenter(moved).facts["stored_loss"] <= past
    assert best.stat().st_mtime_ns == before  # the run it was copied from is left alone


def test_a_falling_learning_rate_ends_near_none_and_holds_the_number_of_epochs(
    folder: Path, tmp_path: Path
) -> None:
    falling = "epochs = 3\ndecay_epochs = 2"
    train_boxes(boxes_config(falling, old="epochs = 3"), folder, tmp_path)
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    (group,) = last["optimizer_states"][0]["param_groups"]
    steps = last["global_step"] // 3
    assert group["lr"] == pytest.approx(1e-2 / (2 * steps))  # the last of the two epochs' steps
    with pytest.raises(SettingError, match=r"training\.epochs = 3, not 4"):
        train_boxes(
            boxes_config("epochs = 4\ndecay_epochs = 2", old="epochs = 3"), folder, tmp_path, resume=True
        )


@pytest.mark.parametrize(("precision", "used"), [("full", "32-true"), ("mixed", "bf16-mixed")])
def test_it_learns_boxes(folder: Path, tmp_path: Path, precision: str, used: str) -> None:
    config = boxes_config(f'precision = "{precision}"', old='precision = "full"')
    network = replace(config.network, dropout=0.0)
    training = replace(config.training, epochs=25, dice_weight=0.5)
    train_boxes(replace(config, network=network, training=training), folder, tmp_path)
    # bright boxes in dark noise are a matter of intensity; a network that confuses organs has at most 0.7
    assert max(curve(tmp_path, "choose_dice")) > 0.9
    if not torch.cuda.is_available():
        assert open_segmenter(tmp_path).facts["precision"] == used


@pytest.mark.parametrize(
    ("line", "changed", "named"),
    [
        ("learning_rate = 1e-2", "learning_rate = 2e-2", "training.learning_rate = 0.01, not 0.02"),
        ("size = 16", "size = 18", "slices.size = 16, not 18"),
        ("filters = [4, 8]", "filters = [4, 4]", "network.filters"),
        ("stages = [1, 3]", "stages = [2]", "training.stages"),
    ],
)
def test_resuming_with_another_configuration_is_refused(
    run: Path, folder: Path, line: str, changed: str, named: str
) -> None:
    with pytest.raises(SettingError, match="was started with") as refused:
        train_boxes(boxes_config(changed, old=line), folder, run, resume=True)
    assert named in str(refused.value)
    assert str(run) in str(refused.value)


def test_resuming_with_other_data_another_fold_or_another_organ_is_refused(
    run: Path, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match="fold = None, not 1/3"):
        train_boxes(boxes_config(), folder, run, Fold(1, 3), resume=True)
    with pytest.raises(SettingError, match="data_fingerprint"):
        train_boxes(boxes_config(), write_boxes(tmp_path / "other"), run, resume=True)
    liver = boxes_config().for_structures(["liver"])
    data = SegmenterData.load(folder, boxes_config()).for_structures(["liver"])
    with pytest.raises(SettingError, match=r"model\.structures"):
        train_segmenter(liver, data, run, resume=True, progress=False)


def test_a_run_that_is_there_is_not_overwritten(run: Path, folder: Path) -> None:
    with pytest.raises(SettingError, match="--resume"):
        train_boxes(boxes_config(), folder, run)


def test_there_must_be_something_to_resume(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="nothing to resume"):
        train_boxes(boxes_config(), folder, tmp_path / "new", resume=True)
    assert not (tmp_path / "new").exists()


def test_a_patient_without_the_organ_takes_no_part_in_it_and_is_named(folder: Path) -> None:
    data = SegmenterData.load(folder, boxes_config())
    assert data.absent() == {"liver": (), "spleen": PATIENTS[:1]}
    assert data.facts()["absent"]["spleen"] == [PATIENTS[0]]
    assert data.notes() == [
        f"spleen is not contoured in 1 of {len(PATIENTS)} patients, who take no part in it: {PATIENTS[0]}."
    ]
    alone = data.for_structures(["spleen"])
    lost = SHAPE[0] if PATIENTS[0] in data.patients.train else 0
    assert len(alone.train) == len(data.train) - lost


def test_an_organ_that_nobody_has_is_refused(tmp_path: Path) -> None:
    folder = write_boxes(tmp_path / "data", without_spleen=PATIENTS)
    with pytest.raises(SettingError, match="contour of spleen"):
        train_boxes(boxes_config(), folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_organ_that_only_choosing_patients_have_is_refused(folder: Path, tmp_path: Path) -> None:
    train = SegmenterData.load(folder, boxes_config()).patients.train
    other = write_boxes(tmp_path / "data", without_spleen=train)
    with pytest.raises(SettingError, match=f"None of the {len(train)} patients who train .* of spleen"):
        train_boxes(boxes_config(), other, tmp_path / "run")


def test_bad_files_stop_the_run_or_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = write_boxes(tmp_path / "data")
    (folder / "images" / "case_03.nii.gz").write_text("not an image")
    write(folder / "labels" / "case_05.nii.gz", np.ones((2, 3, 4), np.uint8))
    with pytest.raises((FormatError, GeometryError), match=r"case_0[35]"):
        SegmenterData.load(folder, boxes_config())
    data = SegmenterData.load(folder, boxes_config(), skip_bad=True)
    assert set(data.facts()["skipped"]) == {"case_03", "case_05"}
    left = {*data.patients.train, *data.patients.choose}
    assert left == set(PATIENTS) - {"case_03", "case_05"}
    (note,) = data.notes()
    assert note.startswith("Left out 2 patients")


def test_test_patients_are_not_even_opened(tmp_path: Path) -> None:
    names = [f"hippocampus_{n}" for n in ("001", "003", "007", "008", "014")]  # 008 and 014 are held back
    folder = write_boxes(tmp_path / "data", names)
    for patient in names[3:]:
        (folder / "images" / f"{patient}.nii.gz").write_text("not an image")
    config = boxes_config('split = "hippocampus"', old='split = "drawn"')
    data = SegmenterData.load(folder, config)
    assert data.patients.train == ("hippocampus_001", "hippocampus_003")
    assert data.patients.choose == ("hippocampus_007",)
    assert set(data.slices.cases) == set(names[:3])


def test_all_folds_and_organs_share_one_cache(folder: Path, tmp_path: Path) -> None:
    config: SegmenterConfig = boxes_config()
    for fold in (None, Fold(1, 3), Fold(2, 3)):
        SegmenterData.load(folder, config, fold, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
