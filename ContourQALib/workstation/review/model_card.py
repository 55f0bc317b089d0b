"""The card of a model as readers see it: what it is for, what it learned from, and what it cannot do."""

from __future__ import annotations

from typing import Any

from ContourQALib.errors import ModelError
from ContourQALib.quality.assessment import ModelIdentity
from ContourQALib.quality.card import ModelCard
from ContourQALib.quality.model import find_model


def card_of(identity: ModelIdentity, asked_for: str | None) -> dict[str, Any]:
    """A model's card as lines of text; reads a file.

    Args:
        identity: the model that answered.
        asked_for: the model's name or folder that the workstation was started with; None where it chose one.

    Returns:
        "title", "caution" and "lines", each of a title and a text. Of a model that is not there any more,
        what the answer itself says.
    """
    card = _find(identity, asked_for)
    lines = [("License", identity.license), ("Status", identity.status)]
    if card is not None:
        raw = card.raw
        lines = [
            ("Intended use", raw.get("intended_use")),
            ("Limits", raw.get("limits")),
            ("Learned from", raw.get("data")),
            ("Patients", _patients(raw.get("patients"))),
            ("Images", card.modality),
            ("Structures", "\n".join(_structure(card, name) for name in card.structures)),
            ("Intervals", "\n".join(_calibration(raw.get("calibration")))),
            *lines,
        ]
    return {
        "title": f"{identity.name} {identity.version or ''}".strip(),
        "caution": identity.note or "",
        "lines": [{"title": title, "text": str(text)} for title, text in lines if text],
    }


def _find(identity: ModelIdentity, asked_for: str | None) -> ModelCard | None:
    for name in (asked_for, identity.name):
        try:
            card = find_model(name).card if name else None
        except ModelError:
            continue
        if card is not None and (card.name, card.version) == (identity.name, identity.version):
            return card
    return None


def _structure(card: ModelCard, name: str) -> str:
    known = card.ranges[name]
    if known.volume_cc is None:
        return name
    low, high = known.volume_cc
    return f"{name}, {low:.0f} cc" if round(low) == round(high) else f"{name}, {low:.0f} to {high:.0f} cc"


def _patients(raw: Any) -> str:
    if not isinstance(raw, dict):
        return ""
    return ", ".join(f"{number} to {what}" for what, number in raw.items())


def _calibration(raw: Any) -> list[str]:
    if not isinstance(raw, dict):
        return []
    return [str(one["says"]) for one in raw.values() if isinstance(one, dict) and one.get("says")]
