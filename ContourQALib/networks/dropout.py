"""Dropout whose random numbers cost a processor little.

Torch only. torch's own dropout draws a random number for each value, on one core however many there are; here
eight values share 64 random bits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ContourQALib.errors import SettingError

BYTE = 256


class Dropout(nn.Module):
    """Sets a share of the values to 0 in training and scales the others so that the mean stays.

    On a GPU this is torch's dropout. On a processor the share is rounded to a multiple of 1/256 (0.2 becomes
    0.1992), and the scale follows; a share that would round to nothing or to all is left to torch's dropout.
    Every value is missing or not by itself, whatever the tensor's shape and memory order.
    `torch.manual_seed` repeats it.

    Attributes:
        share: of values that become 0, in [0, 1).

    Raises:
        SettingError: the share lies outside.

    Example:
        >>> Dropout(0.2).eval()(torch.ones(3))
        tensor([1., 1., 1.])
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise SettingError(f"The share that dropout sets to 0 must lie in [0, 1), not {share:g}.")
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """`x` in evaluation; in training a tensor like it in which values are missing."""
        if not self.training or self.share == 0:
            return x
        missing = round(BYTE * self.share)
        if x.device.type != "cpu" or not 0 < missing < BYTE:
            return functional.dropout(x, self.share)
        return x * _gains(x, missing)

    def extra_repr(self) -> str:
        """The share, where the module is printed."""
        return f"share={self.share:g}"


def _gains(x: Tensor, missing: int) -> Tensor:
    """What each value of `x` is multiplied by: 0 where a random byte is below `missing`."""
    random = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None).view(torch.uint8)
    # In the memory order of x, so that both are read front to back. Of a view with gaps or repeats too torch
    # makes a tensor without: its values fill the memory from the first to the last.
    gains = torch.empty_like(x)
    flat = gains.as_strided((x.numel(),), (1,))
    torch.ge(random[: x.numel()], missing, out=flat)  # as numbers: to bool it takes five times as long
    flat.mul_(BYTE / (BYTE - missing))
    return gains
