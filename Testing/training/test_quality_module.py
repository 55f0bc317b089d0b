"""The first paper's loss and schedule: what is learned, and when the learning rate drops."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from contourqa_training.batches import Batch, Sample, collate
from contourqa_training.config import read_config
from contourqa_training.quality_module import QualityModule
from ContourQALib.case import Contour
from ContourQALib.metrics.overlap import overlap
from ContourQALib.perturbation import perturb
from ContourQALib.quality.preprocessing import prepare
from training_cases import config, training_cases


def learning_rates(module: QualityModule) -> list[float]:
    """The learning rate of every epoch."""
    made = module.configure_optimizers()
    optimizer, schedule = made["optimizer"], made["lr_scheduler"]["scheduler"]
    assert made["lr_scheduler"]["interval"] == "epoch"
    rates = []
    for _ in range(module.settings.epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def test_the_papers_learning_rate_drops_after_120_of_200_epochs() -> None:
    paper = read_config("isaksson").training
    rates = learning_rates(QualityModule(config().network, paper))
    assert rates == pytest.approx([2e-3] * 120 + [2e-4] * 80)


def test_fewer_epochs_drop_after_the_same_share() -> None:
    short = replace(read_config("isaksson").training, epochs=10)
    assert learning_rates(QualityModule(config().network, short)) == pytest.approx([2e-3] * 6 + [2e-4] * 4)


def test_the_optimizer_is_adam_over_all_weights() -> None:
    module = QualityModule(config().network, config().training)
    optimizer = module.configure_optimizers()["optimizer"]
    assert type(optimizer) is torch.optim.Adam
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == {
        id(p) for p in module.network.parameters()
    }


def batch_of(*contours: Contour) -> Batch:
    """Contours of the first ball, each in the middle of its window."""
    case, settings = training_cases(1)[0], config().preprocessing
    samples = []
    for contour in contours:
        x = prepare(case.image, contour, settings)
        wrong = x[1] != prepare(case.image, case.reference, settings)[1]
        samples.append(Sample(x, overlap(case.reference.mask, contour.mask).dice, wrong))
    return collate(samples)


def test_a_reference_and_a_moved_contour_are_learned_in_a_few_steps() -> None:
    torch.manual_seed(0)
    reference = training_cases(1)[0].reference
    batch = batch_of(reference, perturb(reference, "shift", 6.0))
    module = QualityModule(config().network, config().training)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        module.training_step(batch, 0).backward()
        optimizer.step()
    with torch.no_grad():
        good, poor = module(batch[0]).tolist()
    # Targets are 1 and 0.2; a constant would be off by 0.4 on both.
    assert good == pytest.approx(1.0, abs=0.15)
    assert poor == pytest.approx(float(batch[1][1]), abs=0.15)


def test_the_loss_is_the_mean_squared_error_of_dice() -> None:
    reference = training_cases(1)[0].reference
    batch = batch_of(reference, perturb(reference, "dilate", 2.0))
    module = QualityModule(config().network, config().training)
    with torch.no_grad():
        found = module.training_step(batch, 0)
        expected = ((module(batch[0]) - batch[1]) ** 2).mean()
    assert float(found) == pytest.approx(float(expected), rel=1e-6)  # float32
