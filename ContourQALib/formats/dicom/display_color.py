"""Colors of segments: CIELab as DICOM stores it, and the sRGB of our contours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ContourQALib.formats.segmentation import Color

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Linear sRGB to CIE XYZ (IEC 61966-2-1)."""

WHITE = np.array([0.95047, 1.0, 1.08883])
"""The white of sRGB, D65. PS3.3 C.10.7.1.1 speaks of the D50 of ICC profiles; dcmqi, Slicer and highdicom
write and read D65, and a color must look the same there."""

SMALL = 6 / 29
"""Cube root below which CIELab's lightness is linear."""

STORED = 0xFFFF
"""What the largest lightness, and the largest a and b, are stored as."""


def to_cielab(color: Color) -> list[int]:
    """Recommended Display CIELab Value (0062,000D) of a color.

    Args:
        color: red, green, blue in [0, 1]; taken as 8-bit numbers, which is what comes back.
    """
    eight_bit = np.round(np.clip(color, 0.0, 1.0) * 255) / 255
    linear = np.where(eight_bit > 0.04045, ((eight_bit + 0.055) / 1.055) ** 2.4, eight_bit / 12.92)
    share = TO_XYZ @ linear / WHITE
    x, y, z = np.where(share > SMALL**3, np.cbrt(share), share / (3 * SMALL**2) + 4 / 29)
    lightness, a, b = 116 * y - 16, 500 * (x - y), 200 * (y - z)
    scaled = np.array([lightness / 100, (a + 128) / 255, (b + 128) / 255])
    return [int(number) for number in np.round(np.clip(scaled, 0, 1) * STORED)]


def from_cielab(stored: Sequence[int]) -> Color:
    """The color in [0, 1] of a Recommended Display CIELab Value; one beyond sRGB is cut off at its edge.

    Raises:
        ValueError: not three numbers of 16 bit.
    """
    scaled = np.asarray(stored, float) / STORED
    if scaled.shape != (3,) or scaled.min() < 0 or scaled.max() > 1:
        raise ValueError("a color is not three numbers of 16 bit")
    lightness, a, b = scaled * (100, 255, 255) - (0, 128, 128)
    y = (lightness + 16) / 116
    root = np.array([y + a / 500, y, y - b / 200])
    share = np.where(root > SMALL, root**3, 3 * SMALL**2 * (root - 4 / 29))
    linear = np.clip(np.linalg.solve(TO_XYZ, share * WHITE), 0.0, 1.0)
    gamma = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, linear * 12.92)
    red, green, blue = (float(number) for number in np.round(gamma * 255) / 255)
    return red, green, blue
