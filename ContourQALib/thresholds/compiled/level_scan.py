"""One pass over a probability map and its reference: what each level holds, and where to look closer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from ContourQALib.team import Team
from ContourQALib.thresholds.compiled.level_kernel import RUN, bucket_starts, scan_levels

Box = tuple[np.ndarray, np.ndarray]
"""First voxel (3,) and size (3,) of a box, int64."""


@dataclass(frozen=True, eq=False)
class LevelScan:
    """A map and a reference after the first pass; K of a voxel is the number of thresholds it reaches.

    Attributes:
        bits: the map's float32 (K, J, I) as uint32.
        thresholds: their bits, uint32 (T,).
        starts: where the search for a level begins, see `level_kernel.bucket_starts`.
        everywhere: voxels of each level, int64 (T + 1,).
        inside: the same within the reference.
        runs: least and greatest level of each run of voxels, uint8 (2, K, J, runs of a row).
        reference_box: the box of the reference; None where it is empty.
    """

    bits: np.ndarray
    thresholds: np.ndarray
    starts: np.ndarray
    everywhere: np.ndarray
    inside: np.ndarray
    runs: np.ndarray
    reference_box: Box | None

    @property
    def floor(self) -> int:
        """The least level: thresholds below it select the whole grid."""
        return int(np.flatnonzero(self.everywhere)[0])

    @property
    def top(self) -> int:
        """The greatest level: thresholds from it on select nothing."""
        return int(np.flatnonzero(self.everywhere)[-1])

    def box_above_floor(self) -> Box:
        """A box that holds every voxel above the least level, to whole runs along I; needs top > floor."""
        above = self.runs[1] > self.floor
        width = self.bits.shape[2]
        spans = []
        for axis in range(3):
            hit = np.flatnonzero(above.any(axis=tuple(a for a in range(3) if a != axis)))
            spans.append((int(hit[0]), int(hit[-1]) + 1))
        spans[2] = (spans[2][0] * RUN, min(spans[2][1] * RUN, width))
        first, stop = np.array(spans).T
        return first, stop - first


def scan(values: np.ndarray, reference: np.ndarray, thresholds: np.ndarray, team: Team) -> LevelScan | None:
    """Read map and reference once.

    Args:
        values: float32 (K, J, I), C order.
        reference: uint8, zero or one, same shape and order.
        thresholds: float32, increasing.
        team: who reads.

    Returns:
        None where a value is no number in [0, 1], or is a zero with a minus sign.
    """
    bits, marks = values.view(np.uint32), thresholds.view(np.uint32)
    starts = bucket_starts(marks)
    depth, height, width = bits.shape
    counts = np.zeros((team.size, 2, thresholds.size + 1), np.int64)
    runs = np.empty((2, depth, height, -(-width // RUN)), np.uint8)
    drawn = [np.zeros((team.size, n), np.uint8) for n in bits.shape]
    ends = np.linspace(0, depth, team.size + 1).astype(int)
    parts = [
        partial(
            scan_levels,
            bits, reference, ends[t], ends[t + 1], marks, starts, counts[t, 0], counts[t, 1], runs,
            drawn[0][t], drawn[1][t], drawn[2][t],
        )
        for t in range(team.size)
    ]  # fmt: skip
    if not all(team.run(parts)):
        return None
    hits = [np.flatnonzero(d.any(axis=0)) for d in drawn]
    box = None
    if hits[0].size:
        first = np.array([h[0] for h in hits])
        box = first, np.array([h[-1] for h in hits]) + 1 - first
    everywhere, inside = counts.sum(axis=0)
    return LevelScan(bits, marks, starts, everywhere, inside, runs, box)
