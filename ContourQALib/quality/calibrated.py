"""Calibrated: a prediction's figures after the bundle's local adjustment, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ContourQALib.errors import ModelError
from ContourQALib.quality.calibration import CALIBRATION_FILE, Calibration, digest_of
from ContourQALib.quality.intervals import DEFAULT_LEVEL as LEVEL
from ContourQALib.quality.intervals import Figure, Interval, Refusal
from ContourQALib.quality.model import WEIGHTS_FILE, QualityModel
from ContourQALib.quality.novelty import NOVELTY_FILE, NoveltyGate
from ContourQALib.quality.prediction import Prediction

TITLES: Mapping[Figure, str] = {"dice": "Dice", "hd95_mm": "HD95", "msd_mm": "MSD"}

KEPT = 16
"""Calibrations and gates kept in memory: reading one takes longer than predicting a contour."""


@dataclass(frozen=True)
class Calibrated:
    """Figures of one contour with their intervals; None where there is no such figure or interval.

    Attributes:
        dice, hd95_mm, msd_mm: predicted figures.
        dice_interval, hd95_interval_mm, msd_interval_mm: their bounds at `level`.
        dice_at_least: one-sided lower bound of Dice at `level`.
        level: probability that an interval is meant to hold the truth.
        cases: patients behind the intervals.
        reason: why there is no interval.
    """

    dice: float | None = None
    hd95_mm: float | None = None
    msd_mm: float | None = None
    dice_interval: tuple[float, float] | None = None
    hd95_interval_mm: tuple[float, float] | None = None
    msd_interval_mm: tuple[float, float] | None = None
    dice_at_least: float | None = None
    level: float | None = None
    cases: int | None = None
    reason: str | None = None


def calibrated(model: QualityModel, structure: str, prediction: Prediction) -> Calibrated:
    """The figures of a prediction as they are told.

    Args:
        model: the model that predicted; its bundle may hold a calibration.
        structure: the structure's name on the model's card.
        prediction: what it predicted.

    Raises:
        ModelError: the bundle's calibration is another model's or damaged.
    """
    predicted: dict[Figure, float | None] = {
        "dice": prediction.dice,
        "hd95_mm": prediction.hd95_mm,
        "msd_mm": prediction.msd_mm,
    }
    calibration = calibration_of(model)
    known = calibration.of(structure) if calibration else None
    if known is None:
        what = (
            "has not been calibrated" if calibration is None else f"has no calibration cases of {structure}"
        )
        told = prediction.dice, prediction.hd95_mm, prediction.msd_mm
        return Calibrated(*told, reason=f"No interval: the model {model.card.name} {what}.")
    adjusted = {
        name: None if value is None else known.adjusted(name, value) for name, value in predicted.items()
    }
    said = {
        name: known.interval(name, value, LEVEL) for name, value in predicted.items() if value is not None
    }
    intervals = {name: one for name, one in said.items() if isinstance(one, Interval)}
    bounds = {name: (one.low, one.high) for name, one in intervals.items()}
    least = known.at_least(prediction.dice, LEVEL)
    refusals = {name: one for name, one in said.items() if isinstance(one, Refusal)}
    return Calibrated(
        dice=adjusted["dice"],
        hd95_mm=adjusted["hd95_mm"],
        msd_mm=adjusted["msd_mm"],
        dice_interval=bounds.get("dice"),
        hd95_interval_mm=bounds.get("hd95_mm"),
        msd_interval_mm=bounds.get("msd_mm"),
        dice_at_least=least.low if isinstance(least, Interval) else None,
        level=LEVEL if intervals else None,
        cases=max((one.cases for one in intervals.values()), default=None),
        reason=_refused(refusals) if refusals else None,
    )


def calibration_of(model: QualityModel) -> Calibration | None:
    """The calibration of a model's bundle; None where its card lists none.

    Raises:
        ModelError: it is another model's, or damaged.
    """
    if CALIBRATION_FILE not in model.card.files:
        return None
    digests = model.card.files[CALIBRATION_FILE], model.card.files.get(WEIGHTS_FILE, "")
    return _calibration(model.folder / CALIBRATION_FILE, *digests)


def novelty_gate_of(model: QualityModel) -> NoveltyGate | None:
    """The novelty gate of a model's bundle; None where its card lists none.

    Raises:
        ModelError: it is damaged.
    """
    if NOVELTY_FILE not in model.card.files:
        return None
    return _novelty_gate(model.folder / NOVELTY_FILE, model.card.files[NOVELTY_FILE])


@lru_cache(maxsize=KEPT)
def _calibration(path: Path, digest: str, model_digest: str) -> Calibration:
    _check(path, digest)
    return Calibration.read(path, model_digest)


@lru_cache(maxsize=KEPT)
def _novelty_gate(path: Path, digest: str) -> NoveltyGate:
    _check(path, digest)
    return NoveltyGate.read(path)


def _check(path: Path, digest: str) -> None:
    if digest_of(path) != digest:
        raise ModelError(f"{path} does not have its card's hash; install the model again.")


def _refused(refusals: Mapping[Figure, Refusal]) -> str:
    """Why figures have no interval, those of distances by name where Dice has one."""
    by_reason: dict[str, list[str]] = {}
    for figure, refusal in refusals.items():
        by_reason.setdefault(refusal.reason, []).append(TITLES[figure])
    return " ".join(
        reason if "Dice" in names else f"{' and '.join(names)}: {reason}"
        for reason, names in by_reason.items()
    )
