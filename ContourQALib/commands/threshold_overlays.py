"""Overlays of a threshold study: each structure's contours at the Dice optimum and at 0.5, for a viewer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from ContourQALib.case import Contour
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.report.wording import threshold_text
from ContourQALib.thresholds.cases import KeptContours, ThresholdCase, ThresholdStudy

STEM = "optimum"
UNSAFE = re.compile(r"[^\w.-]+")
"""What a case's name may hold and a file's name should not."""

PALER = 0.5
"""The contour at 0.5 has the structure's color, this far on the way to white."""


def optimum_overlays(
    result: ThresholdStudy, patient_of: Callable[[ThresholdCase], str]
) -> dict[str, Callable[[Path], None]]:
    """What writes each overlay, by file name: optimum.seg.nrrd, or one for every patient and grid."""
    groups: dict[tuple[str, Grid], list[ThresholdCase]] = {}
    for case in result.cases:
        if case.contours is not None:
            groups.setdefault((patient_of(case), case.contours.grid), []).append(case)
    writers: dict[str, Callable[[Path], None]] = {}
    for (patient, _), members in groups.items():
        stem = STEM if len(groups) == 1 else f"{STEM}_{UNSAFE.sub('_', patient)}"
        number = next(n for n in count(1) if _file(stem, n) not in writers)
        writers[_file(stem, number)] = _writer(members)
    return writers


def _file(stem: str, number: int) -> str:
    return f"{stem}.seg.nrrd" if number == 1 else f"{stem}-{number}.seg.nrrd"


def _writer(members: list[ThresholdCase]) -> Callable[[Path], None]:
    # Whole grids are made while a file is written: those of a cohort would not fit in memory together.
    return lambda path: write_segmentation(_segments(members), path)


def _segments(members: list[ThresholdCase]) -> list[Contour]:
    times = Counter(case.structure for case in members)
    segments = []
    for case in members:
        name = case.structure if times[case.structure] == 1 else f"{case.structure} {case.case}"
        if case.contours is not None:
            segments += _pair(case.contours, name)
    return segments


def _pair(contours: KeptContours, name: str) -> list[Contour]:
    grid, color = contours.grid, contours.reference.color
    pale = None
    if color is not None:
        red, green, blue = (channel + PALER * (1 - channel) for channel in color)
        pale = (red, green, blue)
    pair = [replace(contours.half.on(grid), name=f"{name} at 0.5", color=pale)]
    if contours.optimum is not None:
        best = f"{name} at {threshold_text(contours.optimum_threshold)}, best Dice"
        pair.insert(0, replace(contours.optimum.on(grid), name=best))
    return pair
