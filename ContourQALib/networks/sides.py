"""Sides of slices: what a network that halves them can take."""

from __future__ import annotations

from torch import Tensor

from ContourQALib.errors import SettingError


def check_sides(x: Tensor, multiple: int) -> None:
    """Refuse slices (..., J, I) whose sides a network cannot halve often enough.

    Raises:
        SettingError: J or I is no multiple of `multiple`.
    """
    if x.shape[-2] % multiple or x.shape[-1] % multiple:
        raise SettingError(
            f"The network needs slices whose sides are multiples of {multiple} voxels,"
            f" not {x.shape[-2]}x{x.shape[-1]}; pad or crop them."
        )
