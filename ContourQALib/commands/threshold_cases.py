"""Which maps and references a threshold study takes: from options, or from a manifest, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.commands.reading import CaseReading
from ContourQALib.errors import ContourQAError, StructureError
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.left_out import LeftOutStructure
from ContourQALib.formats.manifest import Manifest
from ContourQALib.formats.probability import read_probability
from ContourQALib.metrics.definitions import Status
from ContourQALib.names import is_nameless, match, select
from ContourQALib.report.wording import short_labels
from ContourQALib.thresholds.cases import ThresholdCase, Unpaired, analyze_case
from ContourQALib.thresholds.map_names import MapFile, match_maps

NEEDED = ("structure", "reference", "probability")
"""Columns of a manifest that a threshold study needs."""

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Task:
    """One map to sweep: names and paths, nothing read.

    Attributes:
        patient: tasks of one patient share an overlay file.
        series: which DICOM series of several is the image.
    """

    case: str
    structure: str
    reference: Path
    probability: Path
    image: Path | None
    patient: str
    series: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it, and the case that comes of it, from all others."""
        return self.case, self.structure


class References:
    """Reads references, keeping the file that was read last: a manifest names one file in many rows.

    Polygons become masks on the grid of the task's image, else of the series found beside them, else of the
    probability map.

    Args:
        naming: how labels become structures.
        quiet: whether nothing is said of what a file names and does not contour.
    """

    def __init__(self, naming: LabelNaming, *, quiet: bool = False) -> None:
        self._naming = naming
        self._quiet = quiet
        self._last: tuple[tuple[Path, Path | None], tuple[Contour, ...]] | None = None
        self.left_out: list[LeftOutStructure] = []

    def contours(
        self, path: Path, image: Path | None, series: str | None, probability: MapFile
    ) -> tuple[Contour, ...]:
        """All contours of a file.

        Args:
            path: the file.
            image: the image they were drawn on, if it is named.
            series: which DICOM series of several is the image.
            probability: a map that is to be compared with one of them.
        """
        if self._last is None or self._last[0] != (path, image):
            self._last = None  # before reading: two large files need not lie in memory together
            reading = CaseReading(self._naming, series, quiet=self._quiet)
            drawn = reading.drawn(
                path, image, lambda: read_probability(probability.path, probability.structure).grid
            )
            self._last = (path, image), drawn
            self.left_out += reading.left_out
        return self._last[1]

    def contour(self, task: Task) -> Contour:
        """The structure of a task; a lone label without a name is taken to be it.

        Raises:
            StructureError: the file lacks it.
        """
        structure, probability = task.structure, MapFile(task.probability, task.structure)
        contours = self.contours(task.reference, task.image, task.series, probability)
        lone = len(contours) == 1 and is_nameless(contours[0].name)
        found = contours[0] if lone else select(contours, [structure])[0]
        return found.called(structure)


def tasks_of_maps(
    maps: Sequence[MapFile],
    reference: Path,
    image: Path | None,
    wanted: Sequence[str],
    references: References,
    series: str | None = None,
) -> tuple[list[Task], list[Unpaired]]:
    """One task for each map that a structure of the reference fits, and what fits nothing.

    Raises:
        StructureError: a structure that is wanted is not in the reference, a map fits several, or none fits.
    """
    contours = references.contours(reference, image, series, maps[0])
    chosen = [contour.name for contour in select(contours, wanted)] if wanted else []
    found = match_maps(maps, [contour.name for contour in contours], chosen)
    if not found.pairs:
        names = ", ".join(contour.name for contour in contours)
        raise StructureError(
            f"No map is named like a structure of {reference} ({names}); say which with "
            f"--probability NAME={maps[0].path}, or choose one with --structure."
        )
    labels = _case_names([one.path for one, _ in found.pairs])
    tasks = [
        Task(labels[one.path], name, reference, one.path, image, str(reference), series)
        for one, name in found.pairs
    ]
    lone = [
        Unpaired(one.structure or stem_of(one.path), "probability", str(one.path))
        for one in found.unmatched_maps
    ]
    lone += [Unpaired(name, "reference", str(reference)) for name in found.unmatched_structures]
    return tasks, lone


def tasks_of_manifest(manifest: Manifest, wanted: Sequence[str]) -> list[Task]:
    """One task a row.

    Raises:
        StructureError: a structure that is wanted is in no row.
    """
    rows = manifest.rows
    if wanted:
        there = list(dict.fromkeys(row.structure for row in rows))
        missing = [name for name in wanted if not any(match([name], [other]).pairs for other in there)]
        if missing:
            raise StructureError(
                f"{manifest.path} lists no structure {', '.join(missing)}; it lists {', '.join(there)}."
            )
        rows = tuple(row for row in rows if any(match([name], [row.structure]).pairs for name in wanted))
    return [
        Task(
            row.case,
            row.structure,
            files["reference"],
            files["probability"],
            files.get("image"),
            row.case,
            row.series or None,
        )
        for row in rows
        for files in [row.files]
    ]


def run(
    tasks: Sequence[Task],
    references: References,
    thresholds: np.ndarray,
    tolerance_mm: float,
    *,
    keep_contours: bool,
    go_on: bool,
    report: Report,
) -> Iterator[ThresholdCase]:
    """Analyze the tasks one after the other.

    Args:
        tasks: at least one.
        references: reads their references.
        thresholds: as for `sweep`.
        tolerance_mm: tolerance of surface Dice, mm.
        keep_contours: keep what a report shows.
        go_on: a task that cannot be done becomes a case with status failed; otherwise its error is raised.
        report: told before each.

    Raises:
        ContourQAError: see `go_on`.
    """
    for done, task in enumerate(tasks):
        report(done, len(tasks), f"{task.case} {task.structure}")
        try:
            yield analyze_case(
                task.case,
                read_probability(task.probability, task.structure),
                references.contour(task),
                thresholds,
                tolerance_mm,
                keep_contours=keep_contours,
                reference_label=str(task.reference),
                probability_label=str(task.probability),
            )
        except ContourQAError as error:
            if not go_on:
                raise
            names = (task.case, task.structure, str(task.reference), str(task.probability))
            yield ThresholdCase(*names, Status.FAILED, str(error))
    report(len(tasks), len(tasks), "")


def _case_names(paths: Sequence[Path]) -> dict[Path, str]:
    """The files' stems; where two are the same, as much of the folders as tells them apart."""
    stems = Counter(stem_of(path) for path in set(paths))
    short = short_labels(map(str, paths))
    return {
        path: stem_of(path)
        if stems[stem_of(path)] == 1
        else str(Path(short[str(path)]).with_name(stem_of(path)))
        for path in paths
    }
