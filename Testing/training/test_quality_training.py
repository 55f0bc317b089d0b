"""A whole training run on balls: what it leaves behind, going on after a kill, and what it refuses."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from contourqa_training import quality
from contourqa_training.cases import fingerprint, load_case
from contourqa_training.config import TrainingConfig
from contourqa_training.quality import train_quality
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.quality.model import QualityModel, find_model
from training_cases import GRADED_SCHEME, config, write_cases

TRAIN = ["hippocampus_001", "hippocampus_003", "hippocampus_004", "hippocampus_006"]
CHOOSE = ["hippocampus_007", "hippocampus_094"]


def trained(settings: TrainingConfig, folder: Path, run: Path, **options: object) -> Path:
    return train_quality(settings, folder, run, threads=1, workers=0, progress=False, **options)  # type: ignore[arg-type]


def epochs(count: int) -> TrainingConfig:
    settings = config(GRADED_SCHEME)
    return replace(settings, training=replace(settings.training, epochs=count))


def weights(run: Path, name: str = "last.ckpt") -> dict[str, torch.Tensor]:
    state = torch.load(run / "checkpoints" / name, map_location="cpu", weights_only=True)
    found: dict[str, torch.Tensor] = state["state_dict"]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Balls under the names of patients who train, choose, calibrate and are tested on."""
    held_back = ["hippocampus_" + n for n in ("008", "014")]
    return write_cases(tmp_path_factory.mktemp("balls") / "data", TRAIN + CHOOSE + held_back)


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two epochs."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    trained(epochs(2), folder, run)
    return run


def test_a_run_leaves_configuration_checkpoints_curves_and_a_model(run: Path) -> None:
    assert (run / "config.toml").read_text() == GRADED_SCHEME
    assert {p.name for p in (run / "checkpoints").iterdir()} >= {"last.ckpt", "best.ckpt"}
    assert list((run / "tensorboard").glob("events*"))
    (curves,) = (run / "curves").rglob("metrics.csv")
    with curves.open() as file:
        rows = list(csv.DictReader(file))
    assert len([row for row in rows if row["choose_mae"]]) == 2
    assert {p.name for p in (run / "bundle").iterdir()} == {"card.json", "config.json", "weights.safetensors"}


def test_the_model_predicts_as_its_checkpoint_does(run: Path, folder: Path) -> None:
    model = find_model(str(run / "bundle"))
    assert isinstance(model, QualityModel)
    case = load_case(folder, TRAIN[0], "ball")
    dice = model.predict_dice(case.image, case.reference)
    network = model.loaded.network
    assert 0 <= dice <= 1
    for name, value in weights(run, "best.ckpt").items():
        assert torch.equal(network.state_dict()[name.removeprefix("network.")], value)


def test_the_card_says_what_the_model_learned_from(run: Path, folder: Path) -> None:
    card = json.loads((run / "bundle/card.json").read_text())
    assert card["patients"] == {"train": 4, "choose": 2}
    assert card["training"]["data_fingerprint"] == fingerprint(folder, TRAIN + CHOOSE)
    volumes = [load_case(folder, patient, "ball").reference.volume_cc for patient in TRAIN]
    assert card["ranges"]["ball"]["volume_cc"] == pytest.approx([min(volumes), max(volumes)], abs=5e-4)
    assert card["status"] == "preview"


def test_test_and_calibration_patients_are_not_read(folder: Path, tmp_path: Path) -> None:
    seen = write_cases(tmp_path / "data", TRAIN + CHOOSE)
    for patient in ("008", "014"):
        for part in ("images", "labels"):
            (seen / part / f"hippocampus_{patient}.nii.gz").write_text("not an image")
    data = quality.TrainingData.load(seen, epochs(1))
    assert [case.patient for case in data.train] == TRAIN
    assert [case.patient for case in data.choose] == CHOOSE


def test_a_killed_run_goes_on_to_the_same_weights(
    run: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "killed"

    class PowerCutError(Exception):
        pass

    def power_cut(module: quality.QualityModule) -> None:
        if module.current_epoch == 1:
            raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(quality.QualityModule, "on_train_epoch_start", power_cut)
        with pytest.raises(PowerCutError):
            trained(epochs(2), folder, killed)
    assert not (killed / "bundle").exists()
    trained(epochs(2), folder, killed, resume=True)
    whole, resumed = weights(run), weights(killed)
    for name, value in whole.items():
        # 1e-6: the same float32 arithmetic, whose order of summation threads may change
        torch.testing.assert_close(resumed[name], value, rtol=1e-5, atol=1e-6)
    assert len(list((killed / "curves").rglob("metrics.csv"))) == 2  # the curves before the kill are kept


def test_the_same_seed_gives_the_same_model(run: Path, folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    trained(epochs(2), folder, again)
    for name, value in weights(run).items():
        # 1e-6: the same float32 arithmetic, whose order of summation threads may change
        torch.testing.assert_close(weights(again)[name], value, rtol=1e-5, atol=1e-6)


def test_the_checkpoint_is_chosen_on_references_moved_and_graded_contours(folder: Path) -> None:
    settings = epochs(1)
    data = quality.TrainingData.load(folder, settings)
    batches = quality.choosing_batches(data.choose, settings)
    assert len(batches) == len(CHOOSE)
    for _, dice, _ in batches:
        assert len(dice) == quality.CHOOSING_CONTOURS + 2
        assert float(dice[-2]) == 1.0  # the reference
        assert float(dice[-1]) < 0.5  # a ball of 5 to 6 mm moved by 10 mm
    again = quality.choosing_batches(data.choose, settings)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(batches, again, strict=True))


def test_a_run_that_is_there_is_not_overwritten(run: Path, folder: Path) -> None:
    with pytest.raises(SettingError, match="--resume"):
        trained(epochs(2), folder, run)


def test_there_must_be_something_to_resume(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="nothing to resume"):
        trained(epochs(2), folder, tmp_path / "new", resume=True)


def test_data_without_patients_of_the_split_are_refused(tmp_path: Path) -> None:
    other = write_cases(tmp_path / "data", ["prostate_1"])
    with pytest.raises(SettingError, match="hippocampus"):
        trained(epochs(1), other, tmp_path / "run")
    with pytest.raises(FormatError, match="nowhere"):
        trained(epochs(1), tmp_path / "nowhere", tmp_path / "run2")
