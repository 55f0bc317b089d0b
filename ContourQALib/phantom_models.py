"""What two segmentation models say of the phantom: probability maps with errors such as models make.

A model's belief is a surface displaced from the true one by a bias, by smooth noise and by its own mistakes;
its probability falls from one to zero across that surface, more gently where it is unsure. A contour is where
the probability is at least one half.
"""

from __future__ import annotations

import numpy as np

from ContourQALib.phantom_ct import Scan
from ContourQALib.phantom_shapes import REACH_MM, Space

FLOOR = np.float32(2e-3)
"""Probabilities below this are zero, as in stored maps; they say nothing and would not compress."""

CTV_EXCESS = (0.16, 0.18)
"""The vendor's target is larger than the reference by a share drawn from here."""

CTV_STRETCH = 1.1
"""The vendor's target is longer from head to foot by this factor; the rest of the excess is all around."""

RECTUM_MISSED_MM = 21.0
"""The vendor's rectum begins this far above the true lower end."""


class Model:
    """One model's view of one scan; `vendor` and `fine_tuned` draw from the same generator in that order."""

    def __init__(self, scan: Scan, space: Space, rng: np.random.Generator) -> None:
        self.scan, self.space, self.rng = scan, space, rng

    def fine_tuned(self) -> dict[str, np.ndarray]:
        """Small random errors of the boundary, no bias, sharp edges: probabilities by organ."""
        wobble = self.space.noise(self.rng, 13.0)
        return {
            name: self._map(distance + np.float32(0.7) * wobble, 1.3)
            for name, distance in self.scan.organs.items()
        }

    def vendor(self) -> dict[str, np.ndarray]:
        """A target drawn too large and too long, parts missed, soft edges: probabilities by organ."""
        wobble = np.float32(1.1) * self.space.noise(self.rng, 18.0)
        organs = self.scan.organs
        heads = {
            name: self._map(organs[name] + wobble - self._below(-12.0, 6.0), 1.8)
            for name in ("FemoralHead_L", "FemoralHead_R")
        }
        return {
            "CTV": self._target(organs["CTV"] + np.float32(0.5) * wobble),
            "Bladder": self._bladder(organs["Bladder"] + wobble),
            "Rectum": self._rectum(organs["Rectum"] + wobble),
            **heads,
            "Bowel": self._bowel(wobble),
        }

    def _target(self, distance: np.ndarray) -> np.ndarray:
        """Drawn too long and too wide, together by exactly the drawn share of the volume."""
        inside = self.scan.organs["CTV"] < 0
        count = np.count_nonzero(inside)
        if count == 0:
            return np.zeros(distance.shape, np.float32)
        slices = np.flatnonzero(inside.any(axis=(1, 2)))
        middle = (slices[0] + slices[-1]) / 2
        stretched = _stretched(distance, middle, CTV_STRETCH)
        # A voxel joins the target once the bias reaches its distance; the bias that takes in the wanted
        # number of voxels is therefore an order statistic.
        wanted = min(round(count * (1 + self.rng.uniform(*CTV_EXCESS))), distance.size - 1)
        bias = np.partition(stretched.ravel(), wanted)[wanted]
        from_middle = np.abs(np.arange(len(inside)) - middle) / (len(slices) / 2)
        softness = 1.5 + np.clip(from_middle, 0, 1.2)[:, None, None] ** 2
        return self._map(stretched - bias, softness)

    def _bladder(self, distance: np.ndarray) -> np.ndarray:
        """A dent in the dome, where the model is unsure."""
        inside = np.argwhere(self.scan.organs["Bladder"] < 0)
        if len(inside) == 0:
            return np.zeros(distance.shape, np.float32)
        top = inside[inside[:, 0] >= np.percentile(inside[:, 0], 75)]
        k, j, i = top[int(np.argmin(top[:, 1]))]
        x, y, z = self.space.x[0, 0, i], self.space.y[0, j, 0], self.space.z[k, 0, 0]
        squared = (self.space.x - x) ** 2 + (self.space.y - y) ** 2 + (self.space.z - z) ** 2
        dent = np.exp(-squared / np.float32(2 * 13.0**2))
        return self._map(distance + 12 * dent - np.float32(0.5), np.float32(1.8) + 4 * dent)

    def _rectum(self, distance: np.ndarray) -> np.ndarray:
        """The lowest slices missed: only a trace of probability is left there."""
        slices = self.space.z[(self.scan.organs["Rectum"] < 0).any(axis=(1, 2))]
        lowest = slices.min() if slices.size else np.float32(0)
        return self._map(distance, 1.9) * (1 - np.float32(0.8) * self._below(lowest + RECTUM_MISSED_MM, 2.0))

    def _bowel(self, wobble: np.ndarray) -> np.ndarray:
        """The last loop mistaken for something else, at a third of the probability it deserves."""
        *found, missed = self.scan.loops
        rest = self._map(np.minimum.reduce(found) + wobble, 2.0)
        return np.maximum(rest, np.float32(0.35) * self._map(missed + wobble, 2.4))

    def _below(self, level: float | np.floating, width_mm: float) -> np.ndarray:
        """One below the level (z, mm), zero above, with a smooth step; (K, 1, 1)."""
        return np.asarray(1 / (1 + np.exp((self.space.z - np.float32(level)) / np.float32(width_mm))))

    def _map(self, distance: np.ndarray, softness_mm: float | np.ndarray) -> np.ndarray:
        """Probability of a believed signed distance: one half at zero, a logistic fall of that softness."""
        from scipy.special import expit

        near = distance < REACH_MM - 6
        result = np.zeros(distance.shape, np.float32)
        softness = np.broadcast_to(np.asarray(softness_mm, np.float32), distance.shape)[near]
        result[near] = expit(-distance[near] / softness)
        result[result < FLOOR] = 0
        return result


def _stretched(distance: np.ndarray, middle: float, factor: float) -> np.ndarray:
    """The field stretched along the slices about slice `middle`, interpolated linearly."""
    source = np.clip(middle + (np.arange(len(distance)) - middle) / factor, 0, len(distance) - 1)
    below = np.minimum(source.astype(int), len(distance) - 2)
    share = (source - below).astype(np.float32)[:, None, None]
    return np.asarray((1 - share) * distance[below] + share * distance[below + 1])
