"""Mask-only rules: what a contour's own shape says about it, before any model looks at the image.

EVALUATION.md: such rules alone classify over 99 % of the first paper's failure battery, so they run first
and every model is judged beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.surface import box, touches_edge


@dataclass(frozen=True)
class RuleSettings:
    """What the rules hold for normal.

    Attributes:
        volume_range_cc: smallest and largest volume of the training contours; None where unknown.
        volume_fail_factor: a volume this many times beyond the range fails.
        volume_warn_factor: a volume this many times beyond the range is outside the training range. Above 1,
            because a finite sample never shows the extremes of its population.
        single_part: whether the structure is one connected piece (bowel and lymph-node levels are not); None
            where unknown: strays are reported and never fail.
        stray_fail_share: share of volume outside the largest part that fails, for a structure of one part.
        stray_warn_share: the same that is reported. Above the 0.1 % of strays that reference contours show.
        hole_warn_share: volume of enclosed holes, as a share of the contour, that is reported.
    """

    volume_range_cc: tuple[float, float] | None = None
    volume_fail_factor: float = 2.0
    volume_warn_factor: float = 1.15
    single_part: bool | None = None
    stray_fail_share: float = 0.25
    stray_warn_share: float = 0.01
    hole_warn_share: float = 0.02


@dataclass(frozen=True)
class Finding:
    """One thing a rule found.

    Attributes:
        rule: short name of the rule.
        failed: whether it alone rejects the contour; otherwise it is a reason not to accept it unseen.
        reason: a sentence for the reader.
    """

    rule: str
    failed: bool
    reason: str


def mask_status(contour: Contour) -> Status:
    """`empty`, `full` or `ok`."""
    if not contour.mask.any():
        return Status.EMPTY
    return Status.FULL if contour.mask.all() else Status.OK


def check_mask(contour: Contour, settings: RuleSettings | None = None) -> tuple[Finding, ...]:
    """Apply every rule to a contour on the image's grid; failures come first.

    Args:
        contour: the contour to check.
        settings: what is normal for this structure; defaults hold for any structure.
    """
    settings = settings or RuleSettings()
    status = mask_status(contour)
    if status is Status.EMPTY:
        lost = f"; {contour.lost_cc:.1f} cc lie outside the image" if contour.lost_cc else ""
        return (Finding("empty", True, f"The contour is empty{lost}."),)
    if status is Status.FULL:
        return (Finding("full", True, "The contour fills the whole image."),)
    findings = [
        *_volume(contour, settings),
        *_edge(contour),
        *_parts(contour, settings),
        *_holes(contour, settings),
    ]
    return tuple(sorted(findings, key=lambda finding: not finding.failed))


def _volume(contour: Contour, settings: RuleSettings) -> list[Finding]:
    if settings.volume_range_cc is None:
        return []
    low, high = settings.volume_range_cc
    volume = contour.volume_cc
    beyond = max(low / volume, volume / high)
    if beyond <= settings.volume_warn_factor:
        return []
    failed = beyond > settings.volume_fail_factor
    side = "below" if volume < low else "above"
    far = "far " if failed else ""
    text = f"Volume {volume:.2f} cc is {far}{side} the training range {low:.2f}-{high:.2f} cc."
    return [Finding("volume", failed, text)]


def _edge(contour: Contour) -> list[Finding]:
    findings = []
    if touches_edge(contour.mask):
        findings.append(
            Finding("edge", False, "The contour touches the edge of the image and may be cut off.")
        )
    if contour.lost_cc:
        findings.append(
            Finding("outside", False, f"{contour.lost_cc:.2f} cc of the contour lie outside the image.")
        )
    return findings


def _parts(contour: Contour, settings: RuleSettings) -> list[Finding]:
    from scipy import ndimage

    labels, count = ndimage.label(_cropped(contour.mask), structure=np.ones((3, 3, 3)))
    if count < 2 or settings.single_part is False:
        return []
    sizes = np.bincount(labels.ravel())[1:]
    stray = 1 - sizes.max() / sizes.sum()
    if stray <= settings.stray_warn_share:
        return []
    text = (
        f"The contour falls into {count} parts; {100 * stray:.0f} % of its volume lies outside the largest."
    )
    return [Finding("parts", bool(settings.single_part and stray > settings.stray_fail_share), text)]


def _holes(contour: Contour, settings: RuleSettings) -> list[Finding]:
    from scipy import ndimage

    mask = _cropped(contour.mask)
    share = np.count_nonzero(ndimage.binary_fill_holes(mask) & ~mask) / np.count_nonzero(mask)
    if share <= settings.hole_warn_share:
        return []
    return [Finding("holes", False, f"The contour encloses holes of {100 * share:.0f} % of its volume.")]


def _cropped(mask: np.ndarray) -> np.ndarray:
    spans = box(mask)
    return mask if spans is None else mask[spans]
