"""Finish a trained bundle: intervals from calibration patients, a novelty gate, and baselines beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contourqa_training.calibrating import JudgedContours, calibrate_bundle, list_in_card
from contourqa_training.cases import TrainingCase
from contourqa_training.evaluation.baselines import BaselineRow, fit_baselines
from contourqa_training.library import ContourLibrary, LibraryCase, LibraryContour
from contourqa_training.library_export import BEST
from contourqa_training.strata import battery_stratum
from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.overlap import overlap
from ContourQALib.quality.descriptors import describe
from ContourQALib.quality.intervals import FIGURES
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.novelty import FEWEST_PATIENTS, NoveltySamples
from ContourQALib.quality.prediction import Prediction

Say = Callable[[str], None]

CALIBRATING = 8
"""Natural contours of each calibration patient and structure, of all networks, stages and thresholds."""

USUAL = 4
"""Contours of each patient and structure that say what is usual."""

USUAL_PATIENTS = 90
"""Patients whose contours do."""

BASELINE_EVERY = 3
"""Baselines are fitted to every third training contour: thousands for some dozen case variables."""

BATTERY_PATIENTS = 30
"""Training patients whose failure battery gives its median."""


@dataclass(frozen=True, eq=False)
class PredictedContour:
    """A contour of the library and what the bundle says of it."""

    contour: LibraryContour
    prediction: Prediction
    descriptor: np.ndarray | None


def finish_bundle(folder: Path, library: ContourLibrary, say: Say = lambda _: None) -> None:
    """Write a bundle's calibration, novelty gates and baselines; its weights stay as they are.

    A structure of too few patients gets no gate, and its intervals refuse themselves.

    Calibration patients trained and chose nothing, and test patients are not opened.

    Args:
        folder: the bundle.
        library: the one it was trained on.
        say: told what is being done.

    Raises:
        SettingError: too few patients.
        OutputError: the folder cannot be written.
    """
    model = find_model(str(folder))
    structures = model.card.structures
    left_out = model.card.raw.get("training", {}).get("left_out") or ""
    learned = library.of_split("train", without=left_out)
    say("predicting the calibration patients' contours")
    calibrating = list(
        predicted(model, library, library.of_split("calibrate", without=left_out), ("N",), CALIBRATING)
    )
    say("predicting contours that say what is usual")
    usual = [*library.of_split("choose", without=left_out), *learned][:USUAL_PATIENTS]
    common = list(predicted(model, library, usual, ("N", "G"), USUAL, described=True))
    calibrate_bundle(
        folder,
        [_judged(name, [p for p in calibrating if p.contour.structure == name]) for name in structures],
        _gated({name: [p for p in common if p.contour.structure == name] for name in structures}, say),
        adjusted=True,
    )
    say("fitting the baselines")
    rules = {name: known.rules for name, known in model.card.ranges.items()}
    files = fit_baselines(baseline_rows(library, learned, structures), rules).write(folder)
    list_in_card(folder, [path.name for path in files], {})


def predicted(
    model: QualityModel,
    library: ContourLibrary,
    patients: Sequence[str],
    strata: Sequence[str],
    most: int,
    *,
    described: bool = False,
) -> Iterator[PredictedContour]:
    """A bundle's answers for some contours of each patient and structure, without hints.

    Args:
        model: the bundle.
        library: where the contours are.
        patients: whose.
        strata: of which.
        most: so many of each patient and structure, drawn evenly.
        described: also describe the image around each.
    """
    wanted = set(patients)
    by_patient: dict[str, dict[str, list[LibraryContour]]] = {patient: {} for patient in patients}
    for contour in library.contours:
        known = model.card.name_of(contour.structure)
        if contour.patient in wanted and contour.stratum in strata and contour.volume_cc > 0 and known:
            by_patient[contour.patient].setdefault(contour.structure, []).append(contour)
    for patient, structures in by_patient.items():
        case = library.case(patient)
        image = image_of(case)
        chosen = [c for contours in structures.values() for c in _some(contours, most)]
        drawn = [contour_of(case, contour) for contour in chosen]
        for contour, mask, prediction in zip(chosen, drawn, model.predict(image, drawn), strict=True):
            descriptor = describe(image, mask.mask, model.card.modality) if described else None
            yield PredictedContour(contour, prediction, descriptor)


def image_of(case: LibraryCase) -> Image:
    """A library case's image on a grid whose axes run to superior, posterior and left."""
    k, j, i = case.spacing_kji
    return Image(case.values, Grid.for_shape(case.values.shape, (i, j, k)), case.patient)


