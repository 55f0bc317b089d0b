"""SegmenterModel: a trained segmenter on disk, its network, its settings, and who it learned from.

The folder holds config.json, weights.safetensors (the stored model) and stage-NNN.safetensors, the weights
after NNN epochs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from contourqa_training.patients import Patients
from contourqa_training.segmenter_config import SegmenterConfig, segmenter_config_from_dict
from contourqa_training.segmenter_network import SegmentationNetwork, build_network
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.formats.output import write_atomically

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"
MODEL_FOLDER = "model"


@dataclass(frozen=True)
class SegmenterModel:
    """A trained segmenter.

    Attributes:
        folder: where it lies.
        config: how it was trained.
        patients: who it learned from, who chose it, who was held out.
        facts: everything else that config.json says (fold, best epoch, fingerprint, absent organs).
    """

    folder: Path
    config: SegmenterConfig
    patients: Patients
    facts: Mapping[str, Any]

    @property
    def stages(self) -> tuple[int, ...]:
        """Epochs after which weights were kept, ascending."""
        return tuple(sorted(int(p.stem.split("-")[1]) for p in self.folder.glob("stage-*.safetensors")))

    def network(self, stage: int | None = None) -> SegmentationNetwork:
        """The network in evaluation mode.

        Args:
            stage: epochs after which its weights were kept; the stored model without.

        Raises:
            ModelError: there is no such stage, or the weights are damaged.
        """
        path = self.folder / (WEIGHTS_FILE if stage is None else stage_file(stage))
        if not path.is_file():
            there = ", ".join(map(str, self.stages)) or "none"
            what = "no weights" if stage is None else f"no stage {stage}; its stages are {there}"
            raise ModelError(f"The segmenter {self.folder} has {what}.")
        network = build_network(self.config.network)
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise ModelError(f"{path} is damaged or belongs to another network; train again.") from error
        return network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def stage_file(epochs: int) -> str:
    """Name of the file of the weights after some epochs."""
    return f"stage-{epochs:03d}.safetensors"


def write_weights(network: SegmentationNetwork, path: Path) -> None:
    """Write a network's weights in one step.

    Raises:
        OutputError: the file cannot be written.
    """
    weights = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with write_atomically(path) as temporary:
        save_file(weights, temporary)
        temporary.chmod(0o644)  # safetensors makes it readable by its owner alone


def write_facts(folder: Path, config: SegmenterConfig, patients: Patients, facts: Mapping[str, Any]) -> None:
    """Write config.json.

    Raises:
        OutputError: the file cannot be written.
    """
    document = {"config": config.to_dict(), "patients": asdict(patients), **facts}
    with write_atomically(folder / CONFIG_FILE) as path:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def open_segmenter(folder: Path) -> SegmenterModel:
    """Open the segmenter of a run, or a segmenter's own folder.

    Raises:
        ModelError: there is none, or its config.json is damaged.
    """
    inside = folder / MODEL_FOLDER
    where = inside if inside.is_dir() else folder
    path = where / CONFIG_FILE
    if not path.is_file():
        raise ModelError(
            f"{folder} holds no segmenter (no {CONFIG_FILE}); name the folder of a finished run."
        )
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        config = segmenter_config_from_dict(facts.pop("config"))
        patients = Patients(**{role: tuple(names) for role, names in facts.pop("patients").items()})
    except (ValueError, KeyError, TypeError, AttributeError, SettingError) as error:
        raise ModelError(f"{path} is damaged; train again.") from error
    return SegmenterModel(where, config, patients, facts)
