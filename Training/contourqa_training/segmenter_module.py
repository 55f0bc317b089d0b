"""SegmenterModule: the segmentation network with its loss, as Lightning trains it."""

from __future__ import annotations

import math
from typing import Any

import lightning
import torch
from torch import Tensor

from contourqa_training.segmenter_config import SegmenterTraining
from contourqa_training.segmenter_loss import mean_over_known, slice_losses
from contourqa_training.slice_batches import SliceBatch
from ContourQALib.networks.unet2d import UNet2D, UNet2DConfig


class SegmenterModule(lightning.LightningModule):
    """Trains a `UNet2D` on `SliceBatch`es.

    Logs `train_loss`, and on the choosing patients `choose_loss`, `choose_loss_mean` (the running mean by
    which the stored model is chosen) and `choose_dice` at 0.5 (all voxels of an organ, mean of the organs).

    Attributes:
        network: what is trained.
        settings: how.
        past: the validation losses that the running mean goes over, oldest first.
    """

    def __init__(self, network: UNet2DConfig, training: SegmenterTraining) -> None:
        super().__init__()
        # channels last: a step on two cores takes two thirds of the time, on GPUs half precision needs it
        self.network = UNet2D(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        probability = training.initial_probability
        with torch.no_grad():  # the logit of 0.5 is 0: torch's own start
            self.network.head.bias += math.log(probability / (1 - probability))
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
        loss = mean_over_known(slice_losses(self(x), masks, self.settings.dice_weight), known)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False, batch_size=len(x))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Begin new sums."""
        self._sums = []

    def validation_step(self, batch: SliceBatch, _: int) -> None:
        """Add up losses, known slices, and the voxels that Dice counts, per organ."""
        x, masks, known = batch
        logits = self(x)
        losses = slice_losses(logits, masks, self.settings.dice_weight)
        reference = (masks > 0) & known[:, :, None, None]
        found = (logits.float() > 0) & known[
            :, :, None, None
        ]  # the sigmoid is above 0.5 where its logit is above 0
        figures = (
            torch.where(known, losses, 0.0),
            known,
            *(mask.flatten(2).sum(dim=2) for mask in (reference & found, reference, found)),
        )
        # summed in double: some thousand slices, and the choice hangs on small differences
        self._sums.append(torch.stack([figure.double().sum(dim=0) for figure in figures]).cpu())

    def on_validation_epoch_end(self) -> None:
        """The mean loss over organs, and its running mean."""
        losses, known, shared, reference, found = torch.stack(self._sums).sum(dim=0)
        there = known > 0
        loss = float((losses[there] / known[there]).mean())
        self.past = [*self.past, loss][-self.settings.running_mean :]
        self.log("choose_loss", loss)
        self.log("choose_loss_mean", sum(self.past) / len(self.past), prog_bar=True)
        drawn = reference + found > 0
        if drawn.any():
            dice = (2 * shared[drawn] / (reference + found)[drawn]).mean()
            self.log("choose_dice", float(dice), prog_bar=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the past losses, which the running mean goes on from."""
        checkpoint["past_losses"] = list(self.past)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them up again."""
        self.past = list(checkpoint["past_losses"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam at one learning rate."""
        return torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)
