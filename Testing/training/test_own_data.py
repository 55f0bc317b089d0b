"""`contourqa-train quality --data`: a plan from a folder, and one command that ends with a judged model."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import Command, Outcome
from contourqa_training import library_building, training_queue
from contourqa_training.cli import app
from contourqa_training.config_file import sections_text
from contourqa_training.error_config import read_error_config
from contourqa_training.evaluation import page
from contourqa_training.library import ContourLibrary
from contourqa_training.library_config import read_library_config
from contourqa_training.own_data import (
    CELLS_MULTIPLE,
    MOST_CELLS,
    MOST_VOXELS,
    calibrating_share,
    mirrored_pairs,
    plan_sections,
    window_of,
)
from contourqa_training.own_data_measures import Measured
from contourqa_training.own_data_run import Asked, OwnRun, plan_own_data
from contourqa_training.own_data_training import train_own_data
from contourqa_training.segmenter_config import read_segmenter_config
from contourqa_training.segmenter_model import open_segmenter
from ContourQALib.cli import run
from ContourQALib.errors import SettingError
from ContourQALib.quality.card import verify_files
from ContourQALib.quality.model import find_model
from files_on_disk import write
from one_process import one_process

PATIENTS = 22
SPACING = (1.5, 2.0, 3.0)  # mm along x, y, z

MEASURED = Measured(
    patients=60,
    contoured={"Parotid_L": 60, "Parotid_R": 58, "Brainstem": 60},
    modality="CT",
    spacing_kji=(2.5, 1.0, 1.0),
    extent_mm=(60.0, 50.0, 40.0),
    slice_size=160,
    slice_side=512,
    voxels=10**6,
    single_part=True,
)


def write_balls(folder: Path, count: int = PATIENTS, background: float = 100.0) -> Path:
    """Bright balls in noise, in images of several sizes, with a label each."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for number in range(count):
        random = np.random.default_rng(number)
        shape = (16, 20 + number % 3, 24)
        center, radius = np.array([8, 10, 12]) + random.integers(-1, 2, 3), random.uniform(7, 10)
        away = (np.indices(shape) - center.reshape(3, 1, 1, 1)) * np.reshape(SPACING[::-1], (3, 1, 1, 1))
        labels = (np.linalg.norm(away, axis=0) <= radius).astype(np.uint8)
        values = random.normal(background, 20, shape) + 150 * labels
        write(folder / "images" / f"case_{number:02d}.nii.gz", values.astype(np.int16), SPACING)
        write(folder / "labels" / f"case_{number:02d}.nii.gz", labels, SPACING)
    (folder / "labels.csv").write_text("number,name\n1,ball\n")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_balls(tmp_path_factory.mktemp("own") / "data")


@pytest.fixture
def quality(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contourqa-train", "quality", *map(str, arguments)])
        capsys.readouterr()
        code = run(app)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return command


def change(path: Path, **sections: dict[str, Any]) -> None:
    """Change settings of a configuration, as a user would in an editor."""
    content = tomllib.loads(path.read_text())
    for section, values in sections.items():
        content[section] = content.get(section, {}) | values
    path.write_text(sections_text(content))


def make_tiny(plan: Path) -> None:
    """Networks that train in a second, and few contours."""
    few = {"epochs": 1, "stages": [1], "slices_per_epoch": 16, "batch_size": 8, "precision": "full"}
    few["initial_probability"] = 0.5  # so that networks which have learned nothing draw something
    change(
        plan / "clinic-unet.toml",
        network={"filters": [4, 8], "decoder_filters": []},
        training=few | {"refresh_batches": 2},
    )
    dpn = {"widths": [4, 8], "growths": [4, 4], "depths": [1, 1], "groups": 2}
    change(plan / "clinic-dpn.toml", network=dpn, training=few)
    change(
        plan / "contourqa.toml",
        network={"widths": [8, 8]},
        training={"epochs": 1, "batches_per_epoch": 2, "batch_size": 2, "choosing": 1},
    )
    counts = {"known_errors": 2, "natural_errors": 1, "others": 1, "swapped": 1, "test_share": 0.1}
    change(plan / "library.toml", library=counts | {"thresholds": [0.3]})


def test_one_command_from_a_folder_to_a_judged_model(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "pictures_of", lambda *_: {})  # a third of the time, and tested by themselves
    own, said = OwnRun(tmp_path / "run"), []
    plan_own_data(folder, own, Asked(name="balls"))
    make_tiny(own.plan)

    def train() -> Path:
        said.clear()
        with one_process(training_queue, library_building):
            return train_own_data(folder, own, Asked(), workers=1, threads=1, draws=20, say=said.append)

    model = find_model(str(train()))
    verify_files(model.folder, model.card)
    card = model.card.raw
    assert model.card.name == "balls"
    assert (model.card.structures, model.card.modality) == (("ball",), "MR")
    assert "22 patients" in card["data"]
    assert "no intervals" in card["limits"]
    # 5 % of 22 patients calibrate, a tenth chooses, a tenth tests
    assert card["patients"] == {"train": 17, "choose": 2}
    assert {"calibration.json", "baselines.json"} < set(model.card.files)
    assert "novelty.json" not in model.card.files
    told = "\n".join(said)
    assert "ball: No interval: 1 calibration patient" in told
    assert "ball: no novelty gate, which needs 20 patients and not 19" in told

    document = json.loads((own.evaluation / "evaluation.json").read_text())
    assert document["patients"] == 2
    assert {"N", "S", "B", "G"} <= set(document["strata"]) == set(card["figures"])
    assert (own.evaluation / "report.html").is_file()
    judged = card["figures"]["N"]["dice"]
    assert {"mae", "skill"} <= set(judged["model"])
    assert "training median" in judged
    # EVALUATION: a model without positive skill on natural contours is not shipped
    assert card["status"] == ("released" if judged["model"]["skill"] > 0 else "preview")

    library = ContourLibrary.open(own.folder / "contours")
    aside = set(library.of_split("calibrate", "test"))
    for segmenter in ("clinic-unet", "clinic-dpn"):
        for fold in (1, 2):
            known = open_segmenter(own.folder / "segmenters" / segmenter / f"fold-{fold}").patients
            assert not aside & {*known.train, *known.choose, *known.held_out}

    def written() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in own.folder.rglob("*") if path.is_file()}

    before = written()
    train()
    assert written() == before  # finished stages are not done anew
    assert len(said) == 1

    change(own.plan / "clinic-unet.toml", training={"learning_rate": 0.5})
    with pytest.raises(SettingError, match="other settings"):
        train()


