"""Answers: what the computing process calls for each kind of request, and the models it keeps loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ContourQALib.worker_requests import (
    AssessRequest,
    Compared,
    CompareRequest,
    ReportRequest,
    Request,
    SaveDicomRequest,
    SweepRequest,
    Swept,
)

if TYPE_CHECKING:
    from ContourQALib.quality.assessment import Assessment
    from ContourQALib.quality.model import QualityModel

Progress = Callable[[int, int, str], None]
"""Told of the parts done, the parts there are, and the part in work; raises what ends the work early."""

KEPT_MODELS = 4
"""Models of folders that stay loaded; the one longest unused goes first."""


class Answers:
    """Computes; models that were loaded for a request stay loaded for the next."""

    def __init__(self) -> None:
        self._models: dict[tuple[Path, int], QualityModel] = {}

    def answer(self, request: Request, progress: Progress) -> Any:
        """The answer that the request's type names.

        Raises:
            ContourQAError: the request cannot be answered; the message is meant for the user.
            TypeError: it is no request.
        """
        if isinstance(request, AssessRequest):
            return self._assess(request, progress)
        if isinstance(request, CompareRequest):
            return _compare(request, progress)
        if isinstance(request, SweepRequest):
            return _sweep(request, progress)
        if isinstance(request, ReportRequest):
            return _report(request, progress)
        if isinstance(request, SaveDicomRequest):
            return _save_dicom(request, progress)
        raise TypeError(f"{type(request).__qualname__} is no request")

    def _assess(self, request: AssessRequest, progress: Progress) -> Assessment:
        from ContourQALib.quality.predict import assess

        return assess(
            request.image,
            request.contours,
            self.model(request.model) if request.model else None,
            request.levels,
            probabilities=request.probabilities,
            seconds=request.seconds,
            progress=progress,
            device=request.device,
        )

    def model(self, name_or_folder: str) -> QualityModel:
        """A model by name or folder, the loaded one where its card has not changed since.

        Raises:
            ModelError: there is no such model.
        """
        from ContourQALib.quality.card import CARD_FILE
        from ContourQALib.quality.model import find_model

        card = Path(name_or_folder, CARD_FILE)
        if not card.is_file():
            return find_model(name_or_folder)  # bundled ones are kept by the library
        key = card.resolve(), card.stat().st_mtime_ns
        model = self._models.pop(key, None) or find_model(name_or_folder)
        self._models[key] = model
        while len(self._models) > KEPT_MODELS:
            self._models.pop(next(iter(self._models)))
        return model


def _compare(request: CompareRequest, progress: Progress) -> Compared:
    from ContourQALib.metrics.comparison_set import ComparisonSettings, compare_with_reference

    how = ComparisonSettings(request.structures, request.tolerance_mm, request.per_slice, progress)
    found = compare_with_reference(request.reference, request.tests, how)
    return Compared(found.comparisons, found.unmatched)


def _sweep(request: SweepRequest, progress: Progress) -> Swept:
    from ContourQALib.thresholds.analysis import analyze
    from ContourQALib.thresholds.expected import expected_curve

    name = request.probability.name
    progress(0, 2, name)
    expected = expected_curve(request.probability, request.thresholds)
    progress(1, 2, name)
    analysis = None
    if request.reference is not None:
        analysis = analyze(request.probability, request.reference, request.thresholds, request.tolerance_mm)
    return Swept(analysis, expected)


def _report(request: ReportRequest, progress: Progress) -> Path:
    from ContourQALib.report.session_writing import write_session_report

    return write_session_report(request.folder, request.report, progress=progress)


def _save_dicom(request: SaveDicomRequest, progress: Progress) -> tuple[Path, ...]:
    from ContourQALib.formats.dicom.source_series import series_of_files
    from ContourQALib.report.structured.assessment_files import save_assessment_dicom

    source = series_of_files(request.files, request.series_uid)
    return save_assessment_dicom(
        request.folder, request.assessment, request.image, request.contours, source, None, progress
    )
