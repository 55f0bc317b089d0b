"""Calibration: what a map's probabilities are worth, and the monotone maps that make them worth more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.thresholds.reliability import Reliability, Tally, logits, mean_nll, reliability, tally

TEMPERATURES = (0.01, 100.0)
"""Least and largest temperature of a fit: where truth follows from the map without a fault the best
temperature is 0, where it does not follow at all it is infinite."""

NO_TRUTH = "a calibration needs voxels both inside and outside the reference"


@dataclass(frozen=True)
class Rescaling:
    """A monotone map of probabilities: Q = sigmoid(logit(P) / temperature + bias), with Q(0) = 0, Q(1) = 1.

    Masks of Q at `apply(t)` are those of P at t, so a sweep keeps its values and only moves along the axis.

    Attributes:
        temperature: above 1 the map was too sure of itself, below 1 not sure enough.
        bias: 0 for temperature scaling alone, which leaves 0.5 where it is.
        at_limit: whether the fit ran into `TEMPERATURES`: there is no finite best.
    """

    temperature: float = 1.0
    bias: float = 0.0
    at_limit: bool = False

    def apply(self, probability: float | np.ndarray) -> np.ndarray:
        """Recalibrated probability, float64."""
        from scipy.special import expit, logit

        return np.asarray(expit(logit(np.asarray(probability, float)) / self.temperature + self.bias))

    def undo(self, probability: float | np.ndarray) -> np.ndarray:
        """The probability of the map that `apply` brings to `probability`, float64."""
        from scipy.special import expit, logit

        return np.asarray(expit((logit(np.asarray(probability, float)) - self.bias) * self.temperature))


@dataclass(frozen=True, eq=False)
class Calibration:
    """How well probabilities agree with the truth, before and after recalibration.

    Attributes:
        voxels: voxels of the domain (`reliability.DOMAIN`), over all cases.
        positives: those of them inside the reference.
        cases: how many maps.
        in_sample: whether the fits are measured on the very voxels they were made on, which flatters them.
        tally: the voxels themselves, in groups, to be added to other cases' (`fit_tallies`).
        before: the map as it is.
        temperature: temperature scaling, the fit with the least negative log likelihood.
        temperature_and_bias: the same with a bias (Platt scaling), beyond paper Bice.
        after_temperature: the map after temperature scaling.
        after_temperature_and_bias: the map after both.
    """

    voxels: int
    positives: int
    cases: int
    in_sample: bool
    tally: Tally
    before: Reliability
    temperature: Rescaling
    temperature_and_bias: Rescaling
    after_temperature: Reliability
    after_temperature_and_bias: Reliability

    @property
    def rescalings(self) -> dict[str, Rescaling]:
        """The two fits by name."""
        return {"temperature": self.temperature, "temperature_and_bias": self.temperature_and_bias}

    def measured_on(self, other: Tally) -> Calibration:
        """These fits measured on other cases' voxels: an honest figure where the cases are others.

        Raises:
            SettingError: `other` lacks voxels inside or outside the reference.
        """
        return _measured(other, self.temperature, self.temperature_and_bias, in_sample=False)


def fit_calibration(maps: Sequence[ProbabilityMap], references: Sequence[Contour]) -> Calibration:
    """Fit one temperature, and one temperature with bias, over the voxels of all cases.

    Args:
        maps: one a case; each is brought onto its reference's grid.
        references: the contours held to be right, in the same order; some may be empty.

    Raises:
        SettingError: no case, not one reference a map, values outside [0, 1], or no voxel inside or outside
            any reference.
        GeometryError: a map lies wholly outside its reference's grid.
    """
    if not maps or len(maps) != len(references):
        raise SettingError(
            f"A calibration needs one reference for each map, not {len(references)} for {len(maps)}."
        )
    return fit_tallies([tally(*pair) for pair in zip(maps, references, strict=True)])


def fit_tallies(tallies: Sequence[Tally]) -> Calibration:
    """`fit_calibration` from voxels that are counted already.

    Raises:
        SettingError: no tally, or no voxel inside or outside any reference.
    """
    if not tallies:
        raise SettingError("A calibration needs at least one case.")
    counted = Tally.of(tallies)
    check_truth(counted)
    temperature = _fit_temperature(counted)
    return _measured(counted, temperature, _fit_temperature_and_bias(counted, temperature), in_sample=True)


def has_truth(counted: Tally) -> bool:
    """Whether a fit is possible: voxels both inside and outside the reference."""
    return bool(0 < counted.positives.sum() < counted.voxels.sum())


def check_truth(counted: Tally) -> None:
    """Refuse a tally that no fit can be made or measured on.

    Raises:
        SettingError: no voxel inside, or none outside, the reference.
    """
    if not has_truth(counted):
        raise SettingError(f"{NO_TRUTH[0].upper()}{NO_TRUTH[1:]}, and these cases lack one of them.")


def _measured(counted: Tally, temperature: Rescaling, both: Rescaling, *, in_sample: bool) -> Calibration:
    check_truth(counted)

    def after(rescaling: Rescaling) -> Reliability:
        return reliability(rescaling.apply(counted.probability), counted.voxels, counted.positives)

    return Calibration(
        voxels=int(counted.voxels.sum()),
        positives=int(counted.positives.sum()),
        cases=counted.cases,
        in_sample=in_sample,
        tally=counted,
        before=reliability(counted.probability, counted.voxels, counted.positives),
        temperature=temperature,
        temperature_and_bias=both,
        after_temperature=after(temperature),
        after_temperature_and_bias=after(both),
    )


def _fit_temperature(counted: Tally) -> Rescaling:
    """The temperature at which the slope of the negative log likelihood (convex in 1 / T) is zero."""
    from scipy.optimize import brentq
    from scipy.special import expit

    logit = logits(counted.probability)

    def slope(log_inverse: float) -> float:
        inverse = np.exp(log_inverse)
        return float(np.sum((counted.voxels * expit(inverse * logit) - counted.positives) * logit))

    low, high = np.log(1 / TEMPERATURES[1]), np.log(1 / TEMPERATURES[0])
    if slope(low) >= 0:
        return Rescaling(TEMPERATURES[1], at_limit=True)
    if slope(high) <= 0:
        return Rescaling(TEMPERATURES[0], at_limit=True)
    return Rescaling(float(np.exp(-brentq(slope, low, high, xtol=1e-12))))


def _fit_temperature_and_bias(counted: Tally, start: Rescaling) -> Rescaling:
    from scipy.optimize import minimize
    from scipy.special import expit

    logit = logits(counted.probability)
    voxels, positives = counted.voxels, counted.positives
    highest_out, lowest_in = logit[positives < voxels].max(), logit[positives > 0].min()
    if highest_out <= lowest_in:  # one threshold tells inside from outside: the steeper the better
        return Rescaling(TEMPERATURES[0], -(highest_out + lowest_in) / 2 / TEMPERATURES[0], at_limit=True)
    # As shares of the likelihood before: the solver stops by absolute steps, and means may be 1e-4.
    scale = mean_nll(logit, voxels, positives)

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        inverse, bias = parameters
        moved = inverse * logit + bias
        error = voxels * expit(moved) - positives
        gradient = np.array([np.sum(error * logit), np.sum(error)]) / voxels.sum()
        return mean_nll(moved, voxels, positives) / scale, gradient / scale

    limits = (1 / TEMPERATURES[1], 1 / TEMPERATURES[0])
    found = minimize(
        objective,
        [1 / start.temperature, 0.0],
        jac=True,
        method="L-BFGS-B",
        bounds=[limits, (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-10},
    )
    inverse, bias = (float(value) for value in found.x)
    return Rescaling(1 / inverse, bias, at_limit=inverse in limits)
