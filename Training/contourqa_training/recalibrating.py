"""Recalibrate a model with a clinic's own contours: a new bundle beside the old one, which stays as it is.

From 30 patients of a structure its scores are adjusted, from 50 its intervals are made anew. Every contour
serves both, but never itself: a patient's residuals come from a line fitted without that patient. Structures
with fewer patients keep what the model's bundle says of them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.calibrating import (
    JudgedContours,
    calibration_facts,
    calibration_of,
    fit_adjustment,
    list_in_card,
)
from contourqa_training.evaluation.reading import EvaluationTask, ReadContour, read_by_image, read_tasks
from ContourQALib.errors import ModelError, OutputError, SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.output import output_folder
from ContourQALib.metrics.compare import compare
from ContourQALib.quality.adjustment import FEWEST_PATIENTS, Line, LineFit
from ContourQALib.quality.calibration import CALIBRATION_FILE, Calibration, StructureCalibration, digest_of
from ContourQALib.quality.card import CARD_FILE, verify_files
from ContourQALib.quality.intervals import FEWEST_PATIENTS as FEWEST_FOR_INTERVALS
from ContourQALib.quality.intervals import FIGURES, Figure, too_few
from ContourQALib.quality.model import WEIGHTS_FILE, QualityModel

TOGETHER = 16
"""Contours that are predicted in one pass."""

DIGITS = 6
"""Decimals of a figure in the card."""

Say = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class StructureChange:
    """What local cases changed for one structure.

    Attributes:
        structure: the model's name of it.
        patients: local patients.
        contours: their contours; empty ones, of which no network is asked, are not counted.
        empty: empty contours.
        fits: the line of each figure, with errors on left-out patients before and after; none with too few
            patients.
        calibration: what the new bundle says of the structure; None where it says nothing.
        adjustment_refused: why the scores are not adjusted; None where they are.
        intervals_refused: why there are no new intervals; None where there are.
    """

    structure: str
    patients: int
    contours: int
    empty: int
    fits: dict[Figure, LineFit]
    calibration: StructureCalibration | None
    adjustment_refused: str | None
    intervals_refused: str | None


@dataclass(frozen=True, eq=False)
class Recalibration:
    """A finished recalibration.

    Attributes:
        folder: the new bundle.
        base: name and version of the model it comes from.
        structures: one entry for each structure of the manifest that the model knows.
        fingerprint: SHA-256 over the contents of all files that were read.
        unknown: rows whose structure the model does not know.
    """

    folder: Path
    base: tuple[str, str]
    structures: tuple[StructureChange, ...]
    fingerprint: str
    unknown: int


def recalibrate(
    model: QualityModel, cases: Path, output: Path, naming: LabelNaming, say: Say | None = None
) -> Recalibration:
    """Adjust a model to local cases and write the result as a new bundle.

    Args:
        model: the model; its bundle is not touched.
        cases: manifest with case, image, contour, reference; patient, structure, probability where there are.
        output: folder of the new bundle; must not exist. Its name becomes the model's.
        naming: how labels of contour files become structures.
        say: told before each image how many contours are done, how many there are, and the next one's case.

    Raises:
        OutputError: the output exists or cannot be written.
        FormatError, GeometryError, StructureError: a row of the manifest cannot be used.
        ModelError: the model cannot be loaded, or its bundle is damaged.
        SettingError: no structure has enough patients for an adjustment.
    """
    if output.exists():
        raise OutputError(f"{output} exists already, and no model is written over; choose another folder.")
    verify_files(model.folder, model.card)
    tasks = read_tasks(cases, model.card)
    known = [task for task in tasks if task.structure is not None]
    rows = _measure(model, known, naming, say)
    base = _base_calibration(model)
    changes = []
    for structure in dict.fromkeys(task.structure for task in known if task.structure):
        members = [row for row in rows if row.structure == structure]
        changes.append(_change(structure, members, base.of(structure) if base else None))
    if not any(change.fits for change in changes):
        raise SettingError(f"{cases} cannot recalibrate {model.card.name}: {changes[0].adjustment_refused}")
    made = Recalibration(
        output,
        (model.card.name, model.card.version),
        tuple(changes),
        _fingerprint(known),
        len(tasks) - len(known),
    )
    _write(model, base, made)
    return made


@dataclass(frozen=True)
class _Measured:
    """One contour: what is predicted and what is true of it; nothing is predicted of an empty one."""

    structure: str
    patient: str
    predicted: dict[Figure, float]
    true: dict[Figure, float]


def _measure(
    model: QualityModel, tasks: Sequence[EvaluationTask], naming: LabelNaming, say: Say | None
) -> list[_Measured]:
    rows: list[_Measured] = []
    for image, read in read_by_image(tasks, naming, (), TOGETHER):
        if say:
            say(len(rows), len(tasks), read[0].task.row.case)
        full = [one for one in read if one.contour.mask.any()]
        hints = [one.probability for one in full]
        answers = model.predict(image, [one.contour for one in full], hints) if full else []
        rows += [_Measured(one.contour.name, one.task.row.patient, {}, {}) for one in read if one not in full]
        for one, prediction in zip(full, answers, strict=True):
            told = {figure: getattr(prediction, figure) for figure in FIGURES}
            predicted = {figure: value for figure, value in told.items() if value is not None}
            rows.append(_Measured(one.contour.name, one.task.row.patient, predicted, _true(one)))
    if say:
        say(len(tasks), len(tasks), "")
    return rows


def _true(read: ReadContour) -> dict[Figure, float]:
    found = compare(read.reference, read.contour)
    return {"dice": found.dice, "hd95_mm": found.hd95_mm, "msd_mm": found.msd_mm}


def _change(
    structure: str, rows: Sequence[_Measured], before: StructureCalibration | None
) -> StructureChange:
    full = [row for row in rows if row.predicted]
    figures = [figure for figure in FIGURES if full and all(figure in row.predicted for row in full)]
    judged = JudgedContours(
        structure,
        np.array([row.patient for row in full]),
        {figure: np.array([row.predicted[figure] for row in full]) for figure in figures},
        {figure: np.array([row.true[figure] for row in full]) for figure in figures},
    )
    patients, empty = judged.patient_count, len(rows) - len(full)
    counts = patients, len(full), empty
    if patients < FEWEST_PATIENTS:
        kept = "; the model's own calibration stays" if before else ""
        refused = (
            f"{_patients(patients)} of {structure}, but an adjustment needs at least {FEWEST_PATIENTS}{kept}."
        )
        return StructureChange(structure, *counts, {}, before, refused, too_few(patients).reason)
    fits = fit_adjustment(judged)
    made, refused_intervals = calibration_of(judged, fits), None
    if patients < FEWEST_FOR_INTERVALS:
        # Intervals of another site's errors would promise what nobody measured here.
        made, refused_intervals = replace(made, figures={}), too_few(patients).reason
    return StructureChange(structure, *counts, fits, made, None, refused_intervals)


def _patients(number: int) -> str:
    return "1 local patient" if number == 1 else f"{number} local patients"


def _base_calibration(model: QualityModel) -> Calibration | None:
    if CALIBRATION_FILE not in model.card.files:
        return None
    return Calibration.read(model.folder / CALIBRATION_FILE, model.card.files.get(WEIGHTS_FILE))


def _fingerprint(tasks: Sequence[EvaluationTask]) -> str:
    """Of the files' contents alone: the same cases under other names or in another order give the same."""
    digests = {path: "" for task in tasks for path in task.row.files.values()}
    for path in digests:
        digests[path] = digest_of(path)
    rows = sorted(
        " ".join([task.structure or "", *(f"{k}={digests[p]}" for k, p in sorted(task.row.files.items()))])
        for task in tasks
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _write(model: QualityModel, base: Calibration | None, made: Recalibration) -> None:
    """Write the bundle under another name and move it: a folder of the final name is a whole bundle."""
    digest = model.card.files.get(WEIGHTS_FILE)
    if digest is None:
        raise ModelError(f"The card of the model {model.card.name} does not list {WEIGHTS_FILE}.")
    changed = {change.structure: change.calibration for change in made.structures}
    untouched = [known for known in (base.structures if base else ()) if known.structure not in changed]
    calibration = Calibration(digest, (*filter(None, changed.values()), *untouched))
    temporary = output_folder(made.folder.parent) / f".{secrets.token_hex(8)}"
    try:
        temporary.mkdir()
        for name in (*model.card.files, CARD_FILE):
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(model.folder / name, temporary / name)
        calibration.write(temporary / CALIBRATION_FILE)
        facts = {
            "name": made.folder.name,
            "recalibrated": _card_facts(model, made),
            **calibration_facts(calibration),
        }
        list_in_card(temporary, [CALIBRATION_FILE], facts)
        os.replace(temporary, made.folder)
    except OSError as error:
        raise OutputError(
            f"{made.folder} cannot be written ({error.strerror or error}); choose another folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _card_facts(model: QualityModel, made: Recalibration) -> dict[str, Any]:
    return {
        "base": {
            "name": model.card.name,
            "version": model.card.version,
            "card_sha256": digest_of(model.folder / CARD_FILE),
        },
        "fingerprint": made.fingerprint,
        "figures_are_of": "patients left out of the fit, each patient weighing the same",
        "structures": {change.structure: structure_record(change) for change in made.structures},
    }


def structure_record(change: StructureChange) -> dict[str, Any]:
    """What changed for one structure, as JSON holds it."""
    return {
        "patients": change.patients,
        "contours": change.contours,
        "empty_contours": change.empty,
        "adjustment_refused": change.adjustment_refused,
        "intervals_refused": change.intervals_refused,
        "figures": {figure: _fit_record(fit) for figure, fit in change.fits.items()},
    }


def _fit_record(fit: LineFit) -> dict[str, Any]:
    numbers = {
        name: round(float(getattr(fit, name)), DIGITS)
        for name in ("mae_before", "mae_after", "bias_before", "bias_after")
    }
    line = (
        None
        if fit.line == Line()
        else {"slope": round(fit.line.slope, DIGITS), "offset": round(fit.line.offset, DIGITS)}
    )
    return {"contours": fit.contours, **numbers, "line": line, "reason": fit.reason}
