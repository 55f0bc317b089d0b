"""Assess: the contours of an image in, what is predicted of each and what to do with it out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ContourQALib.case import Contour, Image
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.card import StructureRange
from ContourQALib.quality.modality import guess_modality
from ContourQALib.quality.model import QualityModel, model_for
from ContourQALib.quality.rules import Finding, RuleSettings, check_mask, mask_status
from ContourQALib.quality.verdict import Levels, Verdict, decide

Progress = Callable[[int, int, str], None]
"""Called before each contour with how many are done, how many there are, and the next one's name."""


def assess(
    image: Image,
    contours: Sequence[Contour],
    model: QualityModel | None = None,
    levels: Levels | None = None,
    *,
    progress: Progress | None = None,
) -> Assessment:
    """Predict the quality of every contour.

    Args:
        image: the image the contours were drawn on; its grid is the one that counts.
        contours: any number; each is brought onto the image's grid (see `Contour.on`).
        model: the model to ask; by default the bundled one that knows the structure in the image's modality.
        levels: accept and reject levels of Dice.
        progress: told before each contour.

    Raises:
        GeometryError: a contour lies wholly outside the image.
        ModelError: the model cannot be loaded.
    """
    levels = levels or Levels()
    started = time.perf_counter()
    modality = guess_modality(image)
    results = []
    used: QualityModel | None = None
    for done, contour in enumerate(contours):
        if progress:
            progress(done, len(contours), contour.name)
        chosen = model or model_for(contour.name, modality)
        used = used or chosen
        results.append(_assess_one(image, contour.on(image.grid), chosen, modality, levels))
    identity = used.identity if used else ModelIdentity(None, None, None)
    return Assessment(identity, tuple(results), time.perf_counter() - started)


def _assess_one(
    image: Image, contour: Contour, model: QualityModel | None, modality: str, levels: Levels
) -> StructureAssessment:
    known = model.card.range_of(contour.name) if model else None
    findings = check_mask(contour, known.rules if known else RuleSettings())
    failed = any(finding.failed for finding in findings)
    reasons = [finding.reason for finding in findings]
    novelty = Novelty(None)
    dice = None
    if model and known:
        novelty = _novelty(image, known, model.card.modality, modality, findings)
        reasons += [reason for reason in novelty.reasons if reason not in reasons]
        dice = model.predict_dice(image, contour) if contour.mask.any() else None
    elif model:
        reasons.append(f"The model {model.card.name} does not know this structure: mask-only rules alone.")
    else:
        reasons.append("No model knows this structure in this kind of image: mask-only rules alone.")
    verdict = decide(
        dice, levels, failed_rules=failed, inside_training_range=novelty.inside_training_range is True
    )
    if dice is not None and dice < levels.accept and not failed:
        word = "below the reject level" if verdict is Verdict.REJECT else "below the accept level"
        level = levels.reject if verdict is Verdict.REJECT else levels.accept
        reasons.insert(0, f"Predicted Dice {dice:.2f} is {word} of {level:.2f}.")
    return StructureAssessment(
        structure=contour.name,
        status=mask_status(contour),
        dice=dice,
        verdict=verdict,
        reasons=tuple(reasons),
        novelty=novelty,
        volume_cc=contour.volume_cc,
        resampled=contour.resampled,
        lost_cc=contour.lost_cc,
        model=model.card.name if model and known else None,
    )


def _novelty(
    image: Image, known: StructureRange, trained_on: str, modality: str, findings: Sequence[Finding]
) -> Novelty:
    """Whether image and contour are like the training cases: modality, spacing, and nothing a rule found."""
    reasons = []
    if trained_on != modality:
        reasons.append(f"The image looks like {modality}, the model learned from {trained_on}.")
    if known.spacing_mm is not None:
        low, high = known.spacing_mm
        finest, coarsest = min(image.grid.spacing), max(image.grid.spacing)
        if finest < low * 0.99 or coarsest > high * 1.01:  # one percent: headers round
            reasons.append(
                f"Voxel spacing {finest:.2f}-{coarsest:.2f} mm is outside the training range "
                f"{low:.2f}-{high:.2f} mm."
            )
    reasons += [finding.reason for finding in findings]
    return Novelty(not reasons, tuple(reasons))
