"""Assess: the contours of an image in, what is predicted of each and what to do with it out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.names import match
from ContourQALib.quality.agreement import agreement_dice, expected_dice
from ContourQALib.quality.assessment import Assessment, ModelIdentity, Novelty, StructureAssessment
from ContourQALib.quality.calibrated import Calibrated, calibrated, novelty_gate_of
from ContourQALib.quality.card import ModelCard, StructureRange
from ContourQALib.quality.modality import modality_of
from ContourQALib.quality.model import QualityModel, model_for
from ContourQALib.quality.network_runner import AUTOMATIC
from ContourQALib.quality.prediction import Prediction
from ContourQALib.quality.rules import Finding, RuleSettings, check_mask, mask_status
from ContourQALib.quality.verdict import Levels, Verdict, decide

Progress = Callable[[int, int, str], None]
"""Called before each contour with how many are done, how many there are, and the next one's name."""

SEEN_SHARE = 0.95
"""A model that sees less of a contour than this judges another contour."""

SPACING_TOLERANCE = 0.01
"""One percent beyond the training range is inside: headers round."""

TOGETHER = 4
"""Contours asked about at a time: fewer take twice as long each, more keep whoever wants to stop waiting."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """One contour on the image's grid, whom to ask about it, and what else is known of it."""

    contour: Contour
    model: QualityModel | None
    known: StructureRange | None
    probability: np.ndarray | None
    second: np.ndarray | None
    remarks: str | None

    @property
    def hint(self) -> np.ndarray | None:
        """What the model is shown beside image and contour; the map says more than a second mask."""
        if self.probability is not None:
            return self.probability
        return None if self.second is None else self.second.astype(np.float32)


def assess(
    image: Image,
    contours: Sequence[Contour],
    model: QualityModel | None = None,
    levels: Levels | None = None,
    *,
    probabilities: Sequence[ProbabilityMap] = (),
    seconds: Sequence[Contour] = (),
    progress: Progress | None = None,
    device: str = AUTOMATIC,
) -> Assessment:
    """Predict the quality of every contour.

    Args:
        image: the image the contours were drawn on; its grid is the one that counts.
        contours: any number; each is brought onto the image's grid (see `Contour.on`).
        model: the model to ask; by default the bundled one that knows the structure in the image's modality.
        levels: accept and reject levels of Dice.
        probabilities: maps that contours were cut from, matched to them by name (see `names.match`).
        seconds: second segmentations of the same structures, matched likewise.
        progress: told before each contour, a few being asked about at a time. What it raises ends the work.
        device: where models compute: "auto" (a GPU where there is one), "cpu" or "cuda".

    Raises:
        GeometryError: a contour, a map or a second segmentation lies wholly outside the image.
        StructureError: contours and maps, or second segmentations, can be paired by name in several ways.
        ModelError: the model cannot be loaded, or its calibration is another model's.
        SettingError: a model is to compute on a device that cannot be used.
    """
    levels = levels or Levels()
    started = time.perf_counter()
    modality = modality_of(image)
    maps, others = _partners(contours, probabilities), _partners(contours, seconds)
    results: list[StructureAssessment] = []
    answered: dict[ModelIdentity, None] = {}
    models = [_model(contour, model, modality, device) for contour in contours]
    for start in range(0, len(contours), TOGETHER):
        asked = []
        for done, contour in enumerate(contours[start : start + TOGETHER], start):
            if progress:
                progress(done, len(contours), contour.name)
            chosen = models[done]
            probability = probabilities[maps[done]] if done in maps else None
            second = seconds[others[done]] if done in others else None
            asked.append(
                _Asked(
                    contour.on(image.grid),
                    chosen,
                    chosen.card.range_of(contour.name) if chosen else None,
                    probability.on(image.grid).values if probability is not None else None,
                    second.on(image.grid).mask if second is not None else None,
                    _remarks(contour, probability, second),
                )
            )
        predictions = _predictions(image, asked)
        results += [
            _assess_one(image, one, prediction, modality, levels)
            for one, prediction in zip(asked, predictions, strict=True)
        ]
        answered |= dict.fromkeys(one.model.identity for one in asked if one.model is not None)
    used = list(answered)
    identity = used[0] if used else ModelIdentity(None, None, None)
    return Assessment(identity, tuple(results), time.perf_counter() - started, tuple(used), levels)


