"""What is said of a comparison in a sentence or two, the same in the Slicer module and on the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.report.wording import NEGLIGIBLE_CC

MOST_NAMED = 3
"""Names in a sentence; the table has them all."""


def summary(
    comparisons: Sequence[Comparison],
    unmatched: Sequence[Unmatched],
    outside: Sequence[tuple[str, str]] = (),
    rasterized: Mapping[tuple[str, str], str] | None = None,
) -> tuple[str, str]:
    """What came of a comparison, and what makes its figures doubtful.

    Args:
        comparisons: every pair.
        unmatched: every structure without a partner.
        outside: (source, structure) of contours that lie wholly outside the reference's space.
        rasterized: how contours that were no voxels became some, by structure and source.

    Returns:
        The sentences, and the kind of message: "warning" or "info".
    """
    count = len(comparisons)
    told = ["1 pair compared." if count == 1 else f"{count} pairs compared."]
    doubts = doubts_of(comparisons, outside, rasterized)
    alone = len(unmatched) - len(outside)
    if alone > 0:
        told.append(f"Without a partner of the same name: {alone}.")
    return " ".join([*told, *doubts]), "warning" if doubts else "info"


def doubts_of(
    comparisons: Sequence[Comparison],
    outside: Sequence[tuple[str, str]] = (),
    rasterized: Mapping[tuple[str, str], str] | None = None,
) -> list[str]:
    """What makes a comparison's figures doubtful, a sentence each; arguments as of `summary`."""
    return [
        *_elsewhere(comparisons, outside),
        *_on_other_grids(comparisons),
        *_made_from_surfaces(rasterized or {}),
    ]


def _elsewhere(comparisons: Sequence[Comparison], outside: Sequence[tuple[str, str]]) -> list[str]:
    told = []
    if outside:
        names = _listed([f"{structure} ({source})" for source, structure in outside])
        told.append(f"Not compared, elsewhere in space: {names}; another patient, or a missing transform?")
    by_test: dict[str, list[float]] = {}
    for found in comparisons:
        if found.status is Status.OK:
            by_test.setdefault(found.test, []).append(found.dice)
    apart = [test for test, values in by_test.items() if values and not any(values)]
    if apart:
        told.append(
            f"No contour of {_listed(apart)} overlaps its reference; another patient, or a missing transform?"
        )
    return told


def _on_other_grids(comparisons: Sequence[Comparison]) -> list[str]:
    told = []
    resampled = sorted({found.test for found in comparisons if found.resampled})
    if resampled:
        told.append(f"On other voxels than the reference, resampled to its own: {_listed(resampled)}.")
    lost = [found for found in comparisons if found.lost_cc >= NEGLIGIBLE_CC]
    if lost:
        cc = math.fsum(found.lost_cc for found in lost)
        names = _listed([f"{found.structure}, {found.test}" for found in lost])
        told.append(f"{cc:.2f} cc lie outside the reference's image and were left out ({names}).")
    return told


def _made_from_surfaces(rasterized: Mapping[tuple[str, str], str]) -> list[str]:
    if not rasterized:
        return []
    sources = sorted({source for _structure, source in rasterized})
    return [f"Not drawn as voxels, made into some first: {_listed(sources)}."]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
