"""The segmentation network: the sizes and filters of Table A1, its parameters, and what it can see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from ContourQALib.errors import SettingError
from ContourQALib.networks.dropout import Dropout
from ContourQALib.networks.unet2d import UNet2D, UNet2DConfig

SMALL = UNet2DConfig(filters=(4, 6, 8), decoder_filters=(6,), dropout=0.0)

TABLE = [
    # encoder: channels in, channels out, size out
    (1, 16, 128),
    (16, 16, 64), (16, 32, 64),
    (32, 32, 32), (32, 64, 32),
    (64, 64, 16), (64, 128, 16),
    (128, 128, 8), (128, 128, 8),
    # decoder: half the input of the first convolution of each block is the skip connection
    (128, 128, 16), (256, 128, 16), (128, 64, 16),
    (64, 64, 32), (128, 64, 32), (64, 32, 32),
    (32, 32, 64), (64, 64, 64), (64, 16, 64),
    (16, 16, 128), (32, 16, 128),
    (16, 1, 128),
]  # fmt: skip
"""Table A1, row by row, as the module's docstring reads it."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on two threads, and much slower beside another program."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def parameters(config: UNet2DConfig) -> int:
    return sum(p.numel() for p in UNet2D(config).parameters())


def test_every_convolution_is_a_row_of_the_table_in_its_order() -> None:
    network = UNet2D().eval()
    seen: list[tuple[int, int, int]] = []

    def note(_: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        seen.append((inputs[0].shape[1], output.shape[1], output.shape[2]))

    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    for convolution in convolutions:
        convolution.register_forward_hook(note)
        assert convolution.kernel_size == (3, 3)
        stride = 2 if isinstance(convolution, nn.ConvTranspose2d) else 1
        assert convolution.stride == (stride, stride)
    with torch.no_grad():
        network(torch.zeros(1, 1, 128, 128))
    assert seen == TABLE


def test_the_papers_network_has_1_15_million_parameters() -> None:
    # 9 weights for each pair of channels of the table, a gain and an offset for every normed channel, and the
    # bias of the last convolution
    weights = 9 * sum(inside * outside for inside, outside, _ in TABLE)
    norms = 2 * sum(outside for _, outside, _ in TABLE[:-1])
    assert parameters(UNet2DConfig()) == weights + norms + 1 == 1_150_145


def test_the_other_reading_of_the_filter_count_has_fewer() -> None:
    assert round(parameters(UNet2DConfig(decoder_filters=(128, 64, 32))) / 1e6, 2) == 1.13


def test_a_network_for_several_structures_differs_in_its_last_convolution_alone() -> None:
    assert parameters(UNet2DConfig(out_channels=7)) - parameters(UNet2DConfig()) == 6 * (9 * 16 + 1)


@pytest.mark.parametrize("side", [(128, 128), (16, 48), (160, 144)])
def test_logits_have_the_inputs_size(side: tuple[int, int]) -> None:
    network = UNet2D(UNet2DConfig(out_channels=3)).eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.fill_(-5.0)
        logits = network(torch.rand(2, 1, *side))
    assert logits.shape == (2, 3, *side)
    assert (logits == -5).all()  # no sigmoid after the last convolution


@pytest.mark.parametrize("side", [(150, 150), (128, 120), (8, 16)])
def test_a_size_that_cannot_be_halved_four_times_is_refused(side: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match=f"multiples of 16 voxels, not {side[0]}x{side[1]}"):
        UNet2D()(torch.zeros(1, 1, *side))


def test_every_block_but_the_last_has_norm_activation_and_a_fifth_dropped() -> None:
    network = UNet2D()
    kinds = [type(m) for m in network.modules()]
    assert kinds.count(nn.BatchNorm2d) == kinds.count(Dropout) == len(TABLE) - 1
    assert kinds.count(nn.ReLU) == kinds.count(nn.ConvTranspose2d) == 4
    assert kinds.count(nn.LeakyReLU) == len(TABLE) - 1 - 4
    assert {m.share for m in network.modules() if isinstance(m, Dropout)} == {0.2}


def test_the_skip_at_full_resolution_carries_what_pooling_loses() -> None:
    """A checkerboard and its negative have the same maxima in every 2x2: only the skip tells them apart."""
    torch.manual_seed(0)
    network = UNet2D(SMALL).eval()
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2
    with torch.no_grad():
        first, second = (network(b.float()[None, None]) for b in (board, 1 - board))
        assert (first - second).abs().max() > 1e-3  # far above float32 rounding of logits near 0.1
        network.encoder[0][0].weight[:] = 0.0
        network.encoder[0][0].weight[..., 1, 1] = 1.0  # the first convolution passes the image on
        network.decoder[-1][0].weight[:, SMALL.filters[0] :] = 0.0  # the half that is the skip
        first, second = (network(b.float()[None, None]) for b in (board, 1 - board))
    assert torch.allclose(first, second, atol=1e-6)  # float32 rounding


def test_slices_of_a_batch_do_not_see_each_other_in_evaluation() -> None:
    network = UNet2D(SMALL).eval()
    x = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        alone = torch.cat([network(one[None]) for one in x])
        assert torch.allclose(network(x), alone, atol=1e-6)  # float32 rounding of another batch size


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    network = UNet2D(SMALL)
    network(torch.rand(4, 1, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in network.parameters())


def test_it_learns_a_bright_disc() -> None:
    torch.manual_seed(0)
    network = UNet2D(SMALL)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    axis = torch.arange(32.0)
    centers = torch.randint(10, 22, (16, 2)).float()
    y = (
        (axis[None, :, None] - centers[:, :1, None]) ** 2 + (axis[None, None] - centers[:, 1:, None]) ** 2
        <= 25
    ).float()[:, None]
    x = 0.6 * y + 0.4 * torch.rand(y.shape)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(network(x), y).backward()
        optimizer.step()
    with torch.no_grad():
        found = torch.sigmoid(network.eval()(x)) > 0.5
    overlap = 2 * (found & (y > 0)).sum() / (found.sum() + y.sum())
    assert overlap > 0.95  # the disc is a threshold of its image, so a network that learns at all finds it


@pytest.mark.parametrize(
    "changes",
    [
        {"filters": (16,), "decoder_filters": ()},
        {"decoder_filters": (128, 64)},
        {"filters": (16, 32, 0, 128, 128)},
        {"out_channels": 0},
        {"dropout": 1.0},
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        UNet2DConfig(**changes)
