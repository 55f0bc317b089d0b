"""The error network's loss and schedule: the true map costs least, and no gradient grows without bound."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from contourqa_training.error_config import ErrorTraining
from contourqa_training.error_module import ErrorModule, error_loss
from contourqa_training.error_samples import ErrorBatch
from ContourQALib.networks.error_unet3d import ErrorPrediction, soft_dice
from error_runs import error_config

TRAINING = ErrorTraining()
CERTAIN = 12.0
"""A logit as good as certain: e^-12 is 6e-6."""


def batch(count: int = 2, size: int = 8, wrong_from: int = 4) -> ErrorBatch:
    """Cubes of 6 voxels in windows of `size`, their slices from `wrong_from` on contoured too much."""
    x = torch.zeros(count, 3, size, size, size)
    x[:, 1, 1:7, 1:7, 1:7] = 1
    error = torch.zeros(count, size, size, size)
    error[:, wrong_from:7, 1:7, 1:7] = 1
    dice = soft_dice(x[:, 1], error)
    distances = torch.log1p(torch.tensor([[3.0, 1.0]])).repeat(count, 1)
    return ErrorBatch(x, torch.zeros(count, dtype=torch.int64), error, dice, distances, dice)


def said(logits: torch.Tensor, distances: torch.Tensor) -> ErrorPrediction:
    return ErrorPrediction(logits, distances, torch.zeros(len(logits), 4))


def test_the_true_map_and_distances_cost_least() -> None:
    truth = batch()
    right = (2 * truth.error - 1) * CERTAIN

    def loss(logits: torch.Tensor, distances: torch.Tensor = truth.distances) -> float:
        return float(error_loss(said(logits, distances), truth, TRAINING))

    least = loss(right)
    others = [torch.zeros_like(right), torch.full_like(right, -CERTAIN), -right, 0.3 * right]
    assert all(least < loss(other) for other in others)
    assert least < loss(right, truth.distances + 0.5) < loss(right, truth.distances + 1)
    assert all(math.isfinite(loss(other)) for other in others)
    # What is left is the entropy of Dice as a soft label; 1e-2: e^-12 of 512 voxels, in float32.
    entropy = float(torch.nn.functional.binary_cross_entropy(truth.dice, truth.dice))
    assert least == pytest.approx(entropy, abs=1e-2)


def test_a_large_structure_costs_no_more_than_a_small_one() -> None:
    """Twice each side, eight times the voxels, the same share of them missed by the same logits."""
    small = batch()
    doubled = [torch.nn.functional.interpolate(t, scale_factor=2.0) for t in (small.x, small.error[:, None])]
    large = small._replace(x=doubled[0], error=doubled[1][:, 0])
    silent = replace(TRAINING, dice_weight=0.0, distance_weight=0.0)
    losses = [
        float(error_loss(said(torch.full_like(b.error, -1.0), b.distances), b, silent))
        for b in (small, large)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_distances_that_are_not_known_teach_nothing() -> None:
    truth = batch()
    unknown = truth._replace(distances=torch.full_like(truth.distances, math.nan))
    logits = torch.zeros_like(truth.error, requires_grad=True)
    distances = torch.ones(2, 2, requires_grad=True)
    loss = error_loss(said(logits, distances), unknown, TRAINING)
    assert torch.isfinite(loss)
    loss.backward()
    assert distances.grad is None
    assert logits.grad is not None
    half = truth.distances.clone()
    half[0] = math.nan
    error_loss(said(logits, distances), truth._replace(distances=half), TRAINING).backward()
    assert distances.grad is not None
    assert torch.isfinite(distances.grad).all()
    assert not distances.grad[0].any()
    assert distances.grad[1].any()


@pytest.mark.parametrize("logit", [-60.0, 60.0])
def test_a_certain_and_wrong_map_has_a_finite_loss_and_gradient(logit: float) -> None:
    truth = batch()
    logits = torch.full_like(truth.error, logit).requires_grad_()
    loss = error_loss(said(logits, truth.distances), truth, TRAINING)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_learning_rate_rises_and_falls_to_nothing_over_all_steps(tmp_path: Path) -> None:
    config = error_config(tmp_path)
    training = replace(config.training, epochs=5, batches_per_epoch=20, warm_up=0.1, learning_rate=1e-2)
    made = ErrorModule(config.network, training).configure_optimizers()
    schedule, optimizer = made["lr_scheduler"]["scheduler"], made["optimizer"]
    assert made["lr_scheduler"]["interval"] == "step"
    rates = []
    for _ in range(training.steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == pytest.approx(1e-2)
    assert 0 < rates[-1] < 1e-4
    assert 0 < rates[0] <= 1e-3


def test_without_warm_up_it_begins_at_its_height(tmp_path: Path) -> None:
    config = error_config(tmp_path)
    training = replace(config.training, warm_up=0.0, learning_rate=1e-2)
    made = ErrorModule(config.network, training).configure_optimizers()
    assert made["optimizer"].param_groups[0]["lr"] == pytest.approx(1e-2)


def test_a_right_and_a_wrong_contour_are_told_apart_after_a_few_steps(tmp_path: Path) -> None:
    """The mask ends where the bright cube does, or not: only the image tells."""
    torch.manual_seed(0)
    truth = batch(2)
    truth.x[:, 0] = 50
    truth.x[0, 0, 1:7, 1:7, 1:7] = 200
    truth.x[1, 0, 1:4, 1:7, 1:7] = 200
    error = truth.error.clone()
    error[0] = 0
    truth = truth._replace(error=error, dice=soft_dice(truth.x[:, 1], error))
    config = error_config(tmp_path)
    module = ErrorModule(config.network, config.training)
    optimizer = torch.optim.AdamW(module.parameters(), lr=2e-2)
    for _ in range(60):
        optimizer.zero_grad()
        error_loss(module.network(truth.x, truth.structure), truth, config.training).backward()
        optimizer.step()
    with torch.no_grad():
        found = soft_dice(truth.x[:, 1], torch.sigmoid(module.network(truth.x, truth.structure).logits))
    # Targets are 1 and 0.67; a constant would be off by 0.17 on both.
    assert float(found[0]) == pytest.approx(1.0, abs=0.1)
    assert float(found[1]) == pytest.approx(float(truth.dice[1]), abs=0.1)
