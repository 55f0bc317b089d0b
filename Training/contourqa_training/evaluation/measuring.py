"""From a manifest to evaluated contours: every row measured, predicted and described, an image at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from contourqa_training.evaluation.contours import (
    HINTED,
    MODEL,
    UNADJUSTED,
    WITH_RULES,
    EvaluatedContour,
)
from contourqa_training.evaluation.localization import Localization, localize
from contourqa_training.evaluation.reading import EvaluationTask, ReadContour, read_by_image
from contourqa_training.evaluation.variables import StandardImage, variables_of
from ContourQALib.case import Contour, Image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.metrics.definitions import comparison_status
from ContourQALib.metrics.pair import PairMeasurement, measure
from ContourQALib.quality.agreement import agreement_dice, expected_dice
from ContourQALib.quality.calibration import Calibration
from ContourQALib.quality.intervals import FIGURES
from ContourQALib.quality.model import QualityModel
from ContourQALib.quality.prediction import Prediction
from ContourQALib.quality.rules import RuleSettings, check_mask

EXPECTED = "expected Dice of the map"
"""The baseline that a probability map gives."""

AGREEMENT = "agreement with "
"""What the name of a second segmentation's baseline begins with."""

TOGETHER = 16
"""Contours that are predicted in one pass."""

Say = Callable[[int, int, str], None]


class Ablation(StrEnum):
    """What the same weights are asked without."""

    IMAGE_ONLY = "image-only"
    MASK_ONLY = "mask-only"


@dataclass(frozen=True)
class Measuring:
    """How contours are measured.

    Attributes:
        model: what predicts.
        calibration: the bundle's; None without one.
        naming: how labels of contour files become structures.
        seconds: columns of further segmentations.
        hint: the further segmentation that the model is given where there is no probability map; "" for none.
        ablations: which are made.
        volumes_cc: usual volume of each structure, for the ball that stands for a contour.
    """

    model: QualityModel
    calibration: Calibration | None
    naming: LabelNaming
    seconds: tuple[str, ...] = ()
    hint: str = ""
    ablations: tuple[Ablation, ...] = ()
    volumes_cc: Mapping[str, float] | None = None


def evaluate_contours(
    tasks: Sequence[EvaluationTask], how: Measuring, say: Say | None = None
) -> list[EvaluatedContour]:
    """Measure and predict every contour whose structure the model knows.

    Args:
        tasks: the rows.
        how: what to do with each.
        say: told of the progress.

    Raises:
        FormatError, GeometryError, StructureError: a file of a row cannot be used.
        ModelError: the model cannot be loaded.
    """
    known = [task for task in tasks if task.structure is not None]
    made: dict[int, EvaluatedContour] = {}
    last: tuple[Image, StandardImage] | None = None
    for image, rows in read_by_image(known, how.naming, how.seconds, TOGETHER):
        if say:
            say(len(made), len(known), rows[0].task.row.case)
        if last is None or last[0] is not image:
            last = image, StandardImage.of(image)
        found = _predict(image, rows, how)
        for n, row in enumerate(rows):
            made[row.task.row.line] = _evaluated(
                image, last[1], row, how, {k: v[n] for k, v in found.items()}
            )
    return [made[task.row.line] for task in known]


def _predict(image: Image, rows: Sequence[ReadContour], how: Measuring) -> dict[str, list[Prediction | None]]:
    """Predictions by predictor, one a row; None for an empty contour, of which no network is asked."""
    full = [n for n, row in enumerate(rows) if row.contour.mask.any()]
    contours = [rows[n].contour for n in full]
    nothing: list[np.ndarray | None] = [None] * len(full)
    inputs: dict[str, tuple[Image, list[Contour], list[np.ndarray | None]]] = {
        MODEL: (image, contours, nothing)
    }
    hints = [_hint(rows[n], how) for n in full]
    if any(hint is not None for hint in hints):
        inputs[HINTED] = image, contours, hints
    if Ablation.IMAGE_ONLY in how.ablations:
        balls = [usual_ball(contour, how) for contour in contours]
        inputs[Ablation.IMAGE_ONLY] = image, balls, nothing
    if Ablation.MASK_ONLY in how.ablations:
        blank = Image(np.zeros_like(image.values), image.grid, image.name)
        inputs[Ablation.MASK_ONLY] = blank, contours, nothing
    found: dict[str, list[Prediction | None]] = {}
    for name, (seen, asked, hints) in inputs.items():
        answers = iter(ask(how.model, seen, asked, hints) if asked else [])
        found[str(name)] = [next(answers) if n in full else None for n in range(len(rows))]
    return found


