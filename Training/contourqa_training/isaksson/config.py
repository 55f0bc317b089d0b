"""IsakssonConfig: whom the study of Isaksson 2022 learns from, how long, and how its baseline is searched."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, replace
from typing import Any

from contourqa_training.config import TrainingConfig, read_config
from contourqa_training.config_file import check_sections, config_text, read_section
from ContourQALib.errors import SettingError

SECTION = "isaksson_study"

PREFIX = "study-isaksson-"
"""How the files of the named configurations begin."""


@dataclass(frozen=True)
class IsakssonSettings:
    """The study's settings; the defaults are the paper's.

    Attributes:
        name: what its runs and results are called.
        quality: configuration of network, preprocessing, augmentation and training.
        splits: patients of these splits of the contour library take part; test patients never do.
        networks: kinds of natural contour: the first is every patient's, the second that of some.
        threshold: at which their probability maps are cut.
        n4_shrink: the bias field is estimated on every so many voxels along each axis; the paper's filter
            with its default parameters takes all (1).
        patients: so many patients.
        second_contours: so many of them have a contour of the second network as well.
        folds: of the cross-validation.
        only: numbers of the folds to train; none for all.
        epochs: of each fold; the learning rate drops after the same share of them as in the paper.
        search_steps: parameter sets that Optuna tries for the boosted trees.
        search_repeats: random cross-validations that judge each of them.
        repeats: random cross-validations that judge the best.
        seed: of everything that is drawn.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str = "isaksson"
    quality: str = "isaksson"
    splits: tuple[str, ...] = ("train", "choose")
    networks: tuple[str, ...] = ("hippocampus-unet", "hippocampus-dpn")
    threshold: float = 0.5
    n4_shrink: int = 1
    patients: int = 60
    second_contours: int = 20
    folds: int = 5
    only: tuple[int, ...] = ()
    epochs: int = 200
    search_steps: int = 64
    search_repeats: int = 8
    repeats: int = 64
    seed: int = 2022

    def __post_init__(self) -> None:
        if "test" in self.splits or not self.splits:
            raise SettingError(f"{SECTION}.splits must name splits to learn from, not test.")
        if len(self.networks) != 2 or self.networks[0] == self.networks[1]:
            raise SettingError(f"{SECTION}.networks must name two kinds of contour.")
        if not 0 <= self.second_contours <= self.patients:
            raise SettingError(f"{SECTION}.second_contours must be 0 to {self.patients}, the patients.")
        if not 2 <= self.folds <= self.patients // 2:
            raise SettingError(f"{SECTION}.folds must be at least 2, and leave two patients to each.")
        if any(not 1 <= number <= self.folds for number in self.only):
            raise SettingError(f"{SECTION}.only must name folds from 1 to {self.folds}.")
        counts = ("epochs", "n4_shrink", "search_steps", "search_repeats", "repeats")
        if any(getattr(self, name) < 1 for name in counts) or self.seed < 0:
            raise SettingError(f"{SECTION}.{', '.join(counts)} must be at least 1 and the seed not below 0.")
        if not 0 < self.threshold < 1:
            raise SettingError(f"{SECTION}.threshold must lie between 0 and 1, not {self.threshold}.")

    @property
    def trained_folds(self) -> tuple[int, ...]:
        """Numbers of the folds that are trained, from 1."""
        return self.only or tuple(range(1, self.folds + 1))


@dataclass(frozen=True)
class IsakssonConfig:
    """The study, and how its network is trained.

    Attributes:
        study: whom, how long, how often.
        quality: network, preprocessing, augmentation; its epochs and seed are the study's.
    """

    study: IsakssonSettings
    quality: TrainingConfig

    def of_epochs(self, epochs: int) -> IsakssonConfig:
        """The same study with other epochs; the learning rate drops after the same share of them.

        Raises:
            SettingError: fewer than one.
        """
        training = replace(self.quality.training, epochs=epochs)
        return IsakssonConfig(replace(self.study, epochs=epochs), replace(self.quality, training=training))

    def record(self) -> dict[str, Any]:
        """Everything that shapes the study, as plain values."""
        parts = ("network", "preprocessing", "training", "spatial")
        return {"study": asdict(self.study)} | {part: asdict(getattr(self.quality, part)) for part in parts}


def read_isaksson_config(name_or_path: str) -> IsakssonConfig:
    """Read a named configuration ("two-cores", "quick", "paper") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    named = name_or_path.endswith(".toml") or name_or_path.startswith(PREFIX)
    name = name_or_path if named else f"{PREFIX}{name_or_path}"
    sections = tomllib.loads(config_text(name, {SECTION}))
    check_sections(sections, {SECTION})
    study = read_section(IsakssonSettings, sections, SECTION)
    quality = read_config(study.quality)
    if (quality.training.scheme, quality.training.batch_size) != ("swapped", 2):
        raise SettingError(
            f"{study.quality} does not train as the paper does: training.scheme must be swapped and "
            "training.batch_size 2."
        )
    training = replace(quality.training, epochs=study.epochs, seed=study.seed)
    return IsakssonConfig(study, replace(quality, training=training))
