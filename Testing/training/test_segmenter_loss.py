"""The loss of eq. 5 against its formula in numpy, and organs that were not contoured."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from contourqa_training.segmenter_loss import mean_over_known, slice_losses


@pytest.mark.parametrize("dice_weight", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_the_loss_is_the_mixture_of_cross_entropy_and_dice(dice_weight: float) -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 2, (3, 2, 5, 7))
    masks = random.random((3, 2, 5, 7)) < 0.3
    p = 1 / (1 + np.exp(-logits))
    entropy = -(masks * np.log(p) + ~masks * np.log(1 - p)).mean(axis=(2, 3))
    dice = (2 * (p * masks).sum(axis=(2, 3)) + 1) / (p.sum(axis=(2, 3)) + masks.sum(axis=(2, 3)) + 1)
    expected = (1 - dice_weight) * entropy + dice_weight * (1 - dice)
    found = slice_losses(torch.tensor(logits), torch.tensor(masks), dice_weight).numpy()
    # the loss is computed in float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_perfect_map_costs_nothing_also_where_the_slice_is_empty() -> None:
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, 0, 2:5, 2:5] = 1
    for dice_weight in (0.0, 0.5, 1.0):
        losses = slice_losses(80 * masks - 40, masks, dice_weight)
        # exp(-40) is 4e-18, far below what float32 adds up
        assert float(losses.max()) < 1e-6


def test_certain_and_wrong_is_a_finite_loss() -> None:
    masks = torch.zeros(1, 1, 4, 4)
    logits = torch.full((1, 1, 4, 4), 1000.0)
    assert float(slice_losses(logits, masks, 0.0)) == pytest.approx(1000.0)


def test_half_precision_logits_lose_nothing_in_the_sums() -> None:
    masks = torch.ones(1, 1, 128, 128)
    logits = torch.zeros(1, 1, 128, 128, dtype=torch.float16)
    # 2 (n / 2) / (n / 2 + n) = 2/3; in float16 a sum of 16384 would have steps of 16
    assert float(slice_losses(logits, masks, 1.0)) == pytest.approx(1 / 3, abs=1e-4)


def test_each_organ_counts_alike_over_the_slices_that_know_it() -> None:
    losses = torch.tensor([[1.0, 10.0], [3.0, 99.0], [5.0, 99.0]])
    known = torch.tensor([[True, True], [True, False], [False, False]])
    assert float(mean_over_known(losses, known)) == pytest.approx((2.0 + 10.0) / 2)


def test_what_is_not_known_has_no_gradient() -> None:
    logits = torch.zeros(2, 2, 4, 4, requires_grad=True)
    known = torch.tensor([[True, False], [True, True]])
    mean_over_known(slice_losses(logits, torch.zeros(2, 2, 4, 4), 0.5), known).backward()
    assert logits.grad is not None
    assert not logits.grad[0, 1].any()
    assert logits.grad[0, 0].any()
    assert logits.grad[1, 1].any()


def test_a_batch_that_knows_nothing_costs_nothing() -> None:
    losses = torch.full((2, 3), 7.0)
    assert float(mean_over_known(losses, torch.zeros(2, 3, dtype=torch.bool))) == 0.0
