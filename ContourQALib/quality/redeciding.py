"""Redeciding: other accept and reject levels for assessed contours, without asking a model again."""

from __future__ import annotations

from dataclasses import replace

from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.quality.calibrated import Calibrated
from ContourQALib.quality.predict import disagreement_reasons, score_reasons
from ContourQALib.quality.verdict import Levels, Verdict, decide


def redecide(assessment: Assessment, levels: Levels) -> Assessment:
    """The assessment that other levels would have given: verdicts and reasons follow, figures stay.

    The same as `assess` with these levels. Of the reasons, those that name a level are made anew; the others
    keep their order between them.
    """
    structures = tuple(_redecided(one, assessment.levels, levels) for one in assessment.structures)
    return replace(assessment, structures=structures, levels=levels)


def _redecided(one: StructureAssessment, old: Levels, new: Levels) -> StructureAssessment:
    figures = Calibrated(dice=one.dice, dice_interval=one.dice_interval)
    failed = _failed_a_rule(one, old)
    verdict = decide(
        one.dice,
        new,
        failed_rules=failed,
        inside_training_range=one.novelty.inside_training_range is True,
        interval_low=one.dice_interval[0] if one.dice_interval else None,
    )
    first = len(score_reasons(figures, old, one.verdict, failed))
    last = len(one.reasons) - len(disagreement_reasons(one.expected_dice, one.agreement_dice, old.reject))
    reasons = (
        *score_reasons(figures, new, verdict, failed),
        *one.reasons[first:last],
        *disagreement_reasons(one.expected_dice, one.agreement_dice, new.reject),
    )
    return replace(one, verdict=verdict, reasons=reasons)


def _failed_a_rule(one: StructureAssessment, levels: Levels) -> bool:
    """Whether a mask-only rule failed: it rejects alone, and then no reason speaks of the score."""
    if one.verdict is not Verdict.REJECT:
        return False
    figures = Calibrated(dice=one.dice, dice_interval=one.dice_interval)
    of_score = tuple(score_reasons(figures, levels, one.verdict, False))
    return not of_score or one.reasons[: len(of_score)] != of_score
