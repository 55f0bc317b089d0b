"""Contour errors by name and severity: what can be wrong with a contour, made on purpose in a known dose.

For teaching, tests, and to train and judge quality models. Every error is seeded: the same contour, error,
severity and seed give the same result, and a higher severity of the same seed does more of the same damage.
Lengths are mm measured with the grid's spacing; the result stays on the contour's grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from ContourQALib import perturbation_motion as motion
from ContourQALib import perturbation_parts as parts
from ContourQALib import perturbation_surface as surface
from ContourQALib.case import Contour
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid

Apply = Callable[[np.ndarray, Grid, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class ContourError:
    """A kind of contour error.

    Attributes:
        name: lower case with hyphens.
        unit: what a severity counts: "mm", "slices", "degrees", "fraction", or "switch" (above zero).
        description: one sentence, what happens to the contour.
        severities: typical severities from slight to grave (a single one for a switch).
        maximum: largest severity that means something.
    """

    name: str
    unit: str
    description: str
    severities: tuple[float, ...]
    apply: Apply = field(repr=False)
    maximum: float = math.inf


_MM = (1.0, 2.0, 3.0, 4.0, 6.0)
_LOCAL_MM = (3.0, 6.0, 9.0, 12.0, 15.0)
_SLICES = (1.0, 2.0, 3.0, 4.0, 5.0)
_SHARE = (0.2, 0.4, 0.6, 0.8, 1.0)

_ALL = (
    ContourError(
        "shift",
        "mm",
        "Moved in a random direction, with linear interpolation cut at one half.",
        (1.0, 3.0, 6.0, 10.0, 20.0),
        motion.shift,
    ),
    ContourError(
        "shift-fraction",
        "fraction",
        "Moved along the image's axes by up to this share of the image's extent.",
        (0.1, 0.2, 0.3, 0.4, 0.5),
        motion.shift_fraction,
        1.0,
    ),
    ContourError(
        "rotate",
        "degrees",
        "Turned about a random axis through its center of mass.",
        (5.0, 10.0, 15.0, 20.0, 30.0),
        motion.rotate,
        180.0,
    ),
    ContourError(
        "scale",
        "fraction",
        "Enlarged by the factor 1 + severity about its center, or shrunk by the inverse.",
        (0.1, 0.2, 0.4, 0.6, 0.8),
        motion.scale,
    ),
    ContourError(
        "wrong-spacing",
        "fraction",
        "Stretched by 1 + severity, or compressed, across the slices, counted from the first slice.",
        (0.05, 0.1, 0.2, 0.3, 0.5),
        motion.wrong_spacing,
    ),
    ContourError(
        "swap-left-right",
        "fraction",
        "This share of its slices mirrored through the middle of the image.",
        _SHARE,
        motion.swap_left_right,
        1.0,
    ),
    ContourError(
        "wrong-organ",
        "mm",
        "A ball of equal volume at this distance instead of the organ.",
        (10.0, 20.0, 30.0, 45.0, 60.0),
        motion.wrong_organ,
    ),
    ContourError(
        "dilate", "mm", "Grown by every voxel that lies within this distance of it.", _MM, surface.dilate
    ),
    ContourError(
        "erode",
        "mm",
        "Stripped of every voxel that lies within this distance of its outside.",
        _MM,
        surface.erode,
    ),
    ContourError("bulge", "mm", "A hill of this height on its surface.", _LOCAL_MM, surface.bulge),
    ContourError("dent", "mm", "A hollow of this depth in its surface.", _LOCAL_MM, surface.dent),
    ContourError(
        "smooth", "mm", "Over-smoothed with a Gaussian of this standard deviation.", _MM, surface.smooth
    ),
    ContourError(
        "staircase",
        "mm",
        "Redrawn in blocks of this edge length.",
        (3.0, 5.0, 7.0, 10.0, 14.0),
        surface.staircase,
    ),
    ContourError(
        "noise",
        "fraction",
        "This share of the voxels on either side of its surface flipped.",
        (0.1, 0.2, 0.3, 0.4, 0.5),
        surface.noise,
        1.0,
    ),
    ContourError("missing-slices", "slices", "Slices missing at one end.", _SLICES, parts.missing_slices),
    ContourError(
        "missing-slice-inside",
        "slices",
        "Adjoining slices missing between the ends.",
        _SLICES,
        parts.missing_slice_inside,
    ),
    ContourError(
        "extra-slices", "slices", "The end slice repeated beyond the end.", _SLICES, parts.extra_slices
    ),
    ContourError(
        "slab-drop",
        "mm",
        "A slab of this thickness missing across an axis of the image.",
        (5.0, 10.0, 15.0, 20.0, 30.0),
        parts.slab_drop,
    ),
    ContourError(
        "truncated",
        "fraction",
        "This share of its extent cut off at one side, as where a field of view ends.",
        (0.1, 0.2, 0.3, 0.4, 0.5),
        parts.truncated,
        1.0,
    ),
    ContourError(
        "island",
        "mm",
        "A detached ball of this radius added beside it.",
        (2.0, 4.0, 6.0, 8.0, 10.0),
        parts.island,
    ),
    ContourError(
        "hole", "mm", "A closed cavity of this radius inside it.", (2.0, 4.0, 6.0, 8.0, 10.0), parts.hole
    ),
    ContourError("empty", "switch", "Nothing contoured.", (1.0,), parts.empty),
    ContourError("full", "switch", "The whole image contoured.", (1.0,), parts.full),
    ContourError(
        "binary-noise",
        "fraction",
        "This share of all voxels of the image replaced by the toss of a coin.",
        _SHARE,
        parts.binary_noise,
        1.0,
    ),
)

ERRORS: Mapping[str, ContourError] = MappingProxyType({error.name: error for error in _ALL})
"""All contour errors by name."""


def find_error(name: str) -> ContourError:
    """The contour error called `name`; case and underscores for hyphens do not matter.

    Raises:
        SettingError: there is none of that name.
    """
    error = ERRORS.get(name.strip().lower().replace("_", "-"))
    if error is None:
        raise SettingError(f"There is no contour error called {name!r}; choose one of {', '.join(ERRORS)}.")
    return error


def perturb(contour: Contour, error: str, severity: float, seed: int = 0) -> Contour:
    """Apply a contour error.

    Args:
        contour: the contour to spoil; it is not changed.
        error: a name in `ERRORS`.
        severity: how much, in the error's unit; zero gives the contour back unchanged.
        seed: which of the possible errors of that kind (direction, place, end).

    Returns:
        A contour of the same name on the same grid, without a file path. What leaves the grid is cut off.

    Raises:
        SettingError: unknown error, a severity that is negative, not finite, above the error's maximum or not
            a whole number of slices, or a negative seed.

    Example:
        >>> moved = perturb(prostate, "shift", 10.0)  # 10 mm
        >>> shorter = perturb(prostate, "missing-slices", 3)
    """
    kind = find_error(error)
    if not math.isfinite(severity) or severity < 0:
        raise SettingError(
            f"The severity of {kind.name} is {severity} but must be zero or a positive number."
        )
    if severity > kind.maximum:
        raise SettingError(
            f"The severity of {kind.name} is {severity:g} but can be at most {kind.maximum:g}."
        )
    if kind.unit == "slices" and severity != int(severity):
        raise SettingError(
            f"The severity of {kind.name} is {severity:g} but must be a whole number of slices."
        )
    if seed < 0:
        raise SettingError(f"The seed is {seed} but must be zero or a positive whole number.")
    if severity == 0:
        return contour
    mask = kind.apply(contour.mask, contour.grid, float(severity), np.random.default_rng(seed))
    return replace(contour, mask=mask, path=None, volume_polygons_cc=None)
