"""Calibration: what a bundle knows of its model's errors on contours held aside, structure by structure.

A predicted figure is adjusted first (`Adjustment`, where local patients made one); the interval lies around
the adjusted figure. The stored predictions are adjusted too, each by a line its own patient had no part in,
so that no residual is smaller for having been fitted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.errors import ModelError, SettingError
from ContourQALib.formats.output import write_atomically
from ContourQALib.names import normalize
from ContourQALib.quality.adjustment import Adjustment, Line
from ContourQALib.quality.intervals import (
    DEFAULT_LEVEL,
    FEWEST_PATIENTS,
    FIGURES,
    Figure,
    Interval,
    Refusal,
    Residuals,
    too_few,
)

CALIBRATION_FILE = "calibration.json"

DIGITS = 5
"""Significant digits of a stored figure: far below what a prediction is good for."""


@dataclass(frozen=True, eq=False)
class FigureCalibration:
    """Predictions and truths of one figure of one structure's calibration contours.

    Attributes:
        predicted: (n,), adjusted where the structure has an adjustment.
        true: (n,), nan where undefined, inf for a distance to nothing.
        patients: (n,), whose contour it is, as numbers from 0.
    """

    predicted: np.ndarray
    true: np.ndarray
    patients: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.predicted) == len(self.true) == len(self.patients):
            raise SettingError(
                "Calibration needs one prediction, one truth and one patient for each contour."
            )

    def rounded(self) -> FigureCalibration:
        """With the digits that a file keeps and patients numbered from 0 as they come."""
        _, first, inverse = np.unique(self.patients, return_index=True, return_inverse=True)
        number = np.argsort(np.argsort(first))
        return FigureCalibration(_rounded(self.predicted), _rounded(self.true), number[inverse])


@dataclass(frozen=True, eq=False)
class StructureCalibration:
    """What is known of the errors on one structure.

    Attributes:
        structure: its name.
        figures: calibration contours by figure; a figure that the model does not predict is missing.
        adjustment: to a site's own patients; None where the figures stay as they are predicted.
    """

    structure: str
    figures: Mapping[Figure, FigureCalibration] = field(default_factory=dict)
    adjustment: Adjustment | None = None

    @property
    def patients(self) -> int:
        """Calibration patients; those of the adjustment where no contours are kept for intervals."""
        counts = [len(np.unique(known.patients)) for known in self.figures.values()]
        return max(counts, default=self.adjustment.patients if self.adjustment else 0)

    @property
    def contours(self) -> int:
        """Calibration contours."""
        return max((len(known.true) for known in self.figures.values()), default=0)

    @property
    def sentence(self) -> str:
        """What a model's card says of it."""
        adjusted = f", adjusted on {self.adjustment.patients} patients" if self.adjustment else ""
        of = f"{self.contours} contours of {self.patients} patients"
        enough = f"intervals from {of}"
        short = f"no intervals ({of}, {FEWEST_PATIENTS} patients are needed)"
        if not self.figures:
            return f"{self.structure}: no intervals{adjusted}"
        return f"{self.structure}: {enough if self.patients >= FEWEST_PATIENTS else short}{adjusted}"

    def adjusted(self, figure: Figure, predicted: float) -> float:
        """A predicted figure as this site sees it."""
        return float(self.adjustment.apply(figure, predicted)) if self.adjustment else predicted

    def interval(self, figure: Figure, predicted: float, level: float = DEFAULT_LEVEL) -> Interval | Refusal:
        """The two-sided interval of a figure; see `Residuals.interval`.

        Args:
            figure: which figure.
            predicted: as the model predicts it, not adjusted.
            level: probability that the interval holds the truth.
        """
        residuals = self._residuals.get(figure)
        if residuals is None:
            return too_few(self.patients if not self.figures else 0)
        return residuals.interval(self.adjusted(figure, predicted), level)

    def at_least(self, predicted: float, level: float = DEFAULT_LEVEL) -> Interval | Refusal:
        """The one-sided interval of Dice; its `low` is what Dice is at least."""
        residuals = self._residuals.get("dice")
        if residuals is None:
            return too_few(self.patients if not self.figures else 0)
        return residuals.at_least(self.adjusted("dice", predicted), level)

    @cached_property
    def _residuals(self) -> dict[Figure, Residuals]:
        return {
            figure: Residuals.of(figure, known.predicted, known.true, known.patients)
            for figure, known in self.figures.items()
        }


