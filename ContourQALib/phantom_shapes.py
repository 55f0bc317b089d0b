"""Shapes of the phantom as signed distances: ellipsoids, tubes, plates, and the field that unites them.

Signed distances are mm, negative inside. Points are LPS mm. A shape is evaluated near itself only, which is
what makes a pelvis of a hundred shapes take a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ContourQALib.geometry import Grid

REACH_MM = 24.0
"""How far outside a shape its distance is computed; beyond it is as good as infinite."""

FAR_MM = 1e3

Point = tuple[float, float, float]


class Shape(Protocol):
    """Something with a signed distance."""

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner of the box around it, LPS mm."""
        ...

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance, mm, at broadcastable coordinates."""
        ...


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid along the axes of the patient."""

    center: Point
    radii: Point

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner of the box around it, LPS mm."""
        return np.subtract(self.center, self.radii), np.add(self.center, self.radii)

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance, mm, exact on the surface and to first order near it."""
        parts = [
            (p - np.float32(c)) / np.float32(r)
            for p, c, r in zip((x, y, z), self.center, self.radii, strict=True)
        ]
        inner = np.sqrt(sum(p**2 for p in parts))
        slope = np.sqrt(sum((p / np.float32(r)) ** 2 for p, r in zip(parts, self.radii, strict=True)))
        # At the very center both vanish and the quotient is the smallest radius.
        return np.asarray(
            inner * (inner - 1) / np.maximum(slope, np.float32(1e-6)) - (inner == 0) * min(self.radii)
        )


@dataclass(frozen=True)
class Segment:
    """A capsule whose radius runs linearly from one end to the other, optionally wider from left to right."""

    start: Point
    end: Point
    start_radius: float
    end_radius: float
    width: float = 1.0

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner of the box around it, LPS mm."""
        radius = max(self.start_radius, self.end_radius) * np.array([self.width, 1.0, 1.0])
        return np.minimum(self.start, self.end) - radius, np.maximum(self.start, self.end) + radius

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance, mm (of the round cross-section where `width` is not one)."""
        width = np.float32(self.width)
        (ax, ay, az), (bx, by, bz) = self.start, self.end
        ux, uy, uz = np.array([(bx - ax) / width, by - ay, bz - az], np.float32)
        px, py, pz = (x - np.float32(ax)) / width, y - np.float32(ay), z - np.float32(az)
        along = np.clip((px * ux + py * uy + pz * uz) / np.float32(ux**2 + uy**2 + uz**2 + 1e-9), 0, 1)
        away = np.sqrt((px - along * ux) ** 2 + (py - along * uy) ** 2 + (pz - along * uz) ** 2)
        return np.asarray(
            away - (self.start_radius + along * np.float32(self.end_radius - self.start_radius))
        )


@dataclass(frozen=True)
class Plate:
    """A rounded triangular plate: all points within half its thickness of a triangle."""

    a: Point
    b: Point
    c: Point
    thickness: float

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner of the box around it, LPS mm."""
        corners, half = np.array([self.a, self.b, self.c]), self.thickness / 2
        return corners.min(axis=0) - half, corners.max(axis=0) + half

    def distance(self, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Signed distance, mm: to the plane over the triangle, else to the nearest edge."""
        a, b, c = (np.array(p) for p in (self.a, self.b, self.c))
        normal = np.cross(b - a, c - a)
        normal /= np.linalg.norm(normal)
        edges = [Segment(tuple(p), tuple(q), 0.0, 0.0).distance(x, y, z) for p, q in ((a, b), (b, c), (c, a))]
        above = np.ones(np.broadcast_shapes(x.shape, y.shape, z.shape), bool)
        for p, q in ((a, b), (b, c), (c, a)):
            inward = np.cross(normal, q - p)
            above &= _dot(inward, p, x, y, z) >= 0
        plane = np.abs(_dot(normal, a, x, y, z))
        nearest = np.minimum(np.minimum(edges[0], edges[1]), edges[2])
        return np.asarray(np.where(above, plane, nearest) - np.float32(self.thickness / 2))


