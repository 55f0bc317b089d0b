"""Which maps and references a threshold study takes: from options, or from a manifest, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour, Image, ProbabilityMap
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
        segment: which segment of a DICOM SEG is the map, where that is not told by the structure.
    """

    case: str
    structure: str
    reference: Path
    probability: Path
    image: Path | None
    patient: str
    series: str | None = None
    segment: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it, and the case that comes of it, from all others."""
        return self.case, self.structure

    def read_map(self) -> ProbabilityMap:
        """The map, under the structure's name; errors as of `read_probability`."""
        return read_probability(self.probability, self.structure, self.segment)


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
        self._last: tuple[tuple[Path, Path | Image | None], tuple[Contour, ...]] | None = None
        self.left_out: list[LeftOutStructure] = []

    def contours(
        self,
        path: Path,
        image: Path | Image | None = None,
        series: str | None = None,
        read_map: Callable[[], ProbabilityMap] | None = None,
    ) -> tuple[Contour, ...]:
        """All contours of a file.

        Args:
            path: the file.
            image: the image they were drawn on, if there is one.
            series: which DICOM series of several is the image.
            read_map: reads a map that is to be compared with one of them.
        """
        if self._last is None or self._last[0] != (path, image):
            self._last = None  # before reading: two large files need not lie in memory together
            reading = CaseReading(self._naming, series, quiet=self._quiet)
            drawn = reading.drawn(path, image, read_map and (lambda: read_map().grid))
            self._last = (path, image), drawn
            self.left_out += reading.left_out
        return self._last[1]

    def contour(
        self,
        path: Path,
        structure: str,
        image: Path | Image | None = None,
        series: str | None = None,
        read_map: Callable[[], ProbabilityMap] | None = None,
    ) -> Contour:
        """One structure of a file; a lone label without a name is taken to be it.

        Raises:
            StructureError: the file lacks it.
        """
        contours = self.contours(path, image, series, read_map)
        lone = len(contours) == 1 and is_nameless(contours[0].name)
        found = contours[0] if lone else select(contours, [structure])[0]
        return found.called(structure)

    def of_task(self, task: Task) -> Contour:
        """The reference of a task; errors as of `contour`."""
        return self.contour(task.reference, task.structure, task.image, task.series, task.read_map)


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

    def first() -> ProbabilityMap:
        return read_probability(maps[0].path, maps[0].structure, maps[0].segment)

    contours = references.contours(reference, image, series, first)
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
        Task(labels[one.path], name, reference, one.path, image, str(reference), series, one.segment)
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
                task.read_map(),
                references.of_task(task),
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
