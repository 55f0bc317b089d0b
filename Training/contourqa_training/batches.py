"""Batches of network inputs with exact targets, drawn anew every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from contourqa_training.augmentation import deform
from contourqa_training.cases import TrainingCase
from contourqa_training.config import TrainingConfig
from contourqa_training.sampling import Mixture, swapped_and_scaled
from ContourQALib.case import Contour
from ContourQALib.metrics.overlap import overlap
from ContourQALib.quality.preprocessing import cut_window, prepare_arrays, window_center


@dataclass(frozen=True, eq=False)
class Sample:
    """One contour as the network sees it, and the truth about it.

    Attributes:
        x: float32 (2, K, J, I), image and mask in the window.
        dice: Dice of contour and reference over the whole grid.
        error: bool (K, J, I), voxels of the window where contour and reference differ.
    """

    x: np.ndarray
    dice: float
    error: np.ndarray


Batch = tuple[Tensor, Tensor, Tensor]
"""Inputs (N, 2, K, J, I), Dice (N,), error maps (N, K, J, I), all float32."""


def make_sample(
    values: np.ndarray,
    reference: np.ndarray,
    mask: np.ndarray,
    spacing_kji: tuple[float, float, float],
    config: TrainingConfig,
    jitter: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Sample:
    """Cut the window around a contour and take the truth from the masks that it was cut from.

    A Dice of two empty masks counts as 0 here; such a sample teaches nothing and does not occur in practice.
    """
    settings = config.preprocessing
    x = prepare_arrays(values, mask, spacing_kji, settings, jitter)
    wrong, _ = cut_window(
        reference ^ mask, window_center(mask, settings) + np.asarray(jitter), spacing_kji, settings
    )
    dice = overlap(reference, mask).dice
    return Sample(x, 0.0 if np.isnan(dice) else dice, wrong)


class QualityBatches(Dataset[Batch]):
    """The batches of one epoch; each depends on seed, epoch and index alone, so a resumed run repeats it."""

    def __init__(self, cases: Sequence[TrainingCase], config: TrainingConfig, epoch: int) -> None:
        self.cases, self.config, self.epoch = cases, config, epoch
        self.mixture = Mixture()
        per_patient = len(cases) // config.training.batch_size
        self.length = config.training.batches_per_epoch or max(1, per_patient)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        if index >= self.length:
            raise IndexError(index)
        random = np.random.default_rng((self.config.training.seed, self.epoch, index))
        members = self._patients(index)
        return collate([self._sample(case, turn, random) for turn, case in enumerate(members)])

    def _patients(self, index: int) -> list[TrainingCase]:
        """The batch's patients: consecutive ones of a shuffled order that goes round."""
        size = self.config.training.batch_size
        chosen = []
        for position in range(index * size, (index + 1) * size):
            lap, place = divmod(position, len(self.cases))
            order = np.random.default_rng((self.config.training.seed, self.epoch, -1 - lap & 0xFFFF))
            chosen.append(self.cases[order.permutation(len(self.cases))[place]])
        return chosen

    def _sample(self, case: TrainingCase, turn: int, random: np.random.Generator) -> Sample:
        training = self.config.training
        if training.scheme == "graded":
            mask = self.mixture.draw(case, self.cases, random)
        elif turn == 0:
            mask = case.reference.mask
        else:
            mask = swapped_and_scaled(case, self.cases, random)
        spacing = case.image.grid.spacing_kji
        values, reference = case.image.values, case.reference.mask
        if random.random() < self.config.spatial.share:
            place = self.config.spatial.draw(case.image.grid.shape, spacing, random)
            values, reference, mask = (deform(array, place) for array in (values, reference, mask))
        values = self.config.intensity(values, spacing, random)
        k, j, i = random.normal(0.0, training.window_jitter, 3) if training.window_jitter else np.zeros(3)
        return make_sample(values, reference, mask, spacing, self.config, (k, j, i))


def collate(samples: Sequence[Sample]) -> Batch:
    """Samples as one batch of tensors."""
    return (
        torch.from_numpy(np.stack([sample.x for sample in samples])),
        torch.tensor([sample.dice for sample in samples], dtype=torch.float32),
        torch.from_numpy(np.stack([sample.error for sample in samples]).astype(np.float32)),
    )


def sample_of(case: TrainingCase, contour: Contour, config: TrainingConfig) -> Sample:
    """The sample of a contour that is neither bent nor moved, for choosing and judging."""
    return make_sample(
        case.image.values, case.reference.mask, contour.mask, case.image.grid.spacing_kji, config
    )
