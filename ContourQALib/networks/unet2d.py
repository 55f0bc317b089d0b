"""UNet2D: the segmentation network of Bice et al. 2021, Table A1.

Torch only: no files, no training. Tensors are (N, C, J, I), one axial slice each.

The table and the text contradict themselves. Each place and its reading:

* The text says "five up-blocks"; the table has five encoder blocks and four decoder blocks, and five
  resolutions can only be climbed four times. Read: four.
* The text resamples images to 150x150; the table starts from 128x128, and 150 cannot be halved four times.
  Read: 128x128, or any multiple of 16.
* The fourth upsampling has the output size (16, 64, 64), the same as the layer before it, although its stride
  is 2 and the next layer is (16, 128, 128). Read: (16, 128, 128).
* The first convolution of the third decoder block has the output size (32, 64, 64) but "F = 64". Read: 64
  filters. The network then has 1.15 million parameters, with 32 filters 1.13 million;
  `decoder_filters = (128, 64, 32)` is the other reading.
* An asterisk marks the convolutions that take a skip connection; the one of the last decoder block has none.
  The text has "the usual skip connections", and without it no layer after the first pooling sees the image at
  its own resolution. Read: it takes one too (1150 thousand parameters; 1148 without).
* "Skip connections between encoding layers" (the note below the table) run from encoder to decoder.
* The table's last layer ends in a sigmoid. It is applied outside, where binary cross entropy of logits cannot
  overflow: `torch.sigmoid(network(x))` is the paper's output.

Open in the paper: the slope of the leaky ReLU (torch's 0.01), the momentum of the batch norm (torch's), the
padding (as the output sizes need it), the biases of convolutions before a batch norm (left out: the norm
removes them), and whether dropout takes voxels or channels (voxels, torch's `Dropout`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ContourQALib.errors import SettingError
from ContourQALib.networks.dropout import Dropout
from ContourQALib.networks.sides import check_sides


@dataclass(frozen=True)
class UNet2DConfig:
    """Every choice of the network; the defaults are the paper's.

    Attributes:
        in_channels: channels of the input (the paper's one CT slice).
        out_channels: structures; the paper trains one network for each.
        filters: channels that each encoder block ends with, at full resolution first.
        decoder_filters: filters of the first convolution of each decoder block that has two, deepest first.
        dropout: share of values that every block sets to 0 in training.
        leaky_slope: slope of the leaky ReLU below 0.

    Raises:
        SettingError: lists of lengths that do not fit, or a value outside its meaning.
    """

    in_channels: int = 1
    out_channels: int = 1
    filters: tuple[int, ...] = (16, 32, 64, 128, 128)
    decoder_filters: tuple[int, ...] = (128, 64, 64)
    dropout: float = 0.2
    leaky_slope: float = 0.01

    def __post_init__(self) -> None:
        for name in ("filters", "decoder_filters"):
            object.__setattr__(self, name, tuple(int(n) for n in getattr(self, name)))
        if len(self.filters) < 2 or len(self.decoder_filters) != len(self.filters) - 2:
            raise SettingError(
                "The network needs filters for two or more blocks, and decoder_filters for two fewer."
            )
        if min(*self.filters, *self.decoder_filters, self.in_channels, self.out_channels) < 1:
            raise SettingError("Every channel count of the network must be at least 1.")
        if not 0 <= self.dropout < 1:
            raise SettingError(f"The network's dropout must lie in [0, 1), not {self.dropout:g}.")

    @property
    def multiple(self) -> int:
        """What height and width must be multiples of."""
        return int(2 ** (len(self.filters) - 1))


class UNet2D(nn.Module):
    """Encoder with max pooling, decoder with strided transposed convolutions, skip connections (Table A1).

    Example:
        >>> network = UNet2D(UNet2DConfig()).eval()
        >>> network(torch.zeros(1, 1, 128, 128)).shape
        torch.Size([1, 1, 128, 128])
    """

    def __init__(self, config: UNet2DConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or UNet2DConfig()
        first, *deeper = config.filters
        self.encoder = nn.ModuleList([_convolution(config, config.in_channels, first)])
        shallower = first
        for width in deeper:
            self.encoder.append(
                nn.Sequential(
                    _convolution(config, shallower, shallower), _convolution(config, shallower, width)
                )
            )
            shallower = width
        self.pool = nn.MaxPool2d(2)
        self.upsampling = nn.ModuleList()
        self.decoder = nn.ModuleList()
        below = config.filters[-1]
        for number, skip in enumerate(reversed(config.filters[:-1])):
            self.upsampling.append(_upsampling(config, below, skip))
            if number < len(config.decoder_filters):
                middle, below = config.decoder_filters[number], config.filters[-3 - number]
                self.decoder.append(
                    nn.Sequential(_convolution(config, 2 * skip, middle), _convolution(config, middle, below))
                )
            else:
                self.decoder.append(_convolution(config, 2 * skip, skip))
        self.head = nn.Conv2d(first, config.out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, out_channels, J, I) of the slices `x`, (N, in_channels, J, I) in [0, 1].

        Raises:
            SettingError: J or I is no multiple of 16 (of `config.multiple`).
        """
        check_sides(x, self.config.multiple)
        skips = []
        for number, block in enumerate(self.encoder):
            x = block(self.pool(x) if number else x)
            skips.append(x)
        skips.pop()
        for upsampling, block in zip(self.upsampling, self.decoder, strict=True):
            x = block(torch.cat((upsampling(x), skips.pop()), dim=1))
        logits: Tensor = self.head(x)
        return logits


def _convolution(config: UNet2DConfig, inside: int, outside: int) -> nn.Sequential:
    """The table's "convolutional block": 3x3 convolution, batch norm, leaky ReLU, dropout."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.LeakyReLU(config.leaky_slope, inplace=True),
        Dropout(config.dropout),
    )


def _upsampling(config: UNet2DConfig, inside: int, outside: int) -> nn.Sequential:
    """The table's "upsampling block": 3x3 transposed convolution of stride 2, batch norm, ReLU, dropout."""
    return nn.Sequential(
        # with this output padding a side of n becomes exactly 2 n
        nn.ConvTranspose2d(inside, outside, 3, stride=2, padding=1, output_padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
        Dropout(config.dropout),
    )
