"""Small quality models on disk: a real network with untrained weights and a card that fits them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def write_bundle(folder: Path, **changes: Any) -> Path:
    """Write a bundle for structure `ball` in MR; `changes` replace entries of its card."""
    from safetensors.torch import save_file

    from ContourQALib.networks.efficientdet3d import EfficientDet3D, EfficientDet3DConfig, config_to_dict
    from ContourQALib.quality.preprocessing import PreprocessingSettings, settings_to_dict

    folder.mkdir(parents=True)
    config = EfficientDet3DConfig(
        filters=(8, 8, 8), repeats=(1, 1), kernels=(3, 3), bifpn_blocks=1, bifpn_filters=8, norm="group"
    )
    settings = PreprocessingSettings(size=(16, 16, 16))
    weights = {name: value.contiguous() for name, value in EfficientDet3D(config).state_dict().items()}
    save_file(weights, folder / "weights.safetensors")
    text = json.dumps({"network": config_to_dict(config), "preprocessing": settings_to_dict(settings)})
    (folder / "config.json").write_text(text)
    card = {
        "name": folder.name,
        "version": "1",
        "license": "CC0-1.0",
        "status": "preview",
        "modality": "MR",
        "structures": ["ball"],
        "ranges": {"ball": {"volume_cc": [2.0, 6.0], "spacing_mm": [1.0, 1.0], "single_part": True}},
        "files": {name: digest(folder / name) for name in ("config.json", "weights.safetensors")},
    }
    (folder / "card.json").write_text(json.dumps(card | changes))
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
