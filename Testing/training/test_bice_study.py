"""The Bice study end to end on bright boxes: models, tables, figures, and what a second run keeps."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from contourqa_training import training_queue
from contourqa_training.bice import study as study_module
from contourqa_training.bice.config import BiceConfig
from contourqa_training.bice.study import run_study
from contourqa_training.cli import app
from contourqa_training.patient_split import read_split
from contourqa_training.study_output import Places
from ContourQALib.cli import run
from ContourQALib.errors import ContourQAError, SettingError
from ContourQALib.formats.recommendation import read_recommendation
from one_process import one_process
from segmenter_runs import CONFIG, write_boxes

PATIENTS = tuple(f"case_{n:02d}" for n in range(12))
WITHOUT_SPLEEN = "case_01"

STUDY = BiceConfig(
    name="boxes",
    multi_label=("liver", "spleen"),
    multi_label_epochs=3,
    single=("liver",),
    series=("liver",),
    dice_weights=(0.0, 1.0),
    drawn=("liver",),
    draws=2,
    epochs=3,
    draw_epochs=3,
)
MODELS = ["multi-label", "liver-lambda-0", "liver-lambda-1", "liver-draw-1", "liver-draw-2"]
JUDGED = [
    ("multi-label", "liver"),
    ("multi-label", "spleen"),
    ("liver-lambda-0", "liver"),
    ("liver-lambda-1", "liver"),
]


class Boxes:
    """A study of boxes, where it lies, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.segmenter = folder / "boxes.toml"
        data = write_boxes(folder / "data", PATIENTS, (WITHOUT_SPLEEN,))
        self.places = Places(data, folder / "runs", folder / "cache", folder / "results")
        self.said: list[str] = []

    def run(self, study: BiceConfig = STUDY, changes: tuple[str, str] = ("", "")) -> dict[str, Any]:
        self.said = []
        self.segmenter.write_text(CONFIG.replace(*changes) if changes[0] else CONFIG)
        named = replace(study, segmenter=str(self.segmenter), multi_label_segmenter=str(self.segmenter))
        with one_process(training_queue, study_module):
            run_study(named, self.places, split="choose", workers=2, say=self.said.append)
        document: dict[str, Any] = json.loads((self.places.output / "results.json").read_text())
        return document

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.places.output / f"{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Boxes:
    made = Boxes(tmp_path_factory.mktemp("bice"))
    made.run()
    return made


