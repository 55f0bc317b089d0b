"""KeptContours: natural contours in one small file, so that what was measured on them can be measured again.

Segmentation networks that are trained anew draw other contours. The file holds the masks alone, packed to
bits, and what drew each; images and references are those of a data folder that everybody has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.library import ContourLibrary, packed, unpacked
from contourqa_training.library_config import LibrarySettings
from contourqa_training.library_sources import FolderSource
from contourqa_training.natural_contours import NaturalMap
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.output import write_atomically

FACTS = "facts"
FULL = 255


def keep_contours(library: ContourLibrary, split: str, path: Path) -> Path:
    """Write the natural contours of one split to a file.

    Raises:
        SettingError: there are none.
        OutputError: the file cannot be written.
    """
    kept: dict[str, Any] = {}
    rows: list[list[Any]] = []
    for patient in library.of_split(split):
        case = library.case(patient)
        for contour in library.contours:
            if contour.patient == patient and contour.stratum == "N":
                kept[f"mask_{len(rows)}"] = packed(case.mask(contour))
                rows.append([patient, contour.structure, contour.kind, contour.stage, contour.threshold])
    if not rows:
        raise SettingError(f"{library.folder} has no natural contours of {split} patients to keep.")
    facts = {"settings": library.facts["settings"], "split": split, "contours": rows}
    best = library.best_thresholds()
    facts["best"] = [
        [kind, structure, best.thresholds[kind, structure]] for kind, structure in best.thresholds
    ]
    facts["stages"] = dict(best.stages)
    kept[FACTS] = np.array(json.dumps(facts))
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **kept)
    return path


class KeptSource(FolderSource):
    """Patients of a data folder with the natural contours of a kept file, drawn by no network."""

    def __init__(self, file: Path, data: Path) -> None:
        """Open a file.

        Raises:
            FormatError: it holds no kept contours.
        """
        self.file = file
        settings = self._kept[0]["settings"]
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
        super().__init__(LibrarySettings(**values), data, Path())

    def __getstate__(self) -> dict[str, object]:
        """The file is read where it is needed."""
        return {**super().__getstate__(), "file": self.file}

    @property
    def split(self) -> dict[str, str]:
        """The patients of the file, all of its split."""
        facts = self._kept[0]
        return dict.fromkeys((row[0] for row in facts["contours"]), facts["split"])

    @property
    def best(self) -> dict[str, Any]:
        """Where the maps were best cut, as a library's facts say it."""
        return {name: self._kept[0][name] for name in ("best", "stages")}

    @cached_property
    def _kept(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        try:
            with np.load(self.file, allow_pickle=False) as held:
                facts = json.loads(str(held[FACTS]))
                return facts, {name: held[name] for name in held.files if name != FACTS}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise FormatError(f"{self.file} holds no kept contours that can be read.") from error

    def natural(self, patient: str, wanted: Sequence[str]) -> Mapping[str, list[NaturalMap]]:
        """See `CaseSource`; every map is a contour, 0 or full."""
        shape = next(iter(self.read(patient).values())).image.values.shape
        facts, masks = self._kept
        found: dict[str, list[NaturalMap]] = {structure: [] for structure in wanted}
        for number, (whose, structure, network, stage, threshold) in enumerate(facts["contours"]):
            if whose == patient and structure in found:
                values = unpacked(masks[f"mask_{number}"], shape).astype(np.uint8) * FULL
                one = NaturalMap(structure, network, stage, values, (threshold,), binary=True)
                found[structure].append(one)
        return found
