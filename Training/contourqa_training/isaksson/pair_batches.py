"""PairBatches: the paper's batches of two, one real image-contour pair and one with a swapped contour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from contourqa_training.augmentation import SpatialAugmentation, deform
from contourqa_training.batches import Batch, Sample, collate
from contourqa_training.isaksson.pairs import Pair
from contourqa_training.sampling import SCALE_RANGE, scaled_into
from ContourQALib.errors import SettingError
from ContourQALib.metrics.overlap import overlap

FEWEST_PAIRS = 2
CHOOSING_SIZE = 8


class PairBatches(Dataset[Batch]):
    """The batches of one epoch, in which every training pair has one turn (an odd one is left out).

    Isaksson 2022, "Predicting contour quality". The order is drawn anew every epoch; the second of each two
    has its contour replaced by another one of the training set, scaled by a random factor. Both are then
    augmented. Each batch depends on seed, epoch and index alone, so that a resumed training repeats it.

    Args:
        pairs: of the training set.
        spatial: ranges of the augmentation.
        seed, epoch: what is drawn depends on them.

    Raises:
        SettingError: fewer than two pairs.
    """

    def __init__(self, pairs: Sequence[Pair], spatial: SpatialAugmentation, seed: int, epoch: int) -> None:
        if len(pairs) < FEWEST_PAIRS:
            raise SettingError("The paper's batches need at least two contours to train on; add patients.")
        self.pairs, self.spatial, self.seed, self.epoch = pairs, spatial, seed, epoch
        self.order = np.random.default_rng((seed, epoch)).permutation(len(pairs))

    def __len__(self) -> int:
        return len(self.pairs) // 2

    def __getitem__(self, index: int) -> Batch:
        if index >= len(self):
            raise IndexError(index)
        random = np.random.default_rng((self.seed, self.epoch, index))
        real, host = (self.pairs[n] for n in self.order[2 * index : 2 * index + 2])
        fake = self.fake_mask(host, random)
        return collate([self._augmented(real, real.mask, random), self._augmented(host, fake, random)])

    def fake_mask(self, host: Pair, random: np.random.Generator) -> np.ndarray:
        """Another contour of the training set, scaled by a random factor, bool (K, J, I)."""
        others = [pair for pair in self.pairs if pair is not host]
        other = others[int(random.integers(len(others)))]
        return scaled_into(other.mask, random.uniform(*SCALE_RANGE), host.mask.shape)

    def _augmented(self, pair: Pair, mask: np.ndarray, random: np.random.Generator) -> Sample:
        place = self.spatial.draw(mask.shape, pair.spacing_kji, random)
        image, reference, bent = (deform(array, place) for array in (pair.image, pair.reference, mask))
        return sample_of_pair(image, reference, bent)


def sample_of_pair(image: np.ndarray, reference: np.ndarray, mask: np.ndarray) -> Sample:
    """Arrays of a window (K, J, I) with their exact Dice; that of two empty masks counts as 0."""
    dice = overlap(reference, mask).dice
    x = np.stack([image, mask.astype(np.float32)])
    return Sample(x, 0.0 if np.isnan(dice) else dice, reference ^ mask)


def plain_batches(pairs: Sequence[Pair]) -> list[Batch]:
    """Pairs as they are, a few to a batch, for the validation loss."""
    samples = [sample_of_pair(pair.image, pair.reference, pair.mask) for pair in pairs]
    return [collate(samples[n : n + CHOOSING_SIZE]) for n in range(0, len(samples), CHOOSING_SIZE)]
