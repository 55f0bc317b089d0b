"""Samples for the error network: contours of a library as it is shown them, with exact targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from contourqa_training.augmentation import deform
from contourqa_training.error_config import ErrorConfig
from contourqa_training.library import ContourLibrary, LibraryCase, LibraryContour
from ContourQALib.quality.preprocessing import cut_window, normalize, window_center
from ContourQALib.quality.windows import window_centers

CANDIDATES = 6
"""Contours of which the one nearest to a drawn Dice is taken."""

WHOLLY_SEEN = 0.98
"""A window that shows less of the wrong voxels than this says nothing of the whole contour's distances."""

NATURAL, REFERENCE, OTHER, KNOWN = "N", "G", "O", "S"


class ErrorBatch(NamedTuple):
    """A batch of the error network; float32 unless said otherwise.

    Attributes:
        x: image, mask, hint (N, 3, K, J, I).
        structure: number of each one's structure, int64 (N,).
        error: the wrong voxels (N, K, J, I), 0 or 1.
        dice: Dice in the window (N,), what the true map would give.
        distances: log(1 + HD95 mm) and log(1 + MSD mm) of the whole contour (N, 2); nan where undefined or
            where the window does not show it all.
        whole_dice: exact Dice of the whole contour (N,).
    """

    x: Tensor
    structure: Tensor
    error: Tensor
    dice: Tensor
    distances: Tensor
    whole_dice: Tensor


@dataclass(frozen=True, eq=False)
class Sample:
    """One contour as the network sees it; see `ErrorBatch`."""

    x: np.ndarray
    structure: int
    error: np.ndarray
    dice: float
    distances: np.ndarray
    whole_dice: float


class LibraryIndex:
    """Contours of some patients of a library in memory, sorted for drawing.

    Attributes:
        cases: by patient.
        by_kind: contours that are not empty, by structure, then stratum, then patient.
    """

    def __init__(self, library: ContourLibrary, patients: Sequence[str], structures: Sequence[str]) -> None:
        self.structures = tuple(structures)
        self.cases = {patient: library.case(patient) for patient in patients}
        self.by_kind: dict[str, dict[str, dict[str, list[LibraryContour]]]] = {s: {} for s in structures}
        for contour in library.contours:
            if contour.patient in self.cases and contour.structure in self.by_kind and contour.volume_cc > 0:
                strata = self.by_kind[contour.structure]
                strata.setdefault(contour.stratum, {}).setdefault(contour.patient, []).append(contour)

    def of(self, patient: str, structure: str) -> list[LibraryContour]:
        """A patient's contours of one structure, stratum by stratum."""
        strata = self.by_kind[structure].values()
        return [contour for patients in strata for contour in patients.get(patient, [])]


def make_sample(
    case: LibraryCase,
    contour: LibraryContour,
    hint: np.ndarray | None,
    config: ErrorConfig,
    center: np.ndarray,
    random: np.random.Generator | None = None,
) -> Sample:
    """A contour in the window around `center`; bent and changed at random where a generator is given.

    Every window is one interpolation of the library's arrays, or none where the spacing is the window's and
    nothing is bent.
    """
    settings, spacing = config.preprocessing, case.spacing_kji
    mask, reference = case.mask(contour), case.references[contour.structure]
    structure = contour.structure
    arrays = [case.values, mask, reference] + ([] if hint is None else [hint])
    if random is not None and random.random() < config.spatial.share:
        place, flipped = _bent(center, spacing, config, random)
        if flipped:
            structure = config.model.mirror_of(structure)
        cut = [deform(array, place) for array in arrays]
        shape = np.reshape(case.values.shape, (3, 1, 1, 1))
        inside = np.all((place >= -0.5) & (place < shape - 0.5), axis=0)
    else:
        cut = [cut_window(array, center, spacing, settings)[0] for array in arrays]
        inside = cut_window(mask, center, spacing, settings)[1]
    values = np.asarray(cut[0], np.float32)
    if random is not None:
        if settings.intensity == "window":
            values = np.clip(values, settings.low_hu, settings.high_hu)
        values = config.intensity(values, settings.spacing_mm, random)
    x = np.zeros((3, *settings.size), np.float32)
    x[0] = normalize(values, inside, settings)
    x[1] = cut[1]
    if hint is not None:
        x[2] = 2 * np.clip(cut[3], 0, 1) - 1
    error = cut[1] ^ cut[2]
    ours, theirs = np.count_nonzero(cut[1]), np.count_nonzero(cut[2])
    both = (ours + theirs - np.count_nonzero(error)) / 2
    wrong = np.count_nonzero(mask ^ reference) * float(np.prod(spacing))
    seen = np.count_nonzero(error) * float(np.prod(settings.spacing_mm))
    distances = np.log1p([contour.hd95_mm, contour.msd_mm])
    if seen < WHOLLY_SEEN * wrong or not np.isfinite(distances).all():
        distances = np.full(2, np.nan)
    return Sample(
        x,
        config.model.structures.index(structure),
        error,
        2 * both / (ours + theirs) if ours + theirs else 0.0,
        distances,
        contour.dice,
    )


