"""One fold of the cross-validation: trained, resumed after a kill, with the curves of every epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from contourqa_training.batches import Batch
from contourqa_training.config import TrainingConfig
from contourqa_training.isaksson.pair_batches import PairBatches, plain_batches
from contourqa_training.isaksson.pairs import Pair
from contourqa_training.quality_module import QualityModule
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.networks.efficientdet3d import EfficientDet3D

CHECKPOINTS, LAST, SETTINGS = "checkpoints", "last.ckpt", "settings.json"

Curve = list[dict[str, float]]
"""One entry an epoch: epoch, learning_rate, train_mse, validation_mse, validation_mae."""


@dataclass(frozen=True, eq=False)
class TrainedFold:
    """A fold's network after its last epoch, as the paper uses it: no epoch is chosen.

    Attributes:
        network: in evaluation mode.
        epochs: that it was trained for.
        curve: of every epoch.
    """

    network: EfficientDet3D
    epochs: int
    curve: Curve


class FoldModule(QualityModule):
    """The paper's loss and schedule; its checkpoints hold the curves, so that a resumed run has them all."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config.network, config.training)
        self.curve: Curve = []
        self._rate = math.nan
        self._losses: list[float] = []
        self._errors: list[Tensor] = []

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch."""
        loss = super().training_step(batch, index)
        self._losses.append(float(loss.detach()))
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        """Errors of the fold's own test contours; they are drawn, not chosen by."""
        x, dice, _ = batch
        self._errors.append((self(x).float() - dice).detach().cpu())

    def on_train_epoch_start(self) -> None:
        """Remember the learning rate: at the end of the epoch the schedule has stepped on already."""
        self._rate = float(self.trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_epoch_end(self) -> None:
        """One more point of the curves."""
        errors = torch.cat(self._errors)
        self.curve.append(
            {
                "epoch": float(self.current_epoch + 1),
                "learning_rate": self._rate,
                "train_mse": float(np.mean(self._losses)) if self._losses else math.nan,
                "validation_mse": float(functional.mse_loss(errors, torch.zeros_like(errors))),
                "validation_mae": float(errors.abs().mean()),
            }
        )
        self._losses, self._errors = [], []

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the curves."""
        checkpoint["curve"] = self.curve

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with them."""
        self.curve = list(checkpoint["curve"])


class _Pairs(lightning.LightningDataModule):
    def __init__(self, train: Sequence[Pair], test: Sequence[Pair], config: TrainingConfig) -> None:
        super().__init__()
        self.pairs, self.config, self.validation = train, config, plain_batches(test)

    def train_dataloader(self) -> DataLoader[Batch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        batches = PairBatches(self.pairs, self.config.spatial, self.config.training.seed, epoch)
        return DataLoader(batches, batch_size=None)

    def val_dataloader(self) -> DataLoader[Batch]:
        # a list is all that a loader needs of a data set, whatever its stubs say
        return DataLoader(self.validation, batch_size=None)  # type: ignore[arg-type]


def train_fold(
    pairs: Sequence[Pair],
    number: int,
    config: TrainingConfig,
    run: Path,
    identity: Mapping[str, Any],
    *,
    threads: int | None = None,
    progress: bool = True,
) -> TrainedFold:
    """Train one fold on the others' pairs; what is there already is not trained again.

    A GPU is used where torch finds one, in mixed precision.

    Args:
        pairs: all of them.
        number: of the fold that is tested.
        config: how to train.
        run: folder of the fold's run.
        identity: what tells this training from others; a run of another one is refused.
        threads: of torch; its own choice without.
        progress: whether to show a progress bar.

    Raises:
        SettingError: the folder holds a run of another configuration or of other data.
        OutputError: it cannot be written.
    """
    last = output_folder(run / CHECKPOINTS) / LAST
    _check_identity(run / SETTINGS, {**identity, "fold": number})
    if threads:
        torch.set_num_threads(threads)
    trained = trained_fold(run, config)
    if trained is not None and trained.epochs >= config.training.epochs:
        return trained
    lightning.seed_everything(config.training.seed, verbose=False)
    train = [pair for pair in pairs if pair.fold != number]
    test = [pair for pair in pairs if pair.fold == number]
    trainer = lightning.Trainer(
        max_epochs=config.training.epochs,
        callbacks=[
            ModelCheckpoint(
                last.parent,
                filename=last.stem,
                enable_version_counter=False,
                save_on_train_epoch_end=True,
            )
        ],
        logger=False,
        accelerator="auto",
        devices=1,
        precision="16-mixed" if torch.cuda.is_available() else "32-true",
        enable_progress_bar=progress,
        enable_model_summary=False,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
    )
    trainer.fit(
        FoldModule(config), _Pairs(train, test, config), ckpt_path=str(last) if last.is_file() else None
    )
    finished = trained_fold(run, config)
    assert finished is not None  # every epoch writes its checkpoint
    return finished


def trained_fold(run: Path, config: TrainingConfig) -> TrainedFold | None:
    """A fold's network after the last epoch there is, on the CPU; None where no epoch ended yet."""
    last = run / CHECKPOINTS / LAST
    if not last.is_file():
        return None
    state = torch.load(last, map_location="cpu", weights_only=True)
    module = FoldModule(config)
    module.load_state_dict(state["state_dict"])
    return TrainedFold(module.network.eval(), int(state["epoch"]) + 1, list(state["curve"]))


def _check_identity(path: Path, identity: Mapping[str, Any]) -> None:
    """Write what the run is, or compare it with what it was.

    Raises:
        SettingError: they differ.
    """
    text = json.dumps(identity, indent=1, sort_keys=True) + "\n"
    if not path.is_file():
        with write_atomically(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    elif path.read_text(encoding="utf-8") != text:
        raise SettingError(
            f"{path.parent} holds a fold of another configuration or other data; choose another --runs."
        )
