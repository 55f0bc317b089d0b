"""The quality network: the paper's size and levels, any input, and what its number means."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ContourQALib.errors import SettingError
from ContourQALib.networks.efficientdet3d import (
    EfficientDet3D,
    EfficientDet3DConfig,
    FastNormalizedFusion,
    config_from_dict,
    config_to_dict,
)

PAPER_SHAPE = (28, 160, 160)
SMALL = {"filters": (8, 8, 16), "repeats": (1, 1), "kernels": (3, 3), "bifpn_blocks": 1, "bifpn_filters": 8}


def small(**changes: object) -> EfficientDet3DConfig:
    return EfficientDet3DConfig(**{**SMALL, "norm": "group", **changes})


def batch_of_cubes(shape: tuple[int, int, int], count: int = 1, seed: int = 0) -> torch.Tensor:
    """Images of noise, each with a cuboid contour in the middle."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(count, 2, *shape)
    x[:, 0] = torch.rand(count, *shape, generator=generator)
    k, j, i = (slice(n // 4, max(n // 4 + 1, 3 * n // 4)) for n in shape)
    x[:, 1, k, j, i] = 1
    return x


def test_the_papers_network_has_1_43_million_parameters() -> None:
    count = sum(p.numel() for p in EfficientDet3D().parameters())
    assert round(count / 1e6, 2) == 1.43  # the figure of EVALUATION.md, to its printed digits


def test_levels_at_the_papers_image_size() -> None:
    network = EfficientDet3D().eval()
    with torch.no_grad():
        levels = network.backbone(torch.zeros(1, 2, *PAPER_SHAPE))
    assert [tuple(level.shape[2:]) for level in levels] == network.level_shapes(PAPER_SHAPE)
    assert [level.shape[2] for level in levels] == [28, 14, 7, 4, 2, 1, 1]
    assert [level.shape[4] for level in levels] == [80, 40, 20, 10, 5, 3, 2]
    assert [level.shape[1] for level in levels] == [32, 16, 24, 40, 80, 112, 192]


@pytest.mark.parametrize("output", ["mean", "error_map"])
@pytest.mark.parametrize("shape", [(48, 64, 48), (28, 32, 32), (1, 40, 24), (7, 9, 11), (16, 1, 16)])
def test_any_size_of_input_gives_one_dice_a_contour(shape: tuple[int, int, int], output: str) -> None:
    network = EfficientDet3D(small(output=output)).eval()
    with torch.no_grad():
        dice = network(batch_of_cubes(shape, count=2))
    assert dice.shape == (2,)
    assert ((dice >= 0) & (dice <= 1)).all()


@pytest.mark.parametrize("stem_stride", [(1, 2, 2), (2, 2, 2)])
def test_the_error_map_has_the_inputs_size_where_that_is_odd(stem_stride: tuple[int, int, int]) -> None:
    network = EfficientDet3D(small(output="error_map", stem_stride=stem_stride)).eval()
    with torch.no_grad():
        assert network.error_map(batch_of_cubes((7, 9, 11))).shape == (1, 7, 9, 11)


def test_depth_to_space_puts_each_value_at_its_own_voxel() -> None:
    """Channel c of the convolution belongs to the c-th of the 2x2x2 voxels below a voxel of P1."""
    network = EfficientDet3D(small(output="error_map", stem_stride=(2, 2, 2))).eval()
    with torch.no_grad():
        network.head.convolution.weight.zero_()
        network.head.convolution.bias.copy_(torch.arange(8.0))
        found = network.logit_map(torch.zeros(1, 2, 16, 16, 16))[0, :2, :2, :2]
    assert torch.equal(found, torch.arange(8.0).reshape(2, 2, 2))


def test_group_norm_does_the_same_in_training_and_evaluation() -> None:
    network = EfficientDet3D(small(output="error_map"))
    x = batch_of_cubes((16, 16, 16), count=2)
    with torch.no_grad():
        # 1e-6: the same float32 operations, summed in another order by the batched kernels at most.
        torch.testing.assert_close(network.train()(x), network.eval()(x), rtol=0, atol=1e-6)


def test_a_contour_gets_the_same_number_alone_and_in_a_batch() -> None:
    network = EfficientDet3D(small(output="error_map")).eval()
    x = batch_of_cubes((16, 16, 16), count=3)
    with torch.no_grad():
        together = network(x)
        alone = torch.cat([network(x[n : n + 1]) for n in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)  # float32 rounding of other kernels


def test_dice_of_a_certain_error_map_is_the_dice_of_the_masks() -> None:
    network = EfficientDet3D(small(output="error_map"))
    generator = torch.Generator().manual_seed(3)
    mask, reference = (torch.rand(2, 6, 6, 6, generator=generator) < p for p in (0.4, 0.5))
    x = torch.stack([torch.zeros_like(mask), mask], dim=1).float()
    found = network.dice_of(x, (mask ^ reference).float())
    both = (mask & reference).sum(dim=(1, 2, 3))
    expected = 2 * both / (mask.sum(dim=(1, 2, 3)) + reference.sum(dim=(1, 2, 3)))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)  # sums of whole numbers in float32


def test_an_empty_contour_has_dice_zero_whatever_the_weights() -> None:
    network = EfficientDet3D(small(output="error_map")).eval()
    x = batch_of_cubes((8, 8, 8))
    x[:, 1] = 0
    with torch.no_grad():
        assert float(network(x)) == 0


@pytest.mark.parametrize("initial", [0.02, 0.5, 0.9])
def test_training_starts_at_the_initial_output(initial: float) -> None:
    network = EfficientDet3D(small(initial_output=initial)).eval()
    with torch.no_grad():
        network.head.convolution.weight.zero_()
        assert network(batch_of_cubes((8, 8, 8))).item() == pytest.approx(initial, abs=1e-6)  # float32


def test_fusion_weights_stay_positive_and_come_back_from_zero() -> None:
    fusion = FastNormalizedFusion(2)
    assert fusion.weights.tolist() == pytest.approx([1.0, 1.0], abs=1e-6)  # float32 of log(e - 1)
    with torch.no_grad():
        fusion.raw[1] = -8.0
    one, two = torch.zeros(1, 4, 2, 2, 2), torch.ones(1, 4, 2, 2, 2)
    assert (fusion.weights > 0).all()
    assert fusion([one, two]).mean().item() == pytest.approx(math.exp(-8), rel=0.01)  # softplus(-8) ~ e^-8
    fusion([one, two]).sum().backward()
    assert fusion.raw.grad is not None
    assert float(fusion.raw.grad[1]) > 0  # where ReLU would have none


def test_fusion_is_a_weighted_mean() -> None:
    fusion = FastNormalizedFusion(3)
    maps = [torch.full((1, 1, 1, 1, 1), value) for value in (1.0, 2.0, 6.0)]
    assert fusion(maps).item() == pytest.approx(3.0, rel=1e-4)  # the fusion's epsilon is 1e-4


def test_every_parameter_learns() -> None:
    network = EfficientDet3D(small(output="error_map"))
    network(batch_of_cubes((16, 16, 16), count=2)).sum().backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == []


@pytest.mark.parametrize("output", ["mean", "error_map"])
def test_two_contours_of_one_image_are_told_apart_after_a_few_steps(output: str) -> None:
    torch.manual_seed(0)
    network = EfficientDet3D(small(output=output))
    x = batch_of_cubes((12, 12, 12), count=2)
    x[1] = x[0]
    x[1, 1] = torch.roll(x[0, 1], 3, dims=0)
    target = torch.tensor([1.0, 0.3])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(x), target)
        loss.backward()
        optimizer.step()
    # A constant prediction cannot go below the variance of the targets, 0.1225.
    assert loss.item() < 0.02


def test_a_config_survives_as_plain_values() -> None:
    config = small(output="error_map", stem_stride=(2, 2, 2))
    assert config_from_dict(config_to_dict(config)) == config
    assert all(not isinstance(value, tuple) for value in config_to_dict(config).values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeats": (1,)},
        {"norm": "layer"},
        {"output": "median"},
        {"initial_output": 0.0},
        {"input_scale": 0.0},
        {"filters": (8, 8, 12)},
    ],
)
def test_an_impossible_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        small(**wrong)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingError, match="depth"):
        config_from_dict({"depth": 5})


def test_a_network_of_one_number_has_no_error_map() -> None:
    with pytest.raises(SettingError, match="error map"):
        EfficientDet3D(small()).error_map(torch.zeros(1, 2, 8, 8, 8))
