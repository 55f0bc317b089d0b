"""How applied thresholds read, the same in the terminal and on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.applied_records import NO_INTERVAL, NOTHING_AT_HALF
from ContourQALib.report.wording import (
    FIGURE_TITLES,
    UNDEFINED,
    cc_text,
    percent_text,
    short_labels,
    threshold_text,
)
from ContourQALib.thresholds.applied import AppliedThreshold, Unapplied

STATUS_NOTES = {
    Status.EMPTY: "No voxel reaches the recommended threshold: the contour is empty",
    Status.FULL: "The recommended threshold selects the whole grid: this is no contour",
}
NO_CONTOUR_BEFORE = "At this threshold the map of at least one validation case gave no contour"


@dataclass(frozen=True)
class AppliedRow:
    """One map, as the cells of a table's row and notes to it."""

    cells: tuple[str, ...]
    notes: tuple[str, ...]


def applied_headers(applied: Sequence[AppliedThreshold], figure: str) -> list[tuple[str, str]]:
    """Headings in two lines; the first two columns hold words, the others figures."""
    levels = sorted({100 * level for one in applied if (level := one.recommendation.level) is not None})
    share = " / ".join(f"{level:g}" for level in levels)
    return [
        ("Structure", ""),
        ("Map", ""),
        ("Threshold", f"by {FIGURE_TITLES[figure]}"),
        (f"{share} % of" if share else "Its", "resamples" if share else "interval"),
        ("Validation", "cases"),
        ("Volume", "cc"),
        ("Volume", "at 0.5, cc"),
        ("Change", "from 0.5, %"),
        ("Volume over the", "interval, cc"),
    ]


def applied_cells(applied: Sequence[AppliedThreshold]) -> Iterator[AppliedRow]:
    """What a table says of every map, below `applied_headers`."""
    names = short_labels([one.probability for one in applied])
    for one in applied:
        advice = one.recommendation
        span = [threshold_text(end) for end in advice.interval or ()]
        volumes = [cc_text(volume) for volume in one.volume_at_interval_cc] if advice.interval else []
        cells = (
            one.structure,
            names[one.probability],
            threshold_text(advice.threshold),
            " – ".join(span) or UNDEFINED,
            str(advice.cases),
            cc_text(one.volume_cc),
            cc_text(one.volume_at_half_cc),
            percent_text(one.volume_difference_percent),
            " – ".join(reversed(volumes)) or UNDEFINED,
        )
        yield AppliedRow(cells, tuple(_notes(one)))


def unapplied_text(lone: Sequence[Unapplied]) -> str:
    """What found no partner, in one line: "Bladder (no map), brain.nrrd (no recommendation)"."""
    return ", ".join(
        f"{one.structure} (no map)" if one.side == "recommendation" else f"{one.source} (no recommendation)"
        for one in lone
    )


def _notes(one: AppliedThreshold) -> Iterator[str]:
    if one.status in STATUS_NOTES:
        yield STATUS_NOTES[one.status]
    if one.recommendation.flag is not Status.OK:
        yield NO_CONTOUR_BEFORE
    if one.recommendation.interval is None:
        yield NO_INTERVAL[0].upper() + NO_INTERVAL[1:]
    if one.volume_at_half_cc == 0:
        yield f"Change undefined: {NOTHING_AT_HALF}"
