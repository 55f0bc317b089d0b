"""The dual-path U-Net: what its two paths do, its sizes, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from ContourQALib.errors import SettingError
from ContourQALib.networks.dpn_unet import DpnUNet, DpnUNetConfig, DualPathBlock

SMALL = DpnUNetConfig(out_channels=3, widths=(8, 16), growths=(2, 4), depths=(1, 2), groups=2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are slower on two threads, and much slower beside another program."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def silenced(block: DualPathBlock) -> DualPathBlock:
    """A block whose bottleneck finds nothing."""
    last = block.body[-1][-1]
    assert isinstance(last, nn.Conv2d)
    nn.init.zeros_(last.weight)
    return block.eval()


def test_one_path_is_added_to_and_the_other_appended_to() -> None:
    torch.manual_seed(0)
    block = DualPathBlock(14, width=8, growth=3, groups=2, begins=False).eval()
    x = torch.randn(2, 14, 5, 6)
    with torch.no_grad():
        found, out = block.body(x), block(x)
    assert block.outside == out.shape[1] == 17
    torch.testing.assert_close(out[:, :8], x[:, :8] + found[:, :8])
    assert torch.equal(out[:, 8:14], x[:, 8:])
    assert torch.equal(out[:, 14:], found[:, 8:])


def test_a_block_that_finds_nothing_passes_both_paths_on() -> None:
    block = silenced(DualPathBlock(14, width=8, growth=3, groups=2, begins=False))
    x = torch.randn(1, 14, 4, 4)
    with torch.no_grad():
        out = block(x)
    assert torch.equal(out[:, :14], x)
    assert not out[:, 14:].any()


def test_the_first_block_of_a_resolution_projects() -> None:
    block = silenced(DualPathBlock(5, width=8, growth=3, groups=2, begins=True))
    assert block.projection is not None
    x = torch.randn(1, 5, 4, 4)
    with torch.no_grad():
        out, projected = block(x), block.projection(x)
    assert out.shape[1] == block.outside == 8 + 2 * 3 + 3
    assert torch.equal(out[:, :14], projected)


def test_three_by_three_convolutions_of_blocks_are_grouped() -> None:
    network = DpnUNet(SMALL)
    blocks = [m for m in network.modules() if isinstance(m, DualPathBlock)]
    assert len(blocks) == sum(SMALL.depths)
    for block in blocks:
        (grouped,) = (m for m in block.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3))
        assert grouped.groups == SMALL.groups


@pytest.mark.parametrize("side", [(32, 32), (2, 6), (48, 16)])
def test_logits_have_the_inputs_size_and_a_channel_a_class(side: tuple[int, int]) -> None:
    with torch.no_grad():
        assert DpnUNet(SMALL).eval()(torch.rand(2, 1, *side)).shape == (2, 3, *side)


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    network = DpnUNet(SMALL)
    network(torch.rand(2, 1, 16, 16)).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not silent


@pytest.mark.parametrize("side", [(31, 32), (32, 15)])
def test_a_size_that_cannot_be_halved_is_refused(side: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match=f"multiples of 2 voxels, not {side[0]}x{side[1]}"):
        DpnUNet(SMALL)(torch.zeros(1, 1, *side))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"widths": (32,), "growths": (8,), "depths": (1,)}, "two or more resolutions"),
        ({"depths": (1, 2)}, "the same two or more resolutions"),
        ({"depths": (1, 2, 0, 1)}, "at least 1"),
        ({"out_channels": 0}, "at least 1"),
        ({"groups": 5}, "divisible by its 5 groups"),
    ],
)
def test_impossible_networks_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        DpnUNetConfig(**settings)
