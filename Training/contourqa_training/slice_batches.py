"""Batches of slices straight from arrays in memory: no worker processes, nothing read twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from contourqa_training.slices import SliceSet

SliceBatch = tuple[Tensor, Tensor, Tensor]
"""Images (N, 1, H, W) in [0, 1] and masks (N, S, H, W) of 0 and 1, float32; known, bool (N, S)."""


class SliceBatches:
    """The batches of one pass; each depends on seed, epoch and index alone, so a resumed run repeats it.

    Batches are of equal size to within one slice, so that no batch norm sees a small rest. Lightning keeps
    the position with its checkpoints through `state_dict` and goes on from there.

    Attributes:
        slices: where they are taken from.
        columns: numbers of the structures to give out.
        epoch: which pass.
        position: batches given out so far.
    """

    def __init__(
        self,
        slices: SliceSet,
        chosen: np.ndarray,
        columns: Sequence[int],
        batch_size: int,
        *,
        epoch: int = 0,
        seed: int | None = None,
    ) -> None:
        """Prepare a pass.

        Args:
            slices: all slices.
            chosen: numbers of the slices to pass over.
            columns: numbers of the structures to give out, of those in `slices`.
            batch_size: slices in a batch, at most.
            epoch: which pass; another order for each.
            seed: of the order; None keeps that of `chosen`.
        """
        self.slices, self.columns = slices, list(columns)
        self.epoch, self.position = epoch, 0
        order = chosen if seed is None else np.random.default_rng((seed, epoch)).permutation(chosen)
        self._parts = np.array_split(order, -(-len(order) // batch_size)) if len(order) else []

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[SliceBatch]:
        start = self.position if self.position < len(self) else 0
        for index in range(start, len(self)):
            self.position = index + 1
            # in ascending order a memory-mapped array is read once from front to back
            images, masks, known = self.slices.batch(np.sort(self._parts[index]))
            yield (
                torch.from_numpy(images),
                torch.from_numpy(masks[:, self.columns]),
                torch.from_numpy(known[:, self.columns]),
            )

    def state_dict(self) -> dict[str, Any]:
        """Where the pass stands."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a pass stood; that of another epoch, or one at its end, starts anew."""
        if state["epoch"] == self.epoch and state["position"] < len(self):
            self.position = state["position"]
