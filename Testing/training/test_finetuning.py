"""Fine-tuning: whose weights it starts from, folds and their best, after a kill, and what it learns."""

from __future__ import annotations

import csv
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from contourqa_training import training_queue
from contourqa_training.finetuning import (
    FinetuneConfig,
    FineTuned,
    best_fold,
    finetune,
    finetune_config_from,
    fold_trainings,
)
from contourqa_training.segmentation_cases import find_cases, read_case
from contourqa_training.segmenter import train_segmenter
from contourqa_training.segmenter_config import SegmenterConfig
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_module import SegmenterModule
from contourqa_training.segmenter_network import build_network, head_of
from contourqa_training.segmenter_outputs import on_device, predicted_masks
from contourqa_training.segmenter_start import started_from, take_weights
from ContourQALib.errors import ModelError, SettingError, StructureError
from files_on_disk import write
from one_process import one_process
from segmenter_runs import ORIGIN, PATIENTS, SHAPE, SPACING, boxes_config, write_boxes

LOCAL = PATIENTS[:5]

FINETUNE: dict[str, dict[str, Any]] = {
    "finetune": {"name": "tuned", "folds": 5},
    "training": {
        "loss": "cross-entropy",
        "balance": 0.25,
        "learning_rate": 3e-3,
        "rate_decay": 0.9,
        "batch_size": 4,
        "epochs": 6,
        "slices_per_epoch": 40,
        "running_mean": 1,
        "stages": [],
        "precision": "full",
    },
}


def pretraining() -> SegmenterConfig:
    """Boxes told apart by a softmax, without dropout: learned in seconds."""
    config = boxes_config()
    training = replace(config.training, loss="cross-entropy", epochs=20, stages=(), running_mean=1)
    return replace(config, network=replace(config.network, dropout=0.0), training=training)


def tuning(**training: object) -> FinetuneConfig:
    """`FINETUNE` with other settings of the training."""
    return finetune_config_from({**FINETUNE, "training": {**FINETUNE["training"], **training}})


def write_grown(folder: Path, patients: Sequence[str] = LOCAL) -> Path:
    """The images of `write_boxes` with contours one voxel wider to each side in the slice."""
    write_boxes(folder, patients)
    for case in find_cases(folder, ["liver", "spleen"]):
        _, masks = read_case(case)
        labels = np.zeros(SHAPE, np.uint8)
        for number, name in enumerate(("liver", "spleen"), start=1):
            for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)):
                labels[np.roll(masks[name], (rows, columns), axis=(1, 2))] = number
        write(case.labels, labels, SPACING, ORIGIN)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=PATIENTS[:1])


