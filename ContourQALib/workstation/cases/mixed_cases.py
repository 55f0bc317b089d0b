"""Cases that are part DICOM: label files drawn on a series, structure sets drawn on a converted image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os.path import commonpath
from pathlib import Path

from ContourQALib.formats.dicom.image_series import ImageSeries
from ContourQALib.workstation.cases.case_entry import CaseEntry


def folder_of(series: ImageSeries) -> Path:
    """The folder that the files of a series lie in."""
    return Path(commonpath([file.parent for file in series.files]))


def mixed_cases(
    cases: Sequence[CaseEntry], lone: Sequence[CaseEntry], unused: Sequence[ImageSeries]
) -> tuple[list[CaseEntry], list[CaseEntry], list[ImageSeries]]:
    """Put together what lies in one folder, or in a folder in it, and is of two kinds.

    Label files without an image get the only DICOM series there, and an image without contours the only
    RTSTRUCT or SEG file there that has no series.

    Args:
        cases: of other files than DICOM.
        lone: one for each DICOM contour file without a series.
        unused: DICOM series without contours.

    Returns:
        The cases of other files, what is still without a series, and the series still without contours.
    """
    found: list[CaseEntry] = []
    spare, left = list(unused), list(lone)
    for case in cases:
        mixed = _on_series(case, spare) if case.image is None else _with_contours(case, left)
        found.append(mixed)
        if mixed is not case:
            spare = [series for series in spare if series is not mixed.series]
            left = [one for one in left if one.contours != mixed.contours]
    return found, left, spare


def _on_series(case: CaseEntry, spare: Sequence[ImageSeries]) -> CaseEntry:
    """A case of label files alone, on the only series around them if there is one."""
    around = [
        series for series in spare if all(_is_near(folder_of(series), file.path) for _, file in case.files)
    ]
    if len(around) != 1 or not case.contours:
        return case
    return replace(case, image=folder_of(around[0]), series=around[0], problem=None)


def _with_contours(case: CaseEntry, lone: Sequence[CaseEntry]) -> CaseEntry:
    """A case of an image alone, with the only DICOM contours around it if there are some."""
    image = case.image
    if case.contours or image is None:
        return case
    around = [one for one in lone if _is_near(one.contours[0].path.parent, image)]
    return replace(case, contours=around[0].contours, problem=None) if len(around) == 1 else case


def _is_near(folder: Path, file: Path) -> bool:
    """Whether a folder of DICOM files is that of another file, or lies in it."""
    return file.parent in (folder, folder.parent)
