"""ErrorUNet3D: says of every voxel whether a contour has it wrong, and from that how good the contour is.

Torch only: no files, no training. Tensors are (N, C, K, J, I); channel 0 is the image, channel 1 the mask,
channel 2 the hint: 2 p - 1 of a probability map or a second segmentation p, 0 everywhere where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ContourQALib.errors import SettingError

CHANNELS = 3
"""Image, mask, hint."""

SMALLEST_DENOMINATOR = 1e-6
"""Keeps the soft Dice of an empty mask at 0 / small = 0 instead of nan."""

DISTANCES = ("hd95_mm", "msd_mm")
"""What the distance head answers, each as log(1 + mm)."""

COUNTS = 4
"""Numbers that the distance head reads off the error map, beside pooled features."""


class ErrorPrediction(NamedTuple):
    """What the network answers.

    Attributes:
        logits: error map before the sigmoid, (N, K, J, I).
        distances: log(1 + HD95 mm) and log(1 + MSD mm), (N, 2).
        features: pooled features of the coarsest level, (N, F).
    """

    logits: Tensor
    distances: Tensor
    features: Tensor


@dataclass(frozen=True)
class ErrorUNet3DConfig:
    """Every choice of the network.

    Attributes:
        widths: channels of the levels, from fine to coarse; each but the first halves the one before it.
        stride: voxels along K, J, I that the first level joins into one by moving them into channels, so that
            none is lost; (2, 1, 1) makes 2.5 mm slices of 4 mm voxels nearly isotropic.
        structures: structures that it tells apart; one is shown to it by its number.
        group_count: groups of the group norms; every width must be a multiple.
        initial_output: what the untrained error map gives, the share of wrong voxels.
        image_shift: subtracted from the image channel before the first convolution.
        image_scale: divides it thereafter.

    Raises:
        SettingError: a value outside its meaning.
    """

    widths: tuple[int, ...] = (16, 32, 64)
    stride: tuple[int, int, int] = (2, 2, 2)
    structures: int = 1
    group_count: int = 8
    initial_output: float = 0.03
    image_shift: float = 128.0
    image_scale: float = 64.0

    def __post_init__(self) -> None:
        for name in ("widths", "stride"):
            object.__setattr__(self, name, tuple(int(v) for v in getattr(self, name)))
        if len(self.widths) < 2 or len(self.stride) != 3 or min(*self.widths, *self.stride) < 1:
            raise SettingError("The network needs two or more widths and three strides, all of at least 1.")
        if any(width % self.group_count for width in self.widths):
            raise SettingError(f"Every width must be a multiple of group_count = {self.group_count}.")
        if self.structures < 1 or not 0 < self.initial_output < 1 or self.image_scale <= 0:
            raise SettingError(
                "The network needs a structure, an initial_output between 0 and 1, and image_scale above 0."
            )

    @property
    def multiple(self) -> tuple[int, int, int]:
        """Voxels along K, J, I that an input's size must be a multiple of."""
        halvings = 2 ** (len(self.widths) - 1)
        k, j, i = (n * halvings for n in self.stride)
        return k, j, i