@pytest.fixture(scope="module")
def document(boxes: Boxes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((boxes.places.output / "results.json").read_text())
    return found


def test_every_model_is_trained_and_told_of(boxes: Boxes, document: dict[str, Any]) -> None:
    assert list(document["models"]) == MODELS
    for name in MODELS:
        assert (boxes.places.runs / name / "model" / "weights.safetensors").is_file()
        assert any(line.startswith(f"{name}: epoch 3 of 3") for line in boxes.said)
    assert document["models"]["liver-draw-1"]["fold"] == "draw 1"


def test_every_structure_of_every_model_of_the_split_is_judged(document: dict[str, Any]) -> None:
    found = [(f["model"], f["structure"]) for f in document["findings"]]
    assert found == JUDGED
    for finding in document["findings"]:
        chosen = finding["optimum"]["dice"]["threshold"]
        assert 0 < chosen < 1
        # judged on the very patients the threshold was chosen on: their mean is best there
        assert finding["judged_at_optimum"]["dice"]["mean"] >= finding["judged_at_half"]["dice"]["mean"]
        assert finding["optimum"]["dice"]["value"] == pytest.approx(
            finding["judged_at_optimum"]["dice"]["mean"],
            abs=1e-5,  # records hold six digits
        )


def test_a_patient_without_the_structure_takes_no_part_and_is_named(document: dict[str, Any]) -> None:
    data = document["data"]
    assert data["absent_in_training_or_choosing"]["spleen"] == [WITHOUT_SPLEEN]
    patients = data["patients"]
    assert patients["train"] + patients["choose"] == len(PATIENTS)
    spleen = next(f for f in document["findings"] if f["structure"] == "spleen")
    absent = len(data["absent_in_judged"]["spleen"])
    assert spleen["patients"]["judged"] == patients["judged"] - absent


def test_draws_hold_out_a_fifth_and_give_bands(document: dict[str, Any]) -> None:
    (drawn,) = document["monte_carlo"]
    assert drawn["draws"] == 2
    assert drawn["held_out_patients"] == [2, 2]  # of twelve


def test_tables_say_what_the_document_says(boxes: Boxes, document: dict[str, Any]) -> None:
    for row in boxes.table("thresholds"):
        key = (row["model"], row["structure"])
        finding = next(f for f in document["findings"] if (f["model"], f["structure"]) == key)
        assert float(row["threshold"]) == pytest.approx(finding["optimum"][row["figure"]]["threshold"])
    curves = boxes.table("curves")
    assert len(curves) == len(JUDGED) * 101
    losses = boxes.table("losses")
    assert {row["maps"] for row in losses} == {"as it is", "temperature", "temperature_and_bias"}
    assert {row["patients"] for row in boxes.table("transfer")} >= {"0", "2"}


def test_temperature_alone_leaves_the_loss_at_a_half(document: dict[str, Any]) -> None:
    for finding in document["findings"]:
        own = finding["losses"]["loss_at_half_percent"]["dice"]["median"]
        scaled = finding["recalibrated"]["temperature"]["losses"]["loss_at_half_percent"]["dice"]["median"]
        assert scaled == pytest.approx(own, abs=1e-4)  # six digits


def test_the_multi_label_model_s_thresholds_can_be_applied(boxes: Boxes, document: dict[str, Any]) -> None:
    found = read_recommendation(boxes.places.output / "recommended_thresholds.json").by("dice")
    multi_label = {f["structure"]: f for f in document["findings"] if f["model"] == "multi-label"}
    assert set(found) == set(multi_label)
    for structure, one in found.items():
        assert one.threshold == pytest.approx(multi_label[structure]["optimum"]["dice"]["threshold"])


def test_every_figure_is_written(boxes: Boxes) -> None:
    figures = {path.name for path in boxes.places.output.glob("*.png")}
    assert {"fig07_dice_curves.png", "fig08_monte_carlo.png", "fig12_dice_loss_at_half.png"} <= figures
    assert {"fig14_dice_perturbation.png", "fig17_lambda_dice.png", "transfer.png", "examples.png"} <= figures


def test_a_second_run_trains_nothing_and_says_the_same(
    boxes: Boxes, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same findings are the same figures, which take longer than the rest.
    monkeypatch.setattr(study_module, "draw_figures", lambda folder, findings: [])
    monkeypatch.setattr(study_module, "draw_examples", lambda examples, title: None)
    weights = boxes.places.runs / "multi-label" / "model" / "weights.safetensors"
    before = weights.read_bytes()
    again = boxes.run()
    assert again == document
    assert weights.read_bytes() == before
    assert sum("was trained before" in line for line in boxes.said) == len(MODELS)
    assert not any("epoch" in line for line in boxes.said)


def test_runs_of_another_configuration_are_refused(boxes: Boxes) -> None:
    other = ("learning_rate = 1e-2", "learning_rate = 2e-2")
    with pytest.raises(SettingError, match=r"training\.learning_rate = 0\.01, not 0\.02"):
        boxes.run(changes=other)


def test_a_structure_that_nobody_has_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    boxes = Boxes(tmp_path)
    config = ('structures = ["liver", "spleen"]', 'structures = ["liver", "spleen", "kidney"]')
    with pytest.raises(ContourQAError, match="kidney"):
        boxes.run(BiceConfig(name="boxes", single=("kidney",)), config)
    assert not boxes.places.output.exists()


def test_drawn_patients_have_no_test_patients(tmp_path: Path) -> None:
    boxes = Boxes(tmp_path)
    boxes.segmenter.write_text(CONFIG)
    named = replace(STUDY, segmenter=str(boxes.segmenter), multi_label_segmenter=str(boxes.segmenter))
    with pytest.raises(SettingError, match="--split choose"):
        run_study(named, boxes.places, split="test")


def subset(whole: Path, folder: Path, patients: Mapping[str, Sequence[str]]) -> Path:
    """A data folder of some of the patients of OpenKBP, by the part that they lie in."""
    for part, names in patients.items():
        (folder / part).mkdir(parents=True)
        meta = json.loads((whole / part / "meta.json").read_text())
        (folder / part / "meta.json").write_text(json.dumps({name: meta[name] for name in names}))
        for name in names:
            for kind in ("ct", "oar"):
                file = f"{name}_{kind}.nii.gz"
                (folder / part / file).symlink_to((whole / part / file).resolve())
    return folder


HALF_AS_WIDE = """
[network]
filters = [8, 16, 32, 64, 64]
decoder_filters = [64, 32, 32]
"""


@pytest.mark.realdata
def test_the_command_on_a_few_real_patients(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The quick study of one organ, judged on choosing patients: no test patient is looked at here."""
    split = read_split("openkbp")
    there = {
        part: json.loads((data / "openkbp" / part / "meta.json").read_text())
        for part in ("train", "validation")
    }
    both = {
        part: [p for p, facts in meta.items() if {"Brainstem", "RightParotid"} <= set(facts["oars"])]
        for part, meta in there.items()
    }
    train = [p for p in both["train"] if split.get(p) == "train"][:5]
    choose = [p for p in both["validation"] if split.get(p) == "choose"][:3]
    few = subset(data / "openkbp", tmp_path / "data", {"train": train, "validation": choose})
    folders = ("--data", few, "--runs", tmp_path / "runs", "--cache", tmp_path / "cache")
    configs = files("contourqa_training.configs")
    quick = configs.joinpath("study-bice-quick.toml").read_text()
    for segmenter in ("bice-two-cores-single", "bice-two-cores"):
        own = tmp_path / f"{segmenter}.toml"
        own.write_text(configs.joinpath(f"{segmenter}.toml").read_text() + HALF_AS_WIDE)
        quick = quick.replace(f'"{segmenter}"', f'"{own}"')
    for part in ("single", "series"):
        quick = quick.replace(f'{part} = ["Brainstem", "RightParotid"]', f'{part} = ["Brainstem"]')
    (tmp_path / "study.toml").write_text(quick)
    command = ["contourqa-train", "study", "bice", "--config", *map(str, [tmp_path / "study.toml", *folders])]
    monkeypatch.setattr(sys, "argv", [*command, "--split", "choose", "-o", str(tmp_path / "results")])
    with one_process(training_queue, study_module):
        code = run(app)
    assert code == 0, capsys.readouterr().err
    document = json.loads((tmp_path / "results" / "results.json").read_text())
    assert document["data"]["patients"] == {"train": 5, "choose": 3, "judged": 3}
    assert len(document["models"]) == 5
    assert {f["structure"] for f in document["findings"]} == {"Brainstem", "RightParotid"}
    assert all(0 < f["prominence"] < 0.01 for f in document["findings"])
    figures = {path.stem[:5] for path in (tmp_path / "results").glob("fig*.png")}
    assert {f"fig{number:02d}" for number in (7, 8, *range(10, 19))} <= figures
