"""ErrorModule: the error network with its loss and schedule, as Lightning trains it."""

from __future__ import annotations

import math
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional

from contourqa_training.error_config import ErrorTraining
from contourqa_training.error_samples import ErrorBatch
from ContourQALib.networks.error_unet3d import ErrorPrediction, ErrorUNet3D, ErrorUNet3DConfig, soft_dice

SMALLEST_PROBABILITY = 1e-4
"""Bounds a predicted Dice away from 0 and 1, where its cross entropy is infinite."""

SMALLEST_SIZE = 100.0
"""Voxels that a contour counts for at least, so that a contour of three does not outweigh all others."""


class ErrorModule(lightning.LightningModule):
    """Trains an `ErrorUNet3D`; logs the error of Dice on the choosing patients as `choose_mae`."""

    def __init__(self, network: ErrorUNet3DConfig, training: ErrorTraining) -> None:
        super().__init__()
        self.network = ErrorUNet3D(network)
        self.settings = training

    def training_step(self, batch: ErrorBatch, _: int) -> Tensor:
        """The loss of one batch."""
        loss = error_loss(self.network(batch.x, batch.structure), batch, self.settings)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False, batch_size=len(batch.x))
        return loss

    def validation_step(self, batch: ErrorBatch, _: int) -> None:
        """Mean absolute errors, without hints."""
        said = self.network(batch.x, batch.structure)
        dice = soft_dice(batch.x[:, 1], torch.sigmoid(said.logits.float()))
        size = len(batch.x)
        self.log("choose_mae", (dice - batch.dice).abs().mean(), prog_bar=True, batch_size=size)
        known = torch.isfinite(batch.distances)
        if known.any():
            wrong = (said.distances - batch.distances)[known].abs().mean()
            self.log("choose_log_distance", wrong, batch_size=size)
        self.log("choose_loss", error_loss(said, batch, self.settings), batch_size=size)

    def configure_optimizers(self) -> Any:
        """AdamW; the learning rate rises, then falls to 0 as a cosine, step by step."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.settings.learning_rate, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate(self, step: int) -> float:
        share = step / self.settings.steps
        warm_up = self.settings.warm_up
        if share < warm_up:
            return (share + 1 / self.settings.steps) / warm_up
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (share - warm_up) / max(1e-9, 1 - warm_up))))


def error_loss(said: ErrorPrediction, batch: ErrorBatch, training: ErrorTraining) -> Tensor:
    """The loss of a batch.

    The cross entropy of the error map, summed over the window and divided by twice the contour's size, so
    that small structures count as much as large ones; the cross entropy of Dice as a soft label, which unlike
    a squared error does not stall where a sigmoid saturates; the absolute error of the log distances.
    """
    logits = said.logits.float()
    voxels = functional.binary_cross_entropy_with_logits(logits, batch.error, reduction="none")
    size = (batch.x[:, 1] > 0).sum(dim=(1, 2, 3)).clamp_min(SMALLEST_SIZE)
    loss = (voxels.sum(dim=(1, 2, 3)) / (2 * size)).mean()
    dice = soft_dice(batch.x[:, 1], torch.sigmoid(logits))
    bounded = dice.clamp(SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    loss = loss + training.dice_weight * functional.binary_cross_entropy(bounded, batch.dice)
    known = torch.isfinite(batch.distances)
    if known.any():
        wrong = functional.smooth_l1_loss(said.distances[known], batch.distances[known], beta=0.2)
        loss = loss + training.distance_weight * wrong
    return loss
