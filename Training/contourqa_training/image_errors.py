"""What can be wrong with an image: noise, a bias field, another contrast, each in a known dose.

The contour stays as it is and so does its true quality: a score that changes has looked at the wrong thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ContourQALib.errors import SettingError

NOISE, BIAS, CONTRAST = "image-noise", "image-bias", "image-contrast"

IMAGE_ERRORS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        NOISE: (0.02, 0.05, 0.1, 0.2, 0.3),
        BIAS: (0.1, 0.2, 0.4, 0.6, 0.8),
        CONTRAST: (0.2, 0.4, 0.6, 0.8, 1.0),
    }
)
"""Severities from slight to grave: noise's standard deviation and the bias field's largest relative change as
shares of the image's range from its 0.5th to its 99.5th percentile; the logarithm of the exponent (gamma)."""


def spoil_image(values: np.ndarray, kind: str, severity: float, seed: int) -> np.ndarray:
    """An image with an error; the same seed gives the same error, more of it at a higher severity.

    Args:
        values: intensities (K, J, I).
        kind: a name in `IMAGE_ERRORS`.
        severity: how much.
        seed: of noise and field.

    Returns:
        float32 (K, J, I).

    Raises:
        SettingError: an unknown error or a negative severity.
    """
    if kind not in IMAGE_ERRORS or severity < 0:
        raise SettingError(
            f"There is no image error {kind} of severity {severity:g}; there are {', '.join(IMAGE_ERRORS)}."
        )
    low, high = (float(v) for v in np.percentile(values, [0.5, 99.5]))
    if not high > low:
        return values.astype(np.float32)
    random = np.random.default_rng(seed)
    scaled = (values.astype(np.float64) - low) / (high - low)
    if kind == NOISE:
        scaled = scaled + severity * random.normal(size=values.shape)
    elif kind == BIAS:
        scaled = scaled * (1 + severity * _field(values.shape, random))
    else:
        scaled = np.sign(scaled) * np.abs(scaled) ** np.exp(severity * random.choice([-1.0, 1.0]))
    return np.asarray(scaled * (high - low) + low, np.float32)


def _field(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """A smooth field in [-1, 1]: a random plane over the volume."""
    axes = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    weights = random.normal(size=3)
    field = sum(weight * axis for weight, axis in zip(weights, axes, strict=True))
    return np.asarray(field / max(float(np.abs(field).max()), 1e-9))