def _model(contour: Contour, given: QualityModel | None, modality: str, device: str) -> QualityModel | None:
    chosen = given or model_for(contour.name, modality)
    return chosen if chosen is None or device == AUTOMATIC else chosen.on(device)


def _remarks(contour: Contour, probability: ProbabilityMap | None, second: Contour | None) -> str | None:
    """What is to be known of the sources of a contour and of what is shown beside it; None for nothing."""
    said = [contour.remarks] if contour.remarks else []
    for what, other in (("probability map", probability), ("second segmentation", second)):
        said += [f"its {what}: {other.remarks}"] if other is not None and other.remarks else []
    return "; ".join(said) or None


def _partners(contours: Sequence[Contour], others: Sequence[Contour | ProbabilityMap]) -> dict[int, int]:
    """Number of each contour's partner of the same structure, by the contour's number."""
    ours, theirs = [c.name for c in contours], [o.name for o in others]
    return {ours.index(a): theirs.index(b) for a, b in match(ours, theirs).pairs} if others else {}


def _card_name(card: ModelCard, structure: str) -> str:
    """How the card calls a structure that it knows by this or another name."""
    known = card.range_of(structure)
    return next((name for name, one in card.ranges.items() if one is known), structure)


def _predictions(image: Image, asked: Sequence[_Asked]) -> list[Prediction | None]:
    """What each contour's model says; contours of one model are asked about together.

    None for an empty contour and for one that its model does not know.
    """
    found: list[Prediction | None] = [None] * len(asked)
    by_model: dict[int, list[int]] = {}
    for number, one in enumerate(asked):
        if one.model is not None and one.known is not None and one.contour.mask.any():
            by_model.setdefault(id(one.model), []).append(number)
    for numbers in by_model.values():
        model = asked[numbers[0]].model
        assert model is not None
        hints = [asked[n].hint for n in numbers]
        said = model.predict(image, [asked[n].contour for n in numbers], hints)
        for number, prediction in zip(numbers, said, strict=True):
            found[number] = prediction
    return found


def _assess_one(
    image: Image, asked: _Asked, prediction: Prediction | None, modality: str, levels: Levels
) -> StructureAssessment:
    contour, model, known = asked.contour, asked.model, asked.known
    findings = check_mask(contour, known.rules if known else RuleSettings())
    failed = any(finding.failed for finding in findings)
    reasons = [finding.reason for finding in findings]
    novelty = Novelty(None)
    figures = Calibrated()
    if model and known:
        if prediction is not None:
            figures = calibrated(model, _card_name(model.card, contour.name), prediction)
        novelty = _novelty(image, asked, prediction, modality, findings)
        reasons += [reason for reason in novelty.reasons if reason not in reasons]
    else:
        asked_whom = f"The model {model.card.name} does not know" if model else "No model knows"
        where = "" if model else " in this kind of image"
        unknown = f"{asked_whom} this structure{where}: mask-only rules alone."
        novelty = Novelty(None, (unknown,))
        reasons.append(unknown)
    verdict = decide(
        figures.dice,
        levels,
        failed_rules=failed,
        inside_training_range=novelty.inside_training_range is True,
        interval_low=figures.dice_interval[0] if figures.dice_interval else None,
    )
    expected = _defined(asked.probability is not None and expected_dice(asked.probability, contour.mask))
    agreement = _defined(asked.second is not None and agreement_dice(contour.mask, asked.second))
    reasons = (
        score_reasons(figures, levels, verdict, failed)
        + reasons
        + disagreement_reasons(expected, agreement, levels.reject)
    )
    error = prediction.error if prediction else None
    return StructureAssessment(
        structure=contour.name,
        status=mask_status(contour),
        dice=figures.dice,
        verdict=verdict,
        reasons=tuple(reasons),
        novelty=novelty,
        volume_cc=contour.volume_cc,
        resampled=contour.resampled,
        lost_cc=contour.lost_cc,
        dice_interval=figures.dice_interval,
        interval_level=figures.level,
        interval_cases=figures.cases,
        interval_reason=figures.reason,
        dice_at_least=figures.dice_at_least,
        hd95_mm=figures.hd95_mm,
        hd95_interval_mm=figures.hd95_interval_mm,
        msd_mm=figures.msd_mm,
        msd_interval_mm=figures.msd_interval_mm,
        slices=error.slices_to_look_at() if error else None,
        model=model.card.name if model and known else None,
        expected_dice=expected,
        agreement_dice=agreement,
        rasterized=contour.rasterized,
        remarks=asked.remarks,
        standard_name=contour.standard_name,
        spelled=contour.spelled,
        volume_polygons_cc=contour.volume_polygons_cc,
        error=error,
    )


