"""Case variables: what baselines know of a contour without a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid, Vector
from ContourQALib.metrics.surface import box, surface_voxels
from ContourQALib.quality.preprocessing import standard_spacing, to_standard_axes

VARIABLES = (
    "log_volume", "extent_k_mm", "extent_j_mm", "extent_i_mm", "surface_share", "fill", "parts",
    "offset_k", "offset_j", "offset_i", "coarsest_spacing_mm", "intensity_inside", "intensity_spread",
    "contrast_at_surface",
)  # fmt: skip
"""Names of the variables, in their order."""

EMPTY_CC = 1e-3
"""Volume that an empty contour counts as, where a logarithm is taken."""


@dataclass(frozen=True, eq=False)
class StandardImage:
    """An image whose axes run to superior, posterior and left, so that offsets mean the same everywhere.

    Attributes:
        values: intensities (K, J, I).
        spacing_kji: mm.
    """

    values: np.ndarray
    spacing_kji: Vector

    @classmethod
    def of(cls, image: Image) -> StandardImage:
        """The image with its axes turned."""
        axes = image.grid.axes
        return cls(to_standard_axes(image.values, axes), standard_spacing(image.grid.spacing_kji, axes))

    @cached_property
    def mean_and_spread(self) -> tuple[float, float]:
        """Mean and standard deviation of the intensities; a spread of 1 for a constant image."""
        return float(self.values.mean(dtype=float)), float(self.values.std(dtype=float)) or 1.0


def case_variables(image: StandardImage, mask: np.ndarray) -> np.ndarray:
    """The case variables of a contour, (len(VARIABLES),).

    Volume as natural logarithm of cc; extents and spacing mm; surface_share, the share of voxels on the
    surface; fill, the share of its box; parts, connected ones; offsets of its center from the image's, as a
    share of the image; intensities in standard deviations of the image from its mean; contrast, inside less
    a shell of two voxels outside. Of an empty contour all but the volume and spacing are 0.

    Args:
        image: the image.
        mask: bool (K, J, I), with the image's axes.
    """
    from scipy import ndimage

    spacing = np.asarray(image.spacing_kji)
    spans = box(mask)
    if spans is None:
        empty = np.zeros(len(VARIABLES))
        empty[VARIABLES.index("log_volume")] = math.log(EMPTY_CC)
        empty[VARIABLES.index("coarsest_spacing_mm")] = spacing.max()
        return empty
    near = tuple(slice(max(0, s.start - 2), s.stop + 2) for s in spans)
    cut, values = mask[near], image.values[near]
    voxels = int(np.count_nonzero(cut))
    extent = np.array([s.stop - s.start for s in spans]) * spacing
    center = np.argwhere(cut).mean(axis=0) + [s.start for s in near]
    offset = (center - (np.asarray(mask.shape) - 1) / 2) / mask.shape
    mean, spread = image.mean_and_spread
    shell = ndimage.binary_dilation(cut, iterations=2) & ~cut
    core = (values[cut] - mean) / spread
    around = float(((values[shell] - mean) / spread).mean()) if shell.any() else 0.0
    volume_mm3 = voxels * float(np.prod(spacing))
    return np.array(
        [
            math.log(volume_mm3 / 1000),
            *extent,
            len(surface_voxels(cut)) / voxels,
            volume_mm3 / float(np.prod(extent)),
            ndimage.label(cut)[1],
            *offset,
            spacing.max(),
            float(core.mean()),
            float(core.std()),
            float(core.mean()) - around,
        ]
    )


def variables_of(image: StandardImage, contour: Contour) -> np.ndarray:
    """The case variables of a contour as it lies on its image's own grid."""
    return case_variables(image, to_standard_axes(contour.mask, contour.grid.axes))


def standard_contour(mask: np.ndarray, spacing_kji: Vector, name: str) -> Contour:
    """A mask with standard axes as a contour, for the mask-only rules."""
    k, j, i = spacing_kji
    return Contour(mask, Grid.for_shape(mask.shape, (i, j, k)), name)
