"""ModelChoice: the choice of model and device, and what the models' cards say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import qt
from slicer.i18n import tr as _

from ContourQALib.quality.assessment import TEACHING_ONLY
from ContourQALib.quality.card import ModelCard

AUTOMATIC = ""
DEVICES = ("auto", "cpu", "cuda")

STRATA = {
    "N": "contours of segmentation networks",
    "N-best": "contours of segmentation networks at their best threshold",
}
"""Natural contours, by the names that cards give them; figures on made errors flatter every model."""

BASELINES = ("training median", "log-volume regression", "mask-only rule", "boosted trees")


class ModelChoice:
    """Fills the two combo boxes and tells what is chosen.

    Args:
        modelBox: QComboBox of the models.
        deviceBox: QComboBox of the devices.
        note: QLabel for what must be known of the chosen model.
        changed: called with (model name, device) when the user chooses.
    """

    def __init__(self, modelBox: Any, deviceBox: Any, note: Any, changed: Callable[[str, str], None]) -> None:
        from ContourQALib.quality.model import bundled_models

        self._models, self._devices, self._note, self._changed = modelBox, deviceBox, note, changed
        self._cards: dict[str, ModelCard] = {model.card.name: model.card for model in bundled_models()}
        self._names = [AUTOMATIC, *self._cards]
        self._chosen, self._told = AUTOMATIC, frozenset[str]()
        self._updating = True
        modelBox.clear()
        for name in self._names:
            self._addModel(name)
        deviceBox.clear()
        for text in (_("Automatic"), _("CPU"), _("GPU")):
            deviceBox.addItem(text)
        self._updating = False
        modelBox.connect("currentIndexChanged(int)", self._onChanged)
        deviceBox.connect("currentIndexChanged(int)", self._onChanged)

    def show(self, modelName: str, device: str) -> None:
        """Show what is chosen; a model that is not bundled, such as a folder, is listed as it is named."""
        self._updating = True
        try:
            if modelName not in self._names:
                self._names.append(modelName)
                self._addModel(modelName)
            self._models.setCurrentIndex(self._names.index(modelName))
            self._devices.setCurrentIndex(DEVICES.index(device) if device in DEVICES else 0)
        finally:
            self._updating = False
        self._chosen = modelName
        self._models.setToolTip(self._tip(modelName))
        self._showNote()

    def tell(self, notes: Iterable[str]) -> None:
        """These notes stand beside results now: what they say is not said beside the choice too."""
        self._told = frozenset(notes)
        self._showNote()

    def notesOf(self, names: Iterable[str]) -> list[str]:
        """What must stand beside figures of these models; nothing for those that learned from patients."""
        cards = [self._cards[name] for name in dict.fromkeys(names) if name in self._cards]
        return [TEACHING_ONLY.format(name=card.name) for card in cards if card.raw.get("teaching_only")]

    def _showNote(self) -> None:
        card = self._cards.get(self._chosen)
        told = card is not None and TEACHING_ONLY.format(name=card.name) in self._told
        self._note.text = caution(card, teaching=not told) if card else ""
        self._note.visible = bool(self._note.text)

    def _addModel(self, name: str) -> None:
        if name == AUTOMATIC:
            text = _("Automatic, by structure and modality")
        elif name in self._cards:
            text = f"{name} ({self._cards[name].modality})"
        else:
            text = name
        self._models.addItem(text)
        self._models.setItemData(self._models.count - 1, self._tip(name), qt.Qt.ToolTipRole)

    def _tip(self, name: str) -> str:
        if name in self._cards:
            return cardHtml(self._cards[name])
        if name != AUTOMATIC:
            return _("A model of your own: {name}").format(name=escape(name))
        lines = [
            f"<li><b>{escape(card.name)}</b>, {card.modality}: {escape(', '.join(card.structures))}</li>"
            for card in self._cards.values()
        ]
        return _(
            "For each structure the model that knows it in this kind of image; others are checked by rules "
            "on their shape alone.<ul>{models}</ul>"
        ).format(models="".join(lines))

    def _onChanged(self, index: int) -> None:
        if not self._updating:
            self._changed(self._names[self._models.currentIndex], DEVICES[self._devices.currentIndex])


def caution(card: ModelCard, *, teaching: bool = True) -> str:
    """What stands beside a model that is not released, or is for teaching only; "" for others.

    Args:
        card: of the model.
        teaching: False where it is said elsewhere that the model is for teaching only.
    """
    notes = []
    if teaching and card.raw.get("teaching_only"):
        notes.append(_("For teaching only: it learned from simulated images, not from patients."))
    if card.status != "released":
        notes.append(_("A preview: it has not shown on natural contours that it is better than a constant."))
    return " ".join(notes)


def cardHtml(card: ModelCard) -> str:
    """A model's card as a tool tip: what it is, what it cannot do, its figures beside the baselines."""
    raw = card.raw
    parts = [
        f"<b>{escape(card.name)} {escape(card.version)}</b> ({escape(card.status)}; "
        + _("license {license}").format(license=escape(card.license))
        + ")"
    ]
    if caution(card):
        parts.append(f"<b>{escape(caution(card))}</b>")
    if raw.get("intended_use"):
        parts.append(escape(str(raw["intended_use"])))
    parts.append(_("Structures: {names}").format(names=escape(", ".join(card.structures))))
    if raw.get("limits"):
        parts.append("<b>" + _("Limits:") + "</b> " + escape(str(raw["limits"])))
    if raw.get("data"):
        parts.append(_("Learned from: {data}").format(data=escape(str(raw["data"]))))
    return "".join(f"<p>{part}</p>" for part in parts) + _figuresHtml(raw.get("figures") or {})


def _figuresHtml(figures: Mapping[str, Any]) -> str:
    """Mean error of predicted Dice on patients the model never saw, beside the baselines."""
    stratum = next((name for name in STRATA if name in figures), None)
    if stratum is None or "model" not in figures[stratum].get("dice", {}):
        return ""
    measured = figures[stratum]
    rows = []
    for who in ("model", *BASELINES):
        one = measured["dice"].get(who)
        if one and one.get("mae") is not None:
            low, high = one.get("mae_interval") or (None, None)
            interval = "" if low is None else f" ({low:.3f}\u2013{high:.3f})"
            rows.append(f"<tr><td>{escape(who)}&nbsp;</td><td>{one['mae']:.3f}{interval}</td></tr>")
    title = _("Mean error of predicted Dice, {contours} {kind} of {patients} patients it never saw:").format(
        contours=measured.get("contours"), kind=STRATA[stratum], patients=measured.get("patients")
    )
    return f"<p>{title}</p><table>{''.join(rows)}</table>"
