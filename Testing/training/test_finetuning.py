"""Fine-tuning: folds and their best, after a kill, and what it learns."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from contourqa_training.finetuning import (
    FineTuned,
    best_fold,
    finetune,
    finetune_config_from,
)
from contourqa_training.segmentation_cases import find_cases, read_case
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_module import SegmenterModule
from contourqa_training.segmenter_outputs import on_device, predicted_masks
from contourqa_training.segmenter_start import started_from
from ContourQALib.errors import ModelError, SettingError, StructureError
from finetuning_runs import (
    LOCAL,
    finetune_here,
    pretrained,
    tuning,
    write_grown,
)
from segmenter_runs import PATIENTS, write_boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=PATIENTS[:1])


@pytest.fixture(scope="module")
def start(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> SegmenterModel:
    return pretrained(folder, tmp_path_factory.mktemp("pretrained") / "boxes")


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grown(tmp_path_factory.mktemp("grown") / "data")


@pytest.fixture(scope="module")
def tuned(start: SegmenterModel, grown: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    """Fine-tuned in five folds on five patients who are contoured more generously."""
    output = tmp_path_factory.mktemp("tuned") / "run"
    return finetune_here(tuning(), start, grown, output, output.parent / "cache")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# Folds


def test_five_patients_in_five_folds_choose_once_each(tuned: FineTuned) -> None:
    runs = [tuned.folder.parent / f"fold-{number}" for number in range(1, 6)]
    patients = [open_segmenter(run).patients for run in runs]
    assert sorted(name for one in patients for name in one.choose) == list(LOCAL)
    for one in patients:
        assert len(one.choose) == 1
        assert {*one.train, *one.choose} == set(LOCAL)


def test_the_model_is_that_of_the_fold_of_the_least_loss(tuned: FineTuned) -> None:
    assert tuned.losses[tuned.fold] == min(tuned.losses.values())
    best = open_segmenter(tuned.folder.parent / f"fold-{tuned.fold}")
    assert load_file(tuned.folder / "weights.safetensors").keys() == best.network().state_dict().keys()
    for name in ("weights.safetensors", "config.json"):
        assert (tuned.folder / name).read_bytes() == (best.folder / name).read_bytes()
    rows = table(tuned.folder.parent / "folds.csv")
    assert [row["fold"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["fold"] for row in rows if row["chosen"] == "yes"] == [str(tuned.fold)]
    for row in rows:
        assert (row["train"], row["choose"]) == ("4", "1")
        model = open_segmenter(tuned.folder.parent / f"fold-{row['fold']}")
        assert float(row["cross_validation_loss"]) == model.facts["stored_loss"]
        assert int(row["stored_after_epoch"]) == model.facts["stored_after_epoch"]


def test_the_model_says_whence_it_comes(tuned: FineTuned, start: SegmenterModel) -> None:
    model = open_segmenter(tuned.folder)
    assert model.facts["started_from"] == started_from(start, ("liver", "spleen"))
    assert model.config.network == start.config.network
    assert model.config.slices == start.config.slices
    assert model.config.training == tuning().training
    assert model.config.model.split == "drawn"  # whatever split it was that the start was trained on


def test_the_learning_rate_falls_by_a_tenth_after_every_epoch(tuned: FineTuned) -> None:
    last = torch.load(tuned.folder.parent / "fold-1" / "checkpoints" / "last.ckpt", weights_only=True)
    (group,) = last["optimizer_states"][0]["param_groups"]
    assert last["global_step"] == 6 * 10  # 40 slices in batches of 4, whoever the patients are
    assert group["lr"] == pytest.approx(3e-3 * 0.9**5)


def test_it_learns_the_local_way_of_contouring(start: SegmenterModel, tuned: FineTuned, grown: Path) -> None:
    def measured(model: SegmenterModel) -> tuple[float, float]:
        """Volume over that of the local contours, and Dice with them, over all patients."""
        network = on_device(model)
        drawn = reference = shared = 0
        for case in find_cases(grown, ["liver", "spleen"]):
            image, masks = read_case(case)
            found = predicted_masks(image, model, network)
            for name, mask in masks.items():
                drawn += int(found[name].sum())
                reference += int(mask.sum())
                shared += int((found[name] & mask).sum())
        return drawn / reference, 2 * shared / (drawn + reference)

    (volume_before, dice_before), (volume, dice) = measured(start), measured(open_segmenter(tuned.folder))
    # a box of 6x5 voxels, drawn one wider to each side, has 52: 0.58 of it is what the vendor drew
    assert volume_before < 0.75
    assert volume > volume_before + 0.1
    assert dice > dice_before + 0.05


def test_a_finished_fine_tuning_is_not_trained_again_and_its_folder_is_mended(
    start: SegmenterModel, tuned: FineTuned, grown: Path, tmp_path: Path
) -> None:
    output = tmp_path / "copied"
    shutil.copytree(tuned.folder.parent, output)
    (output / "model" / "weights.safetensors").unlink()
    last = output / f"fold-{tuned.fold}" / "checkpoints" / "last.ckpt"
    before = last.stat().st_mtime_ns
    said: list[str] = []
    # one fold is enough to see; it is then the only one to choose from
    only = replace(tuning(), finetune=replace(tuning().finetune, only=(tuned.fold,)))
    again = finetune_here(only, start, grown, output, tuned.folder.parents[1] / "cache", said)
    assert said == [f"1 of 1 models: tuned fold {tuned.fold} was trained before"]
    assert last.stat().st_mtime_ns == before
    assert again.losses == {tuned.fold: tuned.losses[tuned.fold]}
    weights = (output / "model" / "weights.safetensors").read_bytes()
    assert weights == (tuned.folder / "weights.safetensors").read_bytes()


class PowerCutError(Exception):
    pass


def test_after_a_kill_the_same_call_goes_on_to_the_same_weights(
    start: SegmenterModel, tuned: FineTuned, grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(tuning(), finetune=replace(tuning().finetune, only=(1, 2)))
    original = SegmenterModule.training_step
    steps: list[int] = []

    def power_cut(module: SegmenterModule, batch: Any, index: int) -> torch.Tensor:
        steps.append(module.current_epoch)
        if len(steps) == 60 + 35:  # of the second fold's 60 steps the 35th, in the middle of an epoch
            raise PowerCutError
        return original(module, batch, index)

    cache = tuned.folder.parents[1] / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(SegmenterModule, "training_step", power_cut)
        with pytest.raises(PowerCutError):
            finetune_here(config, start, grown, tmp_path / "run", cache)
    assert not (tmp_path / "run" / "model").exists()
    steps.clear()
    said: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(SegmenterModule, "training_step", power_cut)
        made = finetune_here(config, start, grown, tmp_path / "run", cache, said)
    done = sorted(line.partition(": ")[2] for line in said if " models: " in line)
    assert done == ["tuned fold 1 was trained before", "tuned fold 2 is trained"]
    assert set(steps) == {3, 4, 5}  # from the last checkpoint on
    assert made.losses == pytest.approx({number: tuned.losses[number] for number in (1, 2)}, rel=1e-5)
    for number in (1, 2):
        cut, whole = (
            open_segmenter(run / f"fold-{number}") for run in (tmp_path / "run", tuned.folder.parent)
        )
        for name, value in whole.network().state_dict().items():
            # the same float32 arithmetic, whose order of summation threads may change
            torch.testing.assert_close(cut.network().state_dict()[name], value, rtol=1e-5, atol=1e-6)


def test_a_fold_that_is_not_finished_is_not_chosen_from(tuned: FineTuned, tmp_path: Path) -> None:
    run = tmp_path / "fold-1" / "model"
    run.mkdir(parents=True)
    facts = (tuned.folder / "config.json").read_text().replace("stored_loss", "other")
    (run / "config.json").write_text(facts)
    with pytest.raises(ModelError, match="did not go to its end"):
        best_fold({1: tmp_path / "fold-1"}, tmp_path)
    assert not (tmp_path / "folds.csv").exists()


# What cannot be


@pytest.mark.parametrize(
    ("changes", "patients", "says"),
    [
        ({}, PATIENTS[:4], "at least 5 patients, not 4; add patients"),
        ({}, (*PATIENTS[:4], *PATIENTS[:4]), "at least 5 patients, not 4"),
        ({"folds": 7}, PATIENTS[:6], "at least 7 patients, not 6; add patients or take fewer folds"),
        ({}, (*PATIENTS[:5], "case_77"), "holds no patient case_77"),
    ],
)
def test_too_few_or_unknown_patients_are_one_sentence(
    start: SegmenterModel,
    folder: Path,
    tmp_path: Path,
    changes: dict[str, Any],
    patients: Sequence[str],
    says: str,
) -> None:
    config = replace(tuning(), finetune=replace(tuning().finetune, **changes))
    with pytest.raises(SettingError, match=says):
        finetune(config, start, folder, tmp_path / "run", patients=patients, cache=tmp_path / "cache")
    assert not (tmp_path / "run").exists()


def test_a_structure_that_the_folder_does_not_name_is_one_sentence(
    start: SegmenterModel, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(StructureError, match="no structure kidney; there are liver, spleen"):
        finetune(tuning(), start, folder, tmp_path / "run", structures=["kidney"], cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"finetune": {"folds": 1}}, "folds must be at least 2, not 1"),
        ({"finetune": {"only": [6]}}, "folds from 1 to 5"),
        ({"finetune": {"only": [0]}}, "folds from 1 to 5"),
        ({"finetune": {"only": ["first"]}}, "a whole number"),
        ({"training": {"rate_decay": 0.0}}, "rate_decay"),
        ({"training": {"loss": "focal"}}, "loss"),
        ({"training": {"balance": -1.0}}, "balance"),
        ({"training": {"slices_per_epoch": -1}}, "slices_per_epoch must not be below 0"),
        ({"network": {}}, "no section network"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_sentence(sections: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        finetune_config_from(sections)


def test_folds_may_be_asked_for_twice_and_are_trained_once() -> None:
    settings = replace(tuning().finetune, only=(2, 4, 2))
    assert settings.trained == (2, 4)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--from", "nowhere", "--data", "DATA"), "nowhere holds no segmenter"),
        (("--from", "START", "--data", "nowhere"), "nowhere"),
        (
            ("--from", "START", "--data", "DATA", "--config", "fast"),
            "finetune, finetune-two-cores, or a .toml",
        ),
        (("--from", "START", "--data", "DATA", "--fold", "9"), "folds from 1 to 5"),
        (("--from", "START", "--data", "DATA", "--epochs", "0"), "epochs must be at least 1"),
        (("--from", "START", "--data", "DATA", "--structure", "kidney"), "no structure kidney"),
        (("--from", "START"), "--data"),
        (("--data", "DATA"), "--from"),
    ],
)
def test_the_command_refuses_in_one_sentence_and_leaves_nothing(
    start: SegmenterModel,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    named: str,
) -> None:
    from contourqa_training.cli import app
    from ContourQALib.cli import run

    monkeypatch.chdir(tmp_path)
    places = {"START": str(start.folder), "DATA": str(folder)}
    monkeypatch.setattr(sys, "argv", ["contourqa-train", "finetune", *(places.get(o, o) for o in options)])
    assert run(app) == 2
    said = capsys.readouterr().err
    assert named in said
    assert "Traceback" not in said
    assert not (tmp_path / "runs").exists()
