"""Cases of a manifest: the rows of one case put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.manifest import Manifest, ManifestRow
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile

CONTOUR = "contour"
"""The column that is assessed where there is one."""


def names_images(manifest: Manifest) -> bool:
    """Whether it has what a viewer shows: results and lists of other things are CSV too."""
    return any("image" in row.files for row in manifest.rows)


def assessed_model(manifest: Manifest) -> str:
    """The model whose contours are assessed; "" where the column `contour` says what is."""
    if any(CONTOUR in row.files for row in manifest.rows) or not manifest.models:
        return ""
    return manifest.models[0]


def manifest_cases(manifest: Manifest) -> tuple[CaseEntry, ...]:
    """One case for all rows of its name, in the order of the manifest.

    Raises:
        FormatError: no row names an image.
    """
    if not names_images(manifest):
        raise FormatError(f"{manifest.path} names no image; add a column image with a path in each row.")
    rows: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        rows.setdefault(row.case, []).append(row)
    assessed = assessed_model(manifest)
    return tuple(_case(of_case, manifest.models, assessed) for of_case in rows.values())


def _case(rows: Sequence[ManifestRow], models: Sequence[str], assessed: str) -> CaseEntry:
    first = rows[0]
    images = list(dict.fromkeys(row.files["image"] for row in rows if "image" in row.files))
    contours = _of_model(rows, assessed) if assessed else _of_column(rows, CONTOUR)
    others = {name: found for name in models if name != assessed and (found := _of_model(rows, name))}
    return CaseEntry(
        name=first.case,
        patient=first.patient,
        image=images[0] if images else None,
        contours=contours,
        reference=_of_column(rows, "reference"),
        models=others,
        probabilities=_of_column(rows, "probability"),
        problem=_problem(first, images, contours, assessed or CONTOUR),
        assessed=assessed,
        series_wanted=next((row.series for row in rows if row.series), ""),
    )


def _of_column(rows: Sequence[ManifestRow], column: str) -> tuple[StructureFile, ...]:
    return _once((row.files.get(column), row.structure) for row in rows)


def _of_model(rows: Sequence[ManifestRow], model: str) -> tuple[StructureFile, ...]:
    return _once((row.models.get(model), row.structure) for row in rows)


def _once(named: Iterable[tuple[Path | None, str]]) -> tuple[StructureFile, ...]:
    return tuple(dict.fromkeys(StructureFile(path, structure) for path, structure in named if path))


def _problem(
    row: ManifestRow, images: Sequence[Path], contours: Sequence[StructureFile], column: str
) -> str | None:
    if not images:
        return f"The manifest names no image in line {row.line}; fill in the column image."
    if len(images) > 1:
        return f"The manifest names two images for it, {images[0]} and {images[1]}; make them two cases."
    if not contours:
        return f"The manifest names no contours in line {row.line}; fill in the column {column}."
    return None
