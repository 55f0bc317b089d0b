"""SegmenterConfig: everything that shapes the training of a segmenter, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from contourqa_training.config import CardSettings
from contourqa_training.config_file import check_sections, config_text, read_section
from contourqa_training.segmenter_network import NetworkConfig, network_record, read_network
from contourqa_training.slice_view import SliceSettings
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.names import match

CROSS_ENTROPY = "cross-entropy"


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
    """How the network is trained (Bice 2021, section 2; Geng 2024, "Localized model fine-tuning").

    Attributes:
        loss: "bce-dice", each structure for itself (Bice); or "cross-entropy", in which a voxel belongs to
            one structure or to the background (Geng).
        dice_weight: lambda of eq. 5: the first loss is (1 - lambda) BCE + lambda (1 - 2D Dice).
        balance: weights of the cross entropy's classes, as the power of their rarity among the training
            voxels: 0 counts every voxel alike, 1 every class. Geng weights them and does not say how.
        keep_probabilities: let the network's outputs stay probabilities whatever the weights. Weights alone
            draw a rare class too large: what minimizes the loss is the probability times the weight.
        learning_rate: of Adam.
        rate_decay: the learning rate is multiplied with this after every epoch.
        decay_epochs: over so many last epochs the learning rate falls linearly to 0; the paper has none, but
            few epochs at one rate end where the last batches happened to lead.
        batch_size: slices in a batch.
        epochs: passes over the training slices, at most.
        slices_per_epoch: so many slices are drawn for a pass, as many of every patient, so that few patients
            are learned from in as many steps as many; 0 for every slice once.
        refresh_batches: before every validation the batch norms' statistics are taken anew from so many
            training batches, without dropout; 0 leaves those that training gathered. Dropout changes what
            the norms see: after a few hundred steps of small batches a network that draws a hippocampus in
            this way draws none with training's own.
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

    loss: Literal["bce-dice", "cross-entropy"] = "bce-dice"
    dice_weight: float = 0.0
    balance: float = 0.0
    keep_probabilities: bool = True
    learning_rate: float = 1e-3
    rate_decay: float = 1.0
    decay_epochs: int = 0
    batch_size: int = 64
    epochs: int = 500
    slices_per_epoch: int = 0
    refresh_batches: int = 0
    running_mean: int = 10
    stages: tuple[int, ...] = (1, 5, 15, 50, 150)
    precision: Literal["auto", "mixed", "full"] = "auto"
    initial_probability: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in ("auto", "mixed", "full"):
            raise SettingError(f"training.precision must be auto, mixed or full, not {self.precision!r}.")
        if self.loss not in ("bce-dice", CROSS_ENTROPY):
            raise SettingError(f"training.loss must be bce-dice or {CROSS_ENTROPY}, not {self.loss!r}.")
        if not 0 <= self.balance <= 1 or not 0 < self.rate_decay <= 1:
            raise SettingError("training.balance must lie in [0, 1], training.rate_decay above 0 up to 1.")
        if not 0 < self.initial_probability < 1:
            raise SettingError("training.initial_probability must lie between 0 and 1.")
        if not 0 <= self.dice_weight <= 1:
            raise SettingError(f"training.dice_weight must lie in [0, 1], not {self.dice_weight:g}.")
        if self.learning_rate <= 0:
            raise SettingError(f"training.learning_rate must be positive, not {self.learning_rate:g}.")
        for name in ("batch_size", "epochs", "running_mean"):
            if getattr(self, name) < 1:
                raise SettingError(f"training.{name} must be at least 1, not {getattr(self, name)}.")
        for name in ("decay_epochs", "slices_per_epoch", "refresh_batches"):
            if getattr(self, name) < 0:
                raise SettingError(f"training.{name} must not be below 0, as {getattr(self, name)} is.")
        if self.seed < 0 or any(stage < 1 for stage in self.stages):
            raise SettingError("training.seed must not be below 0, and training.stages count from 1.")

    def rate_at(self, epoch: float) -> float:
        """The learning rate after so many epochs, parts of one included."""
        falling = min(self.decay_epochs, self.epochs)
        rate = self.learning_rate * self.rate_decay ** int(epoch)
        return rate * (min(1.0, (self.epochs - epoch) / falling) if falling else 1.0)

    @property
    def exclusive(self) -> bool:
        """Whether a voxel belongs to one structure at most."""
        return self.loss == CROSS_ENTROPY


@dataclass(frozen=True)
class SegmenterConfig:
    """A segmenter's training run: the sections of its TOML file."""

    model: SegmenterSettings
    card: CardSettings
    network: NetworkConfig
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
        records = {f.name: asdict(getattr(self, f.name)) for f in fields(self)}
        records["network"] = network_record(self.network)
        return {name: _plain(record) for name, record in records.items()}


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
        network=read_network(sections),
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
