"""GengConfig: what the study of Geng 2024 trains and whom it judges, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from contourqa_training.config_file import check_sections, config_text, read_section
from contourqa_training.finetuning import FEWEST_PATIENTS
from contourqa_training.geng.protocol import VendorSettings
from contourqa_training.geng.split import JUDGED, LOCAL
from ContourQALib.errors import SettingError

SECTION = "geng_study"
VENDOR = "vendor"

PREFIX = "study-geng-"
"""How the files of the named configurations begin."""


@dataclass(frozen=True)
class GengSettings:
    """The study's settings.

    Attributes:
        name: what its runs and results are called.
        segmenter: configuration of the vendor's model, and of models trained from nothing.
        finetune: configuration of the fine-tuning.
        vendor_patients: the vendor's first so many patients; 0 for all.
        vendor_epochs: of the vendor's model.
        epochs: of every fine-tuning, and of every model from nothing.
        local: patients that fine-tune the vendor's model (the paper: 60).
        curve: further numbers of local patients to fine-tune with, one fold each.
        scratch: numbers of local patients to train with from nothing, in as many steps as fine-tuning.
        scratch_epochs: further epochs of one more model from nothing on all `local` patients, so that it has
            as many as the vendor's model and its fine-tuning together; 0 for no such model.
        judged: so many patients of ExVal and of GenEva.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str = "geng"
    segmenter: str = "geng"
    finetune: str = "finetune"
    vendor_patients: int = 0
    vendor_epochs: int = 60
    epochs: int = 60
    local: int = 50
    curve: tuple[int, ...] = ()
    scratch: tuple[int, ...] = ()
    scratch_epochs: int = 0
    judged: int = JUDGED

    def __post_init__(self) -> None:
        for name in ("curve", "scratch"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise SettingError(f"{SECTION}.{name} names a number twice; remove one.")
        if self.local in self.curve:
            raise SettingError(f"{SECTION}.curve need not name {self.local}, the local patients.")
        if any(not FEWEST_PATIENTS <= n <= LOCAL for n in (self.local, *self.curve, *self.scratch)):
            raise SettingError(f"{SECTION} learns from {FEWEST_PATIENTS} to {LOCAL} local patients.")
        if not 1 <= self.judged <= JUDGED:
            raise SettingError(f"{SECTION}.judged must be 1 to {JUDGED}, not {self.judged}.")
        for name in ("vendor_epochs", "epochs"):
            if getattr(self, name) < 1:
                raise SettingError(f"{SECTION}.{name} must be at least 1, not {getattr(self, name)}.")
        if self.vendor_patients < 0 or self.scratch_epochs < 0:
            raise SettingError(f"{SECTION}.vendor_patients and scratch_epochs must not be below 0.")


@dataclass(frozen=True)
class GengConfig:
    """The study: the sections of its TOML file."""

    study: GengSettings
    vendor: VendorSettings


def read_geng_config(name_or_path: str) -> GengConfig:
    """Read a named configuration ("two-cores", "quick", "paper") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    named = name_or_path.endswith(".toml") or name_or_path.startswith(PREFIX)
    name = name_or_path if named else f"{PREFIX}{name_or_path}"
    return geng_config_from(tomllib.loads(config_text(name, {SECTION, VENDOR})))


def geng_config_from(sections: dict[str, Any]) -> GengConfig:
    """The configuration of a TOML file's content.

    Raises:
        SettingError: an unknown section or setting, or a value that cannot be used.
    """
    check_sections(sections, {SECTION, VENDOR})
    return GengConfig(
        read_section(GengSettings, sections, SECTION), read_section(VendorSettings, sections, VENDOR)
    )
