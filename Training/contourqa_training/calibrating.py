"""Give a bundle its calibration and its novelty gate, from predictions of patients held aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.bundle import update_card
from ContourQALib.errors import SettingError
from ContourQALib.quality.adjustment import FEWEST_PATIENTS, Adjustment, Line, LineFit, fit_line
from ContourQALib.quality.calibration import (
    CALIBRATION_FILE,
    Calibration,
    FigureCalibration,
    StructureCalibration,
    digest_of,
)
from ContourQALib.quality.card import CARD_FILE
from ContourQALib.quality.intervals import FIGURES, Figure
from ContourQALib.quality.model import WEIGHTS_FILE
from ContourQALib.quality.novelty import NOVELTY_FILE, NoveltyGate, NoveltySamples


@dataclass(frozen=True, eq=False)
class JudgedContours:
    """Contours of one structure whose true quality is known, as the model's network predicts them.

    Attributes:
        structure: the model's name of it.
        patients: (n,), whose contour it is: names or numbers.
        predicted: (n,) by figure, not adjusted; a figure that the model does not predict is missing.
        true: (n,) by figure; nan where undefined, inf for a distance to nothing.
    """

    structure: str
    patients: np.ndarray
    predicted: Mapping[Figure, np.ndarray]
    true: Mapping[Figure, np.ndarray]

    @property
    def patient_count(self) -> int:
        """How many patients they are of."""
        return len(np.unique(self.patients))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What the model predicts of them."""
        return tuple(figure for figure in FIGURES if figure in self.predicted)


def calibrate_bundle(
    folder: Path,
    judged: Sequence[JudgedContours],
    novelty: Mapping[str, NoveltySamples] | None = None,
    *,
    adjusted: bool = False,
) -> Calibration:
    """Write calibration.json and, where samples are given, novelty.json, and list both in the bundle's card.

    Args:
        folder: the bundle; its card says the modality. Files of an earlier calibration are replaced.
        judged: contours of calibration patients, one entry a structure; patients who neither trained the
            network nor chose it.
        novelty: contours by structure that say what is usual: of patients who trained or chose.
        adjusted: also adjust the figures of a structure with enough patients by a line, as a recalibration
            does: a network that is unsure of small differences exaggerates them.

    Raises:
        SettingError: arrays that do not fit each other, or too few patients for a gate.
        OutputError: the folder cannot be written.
    """
    enough = {known.structure for known in judged if adjusted and known.patient_count >= FEWEST_PATIENTS}
    calibration = Calibration(
        digest_of(folder / WEIGHTS_FILE),
        tuple(
            calibration_of(known, fit_adjustment(known) if known.structure in enough else None)
            for known in judged
        ),
    )
    calibration.write(folder / CALIBRATION_FILE)
    written = [CALIBRATION_FILE]
    if novelty:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        NoveltyGate.fit(str(card["modality"]), novelty).write(folder / NOVELTY_FILE)
        written.append(NOVELTY_FILE)
    list_in_card(folder, written, calibration_facts(calibration))
    return calibration


def list_in_card(folder: Path, names: Sequence[str], changes: Mapping[str, Any]) -> None:
    """Put the hashes of files that were written, and further entries, into a bundle's card."""
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    update_card(folder, {**changes, "files": {**card["files"], **digests}})


def calibration_facts(calibration: Calibration) -> dict[str, Any]:
    """What a card says of a calibration."""
    return {
        "calibration": {
            known.structure: {
                "patients": known.patients,
                "contours": known.contours,
                "adjusted_from_patients": known.adjustment.patients if known.adjustment else None,
                "says": known.sentence,
            }
            for known in calibration.structures
        }
    }


def calibration_of(
    judged: JudgedContours, fits: Mapping[Figure, LineFit] | None = None
) -> StructureCalibration:
    """The calibration of one structure, for intervals; they refuse themselves where patients are too few.

    Args:
        judged: the contours.
        fits: fits of the same contours, where the figures are adjusted; each residual is then taken from a
            line that its own patient had no part in.

    Raises:
        SettingError: the model predicts nothing, or arrays do not fit each other.
    """
    if not judged.figures:
        raise SettingError(f"There is no predicted figure of {judged.structure} to calibrate.")
    numbers = _numbers(judged.patients)
    known = {
        figure: FigureCalibration(
            np.asarray(fits[figure].left_out if fits else judged.predicted[figure], float),
            np.asarray(judged.true[figure], float),
            numbers,
        )
        for figure in judged.figures
    }
    return StructureCalibration(judged.structure, known, adjustment_of(fits) if fits else None)


def fit_adjustment(judged: JudgedContours) -> dict[Figure, LineFit]:
    """A line for every figure that the model predicts.

    Raises:
        SettingError: there are too few patients.
    """
    return {
        figure: fit_line(figure, judged.predicted[figure], judged.true[figure], _numbers(judged.patients))
        for figure in judged.figures
    }


def adjustment_of(fits: Mapping[Figure, LineFit]) -> Adjustment:
    """The adjustment of fitted lines; those that change nothing are left out."""
    lines = {figure: fit.line for figure, fit in fits.items() if fit.line != Line()}
    return Adjustment(lines, max(fit.patients for fit in fits.values()))


def _numbers(patients: np.ndarray) -> np.ndarray:
    return np.unique(patients, return_inverse=True)[1]
