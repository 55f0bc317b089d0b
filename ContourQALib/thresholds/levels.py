"""Thresholds, and the level of a voxel: how many of them its probability reaches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ContourQALib.errors import SettingError

DEFAULT_STEPS = 101
"""Thresholds from 0 to 1 in steps of 0.01, as in paper Bice."""

MOST_THRESHOLDS = 65_535
"""More than these in one sweep are refused: float32 probabilities hold nothing finer that anybody plots."""

MOST_LEVELS = 254
"""Thresholds worked on at once: a level then fits one byte, and longer lists are taken in parts."""


def equal_steps(steps: int = DEFAULT_STEPS) -> np.ndarray:
    """Thresholds from 0 to 1 in equal steps, (steps,) float64.

    Raises:
        SettingError: fewer than two steps, or more than `MOST_THRESHOLDS`.
    """
    if not 2 <= steps <= MOST_THRESHOLDS:
        raise SettingError(f"A sweep takes 2 to {MOST_THRESHOLDS} thresholds, not {steps}.")
    # Divided, not added up: 29 steps of 0.01 then read 0.29.
    return np.arange(steps) / (steps - 1)


def checked(thresholds: Sequence[float] | np.ndarray) -> np.ndarray:
    """The thresholds as float64, (T,), once they are known to be usable.

    Masks are P >= t in float32, so two thresholds that are the same float32 number are the same threshold.

    Raises:
        SettingError: none, too many, not numbers, outside [0, 1], unsorted or equal.
    """
    try:
        given = np.asarray(thresholds, float)
    except (TypeError, ValueError) as error:
        raise SettingError("The thresholds must be a list of numbers between 0 and 1.") from error
    if given.ndim != 1 or not given.size:
        raise SettingError("The thresholds must be a list of at least one number between 0 and 1.")
    if given.size > MOST_THRESHOLDS:
        raise SettingError(f"A sweep takes at most {MOST_THRESHOLDS} thresholds, not {given.size}.")
    if not ((given >= 0) & (given <= 1)).all():
        wrong = given[~((given >= 0) & (given <= 1))][0]
        raise SettingError(f"The threshold {wrong:g} is not between 0 and 1.")
    steps = np.diff(given.astype(np.float32))
    if (steps <= 0).any():
        after = int(np.argmax(steps <= 0))
        raise SettingError(
            f"The thresholds must increase, but {given[after + 1]:.9g} follows {given[after]:.9g}"
            " (compared as float32, like the map)."
        )
    return given


def levels_of(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """How many thresholds each value reaches, uint8 in the shape of `values`.

    Args:
        values: float32 probabilities.
        thresholds: float32, increasing, at most `MOST_LEVELS`.
    """
    levels = np.empty(values.shape, np.uint8)
    for slab, out in zip(values, levels, strict=True):  # slice by slice: searchsorted answers in eight bytes
        out[...] = np.searchsorted(thresholds, slab, side="right")
    return levels
