"""ModelCard: what a bundled model is, what it knows, and which files belong to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ContourQALib.errors import ModelError
from ContourQALib.names import normalize
from ContourQALib.quality.rules import RuleSettings

CARD_FILE = "card.json"


@dataclass(frozen=True)
class StructureRange:
    """What the training contours of one structure looked like.

    Attributes:
        volume_cc: smallest and largest volume.
        spacing_mm: smallest and largest voxel spacing, over all axes.
        single_part: whether the structure is one connected piece; None where unknown.
    """

    volume_cc: tuple[float, float] | None = None
    spacing_mm: tuple[float, float] | None = None
    single_part: bool | None = None

    @property
    def rules(self) -> RuleSettings:
        """The mask-only rules' settings for this structure."""
        return RuleSettings(volume_range_cc=self.volume_cc, single_part=self.single_part)


@dataclass(frozen=True)
class ModelCard:
    """The facts of a bundle's card.json that the program uses; `raw` holds the whole card.

    Attributes:
        name: the model's name, also its folder's.
        version: version of the weights.
        license: license of the weights.
        status: "released", or "preview" while figures on natural contours are missing.
        modality: modality of the images it learned from, "CT" or "MR".
        ranges: per structure, what the training contours looked like.
        aliases: per structure, further names of it.
        files: SHA-256 of every other file of the bundle.
    """

    name: str
    version: str
    license: str
    status: str
    modality: str
    ranges: Mapping[str, StructureRange]
    aliases: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]
    raw: Mapping[str, Any]

    @property
    def structures(self) -> tuple[str, ...]:
        """Structures the model knows."""
        return tuple(self.ranges)

    @property
    def teaching_only(self) -> bool:
        """Whether it learned from simulated images and says nothing of a patient's contours."""
        return bool(self.raw.get("teaching_only"))

    def range_of(self, structure: str) -> StructureRange | None:
        """The training range of a structure, in any spelling; None where the model does not know it."""
        name = self.name_of(structure)
        return None if name is None else self.ranges[name]

    def name_of(self, structure: str) -> str | None:
        """How the card spells a structure given in any spelling; None where the model does not know it."""
        wanted = normalize(structure)
        for name in self.ranges:
            if wanted in map(normalize, (name, *self.aliases.get(name, ()))):
                return name
        return None


def read_card(folder: Path) -> ModelCard:
    """Read a bundle's card.

    Raises:
        ModelError: no card in the folder, or one that cannot be understood.
    """
    path = folder / CARD_FILE
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return ModelCard(
            name=str(raw["name"]),
            version=str(raw["version"]),
            license=str(raw["license"]),
            status=str(raw["status"]),
            modality=str(raw["modality"]),
            ranges={str(name): _range(raw.get("ranges", {}).get(name, {})) for name in raw["structures"]},
            aliases={str(name): tuple(map(str, n)) for name, n in raw.get("aliases", {}).items()},
            files={str(name): str(digest) for name, digest in raw["files"].items()},
            raw=raw,
        )
    except FileNotFoundError as error:
        raise ModelError(f"{folder} holds no model: it has no {CARD_FILE}.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"The model card {path} is damaged; install the model again.") from error


def _range(raw: Mapping[str, Any]) -> StructureRange:
    def pair(key: str) -> tuple[float, float] | None:
        if raw.get(key) is None:
            return None
        low, high = raw[key]
        return float(low), float(high)

    return StructureRange(pair("volume_cc"), pair("spacing_mm"), raw.get("single_part"))


def verify_files(folder: Path, card: ModelCard) -> None:
    """Check that every file of a bundle is there and is the one its card was written for.

    Raises:
        ModelError: a file is missing or its hash is not the card's.
    """
    for name, digest in card.files.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"The model {card.name} is incomplete: {path} is missing; install it again.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise ModelError(
                f"The model {card.name} is damaged: {path} does not have its card's hash; install it again."
            )
