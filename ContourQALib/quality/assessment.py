"""Assessment: what is predicted of each contour, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.error_map import ErrorMap, SuspiciousSlice
from ContourQALib.quality.verdict import Levels, Verdict

TEACHING_ONLY = "For teaching only: the model {name} learned from simulated images, not from patients."
"""Stands in every output of a model whose card says so."""


@dataclass(frozen=True)
class ModelIdentity:
    """Which model answered; `name` is None where mask-only rules alone did."""

    name: str | None
    version: str | None
    license: str | None
    status: str | None = None
    teaching_only: bool = False

    @property
    def note(self) -> str | None:
        """What every output of this model must carry; None for a model that learned from patients."""
        return TEACHING_ONLY.format(name=self.name) if self.teaching_only else None


@dataclass(frozen=True)
class Novelty:
    """Whether the case is like those the model learned from; None where no model knows the structure."""

    inside_training_range: bool | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class StructureAssessment:
    """The predicted quality of one contour; None where the model gives no such figure.

    Attributes:
        structure: the contour's name.
        status: ok, empty, full or failed.
        dice: predicted Dice, after the local adjustment of the model's calibration where there is one.
        dice_interval: bounds of the Dice interval at `interval_level`.
        interval_level: probability that the interval is meant to hold the truth.
        interval_cases: patients behind the intervals.
        interval_reason: why there is no interval; None where there is one and where no model answered.
        dice_at_least: one-sided lower bound of Dice at `interval_level`.
        hd95_mm: predicted HD95.
        msd_mm: predicted mean surface distance.
        verdict: accept, review or reject.
        reasons: sentences behind the verdict, the gravest first.
        slices: slices to look at first, by predicted error volume; None where the model has no error map.
        novelty: whether the case is inside the training range.
        volume_cc: the contour's volume on the image's grid.
        resampled: whether the contour was interpolated to the image's grid.
        lost_cc: foreground outside the image.
        model: the model that predicted it; None where mask-only rules alone did.
        expected_dice: Dice to expect by the contour's probability map; None without a map.
        agreement_dice: Dice with the second segmentation; None without one.
        rasterized: by which rule polygons or a surface became the mask; None for what was a mask.
        remarks: what else a reader must know of the contour's source; None for nothing.
        standard_name: TG-263 name that the user's table of names gives it; None where it gives none.
        spelled: how the source spells the structure's name, where it goes by another; else None.
        volume_polygons_cc: what the polygons that became the mask enclose, by their own areas; None for what
            was a mask.
        error: where the contour is probably wrong; None where the model has no error map. For maps and
            pictures; no table holds it.
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
    interval_reason: str | None = None
    dice_at_least: float | None = None
    hd95_mm: float | None = None
    hd95_interval_mm: tuple[float, float] | None = None
    msd_mm: float | None = None
    msd_interval_mm: tuple[float, float] | None = None
    slices: tuple[SuspiciousSlice, ...] | None = None
    model: str | None = None
    expected_dice: float | None = None
    agreement_dice: float | None = None
    rasterized: str | None = None
    remarks: str | None = None
    standard_name: str | None = None
    spelled: str | None = None
    volume_polygons_cc: float | None = None
    error: ErrorMap | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Assessment:
    """All contours of one image, assessed.

    Attributes:
        model: the model that answered, the first where several did.
        structures: one entry a contour, in the order given.
        elapsed_s: wall time of the assessment without loading files, s.
        models: every model that answered: bundled models know different structures.
        levels: the accept and reject levels behind the verdicts.
    """

    model: ModelIdentity
    structures: tuple[StructureAssessment, ...]
    elapsed_s: float
    models: tuple[ModelIdentity, ...] = ()
    levels: Levels = field(default_factory=Levels)

    @property
    def notes(self) -> tuple[str, ...]:
        """What every output of this assessment must carry."""
        return tuple(dict.fromkeys(m.note for m in (self.model, *self.models) if m.note))

    @property
    def without_maps(self) -> Assessment:
        """The same without error maps, which are as large as images: what many cases are kept as."""
        return replace(self, structures=tuple(replace(found, error=None) for found in self.structures))

    def identity_of(self, structure: StructureAssessment) -> ModelIdentity | None:
        """The model that answered for a structure; None where mask-only rules alone did."""
        return next((m for m in (*self.models, self.model) if m.name == structure.model and m.name), None)
