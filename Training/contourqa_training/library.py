"""ContourLibrary: contours whose true quality is known, in a folder: to learn from, to calibrate, to judge.

The folder holds library.json (settings, who is who, fingerprints), contours.csv (one row a contour) and
cases/PATIENT.npz: the image and every mask of a patient, axes running to superior, posterior and left, masks
packed to bits, probability maps in steps of 1/255.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.cases import regime_of
from ContourQALib.errors import FormatError
from ContourQALib.geometry import Vector

FACTS = "library.json"
TABLE = "contours.csv"
CASES = "cases"
PROBABILITY_STEPS = 255


@dataclass(frozen=True)
class LibraryContour:
    """One contour of the library and the truth about it.

    Attributes:
        number: place among its patient's masks.
        patient, structure: whose contour of what.
        split: train, choose, calibrate or test.
        stratum: N (segmentation networks), S (known errors), B (the first paper's failure battery), G (the
            reference), O (other patients' contours, and scaled ones).
        kind: the network, the error, "reference", "other-patient" or "swapped-and-scaled".
        stage: epochs after which the network drew it; None for the others.
        threshold: at which its probability map was cut; None for the others.
        severity: of a known error, in its unit; 0 for the others.
        grade: rank of the severity among the error's typical ones, from 1; 0 without one.
        map: place of its probability map among its patient's; -1 without one.
        dice, hd95_mm, msd_mm: exact figures against the reference (METRICS.md); inf is a distance to nothing.
        volume_cc: of the contour.
    """

    number: int
    patient: str
    structure: str
    split: str
    stratum: str
    kind: str
    stage: int | None
    threshold: float | None
    severity: float
    grade: int
    map: int
    dice: float
    hd95_mm: float
    msd_mm: float
    volume_cc: float

    @property
    def name(self) -> str:
        """What tells it from the patient's other contours: kind, stage and threshold, or severity."""
        parts = [self.kind]
        if self.stage is not None:
            parts.append(f"stage-{self.stage}")
        if self.threshold is not None:
            parts.append(f"at-{self.threshold:g}")
        if self.grade:
            parts.append(f"{self.severity:g}")
        return "/".join(parts)


@dataclass(frozen=True, eq=False)
class LibraryCase:
    """A patient of the library; arrays (K, J, I) with axes to superior, posterior and left.

    Attributes:
        patient, split: who, and as what.
        values: float32 intensities.
        spacing_kji: mm.
        references: bool masks by structure.
    """

    patient: str
    split: str
    values: np.ndarray
    spacing_kji: Vector
    references: Mapping[str, np.ndarray]
    _masks: np.ndarray
    _maps: np.ndarray

    @property
    def regime(self) -> str:
        """The intensity regime of a hippocampus image; see `cases.regime_of`."""
        return regime_of(self.values)

    def mask(self, contour: LibraryContour) -> np.ndarray:
        """The bool mask of one of the patient's contours."""
        return unpacked(self._masks[contour.number], self.values.shape)

    def probability(self, contour: LibraryContour) -> np.ndarray | None:
        """The float32 map that a contour was cut from, in steps of 1/255; None where there is none."""
        if contour.map < 0:
            return None
        return self._maps[contour.map].astype(np.float32) / PROBABILITY_STEPS

    def over_and_under(self, contour: LibraryContour) -> tuple[np.ndarray, np.ndarray]:
        """The voxels contoured too much, and those left out: two bool masks."""
        mask, reference = self.mask(contour), self.references[contour.structure]
        return mask & ~reference, reference & ~mask


@dataclass(frozen=True)
class BestThresholds:
    """Where the maps of each network's last stage are best cut, on average over the choosing patients.

    Attributes:
        thresholds: by network and structure.
        stages: the last stage of each network.
    """

    thresholds: Mapping[tuple[str, str], float]
    stages: Mapping[str, int]

    def holds(self, contour: LibraryContour) -> bool:
        """Whether a contour is one of the last stage at the best threshold."""
        if contour.stratum != "N" or contour.stage != self.stages.get(contour.kind):
            return False
        return contour.threshold == self.thresholds.get((contour.kind, contour.structure))


@dataclass(frozen=True, eq=False)
class ContourLibrary:
    """A library on disk; open it with `ContourLibrary.open`.

    Attributes:
        folder: where it lies.
        facts: what library.json says.
        contours: all of them, patient by patient.
    """

    folder: Path
    facts: Mapping[str, Any]
    contours: tuple[LibraryContour, ...]

    @classmethod
    def open(cls, folder: Path) -> ContourLibrary:
        """Open a library.

        Raises:
            FormatError: the folder holds no library, or its table is damaged.
        """
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            with (folder / TABLE).open(newline="", encoding="utf-8") as file:
                rows = tuple(_contour(row) for row in csv.DictReader(file, strict=True))
        except FileNotFoundError as error:
            raise FormatError(
                f"{folder} holds no contour library; build it with contourqa-train contours."
            ) from error
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            raise FormatError(f"The contour library {folder} is damaged; build it again.") from error
        return cls(folder, facts, rows)

    @property
    def structures(self) -> tuple[str, ...]:
        """The structures it has contours of."""
        return tuple(self.facts["settings"]["structures"])

    @cached_property
    def patients(self) -> dict[str, str]:
        """The split of each patient."""
        return {c.patient: c.split for c in self.contours}

    def of_split(self, *splits: str, without: str = "") -> list[str]:
        """The patients of some splits, in the order of the table.

        Args:
            splits: which.
            without: leave out the patients of this intensity regime (`cases.regime_of`); "" for none.
        """
        found = [patient for patient, split in self.patients.items() if split in splits]
        return [p for p in found if self.case(p).regime != without] if without else found

    def best_thresholds(self) -> BestThresholds:
        """The threshold of each network and structure with the highest mean Dice on choosing patients.

        A library of kept contours has no choosing patients and says what was best where it comes from.
        """
        if "best" in self.facts:
            known = {(kind, structure): at for kind, structure, at in self.facts["best"]}
            return BestThresholds(known, self.facts["stages"])
        natural = [c for c in self.contours if c.stratum == "N" and c.stage is not None]
        stages: dict[str, int] = {}
        for c in natural:
            stages[c.kind] = max(stages.get(c.kind, 0), c.stage or 0)
        dice: dict[tuple[str, str], dict[float, list[float]]] = {}
        for c in natural:
            if c.split == "choose" and c.stage == stages[c.kind] and c.threshold is not None:
                dice.setdefault((c.kind, c.structure), {}).setdefault(c.threshold, []).append(c.dice)
        best = {key: max(found, key=lambda t: float(np.mean(found[t]))) for key, found in dice.items()}
        return BestThresholds(best, stages)

    def case(self, patient: str) -> LibraryCase:
        """One patient's image and masks.

        Raises:
            FormatError: the patient's file is missing or damaged.
        """
        path = self.folder / CASES / f"{patient}.npz"
        try:
            with np.load(path, allow_pickle=False) as held:
                values, spacing = held["values"].astype(np.float32), held["spacing_kji"]
                names = [str(name) for name in held["structures"]]
                references = {
                    name: unpacked(bits, values.shape)
                    for name, bits in zip(names, held["references"], strict=True)
                }
                k, j, i = (float(mm) for mm in spacing)
                split = self.patients[patient]
                return LibraryCase(patient, split, values, (k, j, i), references, held["masks"], held["maps"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise FormatError(f"{path} is missing or damaged; build the library again.") from error


def packed(mask: np.ndarray) -> np.ndarray:
    """A bool mask as bits, uint8 (n,)."""
    return np.packbits(mask.ravel())


def unpacked(bits: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The mask that `packed` packed."""
    count = int(np.prod(shape))
    return np.unpackbits(bits, count=count).astype(bool).reshape(shape)


def _contour(row: Mapping[str, str]) -> LibraryContour:
    """A row of the table; an empty cell is None."""
    kinds = {"number": int, "stage": int, "grade": int, "map": int}
    words = ("patient", "structure", "split", "stratum", "kind")
    values: dict[str, Any] = {}
    for field in fields(LibraryContour):
        cell = row[field.name]
        if field.name in words:
            values[field.name] = cell
        elif cell == "" and field.name in ("stage", "threshold"):
            values[field.name] = None
        else:
            values[field.name] = kinds.get(field.name, float)(cell)
    return LibraryContour(**values)
