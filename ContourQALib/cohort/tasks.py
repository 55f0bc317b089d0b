"""RowTask: what is to be measured, row by row, in plain texts that another process understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ContourQALib.cohort.results import CohortRow
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.manifest import Manifest
from ContourQALib.names import normalize

NEEDED = ("structure", "reference")
"""Columns of a manifest that a cohort needs, beside one for each model."""

MOST_TOGETHER = 16
"""Rows of one reference file that are handed out together, so that it is read once for all of them."""


@dataclass(frozen=True, slots=True)
class RowTask:
    """One row: names and paths, nothing read.

    Attributes:
        row: what the row is about.
        reference: path of the contours held to be right.
        tests: path of each model's contours, or None where the manifest names none.
        image: path of the image, or None: shown, and the grid of polygons.
        series: which DICOM series of several is the image; "" where nothing is said.
    """

    row: CohortRow
    reference: str
    tests: tuple[str | None, ...]
    image: str | None = None
    series: str = ""


def models_of(manifest: Manifest, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The models to compare: those wanted, in that order, or all in the order of their columns.

    Raises:
        SettingError: the manifest has no column of a model, or none of one that is wanted.
    """
    if not manifest.models:
        raise SettingError(
            f"{manifest.path} has no column of a model; add one of its name, with the paths of its contours."
        )
    by_name = {name.casefold(): name for name in manifest.models}
    missing = [name for name in wanted if name.casefold() not in by_name]
    if missing:
        there = ", ".join(manifest.models)
        raise SettingError(f"{manifest.path} has no column {', '.join(missing)}; its models are {there}.")
    return tuple(dict.fromkeys(by_name[name.casefold()] for name in wanted)) or manifest.models


def tasks_of(manifest: Manifest, models: Sequence[str], structures: Sequence[str] = ()) -> list[RowTask]:
    """One task for each row, in the manifest's order.

    Args:
        manifest: read with the columns of `NEEDED`.
        models: as `models_of` gives them.
        structures: only these, in any spelling; all where empty.

    Raises:
        StructureError: a structure that is wanted is in no row.
    """
    wanted = {normalize(name): name for name in structures}
    meant = {row.structure: normalize(row.structure) for row in manifest.rows}
    missing = [name for key, name in wanted.items() if key not in meant.values()]
    if missing:
        raise StructureError(
            f"{manifest.path} lists no structure {', '.join(missing)}; it lists {', '.join(meant)}."
        )
    return [
        RowTask(
            CohortRow(row.dataset, row.case, row.patient, row.structure),
            str(row.files["reference"]),
            tuple(str(row.models[model]) if model in row.models else None for model in models),
            str(row.files["image"]) if "image" in row.files else None,
            row.series,
        )
        for row in manifest.rows
        if not wanted or meant[row.structure] in wanted
    ]


def batches(tasks: Sequence[RowTask], numbers: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of tasks that share a reference file, wherever they stand, at most `MOST_TOGETHER` at once."""
    sharing: dict[str, list[int]] = {}
    for number in numbers:
        sharing.setdefault(tasks[number].reference, []).append(number)
    for together in sharing.values():
        for start in range(0, len(together), MOST_TOGETHER):
            yield together[start : start + MOST_TOGETHER]