def ask(
    model: QualityModel, image: Image, contours: list[Contour], hints: list[np.ndarray | None]
) -> Sequence[Prediction]:
    """What a model says of contours that are not empty, in one pass; one hint or None for each."""
    return list(model.predict(image, contours, hints))


def _hint(row: ReadContour, how: Measuring) -> np.ndarray | None:
    if row.probability is not None:
        return row.probability
    second = row.seconds.get(how.hint)
    return None if second is None else second.astype(np.float32)


def usual_ball(contour: Contour, how: Measuring) -> Contour:
    """A ball of the structure's usual volume around the contour's center: what image only sees of a mask."""
    known = how.model.card.range_of(contour.name)
    usual = (how.volumes_cc or {}).get(contour.name)
    if usual is None and known is not None and known.volume_cc is not None:
        usual = math.sqrt(known.volume_cc[0] * known.volume_cc[1])
    radius = (3000 * (usual or contour.volume_cc) / (4 * math.pi)) ** (1 / 3)
    spacing = contour.grid.spacing_kji
    center = [float(axis.mean()) for axis in np.nonzero(contour.mask)]
    axes = [
        ((np.arange(n) - c) * s) ** 2 for n, c, s in zip(contour.mask.shape, center, spacing, strict=True)
    ]
    square = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :]
    ball = square <= max(radius, max(spacing)) ** 2
    return replace(contour, mask=ball)


def _evaluated(
    image: Image,
    standard: StandardImage,
    row: ReadContour,
    how: Measuring,
    found: Mapping[str, Prediction | None],
) -> EvaluatedContour:
    task, contour, reference = row.task, row.contour, row.reference
    spacing = image.grid.spacing_kji
    measured = measure(reference.mask, contour.mask, spacing)
    range_ = how.model.card.range_of(contour.name)
    passes = not any(f.failed for f in check_mask(contour, range_.rules if range_ else RuleSettings()))
    predicted = {name: _figures(prediction) for name, prediction in found.items()}
    if _hint(row, how) is None:
        predicted.pop(HINTED, None)
    site = how.calibration.of(contour.name) if how.calibration else None
    if site is not None and site.adjustment is not None and found[MODEL] is not None:
        predicted[UNADJUSTED] = predicted[MODEL]
        predicted[MODEL] = {
            f: site.adjusted(f, predicted[MODEL][f]) for f in FIGURES if f in predicted[MODEL]
        }
    predicted[WITH_RULES] = predicted[MODEL] | ({} if passes else {"dice": 0.0})
    if row.probability is not None:
        predicted[EXPECTED] = {"dice": expected_dice(row.probability, contour.mask)}
    for column, second in row.seconds.items():
        predicted[AGREEMENT + column] = {"dice": agreement_dice(contour.mask, second)}
    main = found[MODEL]
    localization: Localization | None = None
    if main is not None and main.error is not None and reference.mask.any():
        localization = localize(main.error.padded(image.grid), contour.mask, reference.mask, spacing)
    return EvaluatedContour(
        case=task.row.case,
        patient=task.row.patient,
        structure=contour.name,
        stratum=task.stratum,
        image=str(task.row.files["image"]),
        kind=task.kind,
        severity=task.severity,
        status=comparison_status(measured.counts.reference, measured.counts.test),
        true=_true(measured),
        predicted=predicted,
        variables=variables_of(standard, contour),
        passes=passes,
        localization=localization,
    )


def _true(measured: PairMeasurement) -> dict[str, float]:
    distances = measured.distances
    return {
        "dice": measured.counts.dice,
        "hd95_mm": distances.hd95_mm,
        "msd_mm": distances.msd_mm,
    }


def _figures(prediction: Prediction | None) -> dict[str, float]:
    """The figures that were predicted; of an empty contour a Dice of 0, as everybody knows."""
    if prediction is None:
        return {"dice": 0.0}
    figures = {"dice": prediction.dice, "hd95_mm": prediction.hd95_mm, "msd_mm": prediction.msd_mm}
    return {name: float(value) for name, value in figures.items() if value is not None}
