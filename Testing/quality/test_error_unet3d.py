"""The error network: its map lies on the input's voxels, and Dice follows from the map exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ContourQALib.errors import SettingError
from ContourQALib.metrics.overlap import overlap
from ContourQALib.networks.error_unet3d import (
    ErrorPrediction,
    ErrorUNet3D,
    ErrorUNet3DConfig,
    _from_cells,
    _to_cells,
    config_from_dict,
    config_to_dict,
    soft_counts,
    soft_dice,
)

SMALL = ErrorUNet3DConfig(widths=(8, 16), stride=(2, 2, 2), structures=3, group_count=4)


def network(config: ErrorUNet3DConfig = SMALL, seed: int = 0) -> ErrorUNet3D:
    """One whose last layer answers, as after training; untrained it gives the same for every voxel."""
    torch.manual_seed(seed)
    made = ErrorUNet3D(config).eval()
    torch.nn.init.normal_(made.head.weight, std=0.5)
    return made


def inputs(shape: tuple[int, int, int], count: int = 2, seed: int = 0) -> torch.Tensor:
    """Image, mask, and hint of noise."""
    made = torch.Generator().manual_seed(seed)
    x = torch.rand((count, 3, *shape), generator=made)
    return torch.stack([x[:, 0] * 255, (x[:, 1] > 0.6).float(), 2 * x[:, 2] - 1], dim=1)


def answer(made: ErrorUNet3D, x: torch.Tensor, structures: list[int]) -> ErrorPrediction:
    with torch.inference_mode():
        said: ErrorPrediction = made(x, torch.tensor(structures))
    return said


@pytest.mark.parametrize(
    ("stride", "shape"), [((1, 1, 1), (4, 6, 8)), ((2, 1, 1), (4, 6, 2)), ((1, 3, 2), (2, 6, 12))]
)
def test_the_map_has_the_inputs_voxels_whatever_the_stride(
    stride: tuple[int, int, int], shape: tuple[int, int, int]
) -> None:
    config = replace(SMALL, stride=stride)
    assert all(n % m == 0 for n, m in zip(shape, config.multiple, strict=True))
    said = answer(network(config), inputs(shape), [0, 2])
    assert said.logits.shape == (2, *shape)
    assert said.distances.shape == (2, 2)
    assert said.features.shape == (2, 16)


def test_a_deeper_network_needs_larger_multiples() -> None:
    config = ErrorUNet3DConfig(widths=(8, 8, 16, 16), stride=(1, 2, 3))
    assert config.multiple == (8, 16, 24)
    assert answer(network(config), inputs((8, 16, 24), 1), [0]).logits.shape == (1, 8, 16, 24)


@pytest.mark.parametrize("stride", [(1, 1, 1), (2, 2, 2), (1, 3, 2)])
def test_cells_lose_no_voxel_and_give_each_back_in_its_place(stride: tuple[int, int, int]) -> None:
    x = torch.arange(2 * 4 * 6 * 4).reshape(2, 1, 4, 6, 4).float()
    assert torch.equal(_from_cells(_to_cells(x, stride), stride), x[:, 0])


def test_a_cell_holds_neighboring_voxels_of_every_channel() -> None:
    x = torch.arange(2 * 4 * 4 * 4).reshape(1, 2, 4, 4, 4).float()
    cells = _to_cells(x, (2, 2, 2))
    assert sorted(cells[0, :, 0, 1, 0].tolist()) == sorted(x[0, :, :2, 2:, :2].flatten().tolist())


def test_untrained_it_calls_every_voxel_wrong_with_the_probability_it_was_given() -> None:
    made = ErrorUNet3D(replace(SMALL, initial_output=0.2)).eval()
    said = answer(made, inputs((4, 4, 4)), [0, 1])
    # 1e-6: float32
    np.testing.assert_allclose(torch.sigmoid(said.logits), 0.2, atol=1e-6)


def test_the_structure_changes_the_answer() -> None:
    made, x = network(), inputs((4, 4, 4), 1)
    first, again, other = (answer(made, x, [number]) for number in (0, 0, 2))
    assert torch.equal(first.logits, again.logits)
    # 1e-3: far above float32's rounding of 1e-6
    assert (first.logits - other.logits).abs().max() > 1e-3
    assert (first.distances - other.distances).abs().max() > 1e-3


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_image_mask_and_hint_are_all_looked_at(channel: int) -> None:
    made, x = network(), inputs((4, 4, 4), 1)
    changed = x.clone()
    changed[:, channel] = 0
    assert (answer(made, x, [0]).logits - answer(made, changed, [0]).logits).abs().max() > 1e-3


def test_training_and_evaluation_mode_agree_and_contours_of_a_batch_do_not_meet() -> None:
    """Group norms: neither batch statistics nor dropout."""
    made, x = network(), inputs((4, 4, 4), 3)
    together = answer(made, x, [0, 1, 2])
    alone = [answer(made, x[n : n + 1], [n]) for n in range(3)]
    training = answer(made.train(), x, [0, 1, 2])
    for n in range(3):
        # 1e-5: float32, batched convolutions sum in another order
        torch.testing.assert_close(alone[n].logits[0], together.logits[n], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(alone[n].distances[0], together.distances[n], atol=1e-5, rtol=1e-5)
    assert torch.equal(training.logits, together.logits)


@pytest.mark.parametrize("seed", range(4))
def test_the_true_map_gives_the_exact_dice(seed: int) -> None:
    random = np.random.default_rng(seed)
    mask, reference = random.random((2, 3, 4, 5)) > random.uniform(0.2, 0.8)
    error = torch.from_numpy(mask ^ reference).float()[None]
    x = torch.from_numpy(mask).float()[None]
    # 1e-6: float32
    assert float(soft_dice(x, error)) == pytest.approx(overlap(reference, mask).dice, abs=1e-6)
    size, over, under = (float(n) for n in soft_counts(x, error))
    assert (size, over, under) == (mask.sum(), (mask & ~reference).sum(), (reference & ~mask).sum())


def test_dice_of_nothing_at_all_is_a_number_and_has_a_gradient() -> None:
    probability = torch.zeros(1, 2, 2, 2, requires_grad=True)
    found = soft_dice(torch.zeros(1, 2, 2, 2), probability)
    found.sum().backward()
    assert float(found.detach()) == 0
    assert torch.isfinite(probability.grad).all()


def test_a_worse_map_gives_a_lower_dice() -> None:
    mask = torch.zeros(1, 4, 4, 4)
    mask[:, 1:3, 1:3, 1:3] = 1
    dice = [float(soft_dice(mask, torch.full_like(mask, p))) for p in (0.0, 0.1, 0.3, 0.9)]
    assert dice == sorted(dice, reverse=True)
    assert dice[0] == 1


def test_the_config_survives_as_plain_values() -> None:
    config = ErrorUNet3DConfig(widths=(8, 24), stride=(2, 1, 1), structures=5, initial_output=0.1)
    assert config_from_dict(config_to_dict(config)) == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"widths": [8]},
        {"widths": [8, 12]},
        {"widths": [8, 0]},
        {"stride": [2, 2]},
        {"stride": [2, 2, 0]},
        {"structures": 0},
        {"initial_output": 1.0},
        {"image_scale": 0.0},
        {"depth": 3},
    ],
)
def test_an_impossible_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        config_from_dict(wrong)
