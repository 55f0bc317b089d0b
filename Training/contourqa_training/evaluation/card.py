"""The figures of an evaluation that a model's card carries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contourqa_training.bundle import update_card
from ContourQALib.quality.card import CARD_FILE

KEPT = (
    "mae", "mae_interval", "bias", "skill", "skill_interval", "spearman", "spearman_interval", "auroc",
    "global_accuracy", "global_accuracy_interval",
)  # fmt: skip


def write_card_figures(folder: Path, document: Mapping[str, Any]) -> None:
    """Put an evaluation's figures into a bundle's card, beside those of other strata that are there already.

    Args:
        folder: the bundle.
        document: what evaluation.json holds.

    Raises:
        OutputError: the card cannot be written.
    """
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    update_card(folder, {"figures": {**card.get("figures", {}), **card_figures(document)}})


def card_figures(document: Mapping[str, Any]) -> dict[str, Any]:
    """By stratum: contours, patients, and of every predictor the figures of Dice that can be compared."""
    found = {}
    for stratum, record in document["strata"].items():
        together = record["together"]
        found[stratum] = {
            "contours": together["contours"],
            "patients": together["patients"],
            "dice": {
                predictor: {name: figures["dice"].get(name) for name in KEPT}
                for predictor, figures in together["predictors"].items()
                if "dice" in figures
            },
        }
    return found
