"""What a segmenter says of one image: probability maps and contours on the image's own grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from contourqa_training.segmenter_model import SegmenterModel
from contourqa_training.segmenter_network import found, probabilities
from contourqa_training.slice_view import as_input, image_slices, to_grid
from ContourQALib.case import Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import place

SLICES_AT_ONCE = 64


def on_device(model: SegmenterModel, stage: int | None = None) -> torch.nn.Module:
    """The network of a model, or of one of its stages, on the GPU where there is one."""
    return model.network(stage).to("cuda" if torch.cuda.is_available() else "cpu")


def probability_maps(image: Image, model: SegmenterModel, network: torch.nn.Module) -> dict[str, np.ndarray]:
    """Probability of each structure of a model: float32 (K, J, I) on the image's grid.

    Voxels outside the frame of the slices are 0.

    Args:
        image: the whole image.
        model: says how images become slices, and the structures.
        network: of the model, on any device.
    """
    return _on_grid(image, model, network, probabilities)


def predicted_masks(
    image: Image, model: SegmenterModel, network: torch.nn.Module, in_plane_mm: float | None = None
) -> dict[str, np.ndarray]:
    """What a model draws: bool (K, J, I) by structure, on the image's grid.

    A structure is drawn where its probability is above 0.5, or, where structures exclude each other, where it
    is likelier than every other and than the background.

    Args:
        image: the whole image.
        model: says how images become slices, and the structures.
        network: of the model, on any device.
        in_plane_mm: show the network the image in pixels of this size, and bring its probabilities back
            (both linear). It sees pixels, not millimeters, and knows organs in the size it learned them.

    Raises:
        SettingError: a size that is not positive.
    """
    if in_plane_mm is None:
        return _on_grid(image, model, network, found)
    if not 0 < in_plane_mm < float("inf"):
        raise SettingError(f"Pixels must be of a positive size, not {in_plane_mm:g} mm.")
    seen = _in_pixels(image, in_plane_mm)
    maps = {
        name: place(values, seen.grid, image.grid, "linear").values
        for name, values in probability_maps(seen, model, network).items()
    }
    if not model.config.training.exclusive:
        return {name: values > 0.5 for name, values in maps.items()}
    stacked = np.stack(list(maps.values()))
    likeliest = np.concatenate([1 - stacked.sum(axis=0, keepdims=True), stacked]).argmax(axis=0)
    return {name: likeliest == number for number, name in enumerate(maps, 1)}


def _in_pixels(image: Image, in_plane_mm: float) -> Image:
    """The image in pixels of another size, its slices as they are."""
    through = int(np.abs(image.grid.axes[2]).argmax())  # the axis along which slices are counted
    spacing = [mm if axis == through else in_plane_mm for axis, mm in enumerate(image.grid.spacing)]
    grid = image.grid.at_spacing(spacing)
    lowest = float(image.values.min())  # what lies beyond the last pixels' centers is as dark as the darkest
    above = image.values.astype(np.float32) - lowest
    return Image(place(above, image.grid, grid, "linear").values + lowest, grid, image.name)


def _on_grid(
    image: Image, model: SegmenterModel, network: torch.nn.Module, outputs: Callable[..., torch.Tensor]
) -> dict[str, np.ndarray]:
    """What `outputs` makes of a network's logits, by structure on the image's grid."""
    device = next(network.parameters()).device
    inputs = torch.from_numpy(as_input(image_slices(image, model.config.slices)))
    exclusive = model.config.training.exclusive
    parts = []
    with torch.inference_mode():
        for part in inputs.split(SLICES_AT_ONCE):
            moved = part.to(device).contiguous(memory_format=torch.channels_last)
            parts.append(outputs(network(moved).float(), exclusive=exclusive).cpu().numpy())
    slices = np.concatenate(parts)
    structures = model.config.model.structures
    return {name: to_grid(slices[:, s], image.grid) for s, name in enumerate(structures)}
