"""QualityModule: the quality network with its loss and schedule, as Lightning trains it."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional

from contourqa_training.batches import Batch
from contourqa_training.config import TrainingSettings
from ContourQALib.networks.efficientdet3d import EfficientDet3D, EfficientDet3DConfig

SMALLEST_PROBABILITY = 1e-4
"""Bounds a predicted Dice away from 0 and 1, where its cross entropy is infinite."""


class QualityModule(lightning.LightningModule):
    """Trains an `EfficientDet3D` on `Batch`es; logs the mean absolute error on the choosing patients."""

    def __init__(self, network: EfficientDet3DConfig, training: TrainingSettings) -> None:
        super().__init__()
        self.network = EfficientDet3D(network)
        self.settings = training

    def forward(self, x: Tensor) -> Tensor:
        """Predicted Dice (N,)."""
        predicted: Tensor = self.network(x)
        return predicted

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The loss of one batch."""
        loss = quality_loss(self.network, batch, self.settings.loss)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False, batch_size=len(batch[1]))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Mean absolute error of the predicted Dice."""
        x, dice, _error = batch
        error = (self(x) - dice).abs().mean()
        self.log("choose_mae", error, prog_bar=True, batch_size=len(dice))

    def configure_optimizers(self) -> Any:
        """Adam; the learning rate drops once, after `drop_after` of the epochs."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.settings.learning_rate)
        drop_at = round(self.settings.drop_after * self.settings.epochs)
        factor = self.settings.learning_rate_after / self.settings.learning_rate
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda epoch: factor if epoch >= drop_at else 1.0
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}


def quality_loss(network: EfficientDet3D, batch: Batch, kind: str) -> Tensor:
    """The loss of a batch.

    "squared_error" is the paper's mean squared error of Dice. "error_map" adds the cross entropy of the error
    map, summed over the window and divided by twice the size of the contour, so that small structures count
    as much as large ones, and the cross entropy of Dice taken as a soft label.
    """
    x, dice, error = batch
    if kind == "squared_error":
        return functional.mse_loss(network(x), dice)
    logits = network.logit_map(x)
    voxels = functional.binary_cross_entropy_with_logits(logits, error, reduction="none").sum(dim=(1, 2, 3))
    size = x[:, 1].sum(dim=(1, 2, 3)).clamp_min(100.0)
    predicted = network.dice_of(x, torch.sigmoid(logits)).clamp(
        SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY
    )
    return (voxels / (2 * size)).mean() + functional.binary_cross_entropy(predicted, dice)
