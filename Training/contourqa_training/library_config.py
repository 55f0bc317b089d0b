"""LibraryConfig: which contours a library holds, read from a TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from contourqa_training.config_file import check_sections, config_text, read_section
from contourqa_training.patients import DRAWN
from ContourQALib.errors import SettingError


@dataclass(frozen=True)
class LibrarySettings:
    """What a library is made of.

    Attributes:
        name: what the library is called.
        structures: the structures whose contours it holds.
        modality: "CT" or "MR".
        split: the committed split that says who trains, chooses, calibrates and tests, or "drawn" for
            patients of a folder that no split knows.
        calibrate_share, choose_share, test_share: of a drawn split.
        exclude: patients that take no part.
        segmenters: configurations of the segmentation networks that draw the natural contours: names, or
            .toml files, which the library's own file names as seen from where it lies.
        folds: each network is trained so many times, every time on the others' patients, and draws the
            patients that it has not seen.
        thresholds: at which the last stage's maps are cut, beside 0.5 for all stages.
        known_errors: of each patient who trains or chooses, so many contours of each structure with a known
            error; test patients get every error at every severity.
        natural_errors: so many natural contours with a known error on top.
        others: so many contours of other patients.
        swapped: so many of the paper's: another patient's, scaled.
        phantoms: so many phantoms of consecutive seeds take the place of a folder's patients, and the
            phantom's own two models that of the networks; 0 for none.
        seed: of everything drawn; the first phantom's.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str = "library"
    structures: tuple[str, ...] = ()
    modality: str = "MR"
    split: str = DRAWN
    calibrate_share: float = 0.25
    choose_share: float = 0.1
    test_share: float = 0.15
    exclude: tuple[str, ...] = ()
    segmenters: tuple[str, ...] = ()
    folds: int = 2
    thresholds: tuple[float, ...] = (0.1, 0.3, 0.7, 0.9)
    known_errors: int = 30
    natural_errors: int = 8
    others: int = 2
    swapped: int = 4
    phantoms: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.modality not in ("CT", "MR"):
            raise SettingError(f"library.modality must be CT or MR, not {self.modality!r}.")
        shares = (self.calibrate_share, self.choose_share, self.test_share)
        if min(shares) <= 0 or sum(shares) >= 1:
            raise SettingError("The shares of a drawn split must be above 0 and below 1 together.")
        if (
            self.folds < 2
            or min(self.known_errors, self.natural_errors, self.others, self.swapped, self.seed) < 0
        ):
            raise SettingError("library.folds must be at least 2, and no count below 0.")
        if any(not 0 < threshold < 1 for threshold in self.thresholds):
            raise SettingError("library.thresholds must lie between 0 and 1.")

    def record(self) -> dict[str, Any]:
        """The settings as plain JSON values; of a segmenter's file its name, not the place where it lies."""
        named = replace(self, segmenters=tuple(Path(name).stem for name in self.segmenters))
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(named).items()}


@dataclass(frozen=True)
class LibraryConfig:
    """The sections of a library's TOML file."""

    library: LibrarySettings


SECTIONS = {f.name for f in fields(LibraryConfig)}


def read_library_config(name_or_path: str) -> LibrarySettings:
    """Read a named configuration ("contours-hippocampus") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    sections = tomllib.loads(config_text(name_or_path, SECTIONS))
    check_sections(sections, SECTIONS)
    settings = read_section(LibrarySettings, sections, "library")
    if not settings.structures or not (settings.segmenters or settings.phantoms):
        raise SettingError("library.structures and library.segmenters must name at least one each.")
    beside = Path(name_or_path).parent
    places = (str(beside / name) if Path(name).suffix == ".toml" else name for name in settings.segmenters)
    return replace(settings, segmenters=tuple(places))
