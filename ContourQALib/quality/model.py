"""QualityModel: a bundle of card, configuration and weights that predicts the quality of a contour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ContourQALib.case import Contour, Image
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.quality.assessment import ModelIdentity
from ContourQALib.quality.card import CARD_FILE, ModelCard, read_card, verify_files
from ContourQALib.quality.network_runner import AUTOMATIC, device_for
from ContourQALib.quality.prediction import Prediction

if TYPE_CHECKING:
    import numpy as np

    from ContourQALib.quality.predictor import Predictor

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"
REQUIRED_FILES = (CONFIG_FILE, WEIGHTS_FILE)

_BUNDLED = Path(__file__).resolve().parents[1] / "models"


@dataclass(frozen=True)
class QualityModel:
    """A quality model on disk; its network is loaded when the first contour is predicted.

    Attributes:
        folder: the bundle's folder.
        card: what the model is and knows.
        device: where it computes, as `network_runner.device_for` takes it; see `on`.
    """

    folder: Path
    card: ModelCard
    device: str = field(default=AUTOMATIC, kw_only=True)

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and license, for reports."""
        card = self.card
        return ModelIdentity(
            card.name, card.version, card.license, card.status, teaching_only=card.teaching_only
        )

    def on(self, device: str) -> QualityModel:
        """This model, computing on "auto", "cpu" or "cuda": the same object for the same device."""
        if device == self.device:
            return self
        if device not in self._elsewhere:
            self._elsewhere[device] = replace(self, device=device)
        return self._elsewhere[device]

    @cached_property
    def _elsewhere(self) -> dict[str, QualityModel]:
        return {}

    def predict(
        self, image: Image, contours: Sequence[Contour], hints: Sequence[np.ndarray | None] = ()
    ) -> list[Prediction]:
        """Predict the quality of contours on the image's grid, all in one pass.

        Args:
            image: what they were drawn on.
            contours: none empty, each of a structure that the card knows.
            hints: for each contour a float32 (K, J, I) in [0, 1] on the image's grid, or None: the
                probability map that it was cut from, or a second segmentation. Without hints, none.

        Raises:
            ModelError: torch is not installed, the bundle is incomplete or damaged, or does not know a
                structure.
        """
        return self.loaded.predict(image, contours, hints or [None] * len(contours))

    def predict_dice(self, image: Image, contour: Contour) -> float:
        """Predicted Dice of a non-empty contour on the image's grid; raises as `predict`."""
        return self.predict(image, [contour])[0].dice

    @cached_property
    def loaded(self) -> Predictor:
        """The network, ready to predict; read from disk once.

        Raises:
            ModelError: torch is not installed, or the bundle is incomplete or damaged.
            SettingError: the device cannot be used.
        """
        _torch()
        device_for(self.device)
        from safetensors import SafetensorError

        from ContourQALib.quality.predictor import open_predictor

        missing = [name for name in REQUIRED_FILES if name not in self.card.files]
        if missing:
            raise ModelError(f"The card of the model {self.card.name} does not list {', '.join(missing)}.")
        verify_files(self.folder, self.card)
        try:
            config = json.loads((self.folder / CONFIG_FILE).read_text(encoding="utf-8"))
            return open_predictor(config, self.folder / WEIGHTS_FILE, self.card, self.device)
        except (SafetensorError, SettingError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"The model {self.card.name} cannot be loaded: its configuration and weights do not fit."
            ) from error


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ModelError(
            "Predicting quality needs torch, which is not installed here: "
            "install contourqa[quality], or in 3D Slicer the extension PyTorch."
        ) from error
    return torch


@cache
def bundled_models() -> tuple[QualityModel, ...]:
    """Every model that comes with the library, by name; the same objects each time, each loading once."""
    return tuple(_open(card.parent) for card in sorted(_BUNDLED.glob(f"*/{CARD_FILE}")))


def find_model(name_or_folder: str) -> QualityModel:
    """A bundled model by name, or any model by its folder.

    Raises:
        ModelError: there is no such model; the message lists those there are.
    """
    folder = Path(name_or_folder)
    if (folder / CARD_FILE).is_file():
        return _open(folder)
    known = {model.card.name: model for model in bundled_models()}
    if name_or_folder in known:
        return known[name_or_folder]
    raise ModelError(
        f"There is no model {name_or_folder!r}: give a folder with a {CARD_FILE}, "
        f"or one of {', '.join(known) or 'none bundled'}."
    )


def model_for(structure: str, modality: str) -> QualityModel | None:
    """The bundled model that knows a structure in images of a modality; None where there is none.

    A model for teaching is none of them: its phantoms' organs have the names of patients' organs. It answers
    whoever names it.
    """
    for model in bundled_models():
        card = model.card
        if not card.teaching_only and card.modality == modality and card.range_of(structure) is not None:
            return model
    return None


def _open(folder: Path) -> QualityModel:
    return QualityModel(folder, read_card(folder))
