"""Cases of a threshold study: what was analyzed, what could not be, and the contours worth looking at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.formats.left_out import LeftOutStructure
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM, Status
from ContourQALib.metrics.domain import cropped
from ContourQALib.names import normalize
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze
from ContourQALib.thresholds.pooled import PooledSweep, pool
from ContourQALib.thresholds.sensitivity import HALF
from ContourQALib.thresholds.sweep import ThresholdSweep

Further = Callable[["ThresholdCase", np.ndarray], ThresholdSweep]
"""Sweeps a case again, at further thresholds."""

FEWEST_POOLED = 2
"""A mean of one case is the case."""


@dataclass(frozen=True, eq=False)
class KeptContours:
    """The reference and two contours of a map, each cut to its own box; `Contour.on` brings them back.

    Attributes:
        grid: the reference's whole grid.
        reference: the reference.
        half: the map at 0.5.
        optimum: the map at the Dice optimum; None where there is none.
        optimum_threshold: that threshold.
    """

    grid: Grid
    reference: Contour
    half: Contour
    optimum: Contour | None
    optimum_threshold: float | None


@dataclass(frozen=True, eq=False)
class ThresholdCase:
    """One structure of one case.

    Attributes:
        case: name of the case.
        structure: name of the structure.
        reference: where the reference comes from (the path the user gave, or a name).
        probability: where the map comes from.
        status: of the sweep, or failed.
        reason: why figures are undefined, or why it failed.
        analysis: None for a case that failed.
        contours: where they were asked for.
        rasterized: by which rule polygons or a surface became the reference's mask; None for a mask.
        spelled: how the reference's source spells the structure, where that is another spelling; else None.
        remarks: what else a reader must know of the reference's source; None for nothing.
        standard_name: TG-263 name that the user's table of names gives it; None where it gives none.
    """

    case: str
    structure: str
    reference: str
    probability: str
    status: Status
    reason: str | None
    analysis: ThresholdAnalysis | None = None
    contours: KeptContours | None = None
    rasterized: str | None = None
    spelled: str | None = None
    remarks: str | None = None
    standard_name: str | None = None


@dataclass(frozen=True)
class Unpaired:
    """A map without a structure, or a structure without a map.

    Attributes:
        structure: the structure's name, or what the map is called.
        side: which side holds it.
        source: the file it comes from.
    """

    structure: str
    side: Literal["reference", "probability"]
    source: str


@dataclass(frozen=True, eq=False)
class ThresholdStudy:
    """Everything that came of one or many cases.

    Attributes:
        cases: in the order they were given.
        pooled: by structure, where two or more cases of it were analyzed.
        unmatched: maps and structures that found no partner.
        left_out: regions that a reference's file names and does not contour.
    """

    cases: tuple[ThresholdCase, ...]
    pooled: Mapping[str, PooledSweep]
    unmatched: tuple[Unpaired, ...] = ()
    left_out: tuple[LeftOutStructure, ...] = ()

    @property
    def analyses(self) -> list[ThresholdAnalysis]:
        """The analyses of the cases that did not fail."""
        return [case.analysis for case in self.cases if case.analysis is not None]

    def cases_of(self, structure: str) -> list[ThresholdCase]:
        """The analyzed cases of a structure, in any spelling."""
        meant = normalize(structure)
        return [c for c in self.cases if c.analysis is not None and normalize(c.structure) == meant]


def analyze_case(
    name: str,
    probability: ProbabilityMap,
    reference: Contour,
    thresholds: Sequence[float] | np.ndarray | None = None,
    tolerance_mm: float = DEFAULT_TOLERANCE_MM,
    *,
    keep_contours: bool = False,
    reference_label: str | None = None,
    probability_label: str | None = None,
) -> ThresholdCase:
    """`analyze` with the case's name, and on request the contours that a report shows.

    Args:
        name: name of the case.
        probability: the map; brought onto the reference's grid.
        reference: the contour held to be right.
        thresholds: as for `sweep`.
        tolerance_mm: tolerance of surface Dice, mm.
        keep_contours: also keep the reference and the contours at 0.5 and at the Dice optimum.
        reference_label: what `ThresholdCase.reference` says; the path or name by default.
        probability_label: the same for the map.

    Raises:
        SettingError: thresholds or tolerance cannot be used, or the map holds values outside [0, 1].
        GeometryError: the map lies wholly outside the reference's grid.
    """
    placed = probability.on(reference.grid)
    analysis = analyze(
        placed,
        reference,
        thresholds,
        tolerance_mm,
        reference_label=reference_label,
        probability_label=probability_label,
    )
    sweep = analysis.sweep
    return ThresholdCase(
        name,
        reference.name,
        sweep.reference,
        sweep.probability,
        sweep.status,
        sweep.reason,
        analysis,
        _kept(placed, reference, analysis) if keep_contours else None,
        reference.rasterized,
        reference.spelled,
        reference.remarks,
        reference.standard_name,
    )


def study(
    cases: Iterable[ThresholdCase], unmatched: Sequence[Unpaired] = (), further: Further | None = None
) -> ThresholdStudy:
    """The cases with their pooled curves; spellings of one structure are pooled under the first.

    Args:
        cases: one or more.
        unmatched: maps and structures that found no partner.
        further: sweeps a case again at thresholds that losses about a pooled optimum need and the case lacks;
            without it such losses are undefined. Never called for the default thresholds.

    Raises:
        SettingError: cases of one structure were swept at different thresholds.
    """
    listed = tuple(cases)
    single = ThresholdStudy(listed, {}, tuple(unmatched))
    spelled = {normalize(case.structure): case.structure for case in reversed(listed) if case.analysis}
    groups = {name: single.cases_of(name) for name in reversed(spelled.values())}
    pooled = {
        name: _pooled(members, further) for name, members in groups.items() if len(members) >= FEWEST_POOLED
    }
    return replace(single, pooled=pooled)


def _pooled(members: Sequence[ThresholdCase], further: Further | None) -> PooledSweep:
    analyses = [case.analysis for case in members if case.analysis is not None]
    again = None if further is None else lambda index, thresholds: further(members[index], thresholds)
    return pool(analyses, [case.case for case in members], again)


def _kept(placed: ProbabilityMap, reference: Contour, analysis: ThresholdAnalysis) -> KeptContours:
    def at(threshold: float) -> Contour:
        cut = placed.values >= np.float32(threshold)
        return cropped(replace(reference, mask=cut, volume_polygons_cc=None))

    best = analysis.optimum["dice"]
    return KeptContours(
        reference.grid,
        cropped(reference),
        at(HALF),
        at(best.threshold) if best else None,
        best.threshold if best else None,
    )