def _bent(
    center: np.ndarray, spacing: Sequence[float], config: ErrorConfig, random: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Where in the case each voxel of a bent window lies (3, K, J, I), and whether it is mirrored."""
    size, mm = config.preprocessing.size, config.preprocessing.spacing_mm
    place = config.spatial.draw(size, mm, random)
    middle = (np.reshape(size, (3, 1, 1, 1)) - 1) / 2
    ratio = np.reshape(np.asarray(mm) / np.asarray(spacing), (3, 1, 1, 1))
    flipped = bool(place[2, 0, 0, -1] < place[2, 0, 0, 0])
    return np.reshape(center, (3, 1, 1, 1)) + (place - middle) * ratio, flipped


class ErrorBatches(Dataset[ErrorBatch]):
    """The batches of one epoch; each depends on seed, epoch and index alone, so a resumed run repeats it."""

    def __init__(self, index: LibraryIndex, config: ErrorConfig, epoch: int) -> None:
        self.index, self.config, self.epoch = index, config, epoch

    def __len__(self) -> int:
        return self.config.training.batches_per_epoch

    def __getitem__(self, number: int) -> ErrorBatch:
        if number >= len(self):
            raise IndexError(number)
        random = np.random.default_rng((self.config.training.seed, self.epoch, number))
        return collate([self._sample(random) for _ in range(self.config.training.batch_size)], self.config)

    def _sample(self, random: np.random.Generator) -> Sample:
        training = self.config.training
        contour = self._draw(random)
        case = self.index.cases[contour.patient]
        centers = window_centers(case.mask(contour), case.spacing_kji, self.config.preprocessing)
        center = centers[int(random.integers(len(centers)))]
        ratio = np.asarray(self.config.preprocessing.spacing_mm) / np.asarray(case.spacing_kji)
        center = center + random.normal(0, training.window_jitter, 3) * ratio
        return make_sample(case, contour, self._hint(case, contour, random), self.config, center, random)

    def _draw(self, random: np.random.Generator) -> LibraryContour:
        """A structure evenly, a stratum by its share, a patient evenly, a contour balanced over Dice."""
        training = self.config.training
        structures = self.config.model.structures
        strata = self.index.by_kind[structures[int(random.integers(len(structures)))]]
        shares = {NATURAL: training.natural, REFERENCE: training.references, OTHER: training.others}
        shares[KNOWN] = 1 - sum(shares.values())
        there = [name for name in shares if strata.get(name) and shares[name] > 0]
        weights = np.array([shares[name] for name in there])
        patients = strata[there[int(random.choice(len(there), p=weights / weights.sum()))]]
        contours = patients[list(patients)[int(random.integers(len(patients)))]]
        if random.random() >= training.balanced:
            return contours[int(random.integers(len(contours)))]
        wanted = random.random()
        drawn = [contours[int(random.integers(len(contours)))] for _ in range(CANDIDATES)]
        return min(drawn, key=lambda contour: abs(wanted - contour.dice))

    def _hint(
        self, case: LibraryCase, contour: LibraryContour, random: np.random.Generator
    ) -> np.ndarray | None:
        """The contour's own probability map, another network's contour, or nothing."""
        training, chance = self.config.training, random.random()
        if chance < training.map_shown:
            return case.probability(contour)
        if chance < training.map_shown + training.second_shown:
            natural = self.index.by_kind[contour.structure].get(NATURAL, {}).get(contour.patient, [])
            seconds = [other for other in natural if other.kind != contour.kind]
            if seconds:
                return case.mask(seconds[int(random.integers(len(seconds)))]).astype(np.float32)
        return None


def choosing_batches(index: LibraryIndex, config: ErrorConfig) -> list[ErrorBatch]:
    """Fixed batches of natural contours of the choosing patients, without hints: the stratum that counts."""
    samples = []
    for structure in config.model.structures:
        for patient, contours in index.by_kind[structure].get(NATURAL, {}).items():
            random = np.random.default_rng((config.training.seed, *f"{patient} {structure}".encode()))
            count = min(config.training.choosing, len(contours))
            case = index.cases[patient]
            for number in random.permutation(len(contours))[:count]:
                center = window_center(case.mask(contours[number]), config.preprocessing)
                samples.append(make_sample(case, contours[number], None, config, center))
    size = config.training.batch_size
    return [collate(samples[start : start + size], config) for start in range(0, len(samples), size)]


def collate(samples: Sequence[Sample], config: ErrorConfig) -> ErrorBatch:
    """Samples as one batch."""
    x = np.stack([sample.x for sample in samples])
    if not config.training.image:
        x[:, 0] = 0
    return ErrorBatch(
        torch.from_numpy(x),
        torch.tensor([sample.structure for sample in samples]),
        torch.from_numpy(np.stack([sample.error for sample in samples]).astype(np.float32)),
        torch.tensor([sample.dice for sample in samples], dtype=torch.float32),
        torch.from_numpy(np.stack([sample.distances for sample in samples]).astype(np.float32)),
        torch.tensor([sample.whole_dice for sample in samples], dtype=torch.float32),
    )
