"""Train a quality model: cases in, checkpoints while it runs, a model bundle out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.utils.data import DataLoader

from contourqa_training.batches import Batch, QualityBatches, collate, sample_of
from contourqa_training.bundle import write_bundle
from contourqa_training.cases import TrainingCase, fingerprint, load_cases, patients_of
from contourqa_training.config import TrainingConfig
from contourqa_training.patient_split import read_split
from contourqa_training.quality_module import QualityModule
from contourqa_training.sampling import Mixture
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder
from ContourQALib.networks.efficientdet3d import config_to_dict
from ContourQALib.perturbation import perturb
from ContourQALib.quality.predictor import EFFICIENTDET

LAST = "last.ckpt"
CHOOSING_CONTOURS = 6
"""Graded contours of each choosing patient, beside the reference and one moved by 10 mm."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The cases of a run, by split; test and calibration patients are not even loaded."""

    folder: Path
    train: list[TrainingCase]
    choose: list[TrainingCase]
    fingerprint: str

    @classmethod
    def load(cls, folder: Path, config: TrainingConfig) -> TrainingData:
        """Load the training and choosing patients of `config.model.split` that `folder` holds.

        Raises:
            FormatError: a file is missing or cannot be read.
            SettingError: the folder holds none of the split's patients.
        """
        split = read_split(config.model.split)
        there = [p for p in patients_of(folder) if p in split]
        chosen = {kind: [p for p in there if split[p] == kind] for kind in ("train", "choose")}
        if not all(chosen.values()):
            raise SettingError(f"{folder} holds no patients of the split {config.model.split} to train on.")
        structure = config.model.structure
        return cls(
            folder,
            load_cases(folder, chosen["train"], structure),
            load_cases(folder, chosen["choose"], structure),
            fingerprint(folder, chosen["train"] + chosen["choose"]),
        )


class _Batches(lightning.LightningDataModule):
    """The epoch's batches, drawn anew every epoch, and the fixed batches to choose the checkpoint by."""

    def __init__(self, data: TrainingData, config: TrainingConfig, workers: int) -> None:
        super().__init__()
        self.data, self.config, self.workers = data, config, workers
        self.choosing = choosing_batches(data.choose, config)

    def train_dataloader(self) -> DataLoader[Batch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        batches = QualityBatches(self.data.train, self.config, epoch)
        return DataLoader(batches, batch_size=None, num_workers=self.workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        # a list is all that a loader needs of a data set, whatever its stubs say
        return DataLoader(self.choosing, batch_size=None)  # type: ignore[arg-type]


def choosing_batches(cases: Sequence[TrainingCase], config: TrainingConfig) -> list[Batch]:
    """One fixed batch a choosing patient: the reference, one moved by 10 mm, and graded contours."""
    batches = []
    for number, case in enumerate(cases):
        random = np.random.default_rng((config.training.seed, number))
        masks = [Mixture(reference=0.0).draw(case, cases, random) for _ in range(CHOOSING_CONTOURS)]
        contours = [replace(case.reference, mask=mask) for mask in masks]
        contours += [case.reference, perturb(case.reference, "shift", 10.0, seed=number)]
        batches.append(collate([sample_of(case, contour, config) for contour in contours]))
    return batches


def train_quality(
    config: TrainingConfig,
    folder: Path,
    run: Path,
    *,
    resume: bool = False,
    threads: int | None = None,
    workers: int = 1,
    progress: bool = True,
) -> Path:
    """Train a quality model and write it as a bundle to `run`/bundle.

    The run folder holds `config.toml`, checkpoints (the last one and the best on the choosing patients), the
    curves as CSV and for TensorBoard, and the bundle of the best checkpoint.

    Args:
        config: what to train.
        folder: data, with images/ and labels/.
        run: folder of the run.
        resume: go on from the last checkpoint.
        threads: threads of torch; its own choice without.
        workers: processes that draw batches.
        progress: whether to show a progress bar.

    Raises:
        SettingError: there is nothing to resume from, or a run is there already and `resume` is not set.
        OutputError: the run folder cannot be written.
    """
    checkpoints = run / "checkpoints"
    last = checkpoints / LAST
    if resume and not last.is_file():
        raise SettingError(f"There is nothing to resume in {run}: it has no checkpoint.")
    if last.is_file() and not resume:
        raise SettingError(f"{run} holds a run already; go on with --resume or choose another folder.")
    output_folder(run)
    (run / "config.toml").write_text(config.text, encoding="utf-8")
    if threads:
        torch.set_num_threads(threads)
    lightning.seed_everything(config.training.seed, verbose=False)
    data = TrainingData.load(folder, config)
    module = QualityModule(config.network, config.training)
    best = ModelCheckpoint(dirpath=checkpoints, filename="best", monitor="choose_mae", mode="min")
    # Apart from the best one: Lightning's `save_last` writes only when the best one is written.
    newest = ModelCheckpoint(dirpath=checkpoints, filename="last", enable_version_counter=False)
    trainer = lightning.Trainer(
        max_epochs=config.training.epochs,
        callbacks=[best, newest],
        logger=[
            CSVLogger(run, name="curves"),  # a folder a start: a resumed run keeps the curves before it
            TensorBoardLogger(run, name="tensorboard", version=""),
        ],
        enable_progress_bar=progress,
        enable_model_summary=False,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
    )
    trainer.fit(module, _Batches(data, config, workers), ckpt_path=str(last) if resume else None)
    return export_best(config, data, run)


def export_best(config: TrainingConfig, data: TrainingData, run: Path) -> Path:
    """Write the bundle of a run's best checkpoint so far; also while the run goes on."""
    found = sorted((run / "checkpoints").glob("best*.ckpt"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SettingError(f"{run} holds no checkpoint to export yet.")
    state = torch.load(found[-1], map_location="cpu", weights_only=True)
    module = QualityModule(config.network, config.training)
    module.load_state_dict(state["state_dict"])
    return write_bundle(
        run / "bundle",
        module.network,
        {"kind": EFFICIENTDET, "network": config_to_dict(config.network)},
        config.preprocessing,
        card_of(config, data, int(state["epoch"])),
    )


def card_of(config: TrainingConfig, data: TrainingData, epoch: int) -> dict[str, Any]:
    """The facts of a card that training itself knows; a study adds the figures."""
    volumes = [case.reference.volume_cc for case in data.train]
    spacings = [s for case in data.train for s in case.image.grid.spacing]
    name = config.model.structure
    return {
        "name": config.model.name,
        "status": "preview",
        **asdict(config.card),
        "modality": config.model.modality,
        "structures": [name],
        "aliases": {name: list(config.model.aliases)},
        "ranges": {
            name: {
                "volume_cc": [round(min(volumes), 3), round(max(volumes), 3)],
                "spacing_mm": [min(spacings), max(spacings)],
                "single_part": True,
            }
        },
        "patients": {"train": len(data.train), "choose": len(data.choose)},
        "training": {
            "scheme": config.training.scheme,
            "epochs": config.training.epochs,
            "best_epoch": epoch,
            "seed": config.training.seed,
            "data_fingerprint": data.fingerprint,
        },
        "calibration": None,
    }
