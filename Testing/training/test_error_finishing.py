"""A trained bundle finished: calibrated on calibration patients alone, gated, with baselines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from contourqa_training import error_finishing
from contourqa_training.bundle import write_bundle
from contourqa_training.error_finishing import finish_bundle, predicted
from contourqa_training.error_training import card_of, with_training
from contourqa_training.library import ContourLibrary, LibraryCase
from ContourQALib.networks.error_unet3d import ErrorUNet3D, config_to_dict
from ContourQALib.quality.calibration import CALIBRATION_FILE, Calibration
from ContourQALib.quality.card import read_card, verify_files
from ContourQALib.quality.model import find_model
from ContourQALib.quality.novelty import NOVELTY_FILE
from ContourQALib.quality.predictor import ERROR_UNET
from error_runs import CONFIG, STRUCTURES, error_config, write_library

SPLITS = {"train": 5, "choose": 2, "calibrate": 4, "test": 2}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ContourLibrary:
    return ContourLibrary.open(write_library(tmp_path_factory.mktemp("library") / "balls", SPLITS))


def untrained(folder: Path, library: ContourLibrary, leave_out: str = "") -> Path:
    """A bundle as a training leaves it; its network has learned nothing."""
    folder.mkdir()
    config = with_training(error_config(folder, CONFIG), leave_out=leave_out)
    record = {"kind": ERROR_UNET, "structures": list(STRUCTURES), "network": config_to_dict(config.network)}
    card = card_of(config, library, 1)
    return write_bundle(folder / "bundle", ErrorUNet3D(config.network), record, config.preprocessing, card)


@pytest.fixture(scope="module")
def opened() -> list[str]:
    """Patients whose files were opened while the bundle was finished."""
    return []


@pytest.fixture(scope="module")
def bundle(library: ContourLibrary, opened: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = untrained(tmp_path_factory.mktemp("runs") / "run", library)
    case = ContourLibrary.case

    def noting(library: ContourLibrary, patient: str) -> LibraryCase:
        opened.append(patient)
        return case(library, patient)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ContourLibrary, "case", noting)
        # two contours of a patient say what is usual, and five patients are enough: the same laws, small
        patch.setattr(error_finishing, "FEWEST_PATIENTS", 5)
        patch.setattr("ContourQALib.quality.novelty.FEWEST_PATIENTS", 5)
        finish_bundle(folder, library)
    return folder


def test_test_patients_are_not_opened(bundle: Path, library: ContourLibrary, opened: list[str]) -> None:
    assert bundle.is_dir()
    assert set(opened) == set(library.of_split("train", "choose", "calibrate"))


def test_the_calibration_is_of_calibration_patients_natural_contours(
    bundle: Path, library: ContourLibrary
) -> None:
    calibration = Calibration.read(bundle / CALIBRATION_FILE)
    model = find_model(str(bundle))
    calibrating = set(library.of_split("calibrate"))
    for structure in STRUCTURES:
        known = calibration.of(structure)
        assert known is not None
        assert known.patients == SPLITS["calibrate"]
        natural = [
            c for c in library.contours
            if c.patient in calibrating and c.stratum == "N" and c.structure == structure
        ]  # fmt: skip
        assert known.contours == len(natural)
        said = {
            p.contour: p.prediction.dice
            for p in predicted(model, library, library.of_split("calibrate"), ("N",), 8)
            if p.contour.structure == structure
        }
        figures = known.figures["dice"]
        # 1e-4: figures are rounded where they are stored
        np.testing.assert_allclose(np.sort(figures.true), sorted(c.dice for c in natural), atol=1e-4)
        np.testing.assert_allclose(np.sort(figures.predicted), sorted(said.values()), atol=1e-4)


def test_every_file_is_in_the_card_and_the_weights_are_as_before(
    bundle: Path, library: ContourLibrary, tmp_path: Path
) -> None:
    card = read_card(bundle)
    verify_files(bundle, card)
    assert {p.name for p in bundle.iterdir()} == {*card.files, "card.json"}
    assert {CALIBRATION_FILE, NOVELTY_FILE, "baselines.json"} <= set(card.files)
    facts = json.loads((bundle / "card.json").read_text())["calibration"]
    assert set(facts) == set(STRUCTURES)
    assert all(known["patients"] == SPLITS["calibrate"] for known in facts.values())


def test_a_regime_that_is_left_out_neither_calibrates_nor_says_what_is_usual(
    library: ContourLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regimes = {p: library.case(p).regime for p in library.patients}
    regime = regimes[library.of_split("calibrate")[0]]
    folder = untrained(tmp_path / "run", library, regime)
    asked: list[str] = []
    monkeypatch.setattr(
        error_finishing,
        "fit_baselines",
        lambda rows, _: asked.extend(row.patient for row in rows) or _Nothing(),
    )
    told: list[str] = []
    predict = error_finishing.predicted

    def noting(model: object, library: object, patients: list[str], *rest: object, **named: object) -> object:
        asked.extend(patients)
        # handed on as they came, whatever their types
        return predict(model, library, patients, *rest, **named)

    monkeypatch.setattr(error_finishing, "predicted", noting)
    finish_bundle(folder, library, told.append)
    assert asked
    assert regime not in {regimes[patient] for patient in asked}
    # a handful of patients are too few for a gate, and the command says so
    assert not (folder / NOVELTY_FILE).exists()
    assert any("no novelty gate" in line for line in told)


class _Nothing:
    """Stands for baselines, which have tests of their own."""

    def write(self, _: Path) -> list[Path]:
        return []


def test_few_of_many_contours_are_drawn_evenly_and_always_the_same(
    bundle: Path, library: ContourLibrary
) -> None:
    model = find_model(str(bundle))
    patients = library.of_split("train")
    one, again = ([p.contour for p in predicted(model, library, patients, ("N", "S"), 2)] for _ in range(2))
    assert one == again
    for patient in patients:
        for structure in STRUCTURES:
            assert sum((c.patient, c.structure) == (patient, structure) for c in one) == 2
