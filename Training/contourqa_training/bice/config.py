"""BiceConfig: which models the study of Bice 2021 trains, and how long, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from contourqa_training.config_file import check_sections, config_text, read_section
from ContourQALib.errors import SettingError

SECTION = "bice_study"

PREFIX = "study-bice-"
"""How the files of the named configurations begin."""

FEWEST_DRAWS = 2


@dataclass(frozen=True)
class BiceConfig:
    """The study's settings.

    Attributes:
        name: what its runs and results are called.
        segmenter: configuration of the single-organ models; everything that is not said here.
        multi_label_segmenter: configuration of the multi-label model.
        multi_label: structures of the multi-label model; none for no such model.
        multi_label_epochs: its epochs.
        single: structures with a model of their own, at the segmenter's own lambda (the paper's models).
        series: structures with a model for each of `dice_weights` (figures 17 and 18).
        dice_weights: lambda of eq. 5.
        drawn: structures of the Monte Carlo cross-validation (figure 8).
        draws: how often patients are drawn.
        held_out_share: share of the patients that a draw holds out.
        epochs: of every single-organ model of the split's patients.
        draw_epochs: of every model of a draw.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str = "bice"
    segmenter: str = "bice"
    multi_label_segmenter: str = "bice"
    multi_label: tuple[str, ...] = ()
    multi_label_epochs: int = 8
    single: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    dice_weights: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    drawn: tuple[str, ...] = ()
    draws: int = 5
    held_out_share: float = 0.2
    epochs: int = 3
    draw_epochs: int = 3

    def __post_init__(self) -> None:
        if not self.single and not self.multi_label:
            raise SettingError("The study needs structures to segment: single, multi_label or both.")
        for name in ("multi_label", "single", "series", "drawn", "dice_weights"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise SettingError(f"{SECTION}.{name} names something twice; remove one.")
        for name in ("multi_label_epochs", "epochs", "draw_epochs"):
            if getattr(self, name) < 1:
                raise SettingError(f"{SECTION}.{name} must be at least 1, not {getattr(self, name)}.")
        if self.drawn and self.draws < FEWEST_DRAWS:
            raise SettingError(f"{SECTION}.draws must be at least {FEWEST_DRAWS}: one has no standard error.")
        if not 0 < self.held_out_share < 1:
            raise SettingError(f"{SECTION}.held_out_share must lie between 0 and 1.")
        if not all(0 <= weight <= 1 for weight in self.dice_weights):
            raise SettingError(f"{SECTION}.dice_weights must lie in [0, 1].")


def read_bice_config(name_or_path: str) -> BiceConfig:
    """Read a named configuration ("two-cores", "quick", "paper") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    named = name_or_path.endswith(".toml") or name_or_path.startswith(PREFIX)
    name = name_or_path if named else f"{PREFIX}{name_or_path}"
    return bice_config_from(tomllib.loads(config_text(name, {SECTION})))


def bice_config_from(sections: dict[str, Any]) -> BiceConfig:
    """The configuration of a TOML file's content.

    Raises:
        SettingError: an unknown section or setting, or a value that cannot be used.
    """
    check_sections(sections, {SECTION})
    return read_section(BiceConfig, sections, SECTION)
