"""The model card: the bundle's own words, and what is said where the bundle is gone."""

from __future__ import annotations

from ContourQALib.quality.assessment import ModelIdentity
from ContourQALib.quality.model import find_model
from ContourQALib.workstation.review.model_card import card_of


def lines(card: dict[str, object]) -> dict[str, str]:
    return {one["title"]: one["text"] for one in card["lines"]}


def test_a_bundled_model_speaks_for_itself() -> None:
    model = find_model("headneck-ct")
    card = card_of(model.identity, None)
    text = lines(card)
    assert card["title"] == f"headneck-ct {model.card.version}"
    assert text["Limits"] == model.card.raw["limits"]
    assert text["Structures"].splitlines()[0].startswith("Brainstem, 6 to 44 cc")
    assert text["Patients"] == "94 to train, 20 to choose"
    assert card["caution"] == ""


def test_a_teaching_model_says_so() -> None:
    identity = find_model("pelvis-phantom").identity
    assert "teaching only" in str(card_of(identity, "pelvis-phantom")["caution"])


def test_a_model_of_a_folder_is_read_from_there() -> None:
    model = find_model("hippocampus-t1")
    assert lines(card_of(model.identity, str(model.folder)))["Images"] == "MR"


def test_another_version_is_not_taken_for_it() -> None:
    gone = ModelIdentity("headneck-ct", "0.0.1", "MIT", "preview")
    assert lines(card_of(gone, None)) == {"License": "MIT", "Status": "preview"}
