"""What a worker can be asked for, and its answers: the same functions that the command line calls.

A request holds the objects themselves; `worker_codec` carries them to the computing process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.pairing import Source, Unmatched
from ContourQALib.quality.verdict import Levels
from ContourQALib.thresholds.analysis import ThresholdAnalysis
from ContourQALib.thresholds.expected import ExpectedCurve

if TYPE_CHECKING:
    from ContourQALib.quality.assessment import Assessment
    from ContourQALib.report.session_report import SessionReport


@dataclass(frozen=True, eq=False)
class AssessRequest:
    """Predict the quality of contours (`quality.predict.assess`); answered by an `Assessment`.

    Attributes:
        image: what the contours were drawn on.
        contours: what to assess.
        model: a bundled model's name or a model's folder; None takes the bundled one that fits.
        levels: accept and reject levels of Dice.
        probabilities: maps that contours were cut from, matched by name.
        seconds: second segmentations, matched by name.
        device: "auto", "cpu" or "cuda".
    """

    image: Image
    contours: tuple[Contour, ...]
    model: str | None = None
    levels: Levels = field(default_factory=Levels)
    probabilities: tuple[ProbabilityMap, ...] = ()
    seconds: tuple[Contour, ...] = ()
    device: str = "auto"


@dataclass(frozen=True, eq=False)
class CompareRequest:
    """Compare contours with a reference's (`metrics.comparison_set`); answered by `Compared`.

    Attributes:
        reference: the contours held to be right.
        tests: the others, source by source.
        structures: names to compare, in any spelling; all where empty.
        tolerance_mm: tolerance of surface Dice.
        per_slice: also compare slice by slice.
    """

    reference: Source
    tests: tuple[Source, ...]
    structures: tuple[str, ...] = ()
    tolerance_mm: float = DEFAULT_TOLERANCE_MM
    per_slice: bool = True


@dataclass(frozen=True, eq=False)
class Compared:
    """Every comparison that was asked for, and the structures that found no partner."""

    comparisons: tuple[Comparison, ...]
    unmatched: tuple[Unmatched, ...]


@dataclass(frozen=True, eq=False)
class SweepRequest:
    """Every threshold of a probability map (`thresholds.analysis.analyze`); answered by `Swept`.

    Attributes:
        probability: the map.
        reference: the contour held to be right; None where there is none.
        thresholds: increasing numbers in [0, 1]; None takes 0 to 1 in steps of 0.01.
        tolerance_mm: tolerance of surface Dice.
    """

    probability: ProbabilityMap
    reference: Contour | None = None
    thresholds: tuple[float, ...] | None = None
    tolerance_mm: float = DEFAULT_TOLERANCE_MM


@dataclass(frozen=True, eq=False)
class Swept:
    """A map's curves: against a reference, where there is one, and what the map itself lets expect."""

    analysis: ThresholdAnalysis | None
    expected: ExpectedCurve


@dataclass(frozen=True, eq=False)
class ReportRequest:
    """Write a session's report into a folder; answered by the `Path` of its report.html."""

    folder: Path
    report: SessionReport


@dataclass(frozen=True, eq=False)
class SaveDicomRequest:
    """Save an assessment as DICOM (`report.structured.assessment_files`); answered by the files' paths.

    Attributes:
        folder: where to.
        assessment: the result.
        image: what was assessed.
        contours: those that were assessed, in the order of the result.
        series_uid: Series Instance UID of the image.
        files: the files of the series.
    """

    folder: Path
    assessment: Assessment
    image: Image
    contours: tuple[Contour, ...]
    series_uid: str
    files: tuple[Path, ...]


Request = AssessRequest | CompareRequest | SweepRequest | ReportRequest | SaveDicomRequest
