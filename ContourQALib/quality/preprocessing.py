"""From an image and a contour to a network's input; training and inference share every step of it.

Steps, in order: bring the contour onto the image's grid; turn and flip the array so that its axes run to
superior, posterior and left; cut a window of fixed size around the contour, interpolating only when the
image's spacing is not the model's; map two intensity percentiles of that window linearly to a fixed range.
Numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import POSITION_TOLERANCE_MM, Relation, Vector
from ContourQALib.metrics.surface import box


@dataclass(frozen=True)
class PreprocessingSettings:
    """How an image and a contour become a network's input.

    Attributes:
        size: voxels of the window along K, J, I.
        spacing_mm: spacing of the window along K, J, I; an image with another one is interpolated linearly
            (the mask too, then cut at one half).
        lower_percentile: percentile of the window's intensities that becomes 0.
        upper_percentile: percentile that becomes `top`.
        top: upper end of the range (the paper's 255).
        intensity: "percentile" maps two percentiles of each window, for MR, whose numbers mean nothing by
            themselves; "window" maps the same two CT numbers for all images.
        low_hu: CT number that becomes 0.
        high_hu: CT number that becomes `top`; both ends are cut.
        center: where the window lies: around the "contour"'s center of mass, which also works in an image far
            larger than the window, or at the "image"'s center, as the paper crops.
        clip: whether intensities beyond the two percentiles are cut to the range. The paper maps "the 0th and
            99th percentiles to [0, 255], after which the 100th percentile values were appended", read here
            as: values above the 99th percentile keep their own place above 255, hence false.

    Raises:
        SettingError: an impossible size, spacing or percentile.
    """

    size: tuple[int, int, int] = (48, 64, 48)
    spacing_mm: Vector = (1.0, 1.0, 1.0)
    lower_percentile: float = 0.0
    upper_percentile: float = 99.0
    top: float = 255.0
    clip: bool = False
    center: Literal["contour", "image"] = "contour"
    intensity: Literal["percentile", "window"] = "percentile"
    low_hu: float = -160.0
    high_hu: float = 240.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(int(n) for n in self.size))
        object.__setattr__(self, "spacing_mm", tuple(float(s) for s in self.spacing_mm))
        if len(self.size) != 3 or min(self.size) < 1:
            raise SettingError("Preprocessing needs three sizes of at least one voxel.")
        if len(self.spacing_mm) != 3 or min(self.spacing_mm) <= 0:
            raise SettingError("Preprocessing needs three positive spacings.")
        if not 0 <= self.lower_percentile < self.upper_percentile <= 100 or self.top <= 0:
            raise SettingError(
                "Preprocessing needs 0 <= lower percentile < upper percentile <= 100, top > 0."
            )
        if self.intensity not in ("percentile", "window") or not self.low_hu < self.high_hu:
            raise SettingError(
                "Preprocessing needs the intensity percentile or window, and low_hu below high_hu."
            )
        if self.center not in ("contour", "image"):
            raise SettingError(f"The window's center must be contour or image, not {self.center!r}.")


def settings_to_dict(settings: PreprocessingSettings) -> dict[str, Any]:
    """The settings as plain JSON values."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(settings).items()}


def settings_from_dict(values: Mapping[str, Any]) -> PreprocessingSettings:
    """The settings that `settings_to_dict` wrote.

    Raises:
        SettingError: an unknown setting or a bad value.
    """
    unknown = sorted(set(values) - {f.name for f in fields(PreprocessingSettings)})
    if unknown:
        raise SettingError(f"Preprocessing has no setting {', '.join(unknown)}; remove it.")
    known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return PreprocessingSettings(**known)


def prepare(image: Image, contour: Contour, settings: PreprocessingSettings) -> np.ndarray:
    """Network input of one contour: float32 (2, K, J, I), channel 0 the image, channel 1 the mask.

    The window lies around the contour's center of mass (the image's center when the contour is empty). What
    it needs beyond the image is filled with 0 in both channels. Foreground outside the window is not seen.

    Raises:
        GeometryError: the contour lies wholly outside the image.
    """
    if contour.grid.relation_to(image.grid) is not Relation.SAME:
        contour = contour.on(image.grid)
    values = to_standard_axes(image.values, image.grid.axes)
    mask = to_standard_axes(contour.mask, image.grid.axes)
    spacing = standard_spacing(image.grid.spacing_kji, image.grid.axes)
    return prepare_arrays(values, mask, spacing, settings)


def prepare_arrays(
    values: np.ndarray,
    mask: np.ndarray,
    spacing_mm: Vector,
    settings: PreprocessingSettings,
) -> np.ndarray:
    """`prepare` for arrays whose axes already run to superior, posterior and left.

    Args:
        values: intensities (K, J, I).
        mask: bool (K, J, I).
        spacing_mm: of both, along K, J, I.
        settings: see `PreprocessingSettings`.
    """
    center = window_center(mask, settings)
    window, inside = cut_window(values, center, spacing_mm, settings)
    cut, _ = cut_window(mask, center, spacing_mm, settings)
    result = np.zeros((2, *settings.size), np.float32)
    result[0] = normalize(window, inside, settings)
    result[1] = cut
    return result


def window_center(mask: np.ndarray, settings: PreprocessingSettings) -> np.ndarray:
    """Voxel (K, J, I) around which the window lies; the array's center for an empty mask."""
    spans = box(mask) if settings.center == "contour" else None
    if spans is None:
        return (np.asarray(mask.shape) - 1) / 2
    index = np.nonzero(mask[spans])  # of the whole array they would take twenty times as long
    return np.array([(axis + span.start).mean() for axis, span in zip(index, spans, strict=True)])


def cut_window(
    values: np.ndarray, center: np.ndarray, spacing_mm: Vector, settings: PreprocessingSettings
) -> tuple[np.ndarray, np.ndarray]:
    """The window of `settings` around `center`, and where in it the image has voxels.

    Returns:
        Values (bool for a mask, else float64) and bool "inside", both of `settings.size`; outside is zero.
    """
    mask = values.dtype == bool
    window, inside = sample(values, window_positions(center, spacing_mm, settings))
    return (window >= 0.5 if mask else window), inside


def window_positions(
    center: np.ndarray, spacing_mm: Vector, settings: PreprocessingSettings
) -> list[np.ndarray]:
    """Where the voxels of a window lie in an array of this spacing, along K, J, I."""
    if same_spacing(spacing_mm, settings):  # whole voxels: nothing is interpolated
        return [
            np.floor(center[axis] - (size - 1) / 2 + 0.5) + np.arange(size)
            for axis, size in enumerate(settings.size)
        ]
    step = np.asarray(settings.spacing_mm) / np.asarray(spacing_mm)
    return [
        center[axis] + (np.arange(size) - (size - 1) / 2) * step[axis]
        for axis, size in enumerate(settings.size)
    ]


def same_spacing(spacing_mm: Vector, settings: PreprocessingSettings) -> bool:
    """Whether an image has the window's spacing."""
    return bool((np.abs(np.subtract(settings.spacing_mm, spacing_mm)) <= POSITION_TOLERANCE_MM).all())


def sample(values: np.ndarray, positions: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Values at positions along every axis, linearly interpolated, and bool where the array has voxels.

    Returns:
        float64 values, 0 outside, and bool "inside", both of the positions' lengths.
    """
    inside = np.ones([len(position) for position in positions], bool)
    lows = [
        np.clip(np.floor(position).astype(int), 0, length - 1)
        for position, length in zip(positions, values.shape, strict=True)
    ]
    # what lies beyond the positions along one axis need not be interpolated along the others
    firsts = [int(low.min(initial=length)) for low, length in zip(lows, values.shape, strict=True)]
    window = values[tuple(slice(f, low.max(initial=0) + 2) for f, low in zip(firsts, lows, strict=True))]
    for axis, position in enumerate(positions):
        length = values.shape[axis]
        within = (position >= -0.5) & (position < length - 0.5)
        weight = np.clip(position - lows[axis], 0, 1)
        low = lows[axis] - firsts[axis]
        high = np.minimum(low + 1, window.shape[axis] - 1)
        shape = [1, 1, 1]
        shape[axis] = len(position)
        weight, within = weight.reshape(shape), within.reshape(shape)
        if weight.any():
            window = window.take(low, axis) * (1 - weight) + window.take(high, axis) * weight
        else:
            window = window.take(low, axis)
        inside &= within
    return window * inside, inside


def normalize(window: np.ndarray, inside: np.ndarray, settings: PreprocessingSettings) -> np.ndarray:
    """Intensities of a window on the settings' range, 0 outside the image and everywhere in a constant image.

    Between percentiles a positive gain and any offset of the scanner cancel: only their places count.
    """
    if settings.intensity == "window":
        scaled = (np.clip(window, settings.low_hu, settings.high_hu) - settings.low_hu) * (
            settings.top / (settings.high_hu - settings.low_hu)
        )
        return np.where(inside, scaled, 0.0).astype(np.float32)
    seen = window[inside]
    if seen.size == 0:
        return np.zeros(window.shape, np.float32)
    low, high = np.percentile(seen, [settings.lower_percentile, settings.upper_percentile])
    if not high > low:
        return np.zeros(window.shape, np.float32)
    scaled = (window - low) / (high - low)
    if settings.clip:
        scaled = np.clip(scaled, 0.0, 1.0)
    return np.where(inside, scaled * settings.top, 0.0).astype(np.float32)


def to_standard_axes(values: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """An array (K, J, I) turned and flipped so that its axes run to superior, posterior and left.

    Args:
        values: (K, J, I).
        axes: 3x3 of the grid, columns the LPS directions of I, J, K; an oblique axis counts as its nearest.
    """
    order, flips = _standard_order(axes)
    turned = values.transpose(order)
    return turned[tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)]


def from_standard_axes(values: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """What `to_standard_axes` did to an array, undone."""
    order, flips = _standard_order(axes)
    turned = values[tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)]
    return turned.transpose(np.argsort(order))


def box_from_standard_axes(
    spans: Sequence[slice], shape: Sequence[int], axes: np.ndarray
) -> tuple[slice, slice, slice]:
    """Where a box of the turned array lies in the array that `to_standard_axes` was given.

    Args:
        spans: the box, along the turned array's axes.
        shape: of the turned array.
        axes: as `to_standard_axes` takes them.
    """
    order, flips = _standard_order(axes)
    turned = [
        slice(length - span.stop, length - span.start) if flip else span
        for span, length, flip in zip(spans, shape, flips, strict=True)
    ]
    k, j, i = (turned[axis] for axis in np.argsort(order))
    return k, j, i


def standard_spacing(spacing_kji: Vector, axes: np.ndarray) -> Vector:
    """Spacing along the axes of `to_standard_axes`, mm."""
    order, _ = _standard_order(axes)
    k, j, i = (spacing_kji[axis] for axis in order)
    return (k, j, i)


def _standard_order(axes: np.ndarray) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """Which array axis becomes K, J, I, and which of them is flipped."""
    free = np.abs(np.asarray(axes, float)).copy()
    column_of = [0, 0, 0]  # column of each of x, y, z
    for _ in range(3):
        row, column = np.unravel_index(int(free.argmax()), (3, 3))
        column_of[int(row)] = int(column)
        free[row, :] = free[:, column] = -1.0
    x, y, z = column_of
    order = (2 - z, 2 - y, 2 - x)  # array axis of column c is 2 - c
    flips = (bool(axes[2, z] < 0), bool(axes[1, y] < 0), bool(axes[0, x] < 0))
    return order, flips
