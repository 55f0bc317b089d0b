"""Probability maps and references that a threshold sweep could get wrong: each has a trap of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from shapes import ball_mask, box_mask

DEFAULT = np.arange(101) / 100


@dataclass(frozen=True, eq=False)
class HardMap:
    """A map, a reference, spacing along the array's axes in mm, and the thresholds to sweep."""

    values: np.ndarray
    reference: np.ndarray
    spacing: tuple[float, ...] = (1.0, 1.0, 1.0)
    thresholds: np.ndarray = field(default_factory=lambda: DEFAULT)


def sigmoid_map(
    mask: np.ndarray, spacing: Sequence[float], *, softness_mm: float = 2.0, noise: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Sigmoid of the signed distance to `mask` over `softness_mm`, plus smoothed noise; float32."""
    inside = ndimage.distance_transform_edt(mask, sampling=tuple(spacing))
    outside = ndimage.distance_transform_edt(~mask, sampling=tuple(spacing))
    logit = (inside - outside) / softness_mm
    if noise:
        grain = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(mask.shape), 2.0)
        logit = logit + noise * grain / grain.std()
    return np.asarray(1.0 / (1.0 + np.exp(-logit)), np.float32)


def _random(shape: Sequence[int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(tuple(shape)).astype(np.float32)


def _ball(shape: Sequence[int] = (14, 20, 22), radius_mm: float = 6.0) -> np.ndarray:
    return ball_mask(shape, [n / 2 for n in shape], radius_mm)


def saturated_far_fields() -> HardMap:
    """Exactly 0 and exactly 1 over most of the grid, as trained networks give."""
    shape, spacing = (20, 44, 40), (2.5, 0.98, 0.98)
    ball = ball_mask(shape, (10, 22, 20), 12, spacing)
    values = sigmoid_map(np.roll(ball, 3, axis=2), spacing)
    values[values < 0.02] = 0
    values[values > 0.98] = 1
    return HardMap(values, ball, spacing)


def noisy_boundary() -> HardMap:
    spacing = (2.5, 0.98, 0.98)
    ball = ball_mask((16, 40, 40), (8, 20, 20), 12, spacing)
    return HardMap(sigmoid_map(ball, spacing, noise=1.0), ball, spacing)


def islands() -> HardMap:
    """Specks of every probability far from the organ: the maximum distance jumps with the threshold."""
    ball = _ball((16, 30, 34), 5)
    values = sigmoid_map(ball, (1, 1, 1))
    random = np.random.default_rng(1)
    for at in zip(*(random.integers(0, n, 25) for n in ball.shape), strict=True):
        values[at] = random.random()
    return HardMap(values, ball)


def pure_noise() -> HardMap:
    return HardMap(_random((9, 14, 17), 2), _random((9, 14, 17), 3) > 0.7, (1.3, 0.7, 0.9))


def large_noise() -> HardMap:
    """Noise over many search blocks: nothing can be pruned."""
    shape = (24, 40, 48)
    return HardMap(_random(shape, 4), ball_mask(shape, (12, 20, 24), 9), thresholds=np.arange(1, 20) / 20)


def constant(value: float) -> Callable[[], HardMap]:
    def made() -> HardMap:
        return HardMap(np.full((8, 11, 12), value, np.float32), _ball((8, 11, 12), 3))

    return made


def checkerboard() -> HardMap:
    """Every voxel of the bright half is surface at every threshold."""
    shape = (9, 12, 13)
    return HardMap(np.where(np.indices(shape).sum(axis=0) % 2, np.float32(0.8), 0.2), _ball(shape, 4))


def two_levels() -> HardMap:
    ball = _ball()
    return HardMap(np.where(np.roll(ball, 2, axis=1), np.float32(0.7), np.float32(0.4)), ball)


def inverse_of_the_reference() -> HardMap:
    ball = _ball()
    return HardMap(1 - sigmoid_map(ball, (1, 1, 1)), ball)


def reference_on_the_edge() -> HardMap:
    corner = box_mask((12, 18, 16), (0, 0, 9), (5, 18, 16))
    return HardMap(sigmoid_map(corner, (2.0, 1.0, 1.0), noise=0.7), corner, (2.0, 1.0, 1.0))


def reference_fills_the_grid() -> HardMap:
    return HardMap(_random((8, 9, 10), 5), np.ones((8, 9, 10), bool))


def reference_of_one_voxel() -> HardMap:
    reference = box_mask((12, 15, 16), (7, 4, 9), (8, 5, 10))
    return HardMap(sigmoid_map(_ball((12, 15, 16), 4), (1, 1, 1), noise=0.5), reference)


def reference_in_pieces() -> HardMap:
    shape = (12, 30, 32)
    pieces = box_mask(shape, (1, 2, 2), (5, 8, 9)) | box_mask(shape, (6, 20, 22), (11, 28, 31))
    pieces |= box_mask(shape, (3, 14, 15), (4, 15, 16))
    half_missed = sigmoid_map(box_mask(shape, (6, 20, 22), (11, 28, 31)), (1, 1, 1), noise=0.6)
    return HardMap(half_missed, pieces)


def reference_far_from_the_map() -> HardMap:
    """The nearest voxel of every mask lies across the grid: searches run far."""
    shape = (10, 30, 120)
    mass = ball_mask(shape, (5, 15, 8), 5)
    return HardMap(sigmoid_map(mass, (1, 1, 1)), ball_mask(shape, (5, 15, 112), 4), thresholds=DEFAULT[::4])


def empty_reference() -> HardMap:
    return HardMap(sigmoid_map(_ball(), (1, 1, 1)), np.zeros((14, 20, 22), bool))


def very_anisotropic() -> HardMap:
    spacing = (10.0, 1.0, 0.1)
    shape = (6, 16, 40)
    blob = box_mask(shape, (1, 4, 10), (4, 12, 30))
    return HardMap(sigmoid_map(blob, spacing, noise=1.0), np.roll(blob, 4, axis=2), spacing)


def plane() -> HardMap:
    """A two-dimensional array: a slice measured in its plane."""
    flat = ball_mask((1, 40, 44), (0, 20, 22), 11)[0]
    return HardMap(sigmoid_map(flat, (0.98, 1.2), noise=0.8), np.roll(flat, 3, axis=0), (0.98, 1.2))


def one_slice() -> HardMap:
    """The same as a volume of one slice: every voxel is surface, for above and below is outside."""
    flat = plane()
    return HardMap(flat.values[None], flat.reference[None], (2.5, 0.98, 1.2))


def one_column() -> HardMap:
    values = np.linspace(0, 1, 30, dtype=np.float32).reshape(1, 30, 1)
    return HardMap(values, box_mask((1, 30, 1), (0, 12, 0), (1, 20, 1)), (3.0, 0.5, 2.0))


def thin_sheets() -> HardMap:
    """Sheets one voxel thick, tilted, that open and close with the threshold."""
    k, j, i = np.indices((16, 22, 24))
    values = np.float32(0.5) + np.float32(0.5) * np.cos(0.9 * (k + 0.3 * j + 0.1 * i)).astype(np.float32)
    return HardMap(np.clip(values, 0, 1), box_mask((16, 22, 24), (8, 2, 2), (9, 20, 21)), (1.5, 1.0, 1.0))


def shell() -> HardMap:
    """A hollow map around a solid reference: reference voxels inside and outside of every mask."""
    shape = (18, 24, 24)
    solid, core = ball_mask(shape, (9, 12, 12), 8), ball_mask(shape, (9, 12, 12), 4)
    return HardMap(sigmoid_map(solid & ~core, (1, 1, 1)), ball_mask(shape, (9, 12, 12), 6))


def equal_to_thresholds() -> HardMap:
    """Every value is a threshold to the last bit: >= and > give different masks everywhere."""
    steps = np.random.default_rng(6).integers(0, 101, (9, 12, 13))
    return HardMap(DEFAULT.astype(np.float32)[steps], _ball((9, 12, 13), 4))


def next_to_thresholds() -> HardMap:
    """Every value is the float32 just below a threshold, or just above."""
    random = np.random.default_rng(7)
    steps = DEFAULT.astype(np.float32)[random.integers(1, 100, (9, 12, 13))]
    toward = random.integers(0, 2, steps.shape).astype(np.float32)
    return HardMap(np.nextafter(steps, toward), _ball((9, 12, 13), 4))


def crowded_thresholds() -> HardMap:
    """Thresholds and values that are neighbors in float32, and as small as float32 goes."""
    half = np.float32(0.5)
    around = [half]
    for _ in range(20):
        around.append(np.nextafter(around[-1], np.float32(1)))
    tiny = np.float32(1e-45) * np.arange(5, dtype=np.float32)
    numbers = np.concatenate([tiny, np.geomspace(1e-38, 0.4, 20).astype(np.float32), np.array(around)])
    values = numbers[np.random.default_rng(8).integers(0, numbers.size, (9, 12, 70))]
    return HardMap(values, _ball((9, 12, 70), 4), thresholds=numbers[::2].astype(float))


def minus_zeros() -> HardMap:
    """-0.0 is 0: the threshold 0 selects it."""
    values = pure_noise().values.copy()
    values[::2, ::3] = -0.0
    return HardMap(values, pure_noise().reference, thresholds=DEFAULT[::10])


def perfect() -> HardMap:
    """The map is the reference: every distance is 0 at every threshold but 0."""
    ball = _ball()
    return HardMap(ball.astype(np.float32), ball, thresholds=DEFAULT[::10])


def nearly_equal_distances() -> HardMap:
    """Distances that differ in the seventh digit: a percentile must still be the right one of them."""
    spacing = (1.0, 1.0000001, 0.9999999)
    ball = ball_mask((20, 26, 28), (10, 13, 14), 8)
    return HardMap(sigmoid_map(ball, spacing, noise=1.5), np.roll(ball, 3, axis=1), spacing, DEFAULT[::5])


def long_rows() -> HardMap:
    """Rows of several hundred voxels that are no multiple of anything."""
    values = _random((3, 5, 331), 9)
    values[values < 0.97] *= 0.5
    return HardMap(values, box_mask((3, 5, 331), (0, 1, 200), (2, 4, 262)), (3.0, 1.1, 0.7), DEFAULT[::5])


def one_voxel() -> HardMap:
    return HardMap(np.full((1, 1, 1), 0.4, np.float32), np.ones((1, 1, 1), bool))


def large() -> HardMap:
    """More voxels than one thread takes, and surfaces of many blocks."""
    shape, spacing = (40, 72, 80), (2.5, 0.98, 0.98)
    ball = ball_mask(shape, (20, 36, 40), 25, spacing)
    values = sigmoid_map(np.roll(ball, 6, axis=2), spacing, noise=1.0)
    return HardMap(values, ball, spacing, np.array([0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999]))


def uneven_thresholds() -> HardMap:
    easy = noisy_boundary()
    uneven = np.array([0.0, 1e-30, 1e-6, 0.013, 0.5, 0.500001, 0.77, 0.9999, 1.0])
    return HardMap(easy.values, easy.reference, easy.spacing, uneven)


def one_threshold() -> HardMap:
    easy = noisy_boundary()
    return HardMap(easy.values, easy.reference, easy.spacing, np.array([0.37]))


def thresholds(count: int) -> Callable[[], HardMap]:
    """254 fit one byte of levels, 255 do not, 600 take three parts."""

    def made() -> HardMap:
        ball = _ball((8, 14, 15), 5)
        values = sigmoid_map(ball, (1, 1, 1), softness_mm=4.0, noise=1.0)
        return HardMap(values, np.roll(ball, 1, axis=0), thresholds=np.arange(count) / (count - 1))

    return made


HARD_MAPS: dict[str, Callable[[], HardMap]] = {
    "saturated far fields": saturated_far_fields,
    "noisy boundary": noisy_boundary,
    "islands": islands,
    "pure noise": pure_noise,
    "large noise": large_noise,
    "constant 0": constant(0.0),
    "constant 1": constant(1.0),
    "constant 0.3": constant(0.3),
    "checkerboard": checkerboard,
    "two levels": two_levels,
    "inverse of the reference": inverse_of_the_reference,
    "reference on the edge": reference_on_the_edge,
    "reference fills the grid": reference_fills_the_grid,
    "reference of one voxel": reference_of_one_voxel,
    "reference in pieces": reference_in_pieces,
    "reference far from the map": reference_far_from_the_map,
    "empty reference": empty_reference,
    "very anisotropic": very_anisotropic,
    "a plane": plane,
    "one slice": one_slice,
    "one column": one_column,
    "thin sheets": thin_sheets,
    "shell": shell,
    "values equal to thresholds": equal_to_thresholds,
    "values next to thresholds": next_to_thresholds,
    "crowded thresholds": crowded_thresholds,
    "minus zeros": minus_zeros,
    "perfect": perfect,
    "nearly equal distances": nearly_equal_distances,
    "long rows": long_rows,
    "one voxel": one_voxel,
    "large": large,
    "uneven thresholds": uneven_thresholds,
    "one threshold": one_threshold,
    "254 thresholds": thresholds(254),
    "255 thresholds": thresholds(255),
    "600 thresholds": thresholds(600),
}
