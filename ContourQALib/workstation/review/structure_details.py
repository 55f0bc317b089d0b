"""Details of the selected structure: why its verdict, with which figures, by which model; as plain values."""

from __future__ import annotations

from typing import Any

from ContourQALib.quality.assessment import Assessment, ModelIdentity, StructureAssessment
from ContourQALib.report.wording import assessment_notes, further_figures, model_text, number, sentence
from ContourQALib.workstation import theme
from ContourQALib.workstation.review.findings import Finding

PREVIEW = "A preview has not been validated: look at every contour, whatever its verdict."

NEVER_COMPARED = "No model predicted this contour; rules on its shape alone did."


def details_of(finding: Finding, assessment: Assessment | None) -> dict[str, Any]:
    """What stands below the table.

    Args:
        finding: what may be shown of the selected structure.
        assessment: of the open case, for its models; None while it is unknown.

    Returns:
        Nothing but the structure's name and that it is not "known" where nothing is, or may be shown.
    """
    found = finding.found
    if found is None or assessment is None:
        return {"name": finding.structure, "known": False}
    identity = assessment.identity_of(found)
    return {
        "name": finding.structure,
        "known": True,
        "outdated": finding.outdated,
        "verdict": found.verdict.value,
        "icon": theme.VERDICT_ICONS[found.verdict],
        "ink": theme.VERDICT_COLORS[found.verdict],
        "reasons": list(found.reasons),
        "figures": _figures(found, finding.of_file if finding.edited else None),
        "notes": [sentence(note) for note in assessment_notes(found)],
        "novelty": _novelty(found),
        "novel": found.novelty.inside_training_range is False,
        "noveltyReasons": [one for one in found.novelty.reasons if one not in found.reasons],
        "model": model_text(identity) if identity is not None else "",
        "caution": _caution(identity),
    }


def _figures(found: StructureAssessment, before: StructureAssessment | None) -> list[dict[str, str]]:
    """The predicted figures; `before` is what was predicted of the contour as its file has it."""
    kinds: list[tuple[str, str, tuple[float, float] | None, str, str]] = [
        ("Dice", "dice", found.dice_interval, ".2f", ""),
        ("HD95", "hd95_mm", found.hd95_interval_mm, ".1f", "mm"),
        ("MSD", "msd_mm", found.msd_interval_mm, ".1f", "mm"),
        ("Volume", "volume_cc", None, ".1f", "cc"),
        *((f"Dice by {source}", name, None, ".2f", "") for source, name in further_figures([found]).items()),
    ]
    shown = []
    for title, name, interval, form, unit in kinds:
        value, was = getattr(found, name), getattr(before, name, None)
        if value is None:
            continue
        bounds = f"{number(interval[0], form)}\u2013{number(interval[1], form)}" if interval else ""
        changed = (
            "" if was is None or number(was, form) == number(value, form) else f"was {number(was, form)}"
        )
        shown.append(
            {"title": title, "value": number(value, form), "unit": unit, "bounds": bounds, "was": changed}
        )
    return shown


def _novelty(found: StructureAssessment) -> str:
    inside = found.novelty.inside_training_range
    if inside is None:
        return NEVER_COMPARED if found.model is None else "It was not compared with the training data."
    return "Like the training data." if inside else "Unlike the training data: do not rely on the figures."


def _caution(identity: ModelIdentity | None) -> str:
    if identity is None:
        return ""
    return identity.note or (PREVIEW if identity.status == "preview" else "")
