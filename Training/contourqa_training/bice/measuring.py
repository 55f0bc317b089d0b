"""Measuring: every patient through every model that is judged on them, every map at every threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contourqa_training.segmentation_cases import SegmentationCase, find_cases, read_case
from contourqa_training.segmenter_model import SegmenterModel
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import ContourQAError
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze

Say = Callable[[str], None]
Key = tuple[str, str]
"""Names of a model and of a structure."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One structure of one patient, predicted by one model."""

    model: str
    structure: str
    patient: str
    analysis: ThresholdAnalysis


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured, patients in the order of the folder, and why patients were left out, by name."""

    measured: tuple[Measured, ...]
    skipped: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Work:
    """What to measure of one patient: models by name, and thresholds by model and structure.

    Attributes:
        case: the patient.
        models: those that predict the patient.
        thresholds: (T,) for a model and structure; 0 to 1 in steps of 0.01 where it says nothing.
    """

    case: SegmentationCase
    models: Mapping[str, SegmenterModel]
    thresholds: Mapping[Key, np.ndarray]


def measure(
    models: Mapping[str, SegmenterModel],
    patients: Mapping[str, Sequence[str]],
    data: Path,
    *,
    pool: Executor,
    thresholds: Mapping[Key, np.ndarray] | None = None,
    skip_bad: bool = False,
    say: Say = lambda _: None,
) -> Measurements:
    """Predict patients and sweep the maps, each image read once.

    A structure that was not contoured in a patient is not measured there.

    Args:
        models: by name.
        patients: whom each model predicts, by its name.
        data: data in a layout that `find_cases` knows.
        pool: processes to do it.
        thresholds: where other than at the default ones to sweep, by model and structure.
        skip_bad: leave out patients whose files cannot be used.
        say: told how many patients are done.

    Raises:
        FormatError: an image or label map cannot be read.
        GeometryError: an image and its labels differ in size.
        ModelError: the weights of a model are damaged.
    """
    structures = dict.fromkeys(name for model in models.values() for name in model.config.model.structures)
    jobs = []
    for case in find_cases(data, list(structures)):
        mine = {name: model for name, model in models.items() if case.name in patients[name]}
        if mine:
            jobs.append(Work(case, mine, thresholds or {}))
    found: dict[str, list[Measured]] = {}
    skipped: dict[str, str] = {}
    started = {pool.submit(_measure_patient, job): job.case.name for job in jobs}
    for done, future in enumerate(as_completed(started), 1):
        try:
            found[started[future]] = future.result()
        except ContourQAError as error:
            if not skip_bad:
                raise
            skipped[started[future]] = str(error)
        if done % 10 == 0 or done == len(jobs):
            say(f"{done} of {len(jobs)} patients")
    return Measurements(tuple(one for job in jobs for one in found.get(job.case.name, ())), skipped)


def _measure_patient(work: Work) -> list[Measured]:
    return list(_measure(work))


def _measure(work: Work) -> Iterator[Measured]:
    from contourqa_training.segmenter_outputs import probability_maps

    image, masks = read_case(work.case)
    for name, model in work.models.items():
        if not set(model.config.model.structures) & set(masks):
            continue
        maps = probability_maps(image, model, model.network())
        for structure, values in maps.items():
            if structure not in masks:
                continue
            analysis = analyze(
                ProbabilityMap(values, image.grid, structure),
                Contour(masks[structure], image.grid, structure),
                work.thresholds.get((name, structure)),
                reference_label=work.case.name,
                probability_label=work.case.name,
            )
            yield Measured(name, structure, work.case.name, analysis)


def prominence(
    patients: Sequence[str], structures: Sequence[str], data: Path, pool: Executor
) -> dict[str, float]:
    """Share of the patients' voxels that each structure fills (paper Bice, eq. 4), over whole images.

    Patients in whom a structure was not contoured do not count for it; one that none has is left out.
    """
    cases = [case for case in find_cases(data, structures) if case.name in set(patients)]
    counted = list(pool.map(_voxels, cases, chunksize=8))
    shares = {}
    for structure in structures:
        filled = [(counts[structure], total) for counts, total in counted if structure in counts]
        if filled:
            shares[structure] = sum(count for count, _ in filled) / sum(total for _, total in filled)
    return shares


def _voxels(case: SegmentationCase) -> tuple[dict[str, int], int]:
    """Voxels of each contoured structure, and of the image."""
    image, masks = read_case(case)
    return {name: int(mask.sum()) for name, mask in masks.items()}, image.values.size
