"""What the panel says of a comparison, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from slicer.i18n import tr as _

from ContourQALib.metrics.definitions import Status
from ContourQALib.report.wording import NEGLIGIBLE_CC

MOST_NAMED = 3
"""Names in a sentence; the table has them all."""


def summary(
    comparisons: Sequence[Any],
    unmatched: Sequence[Any],
    outside: Sequence[tuple[str, str]] = (),
    rasterized: Mapping[tuple[str, str], str] | None = None,
) -> tuple[str, str]:
    """What came of a comparison, and what makes its figures doubtful.

    Args:
        comparisons: every Comparison.
        unmatched: every Unmatched.
        outside: (source, structure) of contours that lie wholly outside the reference's space.
        rasterized: how contours that were no voxels became some, by structure and source.

    Returns:
        The sentences, and the kind of message.
    """
    told = [_("{count} pairs compared.").format(count=len(comparisons))]
    if len(comparisons) == 1:
        told = [_("1 pair compared.")]
    doubts = [
        *_elsewhere(comparisons, outside),
        *_on_other_grids(comparisons),
        *_made_from_surfaces(rasterized or {}),
    ]
    alone = len(unmatched) - len(outside)
    if alone > 0:
        told.append(_("Without a partner of the same name: {count}.").format(count=alone))
    return " ".join([*told, *doubts]), "warning" if doubts else "info"


def _elsewhere(comparisons: Sequence[Any], outside: Sequence[tuple[str, str]]) -> list[str]:
    told = []
    if outside:
        names = _listed([f"{structure} ({source})" for source, structure in outside])
        told.append(
            _("Not compared, elsewhere in space: {names}; another patient, or a missing transform?").format(
                names=names
            )
        )
    by_test: dict[str, list[float]] = {}
    for found in comparisons:
        if found.status is Status.OK:
            by_test.setdefault(found.test, []).append(found.dice)
    apart = [test for test, values in by_test.items() if values and not any(values)]
    if apart:
        told.append(
            _(
                "No contour of {names} overlaps its reference; another patient, or a missing transform?"
            ).format(names=_listed(apart))
        )
    return told


def _on_other_grids(comparisons: Sequence[Any]) -> list[str]:
    told = []
    resampled = sorted({found.test for found in comparisons if found.resampled})
    if resampled:
        told.append(
            _("On other voxels than the reference, resampled to its own: {names}.").format(
                names=_listed(resampled)
            )
        )
    lost = [found for found in comparisons if found.lost_cc >= NEGLIGIBLE_CC]
    if lost:
        cc = math.fsum(found.lost_cc for found in lost)
        told.append(
            _("{cc:.2f} cc lie outside the reference's image and were left out ({names}).").format(
                cc=cc, names=_listed([f"{found.structure}, {found.test}" for found in lost])
            )
        )
    return told


def _made_from_surfaces(rasterized: Mapping[tuple[str, str], str]) -> list[str]:
    if not rasterized:
        return []
    sources = sorted({source for _structure, source in rasterized})
    return [_("Not drawn as voxels, made into some first: {names}.").format(names=_listed(sources))]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return _("{names} and {more} more").format(names=shown, more=more) if more > 0 else shown