def _defined(value: float | bool) -> float | None:
    """A figure that was asked for; None for False, and for a figure of two empty masks."""
    return None if value is False or value != value else float(value)


def score_reasons(figures: Calibrated, levels: Levels, verdict: Verdict, failed: bool) -> list[str]:
    """Why the score alone, or its interval, does not accept; a failed rule needs no further reason."""
    if figures.dice is None or failed:
        return []
    if figures.dice < levels.accept:
        name, level = ("reject", levels.reject) if figures.dice < levels.reject else ("accept", levels.accept)
        return [f"Predicted Dice {figures.dice:.2f} is below the {name} level of {level:.2f}."]
    if figures.dice_interval and figures.dice_interval[0] < levels.reject and verdict is not Verdict.ACCEPT:
        return [
            f"Dice may be as low as {figures.dice_interval[0]:.2f}, below the reject level of "
            f"{levels.reject:.2f}."
        ]
    return []


def disagreement_reasons(expected: float | None, agreement: float | None, level: float) -> list[str]:
    """What a disagreement with the map or with a second segmentation says; low is below the reject level."""
    reasons = []
    if expected is not None and expected < level:
        reasons.append(f"By its probability map a Dice of {expected:.2f} is to be expected.")
    if agreement is not None and agreement < level:
        reasons.append(f"It agrees with the second segmentation by a Dice of {agreement:.2f} only.")
    return reasons


def _novelty(
    image: Image,
    asked: _Asked,
    prediction: Prediction | None,
    modality: str,
    findings: Sequence[Finding],
) -> Novelty:
    """Whether image and contour are like the training cases: by the card, the rules and the bundle's gate."""
    model, known = asked.model, asked.known
    assert model is not None
    assert known is not None
    reasons = []
    if model.card.modality != modality:
        said = "is" if image.series is not None else "looks like"
        reasons.append(f"The image {said} {modality}, the model learned from {model.card.modality}.")
    if known.spacing_mm is not None:
        low, high = known.spacing_mm
        finest, coarsest = min(image.grid.spacing), max(image.grid.spacing)
        if finest < low * (1 - SPACING_TOLERANCE) or coarsest > high * (1 + SPACING_TOLERANCE):
            reasons.append(
                f"Voxel spacing {finest:.2f}-{coarsest:.2f} mm is outside the training range "
                f"{low:.2f}-{high:.2f} mm."
            )
    if prediction is not None and prediction.seen_share < SEEN_SHARE:
        reasons.append(
            f"The model sees {100 * prediction.seen_share:.0f} % of this contour, which is larger than its "
            "window."
        )
    gate = novelty_gate_of(model)
    if gate is not None and prediction is not None:
        name = _card_name(model.card, asked.contour.name)
        reasons += gate.judge(prediction, image, asked.contour.mask, name)
    reasons += [finding.reason for finding in findings]
    return Novelty(not reasons, tuple(reasons))