@dataclass(frozen=True, eq=False)
class Calibration:
    """The calibration of one model.

    Attributes:
        model_digest: SHA-256 of the weights whose predictions it holds.
        structures: one entry a structure.
    """

    model_digest: str
    structures: tuple[StructureCalibration, ...]

    def of(self, structure: str) -> StructureCalibration | None:
        """What is known of a structure, in any spelling of its name (a card's aliases are the card's)."""
        wanted = normalize(structure)
        return next((known for known in self.structures if normalize(known.structure) == wanted), None)

    @classmethod
    def read(cls, path: Path, model_digest: str | None = None) -> Calibration:
        """Read what `write` wrote.

        Args:
            path: the file.
            model_digest: of the weights beside it; None takes the calibration of any model.

        Raises:
            ModelError: it cannot be read, or was made for another model.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            made = cls(str(raw["model_digest"]), tuple(map(_structure, raw["structures"])))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SettingError) as error:
            raise ModelError(
                f"The calibration {path} is missing or damaged; install the model again."
            ) from error
        if model_digest is not None and made.model_digest != model_digest:
            raise ModelError(
                f"The calibration {path} was made for another model's weights; calibrate this model, "
                "or put its own file back."
            )
        return made

    def write(self, path: Path) -> None:
        """Write it as JSON; patients appear as numbers alone.

        Raises:
            OutputError: the file cannot be written.
        """
        raw = {"model_digest": self.model_digest, "structures": [_raw(s) for s in self.structures]}
        with write_atomically(path) as temporary:
            temporary.write_text(json.dumps(raw, allow_nan=False) + "\n", encoding="utf-8")


def digest_of(path: Path) -> str:
    """SHA-256 of a file, such as a bundle's weights.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read; install the model again.") from error


def _structure(raw: Mapping[str, Any]) -> StructureCalibration:
    adjustment = None
    if raw.get("adjustment") is not None:
        lines = {
            figure: Line(*map(float, raw["adjustment"]["lines"][figure]))
            for figure in FIGURES
            if figure in raw["adjustment"]["lines"]
        }
        adjustment = Adjustment(lines, int(raw["adjustment"]["patients"]))
    known = {figure: _figure(raw["figures"][figure]) for figure in FIGURES if figure in raw["figures"]}
    return StructureCalibration(str(raw["structure"]), known, adjustment)


def _figure(raw: Mapping[str, Any]) -> FigureCalibration:
    predicted, patients = np.array(raw["predicted"], float), np.array(raw["patients"], int)
    true = np.array([{"inf": np.inf, None: np.nan}.get(value, value) for value in raw["true"]], float)
    if not np.isfinite(predicted).all():
        raise ValueError("a prediction is not finite")
    return FigureCalibration(predicted, true, patients)


def _raw(known: StructureCalibration) -> dict[str, Any]:
    raw: dict[str, Any] = {"structure": known.structure, "figures": {}}
    for figure, values in known.figures.items():
        short = values.rounded()
        raw["figures"][figure] = {
            "predicted": short.predicted.tolist(),
            "true": [_plain(value) for value in short.true.tolist()],
            "patients": short.patients.tolist(),
        }
    if known.adjustment:
        lines = {figure: [line.slope, line.offset] for figure, line in known.adjustment.lines.items()}
        raw["adjustment"] = {"patients": known.adjustment.patients, "lines": lines}
    return raw


def _plain(value: float) -> float | str | None:
    """JSON knows neither nan nor infinity."""
    if np.isnan(value):
        return None
    return "inf" if np.isinf(value) else value


def _rounded(values: Iterable[float] | np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.{DIGITS}g}") for value in np.asarray(values, float)])
