"""Predictor: a loaded network that turns an image and contours into predictions.

Two kinds of network are known: the error network (`networks.error_unet3d`), which ships, and the first
paper's (`networks.efficientdet3d`). Torch is imported where a network is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.errors import ModelError
from ContourQALib.names import normalize
from ContourQALib.quality.card import ModelCard
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.network_runner import AUTOMATIC, NetworkRunner
from ContourQALib.quality.prediction import Prediction
from ContourQALib.quality.preprocessing import (
    PreprocessingSettings,
    box_from_standard_axes,
    from_standard_axes,
    prepare,
    settings_from_dict,
    standard_spacing,
    to_standard_axes,
)
from ContourQALib.quality.windows import ContourWindows, cut_windows, merged

ERROR_UNET = "error-unet3d"
EFFICIENTDET = "efficientdet3d"


class Predictor(Protocol):
    """What a bundle's network can do."""

    @property
    def network(self) -> Any:
        """The network, wherever it runs."""

    def predict(
        self, image: Image, contours: Sequence[Contour], hints: Sequence[np.ndarray | None]
    ) -> list[Prediction]:
        """Predictions of non-empty contours on the image's grid; see `QualityModel.predict`."""


def open_predictor(
    config: Mapping[str, Any], weights: Path, card: ModelCard, device: str = AUTOMATIC
) -> Predictor:
    """Build the network that a bundle's config.json describes and load its weights.

    Args:
        config: the bundle's config.json.
        weights: its weights.
        card: its card.
        device: where the network computes, as `network_runner.device_for` takes it; the first paper's
            network computes on the processor alone.

    Raises:
        SettingError, RuntimeError, ValueError, KeyError, TypeError, SafetensorError: they do not fit.
    """
    from safetensors.torch import load_file

    settings = settings_from_dict(config["preprocessing"])
    kind = config.get("kind", EFFICIENTDET)
    if kind == ERROR_UNET:
        from ContourQALib.networks.error_unet3d import ErrorUNet3D, config_from_dict

        network = ErrorUNet3D(config_from_dict(config["network"]))
        network.load_state_dict(load_file(weights))
        return ErrorPredictor(network, settings, card, config["structures"], device)
    if kind == EFFICIENTDET:
        from ContourQALib.networks import efficientdet3d

        first = efficientdet3d.EfficientDet3D(efficientdet3d.config_from_dict(config["network"]))
        first.load_state_dict(load_file(weights))
        return PaperPredictor(first, settings)
    raise ValueError(f"no network of the kind {kind!r}")


class ErrorPredictor:
    """The error network: one map a contour, from which the Dice follows, and two distances."""

    def __init__(
        self,
        network: Any,
        settings: PreprocessingSettings,
        card: ModelCard,
        structures: Sequence[str],
        device: str = AUTOMATIC,
    ) -> None:
        self.settings = settings
        self.card = card
        self.structures = tuple(normalize(name) for name in structures)
        self.runner = NetworkRunner(network, device)

    @property
    def network(self) -> Any:
        """The network, wherever it runs."""
        return self.runner.network

    def number_of(self, structure: str) -> int:
        """The number under which the network knows a structure, in any of the card's spellings.

        Raises:
            ModelError: it does not know it.
        """
        known = self.card.name_of(structure)
        if known is None or normalize(known) not in self.structures:
            raise ModelError(f"The model {self.card.name} does not know the structure {structure}.")
        return self.structures.index(normalize(known))

    def predict(
        self, image: Image, contours: Sequence[Contour], hints: Sequence[np.ndarray | None]
    ) -> list[Prediction]:
        """Predictions of non-empty contours on the image's grid; see `QualityModel.predict`."""
        axes = image.grid.axes
        spacing = standard_spacing(image.grid.spacing_kji, axes)
        values = to_standard_axes(image.values, axes)
        cut = []
        for contour, hint in zip(contours, hints, strict=True):
            mask = to_standard_axes(contour.on(image.grid).mask, axes)
            turned = None if hint is None else to_standard_axes(hint, axes)
            cut.append(cut_windows(values, mask, turned, spacing, self.settings))
        numbers = [
            self.number_of(contour.name)
            for contour, windows in zip(contours, cut, strict=True)
            for _ in windows.centers
        ]
        if not cut:
            return []
        said = self.runner(np.concatenate([windows.inputs for windows in cut]), numbers)
        found, start = [], 0
        for contour, windows in zip(contours, cut, strict=True):
            mine = slice(start, start + len(windows.centers))
            start = mine.stop
            mask = contour.on(image.grid).mask
            seen, spans = merged(said.errors[mine], windows, self.settings)
            error = ErrorMap.of_box(
                from_standard_axes(seen, axes),
                box_from_standard_axes(spans, windows.shape, axes),
                mask,
                image.grid,
            )
            hd95, msd = _distances(said.distances_mm[mine], windows)
            found.append(
                Prediction(
                    dice=dice_of(mask, error),
                    hd95_mm=hd95,
                    msd_mm=msd,
                    error=error,
                    features=said.features[mine].mean(axis=0),
                    seen_share=windows.seen_share,
                )
            )
        return found


def dice_of(mask: np.ndarray, error: ErrorMap) -> float:
    """Dice = 2 TP / (2 TP + FP + FN) of expected counts; nan where both are empty.

    Args:
        mask: bool (K, J, I), the contour on the image's grid.
        error: its map.
    """
    size = float(np.count_nonzero(mask))
    over = float(error.probability[error.mask].sum(dtype=np.float64))
    under = max(0.0, float(error.probability.sum(dtype=np.float64)) - over)
    correct = size - over
    whole = size + correct + under
    return 2 * correct / whole if whole > 0 else float("nan")


def _distances(distances_mm: np.ndarray, windows: ContourWindows) -> tuple[float, float]:
    """HD95 and MSD of a contour in several windows: the worst window's, and the mean over the contour."""
    if len(windows.centers) == 1:
        return float(distances_mm[0, 0]), float(distances_mm[0, 1])
    # every window counts a little: a contour thinner than the window's voxels shows in none of them
    shown = 1 + windows.inputs[:, 1].sum(axis=(1, 2, 3))
    return float(distances_mm[:, 0].max()), float(np.average(distances_mm[:, 1], weights=shown))


class PaperPredictor:
    """The first paper's network: one number; a map of errors too, where its output is "error_map"."""

    def __init__(self, network: Any, settings: PreprocessingSettings) -> None:
        self._network = network.eval()
        self.settings = settings

    @property
    def network(self) -> Any:
        """The network."""
        return self._network

    def predict(
        self, image: Image, contours: Sequence[Contour], hints: Sequence[np.ndarray | None]
    ) -> list[Prediction]:
        """Predicted Dice of non-empty contours on the image's grid; hints are not looked at."""
        import torch

        found = []
        with torch.inference_mode():
            for contour in contours:
                x = torch.from_numpy(prepare(image, contour, self.settings))[None]
                found.append(Prediction(float(self._network(x)[0])))
        return found
