"""Small quality models on disk: a real network with untrained weights and a card that fits them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def write_bundle(folder: Path, **changes: Any) -> Path:
    """Write a bundle for structure `ball` in MR; `changes` replace entries of its card."""
    from ContourQALib.networks.efficientdet3d import EfficientDet3D, EfficientDet3DConfig, config_to_dict
    from ContourQALib.quality.preprocessing import PreprocessingSettings, settings_to_dict

    config = EfficientDet3DConfig(
        filters=(8, 8, 8), repeats=(1, 1), kernels=(3, 3), bifpn_blocks=1, bifpn_filters=8, norm="group"
    )
    settings = PreprocessingSettings(size=(16, 16, 16))
    return _write(
        folder,
        EfficientDet3D(config),
        {"network": config_to_dict(config), "preprocessing": settings_to_dict(settings)},
        {"ball": {"volume_cc": [2.0, 6.0], "spacing_mm": [1.0, 1.0], "single_part": True}},
        changes,
    )


def write_error_bundle(folder: Path, config: dict[str, Any] | None = None, **changes: Any) -> Path:
    """Write a bundle of an error network for `ball` and `cube` in MR.

    Its last layer is not the untrained one, which answers the same for every voxel.

    Args:
        folder: made.
        config: replaces entries of its config.json.
        changes: replace entries of its card.
    """
    import torch

    from ContourQALib.networks.error_unet3d import ErrorUNet3D, ErrorUNet3DConfig, config_to_dict
    from ContourQALib.quality.predictor import ERROR_UNET
    from ContourQALib.quality.preprocessing import PreprocessingSettings, settings_to_dict

    network_config = ErrorUNet3DConfig(widths=(8, 16), structures=2, group_count=4)
    settings = PreprocessingSettings(size=(16, 20, 12), lower_percentile=1.0, clip=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = ErrorUNet3D(network_config)
        torch.nn.init.normal_(network.head.weight, std=0.5)
    known = {"volume_cc": [0.2, 6.0], "spacing_mm": [0.5, 2.0], "single_part": True}
    written = {
        "kind": ERROR_UNET,
        "structures": ["ball", "cube"],
        "network": config_to_dict(network_config),
        "preprocessing": settings_to_dict(settings),
    }
    card = {"aliases": {"ball": ["sphere"]}, **changes}
    return _write(folder, network, written | (config or {}), {"ball": known, "cube": known}, card)


def _write(
    folder: Path, network: Any, config: dict[str, Any], ranges: dict[str, Any], changes: dict[str, Any]
) -> Path:
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    card = {
        "name": folder.name,
        "version": "1",
        "license": "CC0-1.0",
        "status": "preview",
        "modality": "MR",
        "structures": list(ranges),
        "ranges": ranges,
        "files": {name: digest(folder / name) for name in ("config.json", "weights.safetensors")},
    }
    (folder / "card.json").write_text(json.dumps(card | changes))
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
