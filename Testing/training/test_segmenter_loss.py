"""The losses against their formulas, what minimizes them, and organs that were not contoured."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from contourqa_training.segmenter_loss import class_losses, mean_over_known, slice_losses


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


def class_logits(seed: int = 7, structures: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of two slices, masks that share no voxel, and all known; double, so that sums are exact."""
    random = np.random.default_rng(seed)
    logits = torch.from_numpy(random.normal(0, 2, (2, structures, 5, 6)))
    label = torch.from_numpy(random.integers(0, structures + 1, (2, 5, 6)))
    masks = torch.stack([label == s for s in range(1, structures + 1)], dim=1).double()
    return logits, masks, torch.ones(2, structures, dtype=torch.bool)


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0, 1.0), (0.5, 2.0, 4.0, 1.5)])
def test_all_known_is_torch_s_own_cross_entropy_with_a_background_of_0(weights: tuple[float, ...]) -> None:
    logits, masks, known = class_logits()
    label = torch.cat((1 - masks.sum(dim=1, keepdim=True), masks), dim=1).argmax(dim=1)
    classes = torch.cat((torch.zeros_like(logits[:, :1]), logits), dim=1)
    weight = torch.tensor(weights)
    own = functional.cross_entropy(classes, label, weight.double(), reduction="none").mean(dim=(1, 2))
    mine = class_losses(logits, masks, known, weight, keep_probabilities=False)
    # computed in float32
    torch.testing.assert_close(mine.double(), own, rtol=1e-5, atol=0)
    if set(weights) == {1.0}:  # nothing to keep
        kept = class_losses(logits, masks, known, weight, keep_probabilities=True)
        torch.testing.assert_close(kept, mine)


def test_a_structure_that_was_not_contoured_counts_as_background() -> None:
    # one voxel of odds 1 (background) : 2 : 5, of which the second structure was not contoured
    logits = torch.log(torch.tensor([2.0, 5.0])).reshape(1, 2, 1, 1)
    known = torch.tensor([[True, False]])
    masks = torch.zeros(1, 2, 1, 1)
    even = torch.ones(3)
    found = class_losses(logits, masks, known, even, keep_probabilities=False)
    assert float(found) == pytest.approx(-math.log((1 + 5) / 8), rel=1e-6)  # float32
    masks[:, 0] = 1
    assert float(class_losses(logits, masks, known, even, keep_probabilities=False)) == pytest.approx(
        -math.log(2 / 8), rel=1e-6
    )
    # with weights 1/2, 3 and 7: those of the classes that are told apart, background and the first structure
    weights = torch.tensor([0.5, 3.0, 7.0])
    kept = class_losses(logits, masks, known, weights, keep_probabilities=True)
    assert float(kept) == pytest.approx(-3 * math.log(3 * 2 / (0.5 * (1 + 5) + 3 * 2)), rel=1e-6)


def test_a_mask_of_a_structure_that_was_not_contoured_means_nothing() -> None:
    logits, masks, known = class_logits()
    known[0, 1] = False
    other = masks.clone()
    other[0, 1] = 1 - other[0, 1]
    for keep in (True, False):
        one, two = (
            class_losses(logits, m, known, torch.ones(4), keep_probabilities=keep) for m in (masks, other)
        )
        assert torch.equal(one, two)


def test_a_voxel_of_two_structures_belongs_to_the_first() -> None:
    logits, masks, known = class_logits()
    both = masks.clone()
    both[:, 2] = torch.maximum(both[:, 2], masks[:, 0])
    one, two = (
        class_losses(logits, m, known, torch.ones(4), keep_probabilities=False) for m in (masks, both)
    )
    assert torch.equal(one, two)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("far", [0.0, 300.0])
def test_gradients_are_finite_wherever_structures_were_not_contoured(keep: bool, far: float) -> None:
    logits, masks, known = class_logits()
    known[0, 1] = False
    known[1] = False
    leaf = (logits + far).float().requires_grad_()
    class_losses(leaf, masks, known, torch.tensor([0.1, 1, 5, 9]), keep_probabilities=keep).sum().backward()
    assert leaf.grad is not None
    assert torch.isfinite(leaf.grad).all()
    # nothing is known of the second slice: all its classes are one, which is right whatever the logits
    assert not leaf.grad[1].any()
    assert leaf.grad[0, 1].any()  # an unknown structure is learned of as background


@pytest.mark.parametrize("keep", [True, False])
def test_what_minimizes_the_loss_is_the_frequency_or_the_weight_times_it(keep: bool) -> None:
    # 100 voxels alike to the network, of which so many are background, first and second structure
    counts = torch.tensor([80, 15, 5])
    label = torch.repeat_interleave(torch.arange(3), counts).reshape(1, 1, 100)
    masks = torch.stack([label[:, 0] == s for s in (1, 2)], dim=1)[:, :, None].float()
    weights = torch.tensor([0.6, 2.0, 6.0])
    logits = torch.zeros(2, requires_grad=True)
    steps = torch.optim.LBFGS([logits], max_iter=100, tolerance_grad=1e-7, line_search_fn="strong_wolfe")
    known = torch.ones(1, 2, dtype=torch.bool)

    def loss() -> torch.Tensor:
        steps.zero_grad()
        everywhere = logits[None, :, None, None].expand(1, 2, 1, 100)
        total = class_losses(everywhere, masks, known, weights, keep_probabilities=keep).sum()
        total.backward()
        return total

    steps.step(loss)
    p = torch.softmax(torch.cat((torch.zeros(1), logits.detach())), dim=0)
    expected = counts / 100 if keep else counts * weights / (counts * weights).sum()
    # a minimum is flat: float32 losses to 1e-7 leave the logits some 1e-3 of play
    torch.testing.assert_close(p, expected.float(), rtol=5e-3, atol=0)
