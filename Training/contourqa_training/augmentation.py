"""Augmentation: one random deformation for an image and its contours, and changes of intensity.

The ranges of the deformation are the first paper's (Isaksson 2022, "Predicting contour quality"): horizontal
flips, in-plane rotation, in-plane translation, zoom, elastic deformation, in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SpatialAugmentation:
    """Ranges of the random deformation.

    Attributes:
        share: share of the samples that are deformed (the paper's 1). Interpolation smooths an image;
            with less than 1 the network also sees images as they are in use.
        flip: whether left and right are swapped in half of the draws.
        rotation_radians: in-plane rotation, uniform on both sides (the paper's pi/12).
        translation: in-plane translation as a share of the image's extent (the paper's 0.1).
        zoom: relative zoom, uniform on both sides (the paper's 0.1).
        elastic_mm: standard deviation of the elastic displacement; open in the paper; 1 mm is visible and
            keeps a hippocampus a hippocampus.
        elastic_scale_mm: distance between the elastic grid's nodes; open in the paper.
    """

    share: float = 1.0
    flip: bool = True
    rotation_radians: float = np.pi / 12
    translation: float = 0.1
    zoom: float = 0.1
    elastic_mm: float = 1.0
    elastic_scale_mm: float = 12.0

    def draw(
        self, shape: tuple[int, int, int], spacing_kji: Sequence[float], random: np.random.Generator
    ) -> np.ndarray:
        """Where each voxel of the deformed array comes from: float64 (3, K, J, I) voxel coordinates."""
        spacing = np.asarray(spacing_kji).reshape(3, 1, 1, 1)
        center = (np.asarray(shape).reshape(3, 1, 1, 1) - 1) / 2
        place = (np.indices(shape, dtype=float) - center) * spacing
        flipped = self.flip and random.random() < 0.5
        angle = random.uniform(-self.rotation_radians, self.rotation_radians)
        extent = np.asarray(shape) * np.asarray(spacing_kji)
        moves = [random.uniform(-self.translation, self.translation) * extent[axis] for axis in (1, 2)]
        zoom = 1 + random.uniform(-self.zoom, self.zoom)
        # A place says where a voxel comes from, so the image's last step is the first to be undone.
        if self.elastic_mm > 0:
            place += self._elastic(shape, spacing_kji, random)
        place /= zoom
        place[1] += moves[0]
        place[2] += moves[1]
        cos, sin = np.cos(angle), np.sin(angle)
        place[1], place[2] = cos * place[1] - sin * place[2], sin * place[1] + cos * place[2]
        if flipped:
            place[2] *= -1
        return place / spacing + center

    def _elastic(
        self, shape: tuple[int, int, int], spacing_kji: Sequence[float], random: np.random.Generator
    ) -> np.ndarray:
        from scipy import ndimage

        extent = np.asarray(shape) * np.asarray(spacing_kji)
        nodes = np.maximum(np.ceil(extent / self.elastic_scale_mm).astype(int) + 1, 2)
        coarse = random.normal(0.0, self.elastic_mm, (3, *nodes))
        factors = [(m - 1) / max(n - 1, 1) for m, n in zip(nodes, shape, strict=True)]
        where = np.indices(shape, dtype=float) * np.reshape(factors, (3, 1, 1, 1))
        return np.stack([ndimage.map_coordinates(c, where, order=1, mode="nearest") for c in coarse])


def deform(array: np.ndarray, place: np.ndarray) -> np.ndarray:
    """An array (K, J, I) sampled at `place`; a bool mask is interpolated and cut at one half.

    Outside the array an image keeps its nearest value, a mask is false.
    """
    from scipy import ndimage

    mask = array.dtype == bool
    values = array.astype(np.float32) if mask else array
    mode = "constant" if mask else "nearest"
    bent = ndimage.map_coordinates(values, place, order=1, mode=mode, cval=0.0, prefilter=False)
    return bent >= 0.5 if mask else bent.astype(array.dtype)


@dataclass(frozen=True)
class IntensityAugmentation:
    """Changes of intensity, each drawn with probability `share`; the paper has none (all zero).

    Attributes:
        share: probability of each change.
        gamma: natural logarithm of the largest gamma.
        noise: largest standard deviation of added noise, as a share of the image's range.
        bias: largest relative change by a smooth bias field.
        blur_mm: largest standard deviation of a Gaussian blur.
    """

    share: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    bias: float = 0.0
    blur_mm: float = 0.0

    def __call__(
        self, values: np.ndarray, spacing_kji: Sequence[float], random: np.random.Generator
    ) -> np.ndarray:
        """Change an image (K, J, I); its range stays about the same."""
        from scipy import ndimage

        low, high = np.percentile(values, [0.5, 99.5])
        if not high > low or self.share <= 0:
            return values
        result = (values - low) / (high - low)
        if random.random() < self.share:
            exponent = np.exp(random.uniform(-self.gamma, self.gamma))
            result = np.sign(result) * np.abs(result) ** exponent
        if random.random() < self.share:
            result = result * (1 + self.bias * _ramp(result.shape, random))
        if random.random() < self.share:
            sigma = random.uniform(0, self.blur_mm) / np.asarray(spacing_kji)
            result = ndimage.gaussian_filter(result, sigma)
        if random.random() < self.share:
            result = result + random.normal(0, random.uniform(0, self.noise), result.shape)
        return np.asarray(result * (high - low) + low, np.float32)


def _ramp(shape: Sequence[int], random: np.random.Generator) -> np.ndarray:
    """A smooth field in [-1, 1]: a random quadratic over the volume."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    field = sum(random.normal() * a for a in axes) + sum(random.normal() * a * b for a in axes for b in axes)
    return np.asarray(field / max(float(np.abs(field).max()), 1e-6))
