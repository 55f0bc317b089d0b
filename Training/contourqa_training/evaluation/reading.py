"""What an evaluation reads: the rows of a manifest, image by image, each file once where rows share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.commands.threshold_cases import References
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.images import read_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.manifest import Manifest, ManifestRow, read_manifest
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.references import referenced_series
from ContourQALib.quality.card import ModelCard

NEEDED = ("image", "contour", "reference")
"""Columns of a manifest that an evaluation needs, beside case."""

KIND, SEVERITY = "kind", "severity"
"""Columns that name a graded series, where a manifest has them instead of a case PATIENT/KIND/SEVERITY."""

WHOLE = "all"
"""The stratum of contours whose stratum nobody names."""


@dataclass(frozen=True)
class EvaluationTask:
    """One row of a manifest, nothing read.

    Attributes:
        row: the row.
        structure: the structure, in the model's spelling; None where the model does not know it.
        stratum: the row's, or `WHOLE`.
        kind: the graded series' error; "" without one.
        severity: its severity; None without one.
    """

    row: ManifestRow
    structure: str | None
    stratum: str
    kind: str
    severity: float | None


@dataclass(frozen=True, eq=False)
class ReadContour:
    """A row with what it names, everything on the image's grid.

    Attributes:
        task: the row.
        contour: the contour to judge, under the model's name of the structure.
        reference: the contour held to be right.
        probability: float32 (K, J, I), or None.
        seconds: masks of further segmentations by column.
    """

    task: EvaluationTask
    contour: Contour
    reference: Contour
    probability: np.ndarray | None
    seconds: dict[str, np.ndarray]


def read_tasks(
    path: Path, card: ModelCard, seconds: Sequence[str] = (), strata: Sequence[str] = ()
) -> list[EvaluationTask]:
    """The rows to evaluate, in the manifest's order.

    Args:
        path: the manifest.
        card: of the model that is evaluated; it says which structures there can be.
        seconds: columns of further segmentations that agreement is measured with.
        strata: only these; all where empty.

    Raises:
        FormatError: the manifest cannot be read, or lacks a column of `NEEDED`.
        SettingError: no column of a second segmentation's name, or no row of a stratum.
        StructureError: the model knows the structure of no row.
    """
    manifest = read_manifest(path, NEEDED)
    missing = [name for name in seconds if name not in manifest.models]
    if missing:
        there = ", ".join(manifest.models) or "none"
        raise SettingError(
            f"{path} has no column {', '.join(missing)} of a second segmentation; "
            f"its further columns are {there}."
        )
    tasks = [_task(manifest, row, card) for row in manifest.rows]
    found = dict.fromkeys(task.stratum for task in tasks)
    unknown = [name for name in strata if name not in found]
    if unknown:
        raise SettingError(
            f"{path} has no contour of stratum {', '.join(unknown)}; its strata are {', '.join(found)}."
        )
    tasks = [task for task in tasks if not strata or task.stratum in strata]
    if not any(task.structure for task in tasks):
        named = ", ".join(dict.fromkeys(task.row.structure or "(unnamed)" for task in tasks))
        raise StructureError(
            f"The model {card.name} knows no structure of {path} ({named}); it knows "
            f"{', '.join(card.structures)}."
        )
    return tasks


def _task(manifest: Manifest, row: ManifestRow, card: ModelCard) -> EvaluationTask:
    structure = _known(row.structure, card)
    parts = row.case.split("/")
    kind, severity = "", None
    if {KIND, SEVERITY} <= set(row.models):
        words = {n: str(row.models[n].relative_to(manifest.path.parent)) for n in (KIND, SEVERITY)}
        kind, severity = words[KIND], _number(words[SEVERITY])
    elif len(parts) > 2:
        kind, severity = "/".join(parts[1:-1]), _number(parts[-1])
    return EvaluationTask(
        row, structure, row.stratum or WHOLE, kind if severity is not None else "", severity
    )


def _known(structure: str, card: ModelCard) -> str | None:
    """The model's name of a structure; that of a model's only one where the row names none."""
    if not structure:
        return card.structures[0] if len(card.structures) == 1 else None
    return card.name_of(structure)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def read_by_image(
    tasks: Sequence[EvaluationTask], naming: LabelNaming, seconds: Sequence[str], most: int
) -> Iterator[tuple[Image, list[ReadContour]]]:
    """Each image with contours on its grid, at most `most` at a time, wherever they stand in the manifest.

    Raises:
        FormatError, GeometryError, StructureError: a file is unreadable, lies elsewhere, lacks the structure.
    """
    sharing: dict[tuple[Path, str, tuple[str, ...]], list[EvaluationTask]] = {}
    for task in tasks:
        referenced = referenced_series(task.row.files["contour"])
        sharing.setdefault((task.row.files["image"], task.row.series, referenced), []).append(task)
    references = References(naming)
    others = {name: References(naming) for name in ("contour", *seconds)}
    for (path, series, referenced), members in sharing.items():
        image = read_image(path, series or None, referenced)
        # Rows of one file of contours come together, so that it is read once.
        members = sorted(members, key=lambda task: (task.row.files["reference"], task.row.files["contour"]))
        for start in range(0, len(members), most):
            yield image, [_read(t, image, references, others) for t in members[start : start + most]]


def _read(
    task: EvaluationTask, image: Image, references: References, others: dict[str, References]
) -> ReadContour:
    files = task.row.files
    name = task.row.structure or task.structure or ""

    reference = references.contour(files["reference"], name, image).on(image.grid)
    contour = others["contour"].contour(files["contour"], name, image).on(image.grid)
    probability = None
    if "probability" in files:
        probability = read_probability(files["probability"], name).on(image.grid).values
    seconds = {
        column: source.contour(task.row.models[column], name, image).on(image.grid).mask
        for column, source in others.items()
        if column in task.row.models
    }
    return ReadContour(task, replace(contour, name=task.structure or name), reference, probability, seconds)