def test_the_plan_follows_the_folder(folder: Path, tmp_path: Path) -> None:
    own, said = OwnRun(tmp_path / "run"), []
    plan_own_data(folder, own, Asked(epochs=3), said.append)
    assert any("taking the images for MR" in line for line in said)
    library = read_library_config(own.toml("library"))
    assert (library.structures, library.modality, library.split) == (("ball",), "MR", "drawn")
    for name in library.segmenters:
        segmenter = read_segmenter_config(name)
        assert segmenter.model.structures == ("ball",)
        assert segmenter.slices.intensity == "percentile"
        assert segmenter.slices.size == 32  # sides of 20 to 24 voxels, in multiples of 16
        assert (segmenter.training.epochs, max(segmenter.training.stages)) == (3, 3)
    model = read_error_config(own.toml("contourqa"))
    assert model.preprocessing.spacing_mm == (3.0, 2.0, 1.5)
    assert model.preprocessing.intensity == "percentile"
    assert model.training.epochs == 3
    shown = np.array(model.preprocessing.size) * model.preprocessing.spacing_mm
    assert (shown >= 2 * 9 + 16).all()  # balls of radius 7 to 10 mm, 8 mm of margin on each side
    facts = json.loads((own.plan / "plan.json").read_text())
    assert facts["measured"]["contoured"] == {"ball": PATIENTS}


def test_ct_is_seen_in_a_window(tmp_path: Path) -> None:
    folder = write_balls(tmp_path / "data", background=-600.0)
    own = OwnRun(tmp_path / "run")
    plan_own_data(folder, own, Asked())
    assert read_library_config(own.toml("library")).modality == "CT"
    assert read_error_config(own.toml("contourqa")).preprocessing.intensity == "window"
    assert read_segmenter_config(own.toml("clinic-unet")).slices.intensity == "window"
    plan_own_data(folder, OwnRun(tmp_path / "other"), Asked(modality="MR"))
    assert read_library_config(str(tmp_path / "other/plan/library.toml")).modality == "MR"