def _dot(vector: np.ndarray, origin: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    vx, vy, vz = np.asarray(vector, np.float32)
    return np.asarray(vx * x + vy * y + vz * z - np.float32(vector @ origin))


def tube(points: Iterable[Point], radii: Iterable[float], width: float = 1.0) -> list[Shape]:
    """A chain of capsules through `points` with a radius at each of them."""
    points, radii = list(points), list(radii)
    pairs = zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    return [Segment(a, b, r, s, width) for a, b, r, s in pairs]


def curve(points: Iterable[Point], steps: int) -> list[Point]:
    """`steps` points on a smooth curve through `points` (a cubic spline over the point's number)."""
    from scipy.interpolate import CubicSpline

    knots = np.array(list(points))
    spline = CubicSpline(np.arange(len(knots)), knots)
    return [(float(x), float(y), float(z)) for x, y, z in spline(np.linspace(0, len(knots) - 1, steps))]


def mirrored(shapes: Iterable[Shape]) -> list[Shape]:
    """The shapes and their mirror images through the sagittal plane x = 0."""
    both: list[Shape] = []
    for shape in shapes:
        both += [shape, _mirror(shape)]
    return both


def _mirror(shape: Shape) -> Shape:
    def flip(p: Point) -> Point:
        return (-p[0], p[1], p[2])

    if isinstance(shape, Ellipsoid):
        return Ellipsoid(flip(shape.center), shape.radii)
    if isinstance(shape, Segment):
        return Segment(flip(shape.start), flip(shape.end), shape.start_radius, shape.end_radius, shape.width)
    assert isinstance(shape, Plate)
    return Plate(flip(shape.a), flip(shape.b), flip(shape.c), shape.thickness)


class Space:
    """The points of a grid whose axes are those of the patient, with smooth random fields over them."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        axes = [
            (start + step * np.arange(n)).astype(np.float32)
            for start, step, n in zip(grid.origin, grid.spacing, grid.size, strict=True)
        ]
        self.x, self.y, self.z = axes[0][None, None, :], axes[1][None, :, None], axes[2][:, None, None]
        self._axes = axes

    @cached_property
    def voxel_mm(self) -> np.float32:
        """Edge of a cube as large as a voxel: the width over which partial volume blends two tissues."""
        return np.float32(np.prod(self.grid.spacing) ** (1 / 3))

    def near(self, shape: Shape) -> tuple[slice, slice, slice]:
        """The part of the grid within `REACH_MM` of a shape's box, (K, J, I)."""
        low, high = shape.bounds()
        i, j, k = (
            slice(*np.searchsorted(axis, [a - REACH_MM, b + REACH_MM]))
            for axis, a, b in zip(self._axes, low, high, strict=True)
        )
        return k, j, i

    def union(self, shapes: Iterable[Shape], blend_mm: float = 0.0) -> np.ndarray:
        """Signed distance to the nearest of `shapes`, float32 (K, J, I); `FAR_MM` far from all of them.

        With `blend_mm`, shapes whose surfaces come that near to each other flow together.
        """
        field = np.full(self.grid.shape, FAR_MM, np.float32)
        for shape in shapes:
            k, j, i = box = self.near(shape)
            part = field[box]
            if part.size:
                distance = shape.distance(self.x[:, :, i], self.y[:, j], self.z[k])
                if blend_mm:
                    closeness = np.clip(1 - np.abs(part - distance) / np.float32(blend_mm), 0, 1)
                    distance = np.minimum(part, distance) - closeness**2 * np.float32(blend_mm / 4)
                np.minimum(part, distance, out=part)
        return field

    def nearest_two(self, shapes: Iterable[Shape]) -> tuple[np.ndarray, np.ndarray]:
        """Signed distances to the nearest and to the second nearest of `shapes`, as `union` gives them."""
        first = np.full(self.grid.shape, FAR_MM, np.float32)
        second = first.copy()
        for shape in shapes:
            k, j, i = box = self.near(shape)
            if first[box].size:
                distance = shape.distance(self.x[:, :, i], self.y[:, j], self.z[k])
                np.minimum(second[box], np.maximum(first[box], distance), out=second[box])
                np.minimum(first[box], distance, out=first[box])
        return first, second

    def noise(self, rng: np.random.Generator, scale_mm: float, stretch_z: float = 1.0) -> np.ndarray:
        """Smooth random field, float32 (K, J, I), standard deviation about one, features of `scale_mm`.

        The field belongs to space, not to voxels: another sampling of the same extent gives the same field.
        """
        weights = []
        for axis, scale in zip(self._axes, (scale_mm, scale_mm, scale_mm * stretch_z), strict=True):
            knots = np.arange(-200.0, 200.0 + scale, scale)
            t = np.abs(axis[:, None] - knots) / scale
            # Cubic B-spline: smooth, local, and a convex combination of its knots.
            basis = np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, np.clip(2 - t, 0, None) ** 3 / 6)
            weights.append((basis / np.sqrt((basis**2).sum(axis=1).mean())).astype(np.float32))
        x, y, z = weights
        values = rng.standard_normal((z.shape[1], y.shape[1], x.shape[1]), dtype=np.float32)
        along_x = values @ x.T
        along_y = np.einsum("jb,cbi->cji", y, along_x, optimize=True)
        return np.asarray((z @ along_y.reshape(z.shape[1], -1)).reshape(self.grid.shape))
