"""Baselines that stand beside every model: a constant, the mask-only rule, volume, and boosted trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contourqa_training.strata import JudgedContour
from ContourQALib.metrics.surface import box, surface_voxels
from ContourQALib.quality.rules import RuleSettings, check_mask

FEATURES = (
    "log_volume", "extent_k", "extent_j", "extent_i", "surface_share", "fill", "parts",
    "offset_k", "offset_j", "offset_i", "intensity_inside", "intensity_spread", "contrast_at_surface",
)  # fmt: skip


def features(judged: JudgedContour) -> np.ndarray:
    """Case variables of a contour: its size, shape and place, and the intensities in and around it.

    Lengths are mm, offsets are from the image's center as a share of its size, intensities are in standard
    deviations of the image.
    """
    from scipy import ndimage

    mask, grid = judged.contour.mask, judged.contour.grid
    spans = box(mask)
    if spans is None:
        return np.zeros(len(FEATURES))
    spacing = np.asarray(grid.spacing_kji)
    extent = np.array([s.stop - s.start for s in spans]) * spacing
    inside = np.argwhere(mask)
    offset = (inside.mean(axis=0) - (np.asarray(mask.shape) - 1) / 2) / mask.shape
    values = judged.case.image.values
    scale = float(values.std()) or 1.0
    normal = (values - float(values.mean())) / scale
    shell = ndimage.binary_dilation(mask, iterations=2) & ~mask
    core = normal[mask]
    around = float(normal[shell].mean()) if shell.any() else 0.0
    return np.array(
        [
            np.log(judged.contour.volume_cc),
            *extent,
            len(surface_voxels(mask)) / len(inside),
            len(inside) * float(np.prod(spacing)) / float(np.prod(extent)),
            ndimage.label(mask)[1],
            *offset,
            float(core.mean()),
            float(core.std()),
            float(core.mean()) - around,
        ]
    )


@dataclass(frozen=True, eq=False)
class Baselines:
    """Predictors fitted to contours of training patients.

    Attributes:
        medians: training median of Dice, by stratum.
        rules: settings of the mask-only rules.
        passing: median Dice of training contours that pass the rules.
        volume: coefficients of Dice as a quadratic in log volume.
        trees: gradient-boosted trees on `FEATURES`.
    """

    medians: dict[str, float]
    rules: RuleSettings
    passing: float
    volume: np.ndarray
    trees: Any

    @classmethod
    def fit(
        cls, graded: Sequence[JudgedContour], battery: Sequence[JudgedContour], rules: RuleSettings
    ) -> Baselines:
        """Fit to strata S and B of training patients."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        x = np.stack([features(j) for j in graded])
        y = np.array([j.dice for j in graded])
        passing = [j.dice for j in graded if _passes(j, rules)]
        return cls(
            medians={"G": 1.0, "S": float(np.median(y)), "B": float(np.median([j.dice for j in battery]))},
            rules=rules,
            passing=float(np.median(passing)),
            volume=np.polyfit(x[:, 0], y, 2),
            trees=HistGradientBoostingRegressor(loss="absolute_error", random_state=0).fit(x, y),
        )

    def predict(self, judged: Sequence[JudgedContour], stratum: str) -> dict[str, np.ndarray]:
        """Predicted Dice of every baseline by its name."""
        x = np.stack([features(j) for j in judged])
        rule = [self.passing if _passes(j, self.rules) else 0.0 for j in judged]
        return {
            "training median": np.full(len(judged), self.medians[stratum]),
            "mask-only rule": np.array(rule),
            "log-volume regression": np.clip(np.polyval(self.volume, x[:, 0]), 0, 1),
            "boosted trees": np.clip(self.trees.predict(x), 0, 1),
        }


def _passes(judged: JudgedContour, rules: RuleSettings) -> bool:
    return not any(finding.failed for finding in check_mask(judged.contour, rules))
