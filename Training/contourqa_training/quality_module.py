"""QualityModule: the first paper's network with its loss and schedule, as Lightning trains it."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional

from contourqa_training.batches import Batch
from contourqa_training.config import TrainingSettings
from ContourQALib.networks.efficientdet3d import EfficientDet3D, EfficientDet3DConfig


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
        """The loss of one batch: the paper's mean squared error of Dice."""
        x, dice, _error = batch
        loss = functional.mse_loss(self(x), dice)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False, batch_size=len(dice))
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
