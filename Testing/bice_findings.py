"""Findings of a small study: balls whose maps fade at the edge, through the study's own judging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from contourqa_training.bice.findings import Findings
from contourqa_training.bice.judging import judge, pools_of, thresholds_to_judge
from contourqa_training.bice.measuring import Measured
from contourqa_training.bice.models import MULTI_LABEL, StudyModel
from contourqa_training.patients import Draw
from contourqa_training.segmenter_config import SegmenterConfig, segmenter_config_from_dict
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.thresholds.analysis import ThresholdAnalysis, analyze

GRID = Grid.for_shape((24, 32, 32), (1.0, 1.0, 2.0))
CENTER = (11.5, 15.2, 16.4)
"""Between voxels, so that thresholds close together give masks that differ."""

DISTANCE = np.sqrt(
    sum(
        (step * (index - middle)) ** 2
        for step, index, middle in zip((2, 1, 1), np.indices(GRID.shape), CENTER, strict=True)
    )
)
"""mm from the balls' center."""

RADII = (("Brainstem", 9.0), ("SpinalCord", 4.0), ("RightParotid", 7.0))
"""Structures with their balls' radii, mm."""

DRAWS = 4
HELD_OUT = 3
"""Monte Carlo draws, and the patients that each holds out."""

WEAK = ("SpinalCord", 2)
"""A structure and a judged patient of whom the multi-label model is never sure: at 0.5 nothing is left."""

WEAKNESS = 0.3
"""The highest probability there."""


@dataclass(frozen=True)
class Study:
    """What the small study trains; every part can be left out.

    Attributes:
        radii: mm, by structure.
        multi_label: whether there is a model of all structures.
        single: structures with models of their own.
        weights: their lambdas.
        drawn: structures of the Monte Carlo draws.
        validation: patients who choose thresholds.
        judged: patients who are judged.
    """

    radii: tuple[tuple[str, float], ...] = RADII
    multi_label: bool = True
    single: tuple[str, ...] = ("Brainstem", "RightParotid")
    weights: tuple[float, ...] = (0.0, 0.5)
    drawn: tuple[str, ...] = ("Brainstem",)
    validation: int = 4
    judged: int = 3


@dataclass(frozen=True, eq=False)
class Patient:
    """A map, the contour held to be right, and the patient's name."""

    values: np.ndarray
    mask: np.ndarray
    name: str

    def analyzed(self, structure: str, thresholds: np.ndarray | None = None) -> ThresholdAnalysis:
        probability = ProbabilityMap(self.values.astype(np.float32), GRID, self.name)
        return analyze(probability, Contour(self.mask, GRID, structure), thresholds)


def bice_findings(study: Study | None = None) -> Findings:
    """The findings of a study; equal studies are analyzed once."""
    return _findings(study or Study())


@lru_cache(maxsize=8)
def _findings(study: Study) -> Findings:
    models = _models(study)
    patients = {(m.name, s): _patients(study, m, s) for m in models if not m.draw for s in m.structures}
    validated = [
        Measured(*key, p.name, p.analyzed(key[1]))
        for key, several in patients.items()
        for p in several[: study.validation]
    ]
    validation = pools_of(validated)
    thresholds = thresholds_to_judge(validation)
    judged = [
        Measured(*key, p.name, p.analyzed(key[1], thresholds[key]))
        for key, several in patients.items()
        for p in several[study.validation :]
    ]
    prominence = {key[1]: pooled.prominence for key, pooled in validation.items()}
    drawn = [one for model in models if model.draw for one in _held_out(study, model)]
    return judge(models, validation, validated, judged, prominence, drawn)


def _models(study: Study) -> list[StudyModel]:
    models = []
    if study.multi_label:
        models.append(StudyModel(MULTI_LABEL, _config([name for name, _ in study.radii], multi_label=True)))
    for weight in study.weights:
        models += [
            StudyModel(f"{name}-lambda-{weight:g}", _config([name], weight=weight)) for name in study.single
        ]
    models += [
        StudyModel(f"{name}-draw-{number}", _config([name]), Draw(number))
        for number in range(1, DRAWS + 1)
        for name in study.drawn
    ]
    return models


def _config(structures: Sequence[str], *, weight: float = 0.0, multi_label: bool = False) -> SegmenterConfig:
    return segmenter_config_from_dict(
        {
            "model": {"structures": list(structures), "multi_label": multi_label},
            "training": {"dice_weight": weight},
        }
    )


def _faded(radius: float, shrinkage: float, blur: float) -> np.ndarray:
    """0.5 at `shrinkage` mm inside the ball's edge; the best threshold is 1 / (1 + exp(shrinkage / blur))."""
    return 1 / (1 + np.exp((DISTANCE - radius + shrinkage) / blur))


def _patients(study: Study, model: StudyModel, structure: str) -> list[Patient]:
    """Those who choose thresholds, then those judged."""
    radius, multi_label = dict(study.radii)[structure], model.name == MULTI_LABEL
    # A Dice term makes edges sharper, and small structures are called too rarely, as in the paper.
    blur = (1.2 if multi_label else 2.0) * (1 - 0.7 * model.dice_weight)
    place = [name for name, _ in study.radii].index(structure)
    draw = np.random.default_rng(1000 * place + int(100 * model.dice_weight) + multi_label)
    patients = [
        Patient(
            _faded(radius + draw.normal(0, 0.4), 6 / radius + draw.normal(0, 0.35), blur),
            radius >= DISTANCE,
            f"patient_{n}",
        )
        for n in range(study.validation + study.judged)
    ]
    if multi_label and structure == WEAK[0]:
        number = study.validation + WEAK[1]
        weak = patients[number]
        patients[number] = Patient(WEAKNESS * weak.values, weak.mask, weak.name)
    return patients


def _held_out(study: Study, model: StudyModel) -> list[Measured]:
    """What a draw's model makes of the patients that it held out."""
    assert model.draw
    (structure,) = model.structures
    radius = dict(study.radii)[structure]
    draw = np.random.default_rng((9, model.draw.number))
    maps = [_faded(radius, 0.6 + draw.normal(0, 0.5), 1.5) for _ in range(HELD_OUT)]
    patients = [Patient(values, radius >= DISTANCE, f"patient_{n}") for n, values in enumerate(maps)]
    return [Measured(model.name, structure, p.name, p.analyzed(structure)) for p in patients]
