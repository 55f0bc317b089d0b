"""Model bundles: found by name or folder, and refused when anything of them is missing or altered."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bundles import digest, write_bundle
from ContourQALib.case import Image
from ContourQALib.errors import ModelError
from ContourQALib.geometry import Grid
from ContourQALib.quality import model as model_module
from ContourQALib.quality.model import bundled_models, find_model, model_for
from ContourQALib.quality.predict import assess
from shapes import ball_mask, contour

BALL = contour(ball_mask((20, 20, 20), (10, 10, 10), 6), name="ball")
IMAGE = Image(np.random.default_rng(0).normal(100, 20, (20, 20, 20)).astype(np.float32), Grid((20, 20, 20)))


def test_a_bundle_predicts_a_dice_coefficient(tmp_path):
    model = find_model(str(write_bundle(tmp_path / "toy")))
    dice = model.predict_dice(IMAGE, BALL)
    assert 0 <= dice <= 1
    assert model.predict_dice(IMAGE, BALL) == dice


def test_an_unknown_model_is_an_error_that_lists_those_there_are():
    with pytest.raises(ModelError, match=r"no model 'nonesuch'.*hippocampus-t1"):
        find_model("nonesuch")


@pytest.mark.parametrize("name", ["weights.safetensors", "config.json"])
def test_an_altered_file_is_refused(tmp_path, name):
    folder = write_bundle(tmp_path / "toy")
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged.*hash"):
        find_model(str(folder)).predict_dice(IMAGE, BALL)


def test_a_missing_file_is_refused(tmp_path):
    folder = write_bundle(tmp_path / "toy")
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match="incomplete"):
        find_model(str(folder)).predict_dice(IMAGE, BALL)


def test_weights_that_the_card_does_not_list_are_refused(tmp_path):
    folder = write_bundle(tmp_path / "toy", files={})
    with pytest.raises(ModelError, match="does not list"):
        find_model(str(folder)).predict_dice(IMAGE, BALL)


def test_weights_that_do_not_fit_the_configuration_are_refused(tmp_path):
    folder = write_bundle(tmp_path / "toy")
    config = json.loads((folder / "config.json").read_text())
    config["network"]["bifpn_blocks"] = 2
    (folder / "config.json").write_text(json.dumps(config))
    card = json.loads((folder / "card.json").read_text())
    card["files"]["config.json"] = digest(folder / "config.json")
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit"):
        find_model(str(folder)).predict_dice(IMAGE, BALL)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
def test_a_damaged_card_is_refused(tmp_path, text):
    folder = write_bundle(tmp_path / "toy")
    (folder / "card.json").write_text(text)
    with pytest.raises(ModelError, match="card"):
        find_model(str(folder))


def test_bundled_models_are_whole_and_their_cards_complete():
    models = bundled_models()
    assert "hippocampus-t1" in {model.card.name for model in models}
    for model in models:
        assert model.folder.name == model.card.name
        assert model.card.license
        assert {"data", "intended_use", "limits", "figures"} <= set(model.card.raw)
        for name in model.card.structures:
            known = model.card.range_of(name)
            assert known is not None
            assert known.volume_cc is not None
        for name, expected in model.card.files.items():
            assert digest(model.folder / name) == expected


def test_models_are_chosen_by_structure_and_modality():
    assert model_for("Hippocampus", "MR").card.name == "hippocampus-t1"
    assert model_for("left hippocampus", "MR").card.name == "hippocampus-t1"
    assert model_for("hippocampus", "CT") is None
    assert model_for("spleen", "MR") is None


def test_a_model_for_teaching_answers_only_those_who_name_it(tmp_path, monkeypatch):
    teaching = find_model(str(write_bundle(tmp_path / "teaching", teaching_only=True)))
    monkeypatch.setattr(model_module, "bundled_models", lambda: (teaching,))
    assert model_for("ball", "MR") is None
    by_itself, named = (assess(IMAGE, [BALL], model).structures[0] for model in (None, teaching))
    assert (by_itself.dice, by_itself.model) == (None, None)
    assert named.model == "teaching"
    patients = find_model(str(write_bundle(tmp_path / "patients")))
    monkeypatch.setattr(model_module, "bundled_models", lambda: (teaching, patients))
    assert model_for("ball", "MR") is patients


def test_the_bundled_model_for_teaching_is_no_answer_to_a_patients_organs():
    teaching = [model for model in bundled_models() if model.card.teaching_only]
    assert [model.card.name for model in teaching] == ["pelvis-phantom"]
    for name in teaching[0].card.structures:
        found = model_for(name, teaching[0].card.modality)
        assert found is None or not found.card.teaching_only


def test_all_bundles_together_stay_small():
    """20 MB: the package goes through package indexes and the extension server whole."""
    assert (
        sum((model.folder / name).stat().st_size for model in bundled_models() for name in model.card.files)
        < 20e6
    )
