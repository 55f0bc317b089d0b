"""Active voxels: those on the surface of some mask of the sweep, kept by blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from ContourQALib.team import Team
from ContourQALib.thresholds.compiled.active_kernel import active_voxels, put_in_order
from ContourQALib.thresholds.compiled.level_scan import LevelScan

BLOCK_EDGE = 4
"""A block's edge in voxels along the finest axis; along coarser ones fewer, so that blocks are near cubes."""

LARGE = 4
"""Blocks along each axis of a large block."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """A partition of a box into blocks, and what each of them holds.

    Attributes:
        size: voxels of a block, int64 (3,).
        corners: first voxel of each block in the grid, int32 (blocks, 3).
        starts: where the members of each block begin, int64 (blocks + 1,).
        least: the least N among them, uint8; 255 in an empty block.
        most: the greatest K among them, uint8; 0 in an empty block.
    """

    size: np.ndarray
    corners: np.ndarray
    starts: np.ndarray
    least: np.ndarray
    most: np.ndarray


@dataclass(frozen=True, eq=False)
class ActiveVoxels:
    """All active voxels of a sweep; voxel x is on the surface of mask j for N(x) <= j < K(x).

    Attributes:
        corner: first voxel of the box that holds them, int64 (3,).
        counts: blocks of the box along each axis, int64 (3,).
        blocks: the partition of the box; members are the voxels below.
        places: each voxel's place in its block, uint8, row by row.
        lows: N of each, uint8.
        highs: K of each, uint8, falling within each block.
        by_low: each block's voxels in order of rising N, counted from its first, uint8.
    """

    corner: np.ndarray
    counts: np.ndarray
    blocks: Blocks
    places: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    by_low: np.ndarray

    def large_blocks(self) -> tuple[Blocks, np.ndarray]:
        """Blocks of `LARGE` blocks along each axis, and the numbers of their members."""
        fine = self.blocks
        counts = -(-self.counts // LARGE)
        k, j, i = (np.arange(n) // LARGE for n in self.counts)
        owner = ((k[:, None, None] * counts[1] + j[:, None]) * counts[2] + i).astype(np.int32).ravel()
        filled = np.flatnonzero(fine.most)  # an empty block is nobody's member
        members = filled[np.argsort(owner[filled], kind="stable")]
        total = int(np.prod(counts))
        starts = np.zeros(total + 1, np.int64)
        np.cumsum(np.bincount(owner[filled], minlength=total), out=starts[1:])
        least, most = np.full(total, 255, np.uint8), np.zeros(total, np.uint8)
        np.minimum.at(least, owner, fine.least)
        np.maximum.at(most, owner, fine.most)
        corners = (
            np.stack(np.unravel_index(np.arange(total), counts), axis=1) * fine.size * LARGE + self.corner
        )
        return Blocks(fine.size * LARGE, corners, starts, least, most), members


def block_size(spacing: np.ndarray) -> np.ndarray:
    """Voxels of a block along each axis for voxels of this spacing, int64 (3,)."""
    return np.clip(np.rint(BLOCK_EDGE * spacing.min() / spacing), 1, BLOCK_EDGE).astype(np.int64)


def _corners(counts: np.ndarray, size: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """First voxel of each block, row by row, int32 (blocks, 3)."""
    axes = [(np.arange(n) * s + c).astype(np.int32) for n, s, c in zip(counts, size, corner, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def find_active_voxels(scan: LevelScan, spacing: np.ndarray, skip: np.ndarray, team: Team) -> ActiveVoxels:
    """Find the voxels whose level differs from a face neighbor's.

    Args:
        scan: the map; its greatest level is above its least.
        spacing: mm along the array's axes.
        skip: uint8 (3,), axes along which nothing has neighbors.
        team: who looks.
    """
    corner, extent = scan.box_above_floor()
    size = block_size(spacing)
    counts = -(-extent // size)
    total = int(np.prod(counts))
    ends = np.linspace(0, counts[0], team.size + 1).astype(int)
    layers = [np.array([ends[t], ends[t + 1]]) for t in range(team.size)]

    def visit(cursor: np.ndarray, places: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> None:
        parts = [
            partial(
                active_voxels,
                scan.bits, scan.runs, scan.thresholds, scan.starts, scan.floor, corner, extent, size, skip,
                layer, cursor, places, lows, highs,
            )
            for layer in layers
        ]  # fmt: skip
        team.run(parts)

    held = np.zeros(total, np.int64)
    nothing = np.empty(0, np.uint8)
    visit(held, nothing, nothing, nothing)
    starts = np.zeros(total + 1, np.int64)
    np.cumsum(held, out=starts[1:])
    places, lows, highs = (np.empty(starts[-1], np.uint8) for _ in range(3))
    visit(starts[:-1].copy(), places, lows, highs)
    by_low, least, most = np.empty_like(lows), np.empty(total, np.uint8), np.empty(total, np.uint8)
    put_in_order(starts, places, lows, highs, by_low, least, most)
    corners = _corners(counts, size, corner)
    return ActiveVoxels(
        corner, counts, Blocks(size, corners, starts, least, most), places, lows, highs, by_low
    )
