"""A whole training of the error network on balls: what it leaves, going on after a kill, what it refuses."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from contourqa_training import error_training
from contourqa_training.error_config import ErrorConfig
from contourqa_training.error_finishing import contour_of, image_of
from contourqa_training.error_training import export_bundle, train_error_model, with_training
from contourqa_training.library import ContourLibrary
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.quality.model import find_model
from error_runs import CONFIG, STRUCTURES, error_config, write_library

SPLITS = {"train": 3, "choose": 2, "calibrate": 1, "test": 1}


def trained(config: ErrorConfig, library: ContourLibrary, run: Path) -> Path:
    return train_error_model(config, library, run, threads=1, progress=False)


def weights(run: Path) -> dict[str, torch.Tensor]:
    state = torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    found: dict[str, torch.Tensor] = state["state_dict"]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("error")


@pytest.fixture(scope="module")
def library(folder: Path) -> ContourLibrary:
    """Calibration and test patients have no files: a training that opens them fails."""
    library = ContourLibrary.open(write_library(folder / "library", SPLITS))
    for patient in library.of_split("calibrate", "test"):
        (folder / "library" / "cases" / f"{patient}.npz").unlink()
    return library


@pytest.fixture(scope="module")
def config(folder: Path) -> ErrorConfig:
    return error_config(folder)


@pytest.fixture(scope="module")
def run(config: ErrorConfig, library: ContourLibrary, folder: Path) -> Path:
    """A finished run of two epochs."""
    trained(config, library, folder / "whole")
    return folder / "whole"


def test_a_run_leaves_configuration_checkpoints_curves_and_a_bundle(run: Path) -> None:
    assert (run / "config.toml").read_text().startswith(CONFIG)
    assert {p.name for p in (run / "checkpoints").iterdir()} == {"last.ckpt", "best.ckpt"}
    (curves,) = (run / "curves").rglob("metrics.csv")
    with curves.open() as file:
        rows = list(csv.DictReader(file))
    assert len([row for row in rows if row["choose_mae"]]) == 2
    assert {p.name for p in (run / "bundle").iterdir()} == {"card.json", "config.json", "weights.safetensors"}


def test_the_bundle_predicts_the_librarys_contours(run: Path, library: ContourLibrary) -> None:
    model = find_model(str(run / "bundle"))
    case = library.case(library.of_split("train")[0])
    contours = [contour_of(case, c) for c in library.contours if c.patient == case.patient]
    for found in model.predict(image_of(case), contours):
        assert 0 <= found.dice <= 1
        assert found.seen_share == 1


def test_the_card_says_what_the_model_learned_from(run: Path, library: ContourLibrary) -> None:
    card = json.loads((run / "bundle/card.json").read_text())
    assert card["structures"] == list(STRUCTURES)
    assert card["aliases"] == {"left": ["sphere left"]}
    assert card["patients"] == {"train": 3, "choose": 2}
    assert card["training"]["data_fingerprint"] == "balls 0"
    assert card["training"]["contours"] == 3 * 2 * 5
    assert "teaching_only" not in card
    train = library.of_split("train")
    for name in STRUCTURES:
        of_train = [
            c.volume_cc for c in library.contours
            if c.patient in train and c.stratum == "G" and c.structure == name
        ]  # fmt: skip
        expected = [round(min(of_train), 3), round(max(of_train), 3)]
        assert card["ranges"][name]["volume_cc"] == expected
        assert card["ranges"][name]["spacing_mm"] == [1.0, 1.0]


def test_a_killed_run_goes_on_to_the_same_weights(
    run: Path, config: ErrorConfig, library: ContourLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(Exception):
        pass

    def power_cut(module: error_training.ErrorModule) -> None:
        if module.current_epoch == 1:
            raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(error_training.ErrorModule, "on_train_epoch_start", power_cut)
        with pytest.raises(PowerCutError):
            trained(config, library, tmp_path / "run")
    assert not (tmp_path / "run" / "bundle").exists()
    trained(config, library, tmp_path / "run")
    resumed = weights(tmp_path / "run")
    for name, value in weights(run).items():
        # 1e-6: the same float32 arithmetic, whose order of summation threads may change
        torch.testing.assert_close(resumed[name], value, rtol=1e-5, atol=1e-6)
    assert (
        len(list((tmp_path / "run" / "curves").rglob("metrics.csv"))) == 2
    )  # those before the kill are kept


def test_a_finished_run_is_not_trained_again(run: Path, config: ErrorConfig, library: ContourLibrary) -> None:
    before = (run / "checkpoints" / "last.ckpt").read_bytes()
    bundle = trained(config, library, run)
    assert (run / "checkpoints" / "last.ckpt").read_bytes() == before
    assert find_model(str(bundle)).card.name == "balls"


def test_a_run_of_another_configuration_is_refused(
    run: Path, config: ErrorConfig, library: ContourLibrary
) -> None:
    with pytest.raises(SettingError, match="another configuration"):
        trained(with_training(config, epochs=3), library, run)


def test_settings_that_are_not_named_stay(config: ErrorConfig) -> None:
    assert with_training(config, epochs=None, leave_out=None) == config
    assert with_training(config, epochs=7).training.epochs == 7


def test_a_regime_that_is_left_out_neither_trains_nor_chooses(
    config: ErrorConfig, library: ContourLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regime = library.case(library.of_split("train")[0]).regime
    indexed: list[str] = []
    index = error_training.LibraryIndex

    def noting(library: ContourLibrary, patients: list[str], structures: tuple[str, ...]) -> object:
        indexed.extend(patients)
        return index(library, patients, structures)

    monkeypatch.setattr(error_training, "LibraryIndex", noting)
    bundle = trained(with_training(config, leave_out=regime, epochs=1), library, tmp_path / "run")
    assert indexed
    assert regime not in {library.case(patient).regime for patient in indexed}
    assert find_model(str(bundle)).card.raw["training"]["left_out"] == regime


def test_what_cannot_be_trained_is_refused(
    config: ErrorConfig, library: ContourLibrary, tmp_path: Path
) -> None:
    spleen = replace(config, model=replace(config.model, structures=("spleen",)))
    with pytest.raises(SettingError, match="no contours of spleen"):
        trained(spleen, library, tmp_path / "spleen")
    few = ContourLibrary.open(write_library(tmp_path / "few", {"train": 2}))
    with pytest.raises(SettingError, match="too few patients"):
        trained(config, few, tmp_path / "run")
    with pytest.raises(SettingError, match="no checkpoint"):
        export_bundle(config, library, tmp_path / "nothing")
    with pytest.raises(FormatError, match="no contour library"):
        ContourLibrary.open(tmp_path)


def test_a_model_for_teaching_says_so(run: Path, config: ErrorConfig, library: ContourLibrary) -> None:
    teaching = replace(config, model=replace(config.model, teaching_only=True))
    assert error_training.card_of(teaching, library, 1)["teaching_only"] is True
    assert np.isfinite(error_training.card_of(config, library, 1)["ranges"]["left"]["volume_cc"]).all()
