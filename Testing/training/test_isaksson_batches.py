"""The paper's batches: one real pair and one fake, both augmented, the truth exact."""

from __future__ import annotations

import numpy as np
import pytest

from contourqa_training.augmentation import SpatialAugmentation
from contourqa_training.isaksson.pair_batches import PairBatches, plain_batches
from contourqa_training.isaksson.pairs import Pair
from contourqa_training.sampling import SCALE_RANGE
from ContourQALib.errors import SettingError
from ContourQALib.metrics.overlap import overlap
from shapes import ball_mask

SIZE = (20, 24, 22)
STILL = SpatialAugmentation(flip=False, rotation_radians=0, translation=0, zoom=0, elastic_mm=0)


def pair(number: int) -> Pair:
    """A patient whose image is their number, the contour a ball a voxel off the reference."""
    center = tuple((np.asarray(SIZE) - 1) / 2)
    reference = ball_mask(SIZE, center, 5.0)
    mask = ball_mask(SIZE, (center[0], center[1] + 1, center[2]), 4 + 0.1 * number)
    image = np.full(SIZE, float(number + 1), np.float32)
    dice = overlap(reference, mask).dice
    spacing = (1.0, 1.0, 1.0)
    return Pair(f"p{number}", "float", 1, "net", image, reference, mask, dice, np.nan, np.nan, spacing)


PAIRS = [pair(n) for n in range(6)]


def test_each_pair_has_one_turn_an_epoch_and_every_batch_is_one_real_and_one_fake() -> None:
    batches = PairBatches(PAIRS, STILL, seed=1, epoch=3)
    assert len(batches) == 3
    seen = []
    for n in range(len(batches)):
        x, dice, _ = batches[n]
        assert x.shape == (2, 2, *SIZE)
        images = [round(float(one[0].mean())) - 1 for one in x]
        seen += images
        real, fake = (PAIRS[number] for number in images)
        assert np.array_equal(x[0, 1].numpy() > 0, real.mask)
        assert float(dice[0]) == pytest.approx(real.dice)
        assert not np.array_equal(x[1, 1].numpy() > 0, fake.mask)
    assert sorted(seen) == list(range(6))


def test_the_fake_is_another_contour_scaled_within_the_papers_range() -> None:
    batches = PairBatches(PAIRS, STILL, seed=1, epoch=0)
    low, high = SCALE_RANGE
    assert (low, high) == (0.55, 1.8)
    ratios = []
    for seed in range(40):
        mask = batches.fake_mask(PAIRS[0], np.random.default_rng(seed))
        volumes = [p.mask.sum() for p in PAIRS[1:]]
        # interpolation rounds a ball of 4 voxels by some per cent of its volume
        assert 0.9 * low**3 * min(volumes) < mask.sum() < 1.1 * high**3 * max(volumes)
        ratios.append(mask.sum() / np.mean(volumes))
    assert min(ratios) < 0.5 < 2 < max(ratios)


def test_the_truth_is_that_of_what_the_network_sees() -> None:
    batches = PairBatches(PAIRS, SpatialAugmentation(elastic_mm=0.5), seed=2, epoch=0)
    x, dice, error = batches[0]
    for one, told, wrong in zip(x.numpy(), dice.numpy(), error.numpy(), strict=True):
        mask, reference = one[1] > 0, (one[1] > 0) ^ (wrong > 0)
        assert told == pytest.approx(overlap(reference, mask).dice)


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    def drawn(seed: int, epoch: int) -> np.ndarray:
        return PairBatches(PAIRS, SpatialAugmentation(), seed, epoch)[1][0].numpy()

    assert np.array_equal(drawn(1, 2), drawn(1, 2))
    assert not np.array_equal(drawn(1, 2), drawn(1, 3))
    assert not np.array_equal(drawn(1, 2), drawn(2, 2))


def test_augmentation_undoes_its_steps_in_reverse_so_that_the_image_is_flipped_first() -> None:
    """Without flip and with the same draws, a flipped image is the flipped augmentation's input."""
    ranges = SpatialAugmentation(elastic_mm=1.0)
    for seed in range(20):
        flipped = np.random.default_rng(seed).random() < 0.5
        if flipped:
            break
    still = SpatialAugmentation(flip=False, elastic_mm=1.0)
    random = np.random.default_rng(seed)
    place = ranges.draw(SIZE, (1, 1, 1), random)
    random = np.random.default_rng(seed)
    random.random()  # the toss
    unflipped = still.draw(SIZE, (1, 1, 1), random)
    np.testing.assert_allclose(place[2], SIZE[2] - 1 - unflipped[2], atol=1e-9)
    np.testing.assert_allclose(place[:2], unflipped[:2], atol=1e-9)


def test_validation_shows_every_contour_as_it_is() -> None:
    x = np.concatenate([batch[0].numpy() for batch in plain_batches(PAIRS)])
    dice = np.concatenate([batch[1].numpy() for batch in plain_batches(PAIRS)])
    assert np.array_equal(x, np.stack([p.input for p in PAIRS]))
    np.testing.assert_allclose(dice, [p.dice for p in PAIRS], rtol=1e-6)


def test_one_contour_is_too_few() -> None:
    with pytest.raises(SettingError, match="at least two"):
        PairBatches(PAIRS[:1], STILL, 0, 0)