def contour_of(case: LibraryCase, contour: LibraryContour) -> Contour:
    """A contour of the library on the grid of `image_of`."""
    k, j, i = case.spacing_kji
    return Contour(case.mask(contour), Grid.for_shape(case.values.shape, (i, j, k)), contour.structure)


def baseline_rows(
    library: ContourLibrary, patients: Sequence[str], structures: Sequence[str]
) -> Iterator[BaselineRow]:
    """Training contours of every stratum to fit the baselines to, patient by patient."""
    best = library.best_thresholds()
    for number, patient in enumerate(patients):
        case = library.case(patient)
        mine = [c for c in library.contours if c.patient == patient and c.structure in structures]
        chosen = set(mine[number % BASELINE_EVERY :: BASELINE_EVERY])
        for contour in mine:
            if contour.volume_cc == 0:
                continue
            true = {str(figure): getattr(contour, figure) for figure in FIGURES}
            strata = ([contour.stratum] if contour in chosen else []) + (
                [BEST] if best.holds(contour) else []
            )
            for stratum in strata:
                yield _row(case, contour.structure, stratum, case.mask(contour), true)
        if number >= BATTERY_PATIENTS:
            continue
        image = image_of(case)
        for structure in structures:
            if structure not in case.references:
                continue
            reference = Contour(case.references[structure], image.grid, structure)
            for judged in battery_stratum([TrainingCase(patient, image, reference)], number):
                dice = overlap(reference.mask, judged.contour.mask).dice
                true = dict.fromkeys(map(str, FIGURES), float("nan")) | {"dice": dice}
                yield _row(case, structure, "B", judged.contour.mask, true)


def _row(
    case: LibraryCase, structure: str, stratum: str, mask: np.ndarray, true: Mapping[str, float]
) -> BaselineRow:
    return BaselineRow(structure, stratum, case.patient, case.values, mask, case.spacing_kji, true)


def _some(contours: Sequence[LibraryContour], most: int) -> list[LibraryContour]:
    """Contours spread evenly over networks, stages and thresholds, the same ones every time."""
    if len(contours) <= most:
        return list(contours)
    seed = np.random.default_rng([len(contours), *contours[0].patient.encode()])
    return [contours[n] for n in sorted(seed.permutation(len(contours))[:most])]


def _judged(structure: str, known: Sequence[PredictedContour]) -> JudgedContours:
    return JudgedContours(
        structure,
        np.array([p.contour.patient for p in known]),
        {f: np.array([getattr(p.prediction, f) for p in known], float) for f in FIGURES},
        {f: np.array([getattr(p.contour, f) for p in known], float) for f in FIGURES},
    )


def _gated(known: Mapping[str, Sequence[PredictedContour]], say: Say) -> dict[str, NoveltySamples]:
    """What is usual of each structure that has enough patients to say so."""
    found = {}
    for structure, contours in known.items():
        patients = len({p.contour.patient for p in contours if p.descriptor is not None})
        if patients >= FEWEST_PATIENTS:
            found[structure] = _usual(contours)
        else:
            say(f"{structure}: no novelty gate, which needs {FEWEST_PATIENTS} patients and not {patients}")
    return found


def _usual(known: Sequence[PredictedContour]) -> NoveltySamples:
    numbers = {patient: n for n, patient in enumerate(dict.fromkeys(p.contour.patient for p in known))}
    clear = [p for p in known if p.descriptor is not None]
    return NoveltySamples(
        np.array([numbers[p.contour.patient] for p in clear]),
        np.stack([p.descriptor for p in clear if p.descriptor is not None]),
        np.stack([np.asarray(p.prediction.features) for p in clear]),
    )
