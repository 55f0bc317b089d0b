"""Analysis of one case's sweep: the best threshold, what 0.5 costs, what recalibration would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM, Status
from ContourQALib.thresholds.calibration import Calibration, Rescaling, fit_tallies, has_truth
from ContourQALib.thresholds.reliability import tally_arrays
from ContourQALib.thresholds.sensitivity import (
    FIGURES,
    NOTHING_FINITE,
    PERTURBATIONS,
    Optimum,
    Sensitivity,
    optimum_of,
    same_threshold,
    sensitivity,
    thresholds_around,
)
from ContourQALib.thresholds.sweep import ThresholdPoint, ThresholdSweep, sweep

__all__ = [
    "FIGURES",
    "PERTURBATIONS",
    "Calibration",
    "Optimum",
    "Sensitivity",
    "ThresholdAnalysis",
    "analyze",
]

NO_CALIBRATION = "the reference does not have voxels both inside and outside it: no fit is possible"


@dataclass(frozen=True, eq=False, kw_only=True)
class ThresholdAnalysis(Sensitivity):
    """The sweep of one case and what follows from it; losses as in `Sensitivity`.

    Attributes:
        sweep: the curves.
        between: the thresholds that losses needed and the sweep lacks, swept the same way; None if none.
        calibration: reliability of the map and the fits that improve it; None where not asked for or not
            possible (`reasons["calibration"]`).
        recalibrated: by name of the fit ("temperature", "temperature_and_bias") the sensitivity of the
            recalibrated map: the optimum moves, its value stays.
    """

    sweep: ThresholdSweep
    between: ThresholdSweep | None
    calibration: Calibration | None
    recalibrated: Mapping[str, Sensitivity]

    def point(self, threshold: float) -> ThresholdPoint:
        """Every figure at exactly this threshold, not at the nearest one.

        Raises:
            SettingError: it was not swept.
        """
        found = self.find(threshold)
        if found is None:
            raise SettingError(f"The threshold {threshold:g} was not swept for {self.sweep.probability}.")
        return found

    def find(self, threshold: float) -> ThresholdPoint | None:
        """`point`, or None where this threshold was not swept."""
        return _find((self.sweep, self.between), threshold)


def analyze(
    probability: ProbabilityMap,
    reference: Contour,
    thresholds: Sequence[float] | np.ndarray | None = None,
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    calibrate: bool = True,
    reference_label: str | None = None,
    probability_label: str | None = None,
) -> ThresholdAnalysis:
    """Sweep a map and find each figure's optimum, the loss at 0.5 and the perturbation losses, exactly.

    A threshold that a loss needs and the sweep lacks is measured by a second sweep, never interpolated.

    Args:
        probability: the map; brought onto the reference's grid.
        reference: the contour held to be right.
        thresholds: as for `sweep`.
        tolerance_mm: tolerance of surface Dice, mm.
        calibrate: also measure and fit the map's calibration.
        reference_label: what `ThresholdSweep.reference` says.
        probability_label: the same for the map.

    Raises:
        SettingError: thresholds or tolerance cannot be used, or the map holds values outside [0, 1].
        GeometryError: the map lies wholly outside the reference's grid.
    """
    placed = probability.on(reference.grid)
    curves = sweep(
        placed,
        reference,
        thresholds,
        tolerance_mm,
        reference_label=reference_label,
        probability_label=probability_label,
    )
    optimum = {figure: optimum_of(curves, figure) for figure in FIGURES}
    fitted = _calibration(placed, reference) if calibrate else None
    rescalings = fitted.rescalings if fitted else {}
    moved = {name: _moved(optimum, rescaling) for name, rescaling in rescalings.items()}

    needed = [*_around(optimum)]
    for name, rescaling in rescalings.items():
        needed += [float(rescaling.undo(t)) for t in _around(moved[name])]
    missing = _missing(curves.thresholds, needed)
    between = None
    if missing.size and any(optimum.values()):
        between = sweep(
            placed,
            reference,
            missing,
            tolerance_mm,
            reference_label=reference_label,
            probability_label=probability_label,
        )

    def of(best: Mapping[str, Optimum | None], rescaling: Rescaling | None) -> Sensitivity:
        def at(threshold: float) -> ThresholdPoint:
            found = _find((curves, between), float(rescaling.undo(threshold)) if rescaling else threshold)
            assert found is not None, "every threshold around an optimum is in one of the two sweeps"
            return found

        return sensitivity(best, at, why)

    why = (curves.status is Status.REFERENCE_EMPTY and curves.reason) or NOTHING_FINITE
    own = of(optimum, None)
    no_fit = {"calibration": NO_CALIBRATION} if calibrate and fitted is None else {}
    return ThresholdAnalysis(
        optimum=optimum,
        loss_at_half_percent=own.loss_at_half_percent,
        perturbation_loss_percent=own.perturbation_loss_percent,
        reasons={**own.reasons, **no_fit},
        sweep=curves,
        between=between,
        calibration=fitted,
        recalibrated={name: of(moved[name], rescaling) for name, rescaling in rescalings.items()},
    )


def _calibration(probability: ProbabilityMap, reference: Contour) -> Calibration | None:
    counted = tally_arrays(probability.values, reference.mask)  # the sweep has checked the values
    return fit_tallies([counted]) if has_truth(counted) else None


def _moved(optimum: Mapping[str, Optimum | None], rescaling: Rescaling) -> dict[str, Optimum | None]:
    """Where the optima lie on the axis of the recalibrated map."""
    return {
        figure: best and replace(best, threshold=float(rescaling.apply(best.threshold)))
        for figure, best in optimum.items()
    }


def _around(optimum: Mapping[str, Optimum | None]) -> tuple[float, ...]:
    return thresholds_around(best.threshold for best in optimum.values() if best)


def _missing(swept: np.ndarray, needed: Sequence[float]) -> np.ndarray:
    """The needed thresholds that were not swept, increasing; compared as float32, as masks are."""
    wanted = np.unique(np.asarray(needed, np.float32))
    return wanted[~np.isin(wanted, swept.astype(np.float32))].astype(float)


def _find(sweeps: Sequence[ThresholdSweep | None], threshold: float) -> ThresholdPoint | None:
    for swept in sweeps:
        if swept is not None:
            nearest = swept.at(threshold)
            if same_threshold(nearest.threshold, threshold):
                return nearest
    return None
