"""RowMeasurement: one row of a cohort read and measured, every model against the reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ContourQALib.case import Contour, SeriesIdentity
from ContourQALib.cohort.file_stamp import FileStamp, stamp_of
from ContourQALib.cohort.results import MEASURED, PLACED
from ContourQALib.cohort.tasks import RowTask
from ContourQALib.errors import ContourQAError, FormatError, StructureError
from ContourQALib.formats.canvas import Canvas, canvas_beside, read_canvas
from ContourQALib.formats.dicom.recognizing import names_dicom
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.references import referenced_series
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.names import is_nameless, match


class Read(Protocol):
    """Reads all contours of a file, labels named as the user asked for."""

    def __call__(
        self,
        path: Path,
        *,
        grid: Grid | None,
        series: SeriesIdentity | None,
        on_left_out: Callable[[LeftOutRoi], None],
    ) -> tuple[Contour, ...]:
        """The contours; arguments as of `formats.contours.read_contours`."""
        ...


@dataclass(frozen=True, slots=True)
class ModelMeasurement:
    """One model in one row.

    Attributes:
        status: as in `CohortResults.statuses`.
        reason: why something is undefined, or None.
        values: the figures of `MEASURED`, in that order; all nan unless both contours were found.
        placed: those of `PLACED`, likewise.
    """

    status: Status
    reason: str | None
    values: tuple[float, ...] = (math.nan,) * len(MEASURED)
    placed: tuple[float, ...] = (math.nan,) * len(PLACED)


@dataclass(frozen=True, slots=True)
class RowMeasurement:
    """One row measured.

    Attributes:
        volume_reference_cc: nan where the reference could not be read.
        models: one a model.
        stamps: of the reference and each model's file; None where the manifest names none or none is there.
        rasterized: by which rule the polygons of the reference and of each model became voxels; None for what
            was voxels, or is not there. Empty where nothing was compared.
    """

    volume_reference_cc: float
    models: tuple[ModelMeasurement, ...]
    stamps: tuple[FileStamp | None, ...]
    rasterized: tuple[str | None, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any model of the row is failed."""
        return any(model.status is Status.FAILED for model in self.models)


