"""Rows of the structure table, as plain values for the page."""

from __future__ import annotations

from typing import Any

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.report.wording import UNDEFINED, interval_text, number
from ContourQALib.workstation import theme
from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.dice_bar import bar_percent
from ContourQALib.workstation.review.decision_state import CHOICE_ICONS
from ContourQALib.workstation.review.findings import Finding

KNOWN = "known"

STATES = {
    "assessing": "assessing \u2026",
    "changed": "changed, assessing \u2026",
    "outdated": "changed, not assessed",
    "unknown": "not assessed",
    "hidden": "your call first",
}
"""What a row says in place of figures where it is not `KNOWN`."""

NOTICED_DICE = 0.0005
"""A change of Dice that is smaller reads as none."""

Color = tuple[float, float, float]


def row_of(finding: Finding, color: Color, visible: bool, choice: Choice | None) -> dict[str, Any]:
    """One row.

    Args:
        finding: what may be shown.
        color: the contour's, red, green, blue in [0, 1].
        visible: whether it is drawn.
        choice: what was decided; None where nothing was.

    Returns:
        Texts and positions (percent of the bar) alone; nothing of the score where that is hidden.
    """
    return {
        "name": finding.structure,
        "label": finding.structure.replace("_", "_\u200b"),  # long names break there
        "color": hex_of(color),
        "visible": visible,
        "choice": choice.value if choice else "",
        "choiceIcon": CHOICE_ICONS[choice] if choice else "",
        "edited": finding.edited,
        "state": _state(finding),
        **(_figures(finding.found, finding) if finding.found is not None else {}),
    }


def hex_of(color: Color) -> str:
    """Red, green and blue in [0, 1] as "#rrggbb"."""
    return "#" + "".join(f"{round(255 * part):02x}" for part in color)


def change_text(now: float | None, before: float | None) -> str:
    """Such as "+0.041", where there is a change to speak of; "" otherwise."""
    if now is None or before is None or abs(now - before) < NOTICED_DICE:
        return ""
    return f"{now - before:+.3f}"


def _state(finding: Finding) -> str:
    if finding.hidden:
        return "hidden"
    if finding.outdated:
        return "changed" if finding.awaited else "outdated"
    if finding.found is not None:
        return KNOWN
    return "assessing" if finding.awaited else "unknown"


def _figures(found: StructureAssessment, finding: Finding) -> dict[str, Any]:
    low, high = found.dice_interval or (found.dice, found.dice)
    outside = found.novelty.inside_training_range is False
    before = finding.of_file.dice if finding.of_file is not None and finding.edited else None
    return {
        "verdict": found.verdict.value,
        "icon": theme.VERDICT_ICONS[found.verdict],
        "ink": theme.VERDICT_COLORS[found.verdict],
        "dice": number(found.dice, ".2f"),
        "diceAt": bar_percent(found.dice),
        "lowAt": bar_percent(low),
        "highAt": bar_percent(high),
        "change": change_text(found.dice, before),
        "diceTip": f"Predicted Dice {interval_text(found.dice, found.dice_interval, '.2f')}",
        "hd95": number(found.hd95_mm, ".1f"),
        "hd95Tip": f"Predicted HD95 {interval_text(found.hd95_mm, found.hd95_interval_mm, '.1f')} mm",
        "novel": outside,
        "novelTip": " ".join(found.novelty.reasons) if outside else "",
        "reason": found.reasons[0] if found.reasons else UNDEFINED,
    }
