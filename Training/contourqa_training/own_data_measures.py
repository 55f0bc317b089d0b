"""Measured: what the images and contours of a folder of one's own are like."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.library_config import LibrarySettings
from contourqa_training.library_patients import library_split
from contourqa_training.segmentation_cases import SegmentationCase, find_cases, named_structures, read_case
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Vector
from ContourQALib.metrics.surface import box
from ContourQALib.quality.modality import guess_modality
from ContourQALib.quality.preprocessing import standard_spacing, to_standard_axes
from ContourQALib.quality.rules import RuleSettings

Say = Callable[[str], None]

FEWEST_CONTOURED = 20
"""A structure contoured in fewer patients leaves too few to learn from, to choose by and to judge on."""

GUESSED_FROM = 3
"""Images whose modality stands for the folder's."""

SLICE_MULTIPLE = 16
"""Sides of the slices of both segmentation networks."""

SLICE_MARGIN_MM = 10.0


@dataclass(frozen=True)
class Measured:
    """What the images and contours of a folder are like; axes run to superior, posterior and left.

    Attributes:
        patients: how many.
        contoured: patients in whom each structure was contoured.
        modality: "CT" or "MR".
        spacing_kji: median spacing, mm.
        extent_mm: along each axis, the extent that 9 of 10 contours of every structure stay within.
        slice_size: sides of the axial slices, in voxels, about whose centers all structures lie.
        slice_side: of the largest image.
        voxels: mean of an image.
        single_part: whether no reference would fail the rule for structures of one part.
    """

    patients: int
    contoured: Mapping[str, int]
    modality: str
    spacing_kji: Vector
    extent_mm: Vector
    slice_size: int
    slice_side: int
    voxels: int
    single_part: bool

    def record(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def cases_to_plan(data: Path, structures: Sequence[str] = ()) -> list[SegmentationCase]:
    """The cases of a folder that is large enough; opens no image.

    Args:
        data: a layout of `find_cases` in which labels have names.
        structures: which to learn; all that have names where empty.

    Raises:
        FormatError: the folder holds no data, or its labels have no names.
        StructureError: there is no such structure.
        SettingError: too few patients.
    """
    cases = find_cases(data, tuple(structures) or named_structures(data))
    library_split(LibrarySettings(), [case.name for case in cases])
    return cases


def measure_cases(cases: Sequence[SegmentationCase], modality: str | None, say: Say) -> Measured:
    """Read every image and its labels once.

    Args:
        cases: all of a folder.
        modality: "CT" or "MR"; None guesses it.
        say: told what is being done, and what was guessed.

    Raises:
        FormatError, GeometryError: a file cannot be used.
        SettingError: a structure is contoured in too few patients, or the modality cannot be told.
    """
    say(f"measuring the images and contours of {len(cases)} patients")
    structures = tuple(cases[0].label_numbers)
    contoured = dict.fromkeys(structures, 0)
    extents: dict[str, list[np.ndarray]] = {name: [] for name in structures}
    spacings, sizes, sides, voxels, guesses = [], [], [], [], []
    single_part = True
    for number, case in enumerate(cases):
        image, masks = read_case(case)
        if number < GUESSED_FROM:
            guesses.append(guess_modality(image))
        spacing = np.array(standard_spacing(image.grid.spacing_kji, image.grid.axes))
        spacings.append(spacing)
        voxels.append(image.values.size)
        sides.append(max(to_standard_axes(image.values, image.grid.axes).shape[1:]))
        for name, mask in masks.items():
            turned = to_standard_axes(mask, image.grid.axes)
            spans = box(turned)
            assert spans is not None  # `read_case` leaves out what is empty
            contoured[name] += 1
            extents[name].append(np.array([s.stop - s.start for s in spans]) * spacing)
            sizes.append(_slice_size(spans, turned.shape, spacing))
            single_part &= _stray_share(turned[spans]) <= RuleSettings().stray_fail_share
    rare = [name for name, count in contoured.items() if count < FEWEST_CONTOURED]
    if rare:
        counts = ", ".join(f"{name} ({contoured[name]})" for name in rare)
        raise SettingError(
            f"Fewer than {FEWEST_CONTOURED} of the {len(cases)} patients have contours of {counts}; name the "
            "other structures with --structure, or add patients."
        )
    k, j, i = np.median(spacings, axis=0)
    reach = np.max([np.quantile(found, 0.9, axis=0) for found in extents.values()], axis=0)
    side = _up(max(sides), SLICE_MULTIPLE)
    return Measured(
        patients=len(cases),
        contoured=contoured,
        modality=modality or _guessed(guesses, say),
        spacing_kji=(round(float(k), 4), round(float(j), 4), round(float(i), 4)),
        extent_mm=(float(reach[0]), float(reach[1]), float(reach[2])),
        slice_size=min(_up(max(sizes), SLICE_MULTIPLE), side),
        slice_side=side,
        voxels=int(np.mean(voxels)),
        single_part=single_part,
    )


def _guessed(guesses: Sequence[str], say: Say) -> str:
    if len(set(guesses)) > 1:
        raise SettingError(
            f"Some of the first {len(guesses)} images look like CT, some like MR; say which with --modality."
        )
    say(f"taking the images for {guesses[0]}; --modality says otherwise")
    return guesses[0]


def _slice_size(spans: Sequence[slice], shape: Sequence[int], spacing: np.ndarray) -> int:
    """The sides of a slice about the image's center that show a structure and a margin; see `slice_view`."""
    needed = 0
    for axis in (1, 2):
        middle = shape[axis] / 2
        reach = max(middle - spans[axis].start, spans[axis].stop - middle)
        needed = max(needed, math.ceil(2 * (reach + SLICE_MARGIN_MM / spacing[axis])) + 1)
    return needed


def _stray_share(mask: np.ndarray) -> float:
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    if count < 2:
        return 0.0
    sizes = np.bincount(labels.ravel())[1:]
    return float(1 - sizes.max() / sizes.sum())


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
