"""Findings: what the study says of each model and structure, as numbers; figures and tables show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contourqa_training.bice.transfer import Transfer
from ContourQALib.thresholds.calibration import Rescaling
from ContourQALib.thresholds.pooled import PooledCurve, PooledSweep
from ContourQALib.thresholds.pooled_losses import PooledLosses


@dataclass(frozen=True)
class Recalibrated:
    """A model's maps after a fit on the validation patients, on the patients judged.

    Attributes:
        rescaling: the fit.
        ece_before: expected calibration error of the maps as they are, on the patients judged.
        ece_after: the same after the fit.
        optimum_threshold: where the Dice optimum of the validation patients lies on the new axis.
        losses: at 0.5 and about the optima on the new axis.
    """

    rescaling: Rescaling
    ece_before: float
    ece_after: float
    optimum_threshold: float
    losses: PooledLosses


@dataclass(frozen=True)
class MeanFigure:
    """Mean over the patients judged, sd (n - 1), and over how many it is defined."""

    mean: float
    sd: float
    defined: int
    undefined: int


@dataclass(frozen=True, eq=False)
class Finding:
    """One structure of one model.

    Thresholds are chosen on the validation patients (those whose loss chose the stored model as well), losses
    are measured on the patients judged.

    Attributes:
        model: name of the model.
        structure: the structure.
        multi_label: whether the model segments several.
        dice_weight: lambda of its loss.
        prominence: share of the training patients' voxels that the structure fills (eq. 4); whole images of
            the patients who have it contoured.
        validation: curves, optima with their intervals, losses and calibration of the validation patients.
        judged: names of the patients judged.
        at_optimum: by figure, its mean at the figure's own validation optimum.
        at_half: by figure, its mean at 0.5.
        losses: of the patients judged, about the validation optima.
        recalibrated: by name of the fit; empty where no fit was possible.
        transfer: Dice lost by thresholds chosen on few validation patients.
    """

    model: str
    structure: str
    multi_label: bool
    dice_weight: float
    prominence: float
    validation: PooledSweep
    judged: tuple[str, ...]
    at_optimum: Mapping[str, MeanFigure]
    at_half: Mapping[str, MeanFigure]
    losses: PooledLosses
    recalibrated: Mapping[str, Recalibrated]
    transfer: Transfer | None


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """A structure's curves over the draws of patients (figure 8).

    Attributes:
        structure: the structure.
        thresholds: (T,).
        curves: by figure; mean and standard error over draws of each draw's mean over its held-out patients.
        draws: by figure, (D, T), each draw's mean.
        optimum: the Dice optimum of each draw.
        patients: held-out patients of each draw that have the structure.
    """

    structure: str
    thresholds: np.ndarray
    curves: Mapping[str, PooledCurve]
    draws: Mapping[str, np.ndarray]
    optimum: tuple[float, ...]
    patients: tuple[int, ...]


@dataclass(frozen=True)
class Correlation:
    """Pearson's correlation of prominence and the best Dice threshold (figure 16).

    Attributes:
        models: which models' structures are the points.
        structures: the points' names.
        prominence: of each point.
        optimum: of each point.
        r: Pearson's r; nan for fewer than three points.
        p: of r being 0; nan for fewer than three.
        low: lower end of the 95 % interval of r (Fisher's z); nan for fewer than four.
        high: its upper end.
    """

    models: str
    structures: tuple[str, ...]
    prominence: tuple[float, ...]
    optimum: tuple[float, ...]
    r: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything the study found.

    Attributes:
        findings: one a model and structure; the split's models, not the draws'.
        monte_carlo: one a structure that was drawn.
        correlations: of prominence and optimum, by family of models.
    """

    findings: tuple[Finding, ...]
    monte_carlo: tuple[MonteCarlo, ...]
    correlations: tuple[Correlation, ...]

    def of_model(self, model: str) -> tuple[Finding, ...]:
        """A model's structures."""
        return tuple(f for f in self.findings if f.model == model)

    def papers(self) -> tuple[Finding, ...]:
        """The single-organ models without a Dice term in their loss: the paper's own."""
        return tuple(f for f in self.findings if not f.multi_label and f.dice_weight == 0)

    def multi_label(self) -> tuple[Finding, ...]:
        """The structures of the multi-label model."""
        return tuple(f for f in self.findings if f.multi_label)

    def series(self, structure: str) -> tuple[Finding, ...]:
        """The single-organ models of a structure by rising lambda."""
        own = (f for f in self.findings if not f.multi_label and f.structure == structure)
        return tuple(sorted(own, key=lambda f: f.dice_weight))
