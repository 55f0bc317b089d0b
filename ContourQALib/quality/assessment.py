"""Assessment: what is predicted of each contour, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.verdict import Verdict


@dataclass(frozen=True)
class ModelIdentity:
    """Which model answered; `name` is None where mask-only rules alone did."""

    name: str | None
    version: str | None
    license: str | None
    status: str | None = None


@dataclass(frozen=True)
class Novelty:
    """Whether the case is like those the model learned from; None where no model was asked."""

    inside_training_range: bool | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuspiciousSlice:
    """A slice to look at: zero-based K and the predicted volume of wrong voxels in it, cc."""

    index: int
    error_volume_cc: float


@dataclass(frozen=True)
class StructureAssessment:
    """The predicted quality of one contour; None where the model gives no such figure.

    Attributes:
        structure: the contour's name.
        status: ok, empty, full or failed.
        dice: predicted Dice.
        dice_interval: bounds of the Dice interval at `interval_level`.
        interval_level: probability that the interval is meant to hold the truth.
        interval_cases: calibration cases behind the interval.
        dice_at_least: one-sided lower bound of Dice at `interval_level`.
        hd95_mm: predicted HD95.
        msd_mm: predicted mean surface distance.
        verdict: accept, review or reject.
        reasons: sentences behind the verdict, the gravest first.
        slices: slices to look at first, by predicted error volume.
        novelty: whether the case is inside the training range.
        volume_cc: the contour's volume on the image's grid.
        resampled: whether the contour was interpolated to the image's grid.
        lost_cc: foreground outside the image.
        model: the model that predicted it; None where mask-only rules alone did.
    """

    structure: str
    status: Status
    dice: float | None
    verdict: Verdict
    reasons: tuple[str, ...]
    novelty: Novelty
    volume_cc: float
    resampled: bool
    lost_cc: float
    dice_interval: tuple[float, float] | None = None
    interval_level: float | None = None
    interval_cases: int | None = None
    dice_at_least: float | None = None
    hd95_mm: float | None = None
    hd95_interval_mm: tuple[float, float] | None = None
    msd_mm: float | None = None
    msd_interval_mm: tuple[float, float] | None = None
    slices: tuple[SuspiciousSlice, ...] | None = None
    model: str | None = None


@dataclass(frozen=True)
class Assessment:
    """All contours of one image, assessed by one model.

    Attributes:
        model: which model answered.
        structures: one entry a contour, in the order given.
        elapsed_s: wall time of the assessment without loading files, s.
    """

    model: ModelIdentity
    structures: tuple[StructureAssessment, ...]
    elapsed_s: float
