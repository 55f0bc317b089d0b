"""What of an evaluation goes into a model's card, and that nothing else in the bundle changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bundles import write_bundle
from contourqa_training.evaluation.card import write_card_figures
from ContourQALib.quality.card import read_card, verify_files


def document(stratum: str, mae: float) -> dict[str, Any]:
    figures = {"mae": mae, "mae_interval": [mae / 2, 2 * mae], "skill": 0.5, "aurc": 0.1}
    group = {
        "contours": 8,
        "patients": 4,
        "predictors": {
            "model": {"dice": figures, "hd95_mm": {"mae": 3.0}},
            "rule": {"hd95_mm": {"mae": 1.0}},
        },
    }
    return {"strata": {stratum: {"together": group}}}


def test_figures_of_a_second_evaluation_stand_beside_those_of_the_first(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "toy")
    write_card_figures(folder, document("N", 0.04))
    write_card_figures(folder, document("S", 0.02))
    write_card_figures(folder, document("N", 0.03))
    figures = json.loads((folder / "card.json").read_text())["figures"]
    assert {name: record["dice"]["model"]["mae"] for name, record in figures.items()} == {
        "N": 0.03,
        "S": 0.02,
    }
    assert figures["N"]["contours"] == 8


def test_the_card_holds_figures_that_can_be_compared_and_the_bundle_stays_whole(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "toy")
    before = read_card(folder)
    write_card_figures(folder, document("N", 0.04))
    after = read_card(folder)
    verify_files(folder, after)
    assert (after.files, after.ranges) == (before.files, before.ranges)
    dice = after.raw["figures"]["N"]["dice"]
    assert list(dice) == ["model"]  # the rule has no figure of Dice
    assert dice["model"]["mae_interval"] == [0.02, 0.08]
    assert "aurc" not in dice["model"]
