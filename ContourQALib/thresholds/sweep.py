"""A probability map and a reference in, every metric at every threshold out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ContourQALib import compiled
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM, Status
from ContourQALib.metrics.surface import check_same_shape, check_tolerance, touches_edge
from ContourQALib.thresholds import plain
from ContourQALib.thresholds.curves import Counts, DistanceCurves
from ContourQALib.thresholds.levels import MOST_LEVELS, checked, equal_steps

REFERENCE_EMPTY = "the reference contour is empty: Dice is 0 or undefined and no distance is defined"
NOTHING = "no threshold of the sweep above 0 selects anything"
EVERYTHING = "every threshold of the sweep selects the whole grid or nothing"


@dataclass(frozen=True)
class ThresholdPoint:
    """Agreement with the reference at one threshold; fields as in `ThresholdSweep`."""

    threshold: float
    flag: Status
    dice: float
    sensitivity: float
    specificity: float
    volume_cc: float
    msd_mm: float
    masd_mm: float
    hd_mm: float
    hd95_mm: float
    hd95_pooled_mm: float
    hd95_slicerrt_mm: float
    surface_dice: float


@dataclass(frozen=True, eq=False)
class ThresholdSweep:
    """Agreement of the masks P >= t with a reference, at every threshold t (paper Bice, figures 7 to 12).

    Curves are (T,) float64, one value a threshold, with the definitions of `metrics.definitions`. A threshold
    that selects nothing has Dice 0 and distances inf; one that selects the whole grid is measured like any
    other and flagged.

    Attributes:
        structure: the structure's name, as the reference spells it.
        reference: where the reference comes from (the path the user gave, or a name).
        probability: where the map comes from.
        status: ok; reference_empty; empty or full where every threshold selects nothing or everything.
        reason: why figures are undefined, where they are.
        thresholds: (T,) float64, increasing; masks are P >= t compared as float32.
        flags: for each threshold ok, empty or full (the whole grid is selected).
        tolerance_mm: tolerance of surface Dice.
        volume_reference_cc: volume of the reference.
        prominence: share of the grid's voxels that the reference fills (paper Bice, eq. 4).
        grid_voxels: voxels of the reference's grid.
        touches_edge: whether the reference has a voxel on the edge of the grid.
        resampled: whether the map was interpolated to the reference's grid.
    """

    structure: str
    reference: str
    probability: str
    status: Status
    reason: str | None
    thresholds: np.ndarray
    flags: tuple[Status, ...]
    dice: np.ndarray
    sensitivity: np.ndarray
    specificity: np.ndarray
    volume_cc: np.ndarray
    msd_mm: np.ndarray
    masd_mm: np.ndarray
    hd_mm: np.ndarray
    hd95_mm: np.ndarray
    hd95_pooled_mm: np.ndarray
    hd95_slicerrt_mm: np.ndarray
    surface_dice: np.ndarray
    tolerance_mm: float
    volume_reference_cc: float
    prominence: float
    grid_voxels: int
    touches_edge: bool
    resampled: bool

    def nearest(self, threshold: float) -> int:
        """Index of the swept threshold that is nearest to `threshold`; the lower one half way.

        Raises:
            SettingError: `threshold` is not between 0 and 1.
        """
        if not 0 <= threshold <= 1:
            raise SettingError(f"The threshold {threshold:g} is not between 0 and 1.")
        after = int(np.searchsorted(self.thresholds, threshold))
        if after == 0:
            return 0
        if after == self.thresholds.size:
            return after - 1
        below, above = self.thresholds[after - 1 : after + 1]
        return after if above - threshold < threshold - below else after - 1

    def at(self, threshold: float) -> ThresholdPoint:
        """Every figure at the swept threshold nearest to `threshold`, from the curves: no voxel is looked at.

        Raises:
            SettingError: `threshold` is not between 0 and 1.
        """
        index = self.nearest(threshold)
        curves = {f.name: float(getattr(self, f.name)[index]) for f in fields(ThresholdPoint)[2:]}
        return ThresholdPoint(float(self.thresholds[index]), self.flags[index], **curves)


def sweep(
    probability: ProbabilityMap,
    reference: Contour,
    thresholds: Sequence[float] | np.ndarray | None = None,
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    reference_label: str | None = None,
    probability_label: str | None = None,
) -> ThresholdSweep:
    """Compare the masks P >= t with the reference at every threshold, exactly and without making the masks.

    Args:
        probability: the map; brought onto the reference's grid (see `ProbabilityMap.on`).
        reference: the contour held to be right; its grid is the domain of every count.
        thresholds: increasing numbers in [0, 1]; 0 to 1 in steps of 0.01 by default.
        tolerance_mm: tolerance of surface Dice, mm.
        reference_label: what `ThresholdSweep.reference` says; the reference's path or name by default.
        probability_label: the same for the map.

    Raises:
        SettingError: thresholds or tolerance cannot be used, or the map holds values outside [0, 1].
        GeometryError: the map lies wholly outside the reference's grid.
    """
    steps = equal_steps() if thresholds is None else checked(thresholds)
    check_tolerance(tolerance_mm)
    grid = reference.grid
    placed = probability.on(grid)
    counts, distances = sweep_arrays(
        placed.values, reference.mask, grid.spacing_kji, steps, tolerance_mm, name=probability.name
    )
    empty, full = counts.selected == 0, counts.selected == counts.grid
    status, reason = _status(counts, empty, full)
    both, out = 2.0 * counts.true_positive, counts.grid - counts.reference
    return ThresholdSweep(
        structure=reference.name,
        reference=reference_label or str(reference.path or reference.name),
        probability=probability_label or str(probability.path or probability.name),
        status=status,
        reason=reason,
        thresholds=steps,
        flags=tuple(
            Status.EMPTY if e else Status.FULL if f else Status.OK for e, f in zip(empty, full, strict=True)
        ),
        dice=_ratio(both, counts.reference + counts.selected),
        sensitivity=_ratio(counts.true_positive, counts.reference),
        specificity=_ratio(out - (counts.selected - counts.true_positive), out),
        volume_cc=counts.selected * grid.voxel_volume_cc,
        **{f.name: getattr(distances, f.name) for f in fields(DistanceCurves)},
        tolerance_mm=float(tolerance_mm),
        volume_reference_cc=counts.reference * grid.voxel_volume_cc,
        prominence=counts.reference / counts.grid,
        grid_voxels=counts.grid,
        touches_edge=touches_edge(reference.mask),
        resampled=placed.resampled,
    )


def sweep_arrays(
    values: np.ndarray,
    reference: np.ndarray,
    spacing: Sequence[float],
    thresholds: np.ndarray,
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    name: str = "P",
) -> tuple[Counts, DistanceCurves]:
    """The sweep on bare arrays: counts and surface distances at every threshold.

    Args:
        values: probabilities in [0, 1], compared as float32: (K, J, I), or (J, I) for a slice measured in
            its plane.
        reference: bool, same shape.
        spacing: mm along the array's axes.
        thresholds: as `levels.checked` returns them.
        tolerance_mm: tolerance of surface Dice.
        name: what an error calls the map.

    Raises:
        SettingError: the map holds values that are not numbers in [0, 1].
        GeometryError: map and reference differ in shape, or do not have two or three dimensions.
    """
    values, reference = np.asarray(values, np.float32), np.asarray(reference, bool)
    check_same_shape(values, reference)
    single = thresholds.astype(np.float32)
    parts = [single[n : n + MOST_LEVELS] for n in range(0, single.size, MOST_LEVELS)]
    measure = _measure_compiled if compiled.wanted() else _measure_plain
    steps = np.asarray(spacing, float)
    done = [measure(values, reference, steps, part, tolerance_mm, name) for part in parts]
    counts = Counts(
        np.concatenate([c.selected for c, _ in done]),
        np.concatenate([c.true_positive for c, _ in done]),
        done[0][0].reference,
        done[0][0].grid,
    )
    names = [f.name for f in fields(DistanceCurves)]
    return counts, DistanceCurves(*(np.concatenate([getattr(d, n) for _, d in done]) for n in names))


def _measure_plain(
    values: np.ndarray,
    reference: np.ndarray,
    spacing: np.ndarray,
    part: np.ndarray,
    tolerance: float,
    name: str,
) -> tuple[Counts, DistanceCurves]:
    check_probabilities(values, name)
    return plain.sweep_plain(values, reference, spacing, part, tolerance)


def _measure_compiled(
    values: np.ndarray,
    reference: np.ndarray,
    spacing: np.ndarray,
    part: np.ndarray,
    tolerance: float,
    name: str,
) -> tuple[Counts, DistanceCurves]:
    from ContourQALib.thresholds.compiled.sweep import sweep_compiled

    found = sweep_compiled(values, reference, spacing, part, tolerance)
    if found is None:
        check_probabilities(values, name)
        # What is left is a zero with a minus sign, which is a zero.
        found = sweep_compiled(np.abs(values), reference, spacing, part, tolerance)
        assert found is not None
    return found


def check_probabilities(values: np.ndarray, name: str) -> None:
    """Refuse a map with values that are not numbers in [0, 1].

    Raises:
        SettingError: with the range that was found.
    """
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # nan is neither
        found = "values that are not numbers" if math.isnan(low) else f"values from {low:g} to {high:g}"
        raise SettingError(f"Probability map {name} holds {found}; probabilities lie between 0 and 1.")


def _status(counts: Counts, empty: np.ndarray, full: np.ndarray) -> tuple[Status, str | None]:
    if not counts.reference:
        return Status.REFERENCE_EMPTY, REFERENCE_EMPTY
    if not (empty | full).all():
        return Status.OK, None
    return (Status.EMPTY, NOTHING) if empty[1:].all() else (Status.FULL, EVERYTHING)


def _ratio(numerator: np.ndarray, denominator: np.ndarray | int) -> np.ndarray:
    """The quotients, nan where the denominator is zero."""
    below = np.broadcast_to(np.asarray(denominator, float), np.shape(numerator))
    return np.divide(numerator, below, out=np.full(below.shape, np.nan), where=below != 0)
