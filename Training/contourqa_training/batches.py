"""Batches of the first paper's network: inputs with exact targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Sample:
    """One contour as the network sees it, and the truth about it.

    Attributes:
        x: float32 (2, K, J, I), image and mask in the window.
        dice: Dice of contour and reference over the whole grid.
        error: bool (K, J, I), voxels of the window where contour and reference differ.
    """

    x: np.ndarray
    dice: float
    error: np.ndarray


Batch = tuple[Tensor, Tensor, Tensor]
"""Inputs (N, 2, K, J, I), Dice (N,), error maps (N, K, J, I), all float32."""


def collate(samples: Sequence[Sample]) -> Batch:
    """Samples as one batch of tensors."""
    return (
        torch.from_numpy(np.stack([sample.x for sample in samples])),
        torch.tensor([sample.dice for sample in samples], dtype=torch.float32),
        torch.from_numpy(np.stack([sample.error for sample in samples]).astype(np.float32)),
    )
