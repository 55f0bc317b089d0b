"""TrainingConfig: everything that shapes a training of the first paper's network, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from typing import Literal

from contourqa_training.augmentation import IntensityAugmentation, SpatialAugmentation
from contourqa_training.config_file import check_sections, config_text, read_section
from ContourQALib.errors import SettingError
from ContourQALib.networks.efficientdet3d import EfficientDet3DConfig
from ContourQALib.quality.preprocessing import PreprocessingSettings


@dataclass(frozen=True)
class ModelSettings:
    """What the model is called and what it is about.

    Attributes:
        name: the bundle's name.
        structure: the structure that all labels are merged into.
        modality: "CT" or "MR".
        split: the committed split of patients.
    """

    name: str = "model"
    structure: str = "structure"
    modality: str = "MR"
    split: str = "hippocampus"


@dataclass(frozen=True)
class CardSettings:
    """What the model's card says that no measurement can.

    Attributes:
        version: of the weights.
        license: of the weights; that of the data may bind it.
        data: what it learned from, with attribution.
        intended_use: what it is for.
        limits: what it is not for, and what is not known of it.
    """

    version: str = "0.1.0"
    license: str = "not stated"
    data: str = "not stated"
    intended_use: str = "research and teaching"
    limits: str = "not stated"


@dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained.

    Attributes:
        scheme: "swapped", the paper's: one real contour in each batch, the other swapped and scaled.
        batch_size: contours in a batch.
        batches_per_epoch: batches of an epoch; 0 for as many as give every patient one turn.
        epochs: passes.
        loss: "squared_error" of Dice.
        optimizer: "adam".
        learning_rate: until the drop.
        learning_rate_after: after it.
        drop_after: share of the epochs before the drop (the paper's 120 of 200).
        window_jitter: standard deviation, in voxels, of the window's place around the contour; 0 in the
            paper, whose images are cut at their center.
        seed: of weights, order and augmentation.

    Raises:
        SettingError: a value that cannot be used.
    """

    scheme: Literal["swapped"] = "swapped"
    batch_size: int = 2
    batches_per_epoch: int = 0
    epochs: int = 200
    loss: Literal["squared_error"] = "squared_error"
    optimizer: Literal["adam"] = "adam"
    learning_rate: float = 2e-3
    learning_rate_after: float = 2e-4
    drop_after: float = 0.6
    window_jitter: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        choices = {
            "scheme": ("swapped",),
            "loss": ("squared_error",),
            "optimizer": ("adam",),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise SettingError(
                    f"training.{name} must be {' or '.join(allowed)}, not {getattr(self, name)!r}."
                )
        if self.batch_size < 1 or self.epochs < 1 or self.batches_per_epoch < 0 or self.seed < 0:
            raise SettingError(
                "training.batch_size and training.epochs must be at least 1, no count below 0."
            )
        if self.batch_size < 2:
            raise SettingError("The swapped scheme needs batches of at least two contours.")
        if min(self.learning_rate, self.learning_rate_after) <= 0 or not 0 <= self.drop_after <= 1:
            raise SettingError("Learning rates must be positive and training.drop_after lie in [0, 1].")


@dataclass(frozen=True)
class TrainingConfig:
    """A training of the first paper's network: the sections of its TOML file, and the file's text."""

    model: ModelSettings
    network: EfficientDet3DConfig
    preprocessing: PreprocessingSettings
    training: TrainingSettings
    spatial: SpatialAugmentation
    intensity: IntensityAugmentation
    text: str = ""


_SECTIONS = {field.name for field in fields(TrainingConfig)} - {"text"}


def read_config(name_or_path: str) -> TrainingConfig:
    """Read a named configuration ("isaksson") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    return parse_config(config_text(name_or_path, _SECTIONS))


def parse_config(text: str) -> TrainingConfig:
    """The configuration that a TOML text describes; missing settings take their defaults.

    Raises:
        SettingError: an unknown section or setting, or a value that cannot be used.
        tomllib.TOMLDecodeError: the text is not TOML.
    """
    sections = tomllib.loads(text)
    check_sections(sections, _SECTIONS)
    return TrainingConfig(
        model=read_section(ModelSettings, sections, "model"),
        network=read_section(EfficientDet3DConfig, sections, "network"),
        preprocessing=read_section(PreprocessingSettings, sections, "preprocessing"),
        training=read_section(TrainingSettings, sections, "training"),
        spatial=read_section(SpatialAugmentation, sections, "spatial"),
        intensity=read_section(IntensityAugmentation, sections, "intensity"),
        text=text,
    )
