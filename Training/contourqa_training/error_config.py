"""ErrorConfig: everything that shapes the training of the quality model that ships, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from typing import Any

from contourqa_training.augmentation import IntensityAugmentation, SpatialAugmentation
from contourqa_training.config import CardSettings
from contourqa_training.config_file import check_sections, config_text, read_section
from ContourQALib.errors import SettingError
from ContourQALib.networks.error_unet3d import ErrorUNet3DConfig
from ContourQALib.quality.preprocessing import PreprocessingSettings


@dataclass(frozen=True)
class ErrorModelSettings:
    """What the model is called and what it knows.

    Attributes:
        name: the bundle's name.
        structures: what it knows; empty for all of the library.
        aliases: further names, each "structure=other name".
        mirrored: pairs of structures that change places in a mirrored image, each "left=right".
        modality: "CT" or "MR".
        single_part: whether the structures are one connected piece each.
        teaching_only: for data that are no patients; every output then says so.
    """

    name: str = "model"
    structures: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    mirrored: tuple[str, ...] = ()
    modality: str = "MR"
    single_part: bool = True
    teaching_only: bool = False

    def __post_init__(self) -> None:
        for pair in (*self.aliases, *self.mirrored):
            if pair.count("=") != 1:
                raise SettingError(f"An alias or a mirrored pair is written name=other, not {pair!r}.")

    def aliases_of(self, structure: str) -> list[str]:
        """The further names of one structure."""
        pairs = (pair.split("=") for pair in self.aliases)
        return [other for name, other in pairs if name == structure]

    def mirror_of(self, structure: str) -> str:
        """What a structure is in a mirrored image."""
        for pair in self.mirrored:
            one, other = pair.split("=")
            if structure in (one, other):
                return other if structure == one else one
        return structure


@dataclass(frozen=True)
class ErrorTraining:
    """How the network is trained.

    Attributes:
        batch_size: contours in a batch.
        batches_per_epoch: batches between two validations.
        epochs: such passes.
        learning_rate: at its height; it rises over `warm_up` of the steps and falls to 0 as a cosine.
        warm_up: share of the steps.
        natural: share of the samples that networks drew; the others are known errors, other patients'
            contours, and references.
        references: share that are references.
        others: share that are other patients' contours, scaled or not.
        balanced: share of the draws that first choose a Dice, evenly between 0 and 1, and then the nearest of
            a few contours; the others take any.
        map_shown: share of natural contours that come with the probability map that they were cut from.
        second_shown: share of contours that come with another network's contour.
        image: whether the network is shown the image; without, it is the ablation that sees the mask alone.
        dice_weight: of the cross entropy of Dice beside that of the error map.
        distance_weight: of the distances' error.
        window_jitter: standard deviation, in voxels, of the window's place around the contour.
        leave_out: intensity regime (`cases.regime_of`) that neither trains nor chooses; "" for none.
        choosing: contours of each choosing patient and structure by which the stored weights are chosen.
        seed: of weights, order and augmentation.

    Raises:
        SettingError: a value that cannot be used.
    """

    batch_size: int = 4
    batches_per_epoch: int = 200
    epochs: int = 12
    learning_rate: float = 2e-3
    warm_up: float = 0.05
    natural: float = 0.55
    references: float = 0.05
    others: float = 0.1
    balanced: float = 0.5
    map_shown: float = 0.35
    second_shown: float = 0.2
    image: bool = True
    dice_weight: float = 1.0
    distance_weight: float = 0.3
    window_jitter: float = 2.0
    leave_out: str = ""
    choosing: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.batch_size, self.batches_per_epoch, self.epochs, self.choosing) < 1 or self.seed < 0:
            raise SettingError("training needs counts of at least 1, and a seed not below 0.")
        shares = (self.warm_up, self.natural, self.references, self.others, self.balanced)
        if any(not 0 <= share <= 1 for share in (*shares, self.map_shown, self.second_shown)):
            raise SettingError("Shares of the training must lie in [0, 1].")
        if self.natural + self.references + self.others > 1 or self.map_shown + self.second_shown > 1:
            raise SettingError(
                "training.natural, references and others, and the two hints, must not exceed 1."
            )
        if self.learning_rate <= 0 or min(self.dice_weight, self.distance_weight, self.window_jitter) < 0:
            raise SettingError("training.learning_rate must be positive, and no weight below 0.")

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.epochs * self.batches_per_epoch


@dataclass(frozen=True)
class ErrorConfig:
    """A training run: the sections of its TOML file, and the file's text as it was read."""

    model: ErrorModelSettings
    card: CardSettings
    network: ErrorUNet3DConfig
    preprocessing: PreprocessingSettings
    training: ErrorTraining
    spatial: SpatialAugmentation
    intensity: IntensityAugmentation
    text: str = ""

    def for_structures(self, structures: tuple[str, ...]) -> ErrorConfig:
        """The same for these structures, where the file names none."""
        names = self.model.structures or structures
        return replace(
            self,
            model=replace(self.model, structures=names),
            network=replace(self.network, structures=len(names)),
        )


SECTIONS = {field.name for field in fields(ErrorConfig)} - {"text"}


def read_error_config(name_or_path: str) -> ErrorConfig:
    """Read a named configuration ("contourqa", "hippocampus-t1", "headneck-ct") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, a setting is unknown or impossible, or a
            window's size does not suit the network.
    """
    text = config_text(name_or_path, SECTIONS)
    sections: dict[str, Any] = tomllib.loads(text)
    check_sections(sections, SECTIONS)
    config = ErrorConfig(
        model=read_section(ErrorModelSettings, sections, "model"),
        card=read_section(CardSettings, sections, "card"),
        network=read_section(ErrorUNet3DConfig, sections, "network"),
        preprocessing=read_section(PreprocessingSettings, sections, "preprocessing"),
        training=read_section(ErrorTraining, sections, "training"),
        spatial=read_section(SpatialAugmentation, sections, "spatial"),
        intensity=read_section(IntensityAugmentation, sections, "intensity"),
        text=text,
    )
    unsuited = [n for n, m in zip(config.preprocessing.size, config.network.multiple, strict=True) if n % m]
    if unsuited:
        multiple = ", ".join(map(str, config.network.multiple))
        raise SettingError(f"preprocessing.size must be multiples of {multiple} for this network.")
    return config
