"""EfficientDet3D: the quality network of Isaksson et al. 2022.

Torch only: no files, no training. Tensors are (N, C, K, J, I); channel 0 is the image, channel 1 the mask.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ContourQALib.errors import SettingError

SMALLEST_DENOMINATOR = 1e-6
"""Keeps a soft Dice of two empty masks at 0 / small = 0 instead of nan."""

FUSION_EPSILON = 1e-4
"""The epsilon of fast normalized fusion (Tan 2020, section 3.3)."""


@dataclass(frozen=True)
class EfficientDet3DConfig:
    """Every choice of the network: by default the paper's; where its text is open, the reason is here.

    Attributes:
        filters: channels of P1 to P7 (the paper's 32, 16, 24, 40, 80, 112, 192).
        repeats: MBConv blocks that end in P2 to P7; EfficientNet-B0's own 1, 2, 2, 3, 3, 4. P1 is the stem.
        kernels: their kernel sizes, EfficientNet-B0's own 3, 3, 5, 3, 5, 5.
        expansion: expansion factor of the MBConv blocks from P3 on (the paper's 2, B0 has 6). P2 does not
            expand, as in B0.
        squeeze_excite: reduced channels as a fraction of a block's input, 0 for none. Open in the paper,
            which calls its backbone "a B0 type": B0 has 0.25.
        stem_stride: stride of the stem along K, J, I. Open: with (1, 2, 2) a volume of 28 slices gives levels
            of 28, 14, 7, 4, 2, 1, 1 slices, so no slice is merged before the network has seen it. For
            isotropic voxels (2, 2, 2) costs half.
        bifpn_blocks: BiFPN blocks one after the other (the paper's 3).
        bifpn_filters: channels inside them (the paper's 64).
        norm: "batch" as in the paper; "group" does the same in training and evaluation, which batch
            statistics of two samples do not.
        batch_norm_momentum: open; 0.01 is what EfficientDet's authors use (0.99 in their convention).
        group_count: groups of a group norm; every channel count must be a multiple.
        head_kernel: kernel of the head's one-channel convolution; open, 1 is the least.
        output: how the one-channel sigmoid map becomes a number, open in the paper. "mean": its mean is
            the Dice. "error_map": the map is the probability that a voxel is labelled wrongly; soft overlap
            counts follow from it, and Dice = 2 TP / (2 TP + FP + FN), so that number and map always agree.
        initial_output: what the untrained sigmoid gives, so that training starts at the mean target and not
            at 0.5, where squared error and sigmoid saturate.
        input_shift: subtracted from the image channel before the first convolution.
        input_scale: divides it thereafter; with the paper's [0, 255] range, 1 is the literal reading.

    Raises:
        SettingError: lists of unequal length, or a value outside its meaning.
    """

    filters: tuple[int, ...] = (32, 16, 24, 40, 80, 112, 192)
    repeats: tuple[int, ...] = (1, 2, 2, 3, 3, 4)
    kernels: tuple[int, ...] = (3, 3, 5, 3, 5, 5)
    expansion: int = 2
    squeeze_excite: float = 0.25
    stem_stride: tuple[int, int, int] = (1, 2, 2)
    bifpn_blocks: int = 3
    bifpn_filters: int = 64
    norm: Literal["batch", "group"] = "batch"
    batch_norm_momentum: float = 0.01
    group_count: int = 8
    head_kernel: int = 1
    output: Literal["mean", "error_map"] = "mean"
    initial_output: float = 0.5
    input_shift: float = 0.0
    input_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("filters", "repeats", "kernels", "stem_stride"):
            object.__setattr__(self, name, tuple(int(v) for v in getattr(self, name)))
        if len(self.filters) < 2 or not len(self.repeats) == len(self.kernels) == len(self.filters) - 1:
            raise SettingError("The network needs one repeat and one kernel for every level after the first.")
        if self.norm not in ("batch", "group"):
            raise SettingError(f"The network's norm must be batch or group, not {self.norm!r}.")
        if self.output not in ("mean", "error_map"):
            raise SettingError(f"The network's output must be mean or error_map, not {self.output!r}.")
        if not 0 < self.initial_output < 1 or self.input_scale <= 0:
            raise SettingError("initial_output must lie between 0 and 1 and input_scale above 0.")
        if self.norm == "group" and any(n % self.group_count for n in (*self.filters, self.bifpn_filters)):
            raise SettingError(f"Every channel count must be a multiple of group_count = {self.group_count}.")


def config_to_dict(config: EfficientDet3DConfig) -> dict[str, Any]:
    """The config as plain JSON values."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(config).items()}


def config_from_dict(values: Mapping[str, Any]) -> EfficientDet3DConfig:
    """The config that `config_to_dict` wrote; missing settings take the paper's value.

    Raises:
        SettingError: a setting that the network does not have, or a bad value.
    """
    unknown = sorted(set(values) - {f.name for f in fields(EfficientDet3DConfig)})
    if unknown:
        raise SettingError(f"The network has no setting {', '.join(unknown)}; remove it.")
    known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return EfficientDet3DConfig(**known)


class EfficientDet3D(nn.Module):
    """Backbone P1 to P7, BiFPN blocks, serial fusion into one map, one number (Isaksson 2022, Fig. 2).

    Works for any input size; levels that reach one voxel along an axis stay there.

    Example:
        >>> network = EfficientDet3D(EfficientDet3DConfig(norm="group")).eval()
        >>> network(torch.zeros(1, 2, 28, 160, 160)).shape
        torch.Size([1])
    """

    def __init__(self, config: EfficientDet3DConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EfficientDet3DConfig()
        self.backbone = _Backbone(config)
        width = config.bifpn_filters
        self.lateral = nn.ModuleList(
            nn.Sequential(nn.Conv3d(n, width, 1, bias=False), _norm(config, width)) for n in config.filters
        )
        levels = len(config.filters)
        self.bifpn = nn.ModuleList(_BiFPN(config, levels) for _ in range(config.bifpn_blocks))
        self.head = _Head(config, levels)
        # Depthwise 3D convolutions on a CPU are several times faster with the channels innermost.
        # torch's stubs do not know `to` with a memory format alone
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """Predicted Dice in [0, 1], (N,), of the contours in `x`, (N, 2, K, J, I)."""
        return self.dice_of(x, torch.sigmoid(self.logit_map(x)))

    def logit_map(self, x: Tensor) -> Tensor:
        """The head's map before the sigmoid, float (N, K', J', I').

        At the size of P1 for the output "mean"; at the input's own size for "error_map".
        """
        image = (x[:, :1] - self.config.input_shift) / self.config.input_scale
        x = torch.cat([image, x[:, 1:]], dim=1).contiguous(memory_format=torch.channels_last_3d)
        levels = [lateral(level) for lateral, level in zip(self.lateral, self.backbone(x), strict=True)]
        for block in self.bifpn:
            levels = block(levels)
        return self.head(levels, x.shape[2:])

    def dice_of(self, x: Tensor, probability: Tensor) -> Tensor:
        """The number that a sigmoid map stands for, (N,); see `EfficientDet3DConfig.output`."""
        if self.config.output == "mean":
            return probability.mean(dim=(1, 2, 3))
        mask = x[:, 1]
        size = mask.sum(dim=(1, 2, 3))
        over = (probability * mask).sum(dim=(1, 2, 3))
        under = (probability * (1 - mask)).sum(dim=(1, 2, 3))
        correct = size - over
        return 2 * correct / (size + correct + under).clamp_min(SMALLEST_DENOMINATOR)

    def error_map(self, x: Tensor) -> Tensor:
        """Probability that each voxel of the contour is wrong, (N, K, J, I), inside and outside the mask.

        Raises:
            SettingError: a network whose output is the mean of its map has no such map.
        """
        if self.config.output != "error_map":
            raise SettingError("This network predicts one number and has no error map.")
        return torch.sigmoid(self.logit_map(x))

    @torch.no_grad()
    def level_shapes(self, shape: tuple[int, int, int]) -> list[tuple[int, int, int]]:
        """Sizes (K, J, I) of P1 to P7 for an input of `shape`."""
        strides = [self.config.stem_stride, *[(2, 2, 2)] * len(self.config.repeats)]
        shapes = []
        for stride in strides:
            k, j, i = (math.ceil(n / s) for n, s in zip(shape, stride, strict=True))
            shape = (k, j, i)
            shapes.append(shape)
        return shapes


def _norm(config: EfficientDet3DConfig, channels: int) -> nn.Module:
    if config.norm == "batch":
        return nn.BatchNorm3d(channels, eps=1e-3, momentum=config.batch_norm_momentum)
    return nn.GroupNorm(config.group_count, channels)


class _Backbone(nn.Module):
    """EfficientNet-B0 in 3D; P1 is the stem, every later level halves the one before it."""

    def __init__(self, config: EfficientDet3DConfig) -> None:
        super().__init__()
        first = config.filters[0]
        self.stem = nn.Sequential(
            nn.Conv3d(2, first, 3, config.stem_stride, padding=1, bias=False), _norm(config, first), nn.SiLU()
        )
        self.stages = nn.ModuleList()
        before = first
        for level, (channels, repeat, kernel) in enumerate(
            zip(config.filters[1:], config.repeats, config.kernels, strict=True)
        ):
            expansion = 1 if level == 0 else config.expansion
            blocks = [_MBConv(config, before, channels, kernel, 2, expansion)]
            blocks += [_MBConv(config, channels, channels, kernel, 1, expansion) for _ in range(repeat - 1)]
            self.stages.append(nn.Sequential(*blocks))
            before = channels

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [self.stem(x)]
        for stage in self.stages:
            levels.append(stage(levels[-1]))
        return levels


class _MBConv(nn.Module):
    """Expand, depthwise convolution, squeeze-and-excite, project; a residual where the shape allows it."""

    def __init__(
        self, config: EfficientDet3DConfig, before: int, after: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        wide = before * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [nn.Conv3d(before, wide, 1, bias=False), _norm(config, wide), nn.SiLU()]
        layers += [
            nn.Conv3d(wide, wide, kernel, stride, padding=kernel // 2, groups=wide, bias=False),
            _norm(config, wide),
            nn.SiLU(),
        ]
        if config.squeeze_excite > 0:
            layers.append(_SqueezeExcite(wide, max(1, round(before * config.squeeze_excite))))
        layers += [nn.Conv3d(wide, after, 1, bias=False), _norm(config, after)]
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class _SqueezeExcite(nn.Module):
    """Channel gates from the volume's mean."""

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.reduce = nn.Conv3d(channels, reduced, 1)
        self.expand = nn.Conv3d(reduced, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.expand(functional.silu(self.reduce(x.mean(dim=(2, 3, 4), keepdim=True))))
        return x * torch.sigmoid(gate)


class FastNormalizedFusion(nn.Module):
    """Weighted mean of equally sized maps, the weights positive and learned (Tan 2020, section 3.3).

    The original keeps weights positive by ReLU; a weight that reaches zero there has no gradient and never
    comes back. Softplus is as cheap and always has one; it starts at a weight of 1.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.full((inputs,), math.log(math.e - 1)))

    @property
    def weights(self) -> Tensor:
        """The positive weights, not yet divided by their sum."""
        return functional.softplus(self.raw)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Fuse `maps`, all of one shape."""
        share = self.weights / (self.weights.sum() + FUSION_EPSILON)
        fused = maps[0] * share[0]
        for weight, value in zip(share[1:], maps[1:], strict=True):
            fused = torch.addcmul(fused, value, weight)
        return fused


class _Node(nn.Module):
    """Fusion, SiLU, separable convolution, norm."""

    def __init__(self, config: EfficientDet3DConfig, inputs: int) -> None:
        super().__init__()
        n = config.bifpn_filters
        self.fusion = FastNormalizedFusion(inputs)
        self.layers = nn.Sequential(
            nn.SiLU(),
            nn.Conv3d(n, n, 3, padding=1, groups=n, bias=False),
            nn.Conv3d(n, n, 1, bias=False),
            _norm(config, n),
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        fused: Tensor = self.layers(self.fusion(maps))
        return fused


class _BiFPN(nn.Module):
    """One bidirectional block: from the coarsest level to the finest, and back with the input once more."""

    def __init__(self, config: EfficientDet3DConfig, levels: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(_Node(config, 2) for _ in range(levels - 1))
        self.up = nn.ModuleList(_Node(config, 3 if level < levels - 1 else 2) for level in range(1, levels))

    def forward(self, inputs: list[Tensor]) -> list[Tensor]:
        middle = [inputs[-1]]
        for level in range(len(inputs) - 2, -1, -1):
            middle.insert(0, self.down[level]([inputs[level], _grow(middle[0], inputs[level])]))
        outputs = [middle[0]]
        for level in range(1, len(inputs)):
            below = _shrink(outputs[-1], inputs[level])
            last = level == len(inputs) - 1
            maps = [inputs[level], below] if last else [inputs[level], middle[level], below]
            outputs.append(self.up[level - 1](maps))
        return outputs


def _grow(x: Tensor, like: Tensor) -> Tensor:
    # To an explicit size: doubling would turn 4 slices into 8 where the level above has 7.
    if x.shape[2:] == like.shape[2:]:
        return x
    return functional.interpolate(x, size=like.shape[2:], mode="nearest")


def _shrink(x: Tensor, like: Tensor) -> Tensor:
    if x.shape[2:] == like.shape[2:]:
        return x
    return functional.max_pool3d(x, 3, stride=2, padding=1)  # ceil(n / 2), as the strided convolutions give


class _Head(nn.Module):
    """Serial fusion nodes from the coarsest level to P1, norm, PReLU, one-channel convolution.

    For the output "error_map" the convolution gives one value for each input voxel under a voxel of P1 (depth
    to space), so that the one-channel map has the input's size without a costly full-size layer.
    """

    def __init__(self, config: EfficientDet3DConfig, levels: int) -> None:
        super().__init__()
        n = config.bifpn_filters
        self.fusions = nn.ModuleList(FastNormalizedFusion(2) for _ in range(levels - 1))
        self.norm = _norm(config, n)
        self.activation = nn.PReLU(n)
        self.factors = config.stem_stride if config.output == "error_map" else (1, 1, 1)
        kernel = config.head_kernel
        self.convolution = nn.Conv3d(n, math.prod(self.factors), kernel, padding=kernel // 2)
        logit = math.log(config.initial_output / (1 - config.initial_output))
        # the stubs call a bias optional; here it is not
        nn.init.constant_(self.convolution.bias, logit)  # type: ignore[arg-type]
        self.full_size = config.output == "error_map"

    def forward(self, levels: list[Tensor], size: torch.Size) -> Tensor:
        fused = levels[-1]
        for fusion, level in zip(self.fusions, reversed(levels[:-1]), strict=True):
            fused = fusion([level, _grow(fused, level)])
        y = self.convolution(self.activation(self.norm(fused)))
        if not self.full_size:
            return y[:, 0]
        a, b, c = self.factors
        n, _, k, j, i = y.shape
        y = y.reshape(n, a, b, c, k, j, i).permute(0, 4, 1, 5, 2, 6, 3).reshape(n, k * a, j * b, i * c)
        return y[:, : size[0], : size[1], : size[2]]