class RowReader:
    """Measures rows one after the other, reading a file that consecutive rows share once.

    Args:
        read: reads a file.
        tolerance_mm: tolerance of surface Dice, mm.
    """

    def __init__(self, read: Read, tolerance_mm: float) -> None:
        self._read = read
        self._tolerance_mm = tolerance_mm
        self._last: dict[int, _ReadFile] = {}

    def measure(self, task: RowTask) -> RowMeasurement:
        """Measure a row; what cannot be read or compared is failed, and the reason says why."""
        file = self._reference(task)
        try:
            reference = _found(file, task.row.structure)
        except ContourQAError as error:
            failed = ModelMeasurement(Status.FAILED, f"no reference: {error}")
            seen = (file.stamp, *(stamp_of(path) if path else None for path in task.tests))
            return RowMeasurement(math.nan, (failed,) * len(task.tests), seen)
        files = self._tests(task, reference)
        models = []
        rasterized = [reference.rasterized]
        for test in files:
            model, how = self._model(reference, test, task.row.structure)
            models.append(model)
            rasterized.append(how)
        stamps = (file.stamp, *(test.stamp if test else None for test in files))
        return RowMeasurement(reference.volume_cc, tuple(models), stamps, tuple(rasterized))

    def contours(self, task: RowTask) -> tuple[Contour, list[Contour | None]]:
        """Reference and models' contours of a row, for a picture; None for a contour that is not there.

        Raises:
            ContourQAError: there is no reference.
        """
        structure = task.row.structure
        reference = _found(self._reference(task), structure)
        tests: list[Contour | None] = []
        for file in self._tests(task, reference):
            try:
                tests.append(_found(file, structure).on(reference.grid) if file else None)
            except ContourQAError:
                tests.append(None)
        return reference, tests

    def _reference(self, task: RowTask) -> _ReadFile:
        """The reference's file; DICOM on the grid of the image that the row names, or that lies beside."""
        path, image, series = task.reference, task.image, task.series or None

        def canvas() -> Canvas | None:
            if image is None:
                return canvas_beside(path)
            return read_canvas(image, series, referenced_series(path))

        return self._file(0, path, (image, series), canvas)

    def _tests(self, task: RowTask, reference: Contour) -> list[_ReadFile | None]:
        """Each model's file; DICOM on the reference's grid."""
        grid = reference.grid
        return [
            None if path is None else self._file(place, path, grid, lambda: Canvas(grid))
            for place, path in enumerate(task.tests, 1)
        ]

    def _file(self, place: int, path: str, where: object, canvas: Callable[[], Canvas | None]) -> _ReadFile:
        """The file of the reference (place 0) or of a model, read unless it was the last one there.

        Args:
            place: whose it is.
            path: the file.
            where: on what DICOM is brought; the last file is read again where that was something else.
            canvas: reads it.
        """
        last = self._last.get(place)
        if last is None or last.path != path or (last.is_dicom and last.where != where):
            self._last.pop(place, None)  # before reading: two large files need not lie in memory together
            last = self._last[place] = _ReadFile.of(path, self._read, where, canvas)
        return last

    def _model(
        self, reference: Contour, file: _ReadFile | None, structure: str
    ) -> tuple[ModelMeasurement, str | None]:
        """What was measured, and by which rule the model's polygons became voxels."""
        if file is None:
            return ModelMeasurement(Status.UNMATCHED, "the manifest names no contours of this model"), None
        try:
            found = compare(reference, _found(file, structure), self._tolerance_mm)
        except _MissingError as error:
            return ModelMeasurement(Status.UNMATCHED, str(error)), None
        except ContourQAError as error:
            return ModelMeasurement(Status.FAILED, str(error)), None
        placed = tuple(float(getattr(found, name)) for name in PLACED)
        measured = ModelMeasurement(found.status, found.undefined_reason, figures_of(found), placed)
        return measured, found.rasterized_test


def figures_of(comparison: Comparison) -> tuple[float, ...]:
    """The figures of `MEASURED`, in that order."""
    return tuple(
        float(getattr(comparison, "volume_test_cc" if figure == "volume_cc" else figure))
        for figure in MEASURED
    )


class _MissingError(StructureError):
    """The structure is not in the file."""


@dataclass(frozen=True, eq=False)
class _ReadFile:
    """A file's contours, or the error of reading it."""

    path: str
    stamp: FileStamp | None
    contours: tuple[Contour, ...]
    error: ContourQAError | None
    is_dicom: bool
    where: object

    @classmethod
    def of(cls, path: str, read: Read, where: object, canvas: Callable[[], Canvas | None]) -> _ReadFile:
        stamp: FileStamp | None = None
        dicom = names_dicom(path)
        try:
            stamp = stamp_of(path)
            on = canvas() if dicom else None
            grid, series = (on.grid, on.series) if on else (None, None)
            # A region that is no contour is missed only where a row asks for it.
            drawn = read(Path(path), grid=grid, series=series, on_left_out=lambda region: None)
            return cls(path, stamp, tuple(map(on.holding, drawn)) if on else drawn, None, dicom, where)
        except ContourQAError as error:
            return cls(path, stamp, (), error, dicom, where)


def _found(file: _ReadFile | None, structure: str) -> Contour:
    """The structure in the file; a lone label without a name is taken to be it.

    Raises:
        ContourQAError: the file could not be read, or several of its contours could be it.
        _MissingError: it is not in the file.
    """
    if file is None:
        raise FormatError("the manifest names no file")
    if file.error is not None:
        raise file.error
    if len(file.contours) == 1 and is_nameless(file.contours[0].name):
        return file.contours[0].called(structure)
    found = match([structure], [contour.name for contour in file.contours])
    if not found.pairs:
        there = ", ".join(contour.name for contour in file.contours)
        raise _MissingError(f"{file.path} holds no structure {structure}; it holds {there}")
    name = found.pairs[0][1]
    return next(contour for contour in file.contours if contour.name == name).called(structure)