def config_to_dict(config: ErrorUNet3DConfig) -> dict[str, Any]:
    """The config as plain JSON values."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(config).items()}


def config_from_dict(values: Mapping[str, Any]) -> ErrorUNet3DConfig:
    """The config that `config_to_dict` wrote.

    Raises:
        SettingError: a setting that the network does not have, or a bad value.
    """
    unknown = sorted(set(values) - {f.name for f in fields(ErrorUNet3DConfig)})
    if unknown:
        raise SettingError(f"The network has no setting {', '.join(unknown)}; remove it.")
    known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return ErrorUNet3DConfig(**known)


class ErrorUNet3D(nn.Module):
    """A residual U-Net whose map is the error of a contour; Dice follows from the map's soft counts.

    Example:
        >>> network = ErrorUNet3D(ErrorUNet3DConfig()).eval()
        >>> network(torch.zeros(1, 3, 48, 64, 48), torch.zeros(1, dtype=torch.long)).logits.shape
        torch.Size([1, 48, 64, 48])
    """

    def __init__(self, config: ErrorUNet3DConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ErrorUNet3DConfig()
        first = config.widths[0]
        cells = math.prod(config.stride)
        self.stem = nn.Conv3d(CHANNELS * cells, first, 3, padding=1)
        self.which = nn.ModuleList(nn.Embedding(config.structures, width) for width in config.widths)
        self.down = nn.ModuleList(
            nn.Conv3d(before, after, 2, stride=2)
            for before, after in zip(config.widths, config.widths[1:], strict=False)
        )
        self.encoder = nn.ModuleList(_Block(width, config.group_count) for width in config.widths)
        self.up = nn.ModuleList(
            nn.Conv3d(after, before, 1)
            for before, after in zip(config.widths, config.widths[1:], strict=False)
        )
        self.decoder = nn.ModuleList(_Block(width, config.group_count) for width in config.widths[:-1])
        self.norm = nn.GroupNorm(config.group_count, first)
        self.head = nn.Conv3d(first, cells, 1)
        nn.init.zeros_(self.head.weight)
        logit = math.log(config.initial_output / (1 - config.initial_output))
        # the stubs call a bias optional; here it is not
        nn.init.constant_(self.head.bias, logit)  # type: ignore[arg-type]
        coarsest = config.widths[-1]
        self.distance = nn.Sequential(
            nn.Linear(coarsest + first + COUNTS, 64), nn.SiLU(), nn.Linear(64, len(DISTANCES))
        )
        # Convolutions on a processor are faster with the channels innermost.
        # torch's stubs do not know `to` with a memory format alone
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def forward(self, x: Tensor, structure: Tensor) -> ErrorPrediction:
        """Answer for inputs (N, 3, K, J, I), sizes multiples of `config.multiple`, and structures (N,)."""
        image = (x[:, :1] - self.config.image_shift) / self.config.image_scale
        cells = _to_cells(torch.cat([image, x[:, 1:]], dim=1), self.config.stride)
        y = self.stem(cells.contiguous(memory_format=torch.channels_last_3d))
        levels = []
        for number, block in enumerate(self.encoder):
            if number:
                y = self.down[number - 1](y)
            y = block(y + self.which[number](structure)[:, :, None, None, None])
            levels.append(y)
        pooled = y.mean(dim=(2, 3, 4))
        for number in range(len(self.decoder) - 1, -1, -1):
            # repeating in blocks of two is what down-sampling by two undoes
            grown = functional.interpolate(self.up[number](y), scale_factor=2.0, mode="nearest")
            y = self.decoder[number](levels[number] + grown)
        y = functional.silu(self.norm(y))
        logits = _from_cells(self.head(y), self.config.stride)
        return ErrorPrediction(logits, self._distances(x, y, pooled, logits), pooled)

    def _distances(self, x: Tensor, y: Tensor, pooled: Tensor, logits: Tensor) -> Tensor:
        probability = torch.sigmoid(logits)
        size, over, under = soft_counts(x[:, 1], probability)
        cells = functional.avg_pool3d(probability[:, None], self.config.stride)
        share = cells / cells.sum(dim=(2, 3, 4), keepdim=True).clamp_min(SMALLEST_DENOMINATOR)
        where_wrong = (y * share).sum(dim=(2, 3, 4))
        counts = torch.log1p(torch.stack([size, over, under, over + under], dim=1)) / 5
        answer: Tensor = self.distance(torch.cat([pooled, where_wrong, counts], dim=1))
        return answer


def soft_counts(mask: Tensor, probability: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Voxels of the mask, and expected voxels contoured too much and left out, each (N,).

    Args:
        mask: (N, K, J, I), 0 or 1.
        probability: (N, K, J, I), the probability that a voxel is wrong.
    """
    size = mask.sum(dim=(1, 2, 3))
    over = (probability * mask).sum(dim=(1, 2, 3))
    under = (probability * (1 - mask)).sum(dim=(1, 2, 3))
    return size, over, under


def soft_dice(mask: Tensor, probability: Tensor) -> Tensor:
    """Dice = 2 TP / (2 TP + FP + FN) of the soft counts, (N,): number and map agree by construction."""
    size, over, under = soft_counts(mask, probability)
    correct = size - over
    return 2 * correct / (size + correct + under).clamp_min(SMALLEST_DENOMINATOR)


def _to_cells(x: Tensor, stride: tuple[int, int, int]) -> Tensor:
    """(N, C, K, J, I) as (N, C a b c, K / a, J / b, I / c): the voxels of a cell become channels."""
    a, b, c = stride
    n, channels, k, j, i = x.shape
    x = x.reshape(n, channels, k // a, a, j // b, b, i // c, c).permute(0, 1, 3, 5, 7, 2, 4, 6)
    return x.reshape(n, channels * a * b * c, k // a, j // b, i // c)


def _from_cells(y: Tensor, stride: tuple[int, int, int]) -> Tensor:
    """(N, a b c, K, J, I) as (N, K a, J b, I c), what `_to_cells` did to one channel undone."""
    a, b, c = stride
    n, _, k, j, i = y.shape
    y = y.reshape(n, a, b, c, k, j, i).permute(0, 4, 1, 5, 2, 6, 3)
    return y.reshape(n, k * a, j * b, i * c)


class _Block(nn.Module):
    """Norm, SiLU, convolution, twice, beside the identity."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(groups, width),
            nn.SiLU(),
            nn.Conv3d(width, width, 3, padding=1),
            nn.GroupNorm(groups, width),
            nn.SiLU(),
            nn.Conv3d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y
