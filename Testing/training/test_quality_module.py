"""The loss and the schedule: what is learned, and when the learning rate drops."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from contourqa_training.batches import collate, sample_of
from contourqa_training.config import read_config
from contourqa_training.quality_module import QualityModule, quality_loss
from ContourQALib.perturbation import perturb
from training_cases import GRADED_SCHEME, PAPERS_SCHEME, config, training_cases


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


@pytest.mark.parametrize("text", [PAPERS_SCHEME, GRADED_SCHEME])
def test_a_reference_and_a_moved_contour_are_learned_in_a_few_steps(text: str) -> None:
    torch.manual_seed(0)
    settings, case = config(text), training_cases(1)[0]
    contours = [case.reference, perturb(case.reference, "shift", 6.0)]
    batch = collate([sample_of(case, contour, settings) for contour in contours])
    module = QualityModule(settings.network, settings.training)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        loss = quality_loss(module.network, batch, settings.training.loss)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        good, poor = module(batch[0]).tolist()
    # Targets are 1 and 0.2; a constant would be off by 0.4 on both.
    assert good == pytest.approx(1.0, abs=0.15)
    assert poor == pytest.approx(float(batch[1][1]), abs=0.15)


def test_squared_error_is_the_mean_over_the_batch() -> None:
    settings, case = config(PAPERS_SCHEME), training_cases(1)[0]
    batch = collate([sample_of(case, case.reference, settings)] * 2)
    network = QualityModule(settings.network, settings.training).network
    with torch.no_grad():
        found = quality_loss(network, batch, "squared_error")
        expected = ((network(batch[0]) - batch[1]) ** 2).mean()
    assert float(found) == pytest.approx(float(expected), rel=1e-6)  # float32


def test_the_error_map_loss_prefers_the_right_map_and_stays_finite_when_wrong() -> None:
    settings, case = config(GRADED_SCHEME), training_cases(1)[0]
    x, dice, error = collate([sample_of(case, perturb(case.reference, "dilate", 2.0), settings)])

    class Fixed(torch.nn.Module):
        """Stands for a network that is certain of a map."""

        def __init__(self, wrong: torch.Tensor) -> None:
            super().__init__()
            self.map = wrong
            self.dice_of = QualityModule(settings.network, settings.training).network.dice_of

        def logit_map(self, _: torch.Tensor) -> torch.Tensor:
            return 40 * self.map - 20

    def loss(wrong: torch.Tensor) -> float:
        return float(quality_loss(Fixed(wrong), (x, dice, error), "error_map"))  # type: ignore[arg-type]

    right, none, inverse = loss(error), loss(torch.zeros_like(error)), loss(1 - error)
    assert right < none < inverse < float("inf")
    # A certain and right map costs nothing but the entropy of Dice as a soft label.
    entropy = float(torch.nn.functional.binary_cross_entropy(dice, dice))
    assert right == pytest.approx(entropy, abs=1e-3)  # e^-20 a voxel, and float32 of the cross entropy
