"""Write a model bundle: configuration, weights, and the card that names their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.quality.card import CARD_FILE
from ContourQALib.quality.model import CONFIG_FILE, REQUIRED_FILES, WEIGHTS_FILE
from ContourQALib.quality.preprocessing import PreprocessingSettings, settings_to_dict


def write_bundle(
    folder: Path,
    network: nn.Module,
    config: Mapping[str, Any],
    preprocessing: PreprocessingSettings,
    card: Mapping[str, Any],
) -> Path:
    """Write a bundle to `folder`; the card comes last, so that a bundle with a card is whole.

    Args:
        folder: made where it is missing.
        network: its weights are written.
        config: the network's kind and settings, and what else `quality.predictor` opens it by.
        preprocessing: how its inputs are made.
        card: everything the card says but the hashes.

    Raises:
        OutputError: the folder cannot be written.
    """
    from safetensors.torch import save_file

    output_folder(folder)
    config = {**config, "preprocessing": settings_to_dict(preprocessing)}
    with write_atomically(folder / CONFIG_FILE) as path:
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with write_atomically(folder / WEIGHTS_FILE) as path:
        save_file(weights, path)
        path.chmod(0o644)  # safetensors makes it readable by its owner alone
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in REQUIRED_FILES}
    with write_atomically(folder / CARD_FILE) as path:
        text = json.dumps({**card, "files": files}, indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
    return folder


def update_card(folder: Path, changes: Mapping[str, Any]) -> None:
    """Replace entries of a bundle's card, such as the figures that a study measured."""
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    with write_atomically(folder / CARD_FILE) as path:
        path.write_text(
            json.dumps({**card, **changes}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