@pytest.mark.parametrize(
    ("spacing", "extent"),
    [
        ((1.0, 1.0, 1.0), (24.0, 38.0, 24.0)),
        ((2.5, 3.9, 3.9), (300.0, 60.0, 60.0)),
        ((3.0, 1.0, 1.0), (120.0, 120.0, 120.0)),
        ((5.0, 0.5, 0.5), (100.0, 60.0, 60.0)),
        ((0.3, 0.3, 0.3), (10.0, 5.0, 5.0)),
        ((8.0, 4.0, 4.0), (400.0, 400.0, 400.0)),
    ],
)
def test_a_window_suits_network_and_structure(
    spacing: tuple[float, float, float], extent: tuple[float, float, float]
) -> None:
    window = window_of(spacing, extent)
    size, stride = np.array(window.size), np.array(window.stride)
    assert not (size % (CELLS_MULTIPLE * stride)).any()
    assert (np.array(window.spacing_mm) >= spacing).all()
    shown = size * window.spacing_mm
    assert (shown >= np.minimum(np.array(extent) + 16, 160) - 1e-6).all()
    cells = stride * window.spacing_mm
    # a stride is a whole number: sides that differ by less than 1 : 2 are as near to cubes as it allows
    assert cells.max() < 2 * cells.min()
    # sizes are rounded up to multiples, each by less than one
    rounded = np.prod(size / np.maximum(size - CELLS_MULTIPLE * stride, 1))
    assert np.prod(size) <= MOST_VOXELS * rounded
    assert np.prod(size // stride) <= MOST_CELLS * rounded


def test_windows_near_those_of_the_shipped_models() -> None:
    hippocampus = window_of((1.0, 1.0, 1.0), (24.0, 38.0, 22.0))
    assert (hippocampus.stride, hippocampus.spacing_mm) == ((2, 2, 2), (1.0, 1.0, 1.0))
    assert hippocampus.size == (40, 56, 40)
    head = window_of((2.5, 3.906, 3.906), (240.0, 90.0, 100.0))
    assert (head.stride, head.size) == ((2, 1, 1), (64, 32, 36))


def test_organs_of_a_pair_change_places_in_a_mirror() -> None:
    assert mirrored_pairs(["Parotid_L", "Brainstem", "RightParotid", "Eye_L"]) == [
        ("Parotid_L", "RightParotid")
    ]
    both = plan_sections(MEASURED, "clinic")["contourqa"]
    assert (both["model"]["mirrored"], both["spatial"]["flip"]) == (["Parotid_L=Parotid_R"], True)
    one = plan_sections(replace(MEASURED, contoured={"Parotid_L": 60, "Brainstem": 60}), "clinic")
    assert (one["contourqa"]["model"]["mirrored"], one["contourqa"]["spatial"]["flip"]) == ([], False)


@pytest.mark.parametrize("patients", [20, 100, 119, 120, 130, 142, 143, 160, 199, 200, 500])
def test_patients_calibrate_where_they_suffice(patients: int) -> None:
    share = calibrating_share(patients)
    # intervals need 50, 35 % of 142.9; the score's adjustment needs 30, a quarter of 120
    assert (round(share * patients) >= 50) == (patients >= 143)
    assert (round(share * patients) >= 30) == (patients >= 120)
    assert 0 < share <= 0.35


def refused(outcome: Outcome, *named: str) -> None:
    assert outcome.code == 2, outcome.err
    assert "Traceback" not in outcome.err
    sentence = outcome.err.strip().splitlines()[-1]
    for name in named:
        assert name in sentence


def test_other_options_with_a_folder(quality: Command, folder: Path, tmp_path: Path) -> None:
    refused(quality("--data", folder, "--library", tmp_path), "--library", "--data")
    refused(quality("--data", folder, "--config", "contourqa"), "--config", "--data")
    refused(quality("--config", "contourqa", "--library", tmp_path, "--modality", "CT"), "--modality")
    refused(quality("--config", "contourqa"), "--library", "--data")
    refused(quality("--data", folder, "--modality", "PET"), "PET")
    refused(quality("--data", folder, "--epochs", 0), "--epochs")
    refused(quality("--data", folder, "--name", "../up"), "--name")


def damaged(folder: Path, tmp_path: Path, patients: Sequence[str] = ()) -> Path:
    shutil.copytree(folder, tmp_path / "data")
    for patient in patients:
        for part in ("images", "labels"):
            (tmp_path / "data" / part / f"{patient}.nii.gz").unlink()
    return tmp_path / "data"


def test_a_folder_that_cannot_be_used(quality: Command, folder: Path, tmp_path: Path) -> None:
    data, run_folder = damaged(folder, tmp_path), tmp_path / "run"

    def plan(*options: object) -> Outcome:
        outcome = quality("--data", data, "-o", run_folder, "--plan-only", *options)
        assert not run_folder.exists()  # nothing partial
        return outcome

    refused(plan("--structure", "liver"), "liver", "ball")
    labels = data / "labels" / "case_07.nii.gz"
    write(labels, np.ones((4, 4, 4), np.uint8))
    refused(plan(), str(labels), "4x4x4")
    labels.unlink()
    refused(plan(), "case_07")
    shutil.copy(folder / "labels" / "case_07.nii.gz", labels)
    (data / "labels.csv").write_text("number,name\n1,ball\n2,box\n")
    refused(plan(), "box (0)", "--structure")
    (data / "labels.csv").write_text("number,name\n1,\n")
    refused(plan(), "labels.csv", "number,name")
    (data / "labels.csv").unlink()
    refused(plan(), "labels.csv", "number,name")


def test_too_few_patients(quality: Command, folder: Path, tmp_path: Path) -> None:
    data = damaged(folder, tmp_path, [f"case_{n:02d}" for n in range(3)])
    refused(quality("--data", data, "-o", tmp_path / "run"), "19 patients", "20")
    assert not (tmp_path / "run").exists()


def test_a_run_of_another_folder_or_of_other_options(quality: Command, folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "run"
    said = quality("--data", folder, "-o", own, "--plan-only", "--name", "balls")
    assert said.code == 0
    assert str(own / "plan") in said.err
    refused(quality("--data", folder, "-o", own, "--name", "cubes"), "--name", str(own / "plan"))
    other = write_balls(tmp_path / "others", background=50.0)
    refused(quality("--data", other, "-o", own), str(own), "other data")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("mine")
    refused(quality("--data", folder, "-o", tmp_path / "taken"), str(tmp_path / "taken"))
    refused(quality("--data", folder, "-o", tmp_path / "taken" / "thesis.txt"), "thesis.txt")
