"""DpnUNet: a U-Net whose encoder is made of dual-path blocks, as in Geng et al. 2024.

Torch only: no files, no training. Tensors are (N, C, J, I), one axial slice each.

The paper names its network (figure 2: dual-path modules in a U-Net) and gives no widths or depths; the
commercial product behind it is not public. The block is that of the dual path networks it cites: channels go
two ways, a residual path to which every block adds and a dense path to which every block appends
(Chen et al. 2017, section 4). Everything else is a setting.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ContourQALib.errors import SettingError
from ContourQALib.networks.sides import check_sides


@dataclass(frozen=True)
class DpnUNetConfig:
    """Every choice of the network. Lists have one value a resolution, the finest first.

    Attributes:
        in_channels: channels of the input.
        out_channels: outputs, one logit each; whoever trains says what they mean.
        widths: channels of the residual path.
        growths: channels that each block appends to the dense path.
        depths: dual-path blocks.
        groups: groups of the 3x3 convolutions; half of each width must be divisible by it.

    Raises:
        SettingError: lists of different lengths, or a value outside its meaning.
    """

    in_channels: int = 1
    out_channels: int = 2
    widths: tuple[int, ...] = (32, 64, 128, 256)
    growths: tuple[int, ...] = (8, 16, 16, 32)
    depths: tuple[int, ...] = (1, 2, 2, 2)
    groups: int = 8

    def __post_init__(self) -> None:
        for name in ("widths", "growths", "depths"):
            object.__setattr__(self, name, tuple(int(n) for n in getattr(self, name)))
        if len(self.widths) < 2 or not len(self.widths) == len(self.growths) == len(self.depths):
            raise SettingError(
                "The network needs widths, growths and depths for the same two or more resolutions."
            )
        if (
            min(*self.widths, *self.growths, *self.depths, self.in_channels, self.out_channels, self.groups)
            < 1
        ):
            raise SettingError(
                "Every channel count, depth and group count of the network must be at least 1."
            )
        if any(width % (2 * self.groups) for width in self.widths):
            raise SettingError(
                f"Half of each of the network's widths must be divisible by its {self.groups} groups."
            )

    @property
    def multiple(self) -> int:
        """What height and width must be multiples of."""
        return int(2 ** (len(self.widths) - 1))


class DualPathBlock(nn.Module):
    """Two paths through one bottleneck: the first `width` channels are added to, the others appended to.

    1x1, grouped 3x3 and 1x1 convolutions, each after batch norm and ReLU. A block that begins a resolution
    projects its input to `width` residual and twice `growth` dense channels first.
    """

    def __init__(self, inside: int, width: int, growth: int, groups: int, *, begins: bool) -> None:
        super().__init__()
        self.width = width
        self.projection = _step(inside, width + 2 * growth, 1) if begins else None
        middle = width // 2
        self.body = nn.Sequential(
            _step(inside, middle, 1), _step(middle, middle, 3, groups), _step(middle, width + growth, 1)
        )
        self.outside = (width + 2 * growth if begins else inside) + growth

    def forward(self, x: Tensor) -> Tensor:
        """(N, outside, J, I) of (N, inside, J, I)."""
        paths = x if self.projection is None else self.projection(x)
        found = self.body(x)
        residual = paths[:, : self.width] + found[:, : self.width]
        return torch.cat((residual, paths[:, self.width :], found[:, self.width :]), dim=1)


class DpnUNet(nn.Module):
    """Dual-path encoder with max pooling, decoder with transposed convolutions and skip connections.

    Example:
        >>> network = DpnUNet(DpnUNetConfig(out_channels=6)).eval()
        >>> network(torch.zeros(1, 1, 64, 64)).shape
        torch.Size([1, 6, 64, 64])
    """

    def __init__(self, config: DpnUNetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DpnUNetConfig()
        self.stem = nn.Conv2d(config.in_channels, config.widths[0], 3, padding=1, bias=False)
        self.encoder = nn.ModuleList()
        inside, skips = config.widths[0], []
        for width, growth, depth in zip(config.widths, config.growths, config.depths, strict=True):
            blocks = []
            for number in range(depth):
                block = DualPathBlock(inside, width, growth, config.groups, begins=number == 0)
                blocks.append(block)
                inside = block.outside
            self.encoder.append(nn.Sequential(*blocks))
            skips.append(inside)
        self.pool = nn.MaxPool2d(2)
        self.upsampling, self.decoder = nn.ModuleList(), nn.ModuleList()
        for width, skip in zip(reversed(config.widths[:-1]), reversed(skips[:-1]), strict=True):
            self.upsampling.append(nn.ConvTranspose2d(inside, width, 2, stride=2))
            self.decoder.append(nn.Sequential(_step(width + skip, width, 3), _step(width, width, 3)))
            inside = width
        self.head = nn.Sequential(
            nn.BatchNorm2d(inside), nn.ReLU(), nn.Conv2d(inside, config.out_channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, out_channels, J, I) of slices (N, in_channels, J, I) in [0, 1].

        Raises:
            SettingError: J or I is no multiple of `config.multiple`.
        """
        check_sides(x, self.config.multiple)
        x = self.stem(x)
        skips = []
        for number, stage in enumerate(self.encoder):
            x = stage(self.pool(x) if number else x)
            skips.append(x)
        skips.pop()
        for upsampling, block in zip(self.upsampling, self.decoder, strict=True):
            x = block(torch.cat((upsampling(x), skips.pop()), dim=1))
        logits: Tensor = self.head(x)
        return logits


def _step(inside: int, outside: int, kernel: int, groups: int = 1) -> nn.Sequential:
    """Batch norm, ReLU and a convolution, in the order of the dual path networks."""
    return nn.Sequential(
        nn.BatchNorm2d(inside),
        nn.ReLU(),  # not in place: both paths of a block read its input
        nn.Conv2d(inside, outside, kernel, padding=kernel // 2, groups=groups, bias=False),
    )
