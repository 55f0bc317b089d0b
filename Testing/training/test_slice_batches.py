"""Batches straight from arrays: every slice once a pass, the same after a kill."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.slice_batches import SliceBatches
from contourqa_training.slices import SliceSet
from segmenter_runs import boxes_config, write_boxes


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> SliceSet:
    return SegmenterData.load(write_boxes(tmp_path_factory.mktemp("boxes") / "data"), boxes_config()).slices


def of(slices: SliceSet, epoch: int = 0, size: int = 8, chosen: int = 29) -> SliceBatches:
    return SliceBatches(slices, np.arange(chosen), [0, 1], size, epoch=epoch, seed=5)


def images(batches: SliceBatches) -> np.ndarray:
    return np.concatenate([batch[0].numpy() for batch in batches])


def test_every_slice_comes_once_in_batches_of_nearly_equal_size(slices: SliceSet) -> None:
    batches = of(slices)
    sizes = [len(batch[0]) for batch in batches]
    assert len(sizes) == len(batches) == 4
    assert sum(sizes) == 29
    assert max(sizes) - min(sizes) <= 1
    found = images(batches)[:, 0]
    expected = slices.batch(np.arange(29))[0][:, 0]
    assert sorted(map(bytes, found)) == sorted(map(bytes, expected))


def test_images_masks_and_known_belong_together(slices: SliceSet) -> None:
    both = next(iter(SliceBatches(slices, np.arange(40), [0, 1], 40)))
    second = next(iter(SliceBatches(slices, np.arange(40), [1], 40)))
    assert torch.equal(second[1], both[1][:, 1:])
    assert torch.equal(second[2], both[2][:, 1:])
    # a spleen is the brightest there is: 220 HU at noise of 20, in a window that ends at 240
    spleen = both[1][:, 1] > 0
    assert both[0][:, 0][spleen].mean() > 0.85 > both[0][:, 0][~spleen].mean()


def test_epochs_have_their_own_order_and_keep_it(slices: SliceSet) -> None:
    assert np.array_equal(images(of(slices, epoch=1)), images(of(slices, epoch=1)))
    assert not np.array_equal(images(of(slices, epoch=1)), images(of(slices, epoch=2)))


def test_a_pass_goes_on_where_it_stood(slices: SliceSet) -> None:
    whole = [batch[0] for batch in of(slices, epoch=3)]
    cut = of(slices, epoch=3)
    first = iter(cut)
    next(first)
    next(first)
    again = of(slices, epoch=3)
    again.load_state_dict(cut.state_dict())
    rest = [batch[0] for batch in again]
    assert len(rest) == 2
    assert all(torch.equal(a, b) for a, b in zip(rest, whole[2:], strict=True))


def test_a_position_of_another_epoch_or_at_the_end_means_nothing(slices: SliceSet) -> None:
    for state in ({"epoch": 2, "position": 2}, {"epoch": 3, "position": 4}):
        batches = of(slices, epoch=3)
        batches.load_state_dict(state)
        assert len(list(batches)) == 4
