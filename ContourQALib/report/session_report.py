"""What a session's report holds: the results of one case that a reader wants to keep, and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.quality.assessment import Assessment
from ContourQALib.report.reader_decision import ReaderDecision
from ContourQALib.thresholds.analysis import ThresholdAnalysis


@dataclass(frozen=True)
class Snapshot:
    """A picture of a view: PNG bytes and what it shows."""

    png: bytes = field(repr=False)
    caption: str


@dataclass(frozen=True, eq=False)
class SessionReport:
    """The results of one session on one case; what is missing is left out of the report.

    Attributes:
        title: heading of the page.
        image: shown below the outlines.
        assessment: what was predicted of contours without a reference.
        contours: the assessed contours in the order of `assessment.structures`; none, no pictures of them.
        comparisons: the contours measured against a reference.
        unmatched: structures that found no partner to compare with.
        pairs: (reference, test) contours in the order of `comparisons`; none, no pictures of them.
        sweeps: probability maps, at every threshold.
        probabilities: the maps behind `sweeps`, named in the provenance; none, they are not named.
        snapshots: pictures of views as the reader saw them.
        settings: the options that shaped the results, by name; values that JSON can hold.
        decisions: what readers decided on the contours, in order.

    Raises:
        SettingError: nothing to report, or as many contours as results are needed and others were given.
    """

    title: str
    image: Image | None = None
    assessment: Assessment | None = None
    contours: tuple[Contour, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    pairs: tuple[tuple[Contour, Contour], ...] = ()
    sweeps: tuple[ThresholdAnalysis, ...] = ()
    probabilities: tuple[ProbabilityMap, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    decisions: tuple[ReaderDecision, ...] = ()

    def __post_init__(self) -> None:
        found = self.assessment, self.comparisons, self.unmatched, self.sweeps, self.snapshots, self.decisions
        if not any(found):
            raise SettingError("There is nothing to report yet; assess, compare or sweep something first.")
        assessed = len(self.assessment.structures) if self.assessment else 0
        for given, needed, what in (
            (len(self.contours), assessed, "assessed"),
            (len(self.pairs), len(self.comparisons), "compared"),
        ):
            if given and given != needed:
                raise SettingError(f"The report has {needed} {what} results but the contours of {given}.")
