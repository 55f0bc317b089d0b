"""SegmenterModule: the segmentation network with its loss, as Lightning trains it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

import lightning
import torch
from torch import Tensor

from contourqa_training.segmenter_config import SegmenterTraining
from contourqa_training.segmenter_loss import class_losses, mean_over_known, slice_losses
from contourqa_training.segmenter_network import (
    NetworkConfig,
    build_network,
    found,
    head_of,
    refresh_statistics,
)
from contourqa_training.slice_batches import SliceBatch


class SegmenterModule(lightning.LightningModule):
    """Trains a segmentation network on `SliceBatch`es.

    Logs `train_loss`, and on the choosing patients `choose_loss`, `choose_loss_mean` (the running mean by
    which the stored model is chosen) and `choose_dice` of what is found (all voxels of an organ, mean of the
    organs).

    Attributes:
        network: what is trained.
        settings: how.
        past: the validation losses that the running mean goes over, oldest first.
    """

    weights: Tensor

    def __init__(
        self, network: NetworkConfig, training: SegmenterTraining, weights: Sequence[float] = ()
    ) -> None:
        """Build the untrained network.

        Args:
            network: which.
            training: how it is trained.
            weights: of the classes of the cross entropy, the background's first; all 1 without.
        """
        super().__init__()
        # channels last: a step on two cores takes two thirds of the time, on GPUs half precision needs it
        # torch's types do not know that a module takes a memory format alone
        built = build_network(network)
        self.network = built.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        probability = training.initial_probability
        bias = head_of(self.network).bias
        assert bias is not None
        with torch.no_grad():  # the logit of 0.5 is 0: torch's own start
            bias += math.log(probability / (1 - probability))
        classes = torch.tensor(weights or (1.0,) * (network.out_channels + 1))
        self.register_buffer("weights", classes, persistent=False)
        self.settings = training
        self.past: list[float] = []
        self._sums: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, S, H, W) of slices (N, 1, H, W) in [0, 1]."""
        logits: Tensor = self.network(x.contiguous(memory_format=torch.channels_last))
        return logits

    def on_train_batch_start(self, batch: SliceBatch, batch_idx: int) -> None:
        """Seed dropout and set the learning rate by the step alone, so that a resumed run has the same."""
        torch.manual_seed(self.settings.seed * 1_000_003 + self.global_step)
        rate = self.settings.rate_at(self.global_step / self.trainer.num_training_batches)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = rate

    def training_step(self, batch: SliceBatch, _: int) -> Tensor:
        """The loss of one batch."""
        x, masks, known = batch
        loss = mean_over_known(*self._losses(self(x), masks, known))
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False, batch_size=len(x))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Begin new sums, and take the norms' statistics anew where that is asked for."""
        self._sums = []
        if self.settings.refresh_batches:
            loader = self.trainer.train_dataloader
            assert loader is not None
            batches = islice(loader, self.settings.refresh_batches)
            refresh_statistics(self.network, (batch[0].to(self.device) for batch in batches))

    def validation_step(self, batch: SliceBatch, _: int) -> None:
        """Add up losses, known slices, and the voxels that Dice counts, per organ."""
        x, masks, known = batch
        logits = self(x)
        losses, counted = self._losses(logits, masks, known)
        there = known[:, :, None, None]
        reference = (masks > 0) & there
        drawn = found(logits.float(), exclusive=self.settings.exclusive) & there
        figures = (
            torch.where(counted, losses, 0.0).expand_as(known),
            counted.expand_as(known),
            *(mask.flatten(2).sum(dim=2) for mask in (reference & drawn, reference, drawn)),
        )
        # summed in double: some thousand slices, and the choice hangs on small differences
        self._sums.append(torch.stack([figure.double().sum(dim=0) for figure in figures]).cpu())

    def on_validation_epoch_end(self) -> None:
        """The mean loss over organs, and its running mean."""
        losses, known, shared, reference, drawn = torch.stack(self._sums).sum(dim=0)
        there = known > 0
        loss = float((losses[there] / known[there]).mean())
        self.past = [*self.past, loss][-self.settings.running_mean :]
        self.log("choose_loss", loss)
        self.log("choose_loss_mean", sum(self.past) / len(self.past), prog_bar=True)
        there = reference + drawn > 0
        if there.any():
            dice = (2 * shared[there] / (reference + drawn)[there]).mean()
            self.log("choose_dice", float(dice), prog_bar=True)

    def _losses(self, logits: Tensor, masks: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Losses of slices (N, S), or of all structures together (N, 1), and which of them count."""
        how = self.settings
        if not how.exclusive:
            return slice_losses(logits, masks, how.dice_weight), known
        losses = class_losses(logits, masks, known, self.weights, keep_probabilities=how.keep_probabilities)[
            :, None
        ]
        return losses, torch.ones_like(losses, dtype=torch.bool)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the past losses, which the running mean goes on from."""
        checkpoint["past_losses"] = list(self.past)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them up again."""
        self.past = list(checkpoint["past_losses"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam; `on_train_batch_start` sets its learning rate."""
        return torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)