@pytest.fixture(scope="module")
def start(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> SegmenterModel:
    """A segmenter of boxes, to start from."""
    run = tmp_path_factory.mktemp("pretrained") / "boxes"
    data = SegmenterData.load(folder, pretraining())
    train_segmenter(pretraining(), data, run, threads=1, progress=False)
    return open_segmenter(run)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grown(tmp_path_factory.mktemp("grown") / "data")


@pytest.fixture(scope="module")
def tuned(start: SegmenterModel, grown: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    """Fine-tuned in five folds on five patients who are contoured more generously."""
    output = tmp_path_factory.mktemp("tuned") / "run"
    return finetune_here(tuning(), start, grown, output, output.parent / "cache")


def finetune_here(
    config: FinetuneConfig,
    start: SegmenterModel,
    data: Path,
    output: Path,
    cache: Path,
    said: list[str] | None = None,
) -> FineTuned:
    """Fine-tune in this process; workers of their own are tested with the queue."""
    say = [].append if said is None else said.append
    with one_process(training_queue):
        return finetune(config, start, data, output, cache=cache, workers=1, say=say)


def train_in_place(
    config: FinetuneConfig, start: SegmenterModel, data: Path, runs: Path, structures: Sequence[str] = ()
) -> SegmenterModel:
    """The first fold alone, in this process."""
    names = tuple(structures) or start.config.model.structures
    pool = [case.name for case in find_cases(data, names)]
    training = fold_trainings(config, start.config, start.folder, pool, runs, names)[1]
    loaded = SegmenterData.load(data, training.config, patients=training.patients)
    train_segmenter(training.config, loaded, training.run, start=start, threads=1, progress=False)
    return open_segmenter(training.run)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# Whose weights


def test_structures_that_are_known_keep_their_output_in_any_spelling(start: SegmenterModel) -> None:
    names = ("kidney", "Spleen", "LIVER")
    config = start.config
    config = replace(
        config,
        model=replace(config.model, structures=names),
        network=replace(config.network, out_channels=3),
    )
    torch.manual_seed(3)
    network = build_network(config.network)
    fresh = head_of(network).weight.detach().clone()
    take_weights(network, config, start)
    network.eval()
    x = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        mine, theirs = network(x), start.network()(x)
    # the same float32 arithmetic, in another memory layout
    torch.testing.assert_close(mine[:, [2, 1]], theirs)
    assert torch.equal(head_of(network).weight[0], fresh[0])
    facts = started_from(start, names)
    assert facts["new_structures"] == ["kidney"]
    assert facts["name"] == "boxes"


def test_another_network_or_other_intensities_are_refused(start: SegmenterModel) -> None:
    config = start.config
    wider = replace(config, network=replace(config.network, filters=(8, 8)))
    with pytest.raises(SettingError, match="another network"):
        take_weights(build_network(wider.network), wider, start)
    brighter = replace(config, slices=replace(config.slices, level_hu=100.0))
    with pytest.raises(SettingError, match="other intensities"):
        take_weights(build_network(brighter.network), brighter, start)
    # percentiles are nothing to a model that takes a window
    same = replace(config, slices=replace(config.slices, lower_percentile=5.0, size=32))
    take_weights(build_network(same.network), same, start)


def test_a_start_that_does_not_fit_leaves_no_run(start: SegmenterModel, folder: Path, tmp_path: Path) -> None:
    config = replace(pretraining(), network=replace(pretraining().network, filters=(8, 8)))
    data = SegmenterData.load(folder, config)
    with pytest.raises(SettingError, match="another network"):
        train_segmenter(config, data, tmp_path / "run", start=start, progress=False)
    assert not (tmp_path / "run").exists()


def test_an_unfinished_run_is_nothing_to_start_from(start: SegmenterModel, tmp_path: Path) -> None:
    unfinished = tmp_path / "model"
    unfinished.mkdir()
    (unfinished / "config.json").write_bytes((start.folder / "config.json").read_bytes())
    with pytest.raises(ModelError, match="finished run"):
        started_from(open_segmenter(tmp_path), ("liver",))


def test_with_next_to_no_learning_rate_it_stays_where_it_started(
    start: SegmenterModel, grown: Path, tmp_path: Path
) -> None:
    made = train_in_place(tuning(learning_rate=1e-9, epochs=1), start, grown, tmp_path)
    given = start.network().state_dict()
    for name, value in made.network().state_dict().items():
        if "running" not in name and "num_batches" not in name:  # batch norm's means follow the new images
            # Adam's step is the learning rate at most, ten times
            torch.testing.assert_close(value, given[name], rtol=0, atol=1e-7)
    assert made.facts["started_from"]["weights_sha256"]
    assert made.config.model.name == "tuned"


def test_a_new_structure_is_learned_beside_the_old_ones(
    start: SegmenterModel, grown: Path, tmp_path: Path
) -> None:
    labels = grown / "labels.csv"
    before = labels.read_text()
    try:
        labels.write_text("number,name\n1,Liver\n2,tumor\n")
        made = train_in_place(tuning(epochs=1), start, grown, tmp_path, ["Liver", "tumor"])
    finally:
        labels.write_text(before)
    assert made.config.model.structures == ("Liver", "tumor")
    assert made.facts["started_from"]["new_structures"] == ["tumor"]
    assert len(made.facts["class_weights"]) == 3


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
    done = sorted(line.partition(": ")[2] for line in said)
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
