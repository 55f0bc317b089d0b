"""Natural contours: what segmentation networks, trained out of fold, draw on a patient they never saw."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from contourqa_training.library import PROBABILITY_STEPS
from contourqa_training.library_config import LibrarySettings
from contourqa_training.patients import DRAWN, Fold, choose_patients
from contourqa_training.segmenter_config import read_segmenter_config
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_outputs import on_device, probability_maps
from contourqa_training.training_queue import Training
from ContourQALib.case import Image
from ContourQALib.errors import SettingError

HALF = 0.5


@dataclass(frozen=True, eq=False)
class NaturalMap:
    """A probability map, and the thresholds at which it is cut.

    Attributes:
        structure: of what.
        network: the segmenter's name.
        stage: epochs after which its weights drew it.
        values: uint8 (K, J, I) on the image's grid, in steps of 1/255.
        thresholds: each gives a contour.
        binary: it is a contour that was cut already, at the threshold that is named; no map to show anybody.
    """

    structure: str
    network: str
    stage: int
    values: np.ndarray
    thresholds: tuple[float, ...]
    binary: bool = False


def fold_trainings(settings: LibrarySettings, runs: Path, split: Mapping[str, str]) -> list[Training]:
    """The segmenters that a library needs, one for each network and fold.

    Args:
        settings: what the library holds.
        runs: folder of the segmenters' runs.
        split: of each patient. Of a drawn one, who calibrates or tests has no part in a fold. Of a committed
            one the segmenters' own split says who has; whoever has is drawn by the fold that held him out.

    Raises:
        SettingError: a configuration cannot be used, or too few patients train and choose.
    """
    pool = [patient for patient, kind in split.items() if kind in ("train", "choose")]
    trainings = []
    for name in settings.segmenters:
        config = read_segmenter_config(name)
        for number, run in fold_runs(settings, name, runs).items():
            fold = Fold(number, settings.folds)
            title = f"{Path(name).stem} {fold}"
            if settings.split == DRAWN:
                share, seed = config.model.choose_share, config.training.seed
                patients = choose_patients(pool, DRAWN, share, seed, fold)
                trainings.append(Training(title, config, run, patients=patients))
            else:
                trainings.append(Training(title, config, run, fold))
    return trainings


def fold_runs(settings: LibrarySettings, segmenter: str, runs: Path) -> dict[int, Path]:
    """The folders of a segmenter's runs by the fold's number."""
    name = Path(segmenter).stem  # of a configuration's name, or its file's
    return {number: runs / name / f"fold-{number}" for number in range(1, settings.folds + 1)}


class NaturalContours:
    """The segmenters of a library, each loaded once; draws patients that they never saw."""

    def __init__(self, settings: LibrarySettings, runs: Path) -> None:
        self.settings = settings
        self.folds = [
            [open_segmenter(run) for run in fold_runs(settings, name, runs).values()]
            for name in settings.segmenters
        ]
        self._networks: dict[tuple[Path, int], torch.nn.Module] = {}

    def draw(self, image: Image, patient: str, wanted: Sequence[str]) -> Iterator[NaturalMap]:
        """Every network at every stage, for the structures that are wanted.

        Raises:
            SettingError: every fold of a network learned from this patient.
        """
        for folds in self.folds:
            model = _blind(folds, patient)
            stages = model.stages
            for stage in stages:
                cut = (HALF, *self.settings.thresholds) if stage == stages[-1] else (HALF,)
                maps = probability_maps(image, model, self._network(model, stage))
                for structure in wanted:
                    steps = np.round(maps[structure] * PROBABILITY_STEPS).astype(np.uint8)
                    yield NaturalMap(structure, model.config.model.name, stage, steps, cut)

    def _network(self, model: SegmenterModel, stage: int) -> torch.nn.Module:
        key = (model.folder, stage)
        if key not in self._networks:
            self._networks[key] = on_device(model, stage)
        return self._networks[key]


def _blind(folds: Sequence[SegmenterModel], patient: str) -> SegmenterModel:
    """The fold that held a patient out; of several that never saw him, one by his name."""
    roles = [model.patients.role(patient) for model in folds]
    if "held-out" in roles:
        return folds[roles.index("held-out")]
    unseen = [model for model, role in zip(folds, roles, strict=True) if role == "unseen"]
    if not unseen:
        raise SettingError(
            f"Every fold of {folds[0].folder} learned from {patient}; train it in other folds."
        )
    return unseen[zlib.crc32(patient.encode()) % len(unseen)]


def cut_at(steps: np.ndarray, threshold: float) -> np.ndarray:
    """The contour of a map in steps of 1/255, cut at a threshold (inclusive, METRICS.md)."""
    return np.asarray(steps.astype(np.float32) / PROBABILITY_STEPS >= threshold)
