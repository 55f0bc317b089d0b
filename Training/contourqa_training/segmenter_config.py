"""SegmenterConfig: everything that shapes the training of a segmenter, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from contourqa_training.config import CardSettings
from contourqa_training.config_file import check_sections, config_text, read_section
from contourqa_training.slice_view import SliceSettings
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.names import match
from ContourQALib.networks.unet2d import UNet2DConfig


@dataclass(frozen=True)
class SegmenterSettings:
    """What is segmented, in whom.

    Attributes:
        name: what the run and the model are called.
        structures: the structures it knows; each an output of a multi-label model.
        multi_label: one model for all structures; otherwise one for each (the paper).
        modality: "CT" or "MR".
        split: the committed split of patients, or "drawn" for a share of the folder's own patients.
        choose_share: share of the patients that chooses the stored model, where a fold or a drawn split does
            not say who chooses.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str = "segmenter"
    structures: tuple[str, ...] = ()
    multi_label: bool = False
    modality: str = "CT"
    split: str = "drawn"
    choose_share: float = 0.1

    def __post_init__(self) -> None:
        if self.modality not in ("CT", "MR"):
            raise SettingError(f"model.modality must be CT or MR, not {self.modality!r}.")
        if len(set(self.structures)) < len(self.structures):
            raise SettingError("model.structures names a structure twice; remove one.")
        if not 0 < self.choose_share < 1:
            raise SettingError("model.choose_share must lie between 0 and 1.")


@dataclass(frozen=True)
class SegmenterTraining:
    """How the network is trained (Bice 2021, section 2).

    Attributes:
        dice_weight: lambda of eq. 5: the loss is (1 - lambda) BCE + lambda (1 - 2D Dice).
        learning_rate: of Adam.
        decay_epochs: over so many last epochs the learning rate falls linearly to 0; the paper has none, but
            few epochs at one rate end where the last batches happened to lead.
        batch_size: slices in a batch.
        epochs: passes over the training slices, at most.
        running_mean: validation losses in the running mean whose least value chooses the stored model.
        stages: epochs after which the weights are kept as well, from 1.
        precision: "mixed" computes convolutions in half precision, "full" nothing; "auto" mixes on GPUs and
            on processors with matrix units for bfloat16, where a step then takes half the time.
        initial_probability: what the untrained network answers on the whole; 0.5 as torch starts it, or near
            the organs' share of voxels, which spares the steps that only learn how rare they are.
        seed: of weights, order and dropout.

    Raises:
        SettingError: a value that cannot be used.
    """

    dice_weight: float = 0.0
    learning_rate: float = 1e-3
    decay_epochs: int = 0
    batch_size: int = 64
    epochs: int = 500
    running_mean: int = 10
    stages: tuple[int, ...] = (1, 5, 15, 50, 150)
    precision: Literal["auto", "mixed", "full"] = "auto"
    initial_probability: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in ("auto", "mixed", "full"):
            raise SettingError(f"training.precision must be auto, mixed or full, not {self.precision!r}.")
        if not 0 < self.initial_probability < 1:
            raise SettingError("training.initial_probability must lie between 0 and 1.")
        if not 0 <= self.dice_weight <= 1:
            raise SettingError(f"training.dice_weight must lie in [0, 1], not {self.dice_weight:g}.")
        if self.learning_rate <= 0:
            raise SettingError(f"training.learning_rate must be positive, not {self.learning_rate:g}.")
        for name in ("batch_size", "epochs", "running_mean"):
            if getattr(self, name) < 1:
                raise SettingError(f"training.{name} must be at least 1, not {getattr(self, name)}.")
        if self.decay_epochs < 0:
            raise SettingError(f"training.decay_epochs must not be below 0, as {self.decay_epochs} is.")
        if self.seed < 0 or any(stage < 1 for stage in self.stages):
            raise SettingError("training.seed must not be below 0, and training.stages count from 1.")

    def rate_at(self, epoch: float) -> float:
        """The learning rate after so many epochs, parts of one included."""
        falling = min(self.decay_epochs, self.epochs)
        return self.learning_rate * (min(1.0, (self.epochs - epoch) / falling) if falling else 1.0)


@dataclass(frozen=True)
class SegmenterConfig:
    """A segmenter's training run: the sections of its TOML file."""

    model: SegmenterSettings
    card: CardSettings
    network: UNet2DConfig
    slices: SliceSettings
    training: SegmenterTraining

    def for_structures(self, structures: Sequence[str]) -> SegmenterConfig:
        """The same run for some of its structures, with as many outputs.

        Raises:
            StructureError: the configuration lacks one of them.
        """
        known = self.model.structures
        chosen = tuple(dict.fromkeys(_spelled(name, known) for name in structures)) or known
        return replace(
            self,
            model=replace(self.model, structures=chosen),
            network=replace(self.network, out_channels=len(chosen)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON values, section by section."""
        return {f.name: _plain(asdict(getattr(self, f.name))) for f in fields(self)}


SECTIONS = {f.name for f in fields(SegmenterConfig)}


def read_segmenter_config(name_or_path: str) -> SegmenterConfig:
    """Read a named configuration ("bice", "bice-two-cores") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    return parse_segmenter_config(config_text(name_or_path, SECTIONS))


def parse_segmenter_config(text: str) -> SegmenterConfig:
    """The configuration that a TOML text describes; missing settings take their defaults.

    Raises:
        SettingError: an unknown section or setting, a value that cannot be used, or no structure.
        tomllib.TOMLDecodeError: the text is not TOML.
    """
    return segmenter_config_from_dict(tomllib.loads(text))


def segmenter_config_from_dict(sections: Mapping[str, Any]) -> SegmenterConfig:
    """The configuration of these sections, as TOML or `SegmenterConfig.to_dict` gives them.

    Raises:
        SettingError: as for `parse_segmenter_config`.
    """
    check_sections(sections, SECTIONS)
    config = SegmenterConfig(
        model=read_section(SegmenterSettings, sections, "model"),
        card=read_section(CardSettings, sections, "card"),
        network=read_section(UNet2DConfig, sections, "network"),
        slices=read_section(SliceSettings, sections, "slices"),
        training=read_section(SegmenterTraining, sections, "training"),
    )
    if not config.model.structures:
        raise SettingError("model.structures must name at least one structure.")
    return config.for_structures(())


def _spelled(name: str, known: Sequence[str]) -> str:
    """A structure as the configuration spells it."""
    for _, spelling in match([name], known).pairs:
        return spelling
    raise StructureError(f"The configuration has no structure {name}; it has {', '.join(known)}.")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
