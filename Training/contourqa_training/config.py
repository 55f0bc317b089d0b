"""TrainingConfig: everything that shapes a training run, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from contourqa_training.augmentation import IntensityAugmentation, SpatialAugmentation
from ContourQALib.errors import SettingError
from ContourQALib.networks.efficientdet3d import EfficientDet3DConfig
from ContourQALib.quality.preprocessing import PreprocessingSettings

Settings = TypeVar("Settings")

WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}
"""What a setting of each type is called."""


@dataclass(frozen=True)
class ModelSettings:
    """What the model is called and what it is about.

    Attributes:
        name: the bundle's name.
        structure: the structure that all labels are merged into.
        aliases: further names under which the model knows it (its left and right one).
        modality: "CT" or "MR".
        split: the committed split of patients.
    """

    name: str = "model"
    structure: str = "structure"
    aliases: tuple[str, ...] = ()
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
        scheme: "swapped" is the paper's (one real contour in each batch, the others swapped and scaled);
            "graded" draws references, swapped contours and known errors (`sampling.Mixture`).
        batch_size: contours in a batch.
        batches_per_epoch: batches of an epoch; 0 for as many as give every patient one turn.
        epochs: passes.
        loss: "squared_error" of Dice (the paper), or "error_map": cross entropy of the error map and of Dice
            as a soft label, which does not stall where the sigmoid saturates.
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

    scheme: Literal["swapped", "graded"] = "swapped"
    batch_size: int = 2
    batches_per_epoch: int = 0
    epochs: int = 200
    loss: Literal["squared_error", "error_map"] = "squared_error"
    optimizer: Literal["adam"] = "adam"
    learning_rate: float = 2e-3
    learning_rate_after: float = 2e-4
    drop_after: float = 0.6
    window_jitter: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        choices = {
            "scheme": ("swapped", "graded"),
            "loss": ("squared_error", "error_map"),
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
        if self.scheme == "swapped" and self.batch_size < 2:
            raise SettingError("The swapped scheme needs batches of at least two contours.")
        if min(self.learning_rate, self.learning_rate_after) <= 0 or not 0 <= self.drop_after <= 1:
            raise SettingError("Learning rates must be positive and training.drop_after lie in [0, 1].")


@dataclass(frozen=True)
class TrainingConfig:
    """A training run: the sections of its TOML file, and the file's text as it was read."""

    model: ModelSettings
    card: CardSettings
    network: EfficientDet3DConfig
    preprocessing: PreprocessingSettings
    training: TrainingSettings
    spatial: SpatialAugmentation
    intensity: IntensityAugmentation
    text: str = ""


def read_config(name_or_path: str) -> TrainingConfig:
    """Read a named configuration ("isaksson", "hippocampus-t1") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    path = Path(name_or_path)
    named = files("contourqa_training.configs")
    if path.suffix == ".toml":
        if not path.is_file():
            raise SettingError(f"There is no configuration {path}.")
        text = path.read_text(encoding="utf-8")
    else:
        source = named.joinpath(f"{name_or_path}.toml")
        if not source.is_file():
            known = ", ".join(sorted(p.name[:-5] for p in named.iterdir() if p.name.endswith(".toml")))
            raise SettingError(
                f"There is no configuration {name_or_path}; there are {known}, or a .toml file."
            )
        text = source.read_text(encoding="utf-8")
    try:
        return parse_config(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"The configuration {name_or_path} is not valid TOML: {error}.") from error


def parse_config(text: str) -> TrainingConfig:
    """The configuration that a TOML text describes; missing settings take their defaults.

    Raises:
        SettingError: an unknown section or setting, or a value that cannot be used.
        tomllib.TOMLDecodeError: the text is not TOML.
    """
    sections = tomllib.loads(text)
    unknown = sorted(set(sections) - {f.name for f in fields(TrainingConfig)})
    if unknown:
        raise SettingError(f"A configuration has no section {', '.join(unknown)}.")
    return TrainingConfig(
        model=_settings(ModelSettings, sections, "model"),
        card=_settings(CardSettings, sections, "card"),
        network=_settings(EfficientDet3DConfig, sections, "network"),
        preprocessing=_settings(PreprocessingSettings, sections, "preprocessing"),
        training=_settings(TrainingSettings, sections, "training"),
        spatial=_settings(SpatialAugmentation, sections, "spatial"),
        intensity=_settings(IntensityAugmentation, sections, "intensity"),
        text=text,
    )


def _settings(kind: type[Settings], sections: Mapping[str, Any], section: str) -> Settings:
    """One section as its dataclass; each value must be of the type of the setting's default."""
    values = sections.get(section, {})
    if not isinstance(values, dict):
        raise SettingError(f"{section} must be a section of settings, not {values!r}.")
    # every kind is a dataclass, which a type variable cannot say
    defaults = {f.name: f.default for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(defaults))
    if unknown:
        raise SettingError(f"The section {section} has no setting {', '.join(unknown)}.")
    return kind(
        **{name: _value(value, defaults[name], f"{section}.{name}") for name, value in values.items()}
    )


def _value(value: Any, default: Any, name: str) -> Any:
    """A TOML value as a value of the default's type."""
    if isinstance(default, tuple):
        if not isinstance(value, list):
            raise SettingError(f"{name} must be a list, not {value!r}.")
        return tuple(_value(item, default[0] if default else "", name) for item in value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise SettingError(f"{name} must be {WORDS[type(default)]}, not {value!r}.")
    return value
