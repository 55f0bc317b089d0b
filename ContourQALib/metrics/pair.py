"""What two masks on one grid have in common: counts, surface distances, and whether they are cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib import compiled
from ContourQALib.metrics.overlap import Overlap, overlap
from ContourQALib.metrics.surface import SurfaceDistances, check_same_shape, surface_distances, touches_edge


@dataclass(frozen=True, eq=False)
class PairMeasurement:
    """Two masks measured.

    Attributes:
        counts: agreeing and differing voxels, over the whole grid.
        distances: between the surfaces, exact.
        touches_edge: whether either mask has a voxel on the edge of the grid.
    """

    counts: Overlap
    distances: SurfaceDistances
    touches_edge: bool


def measure(reference: np.ndarray, test: np.ndarray, spacing_kji: Sequence[float]) -> PairMeasurement:
    """Measure two masks, with compiled kernels where numba is installed; the numbers are the same without.

    Args:
        reference: bool (K, J, I), or (J, I) for a slice measured in its plane.
        test: the same shape.
        spacing_kji: mm along the array's axes.

    Raises:
        GeometryError: the masks differ in shape, or do not have two or three dimensions.
    """
    check_same_shape(reference, test)
    if compiled.wanted():
        from ContourQALib.metrics.pair_compiled import measure_compiled

        return PairMeasurement(*measure_compiled(reference, test, spacing_kji))
    return PairMeasurement(
        overlap(reference, test),
        surface_distances(reference, test, spacing_kji),
        touches_edge(reference) or touches_edge(test),
    )
