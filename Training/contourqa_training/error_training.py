"""Train the quality model that ships: a contour library in, checkpoints while it runs, a model bundle out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from contourqa_training.bundle import write_bundle
from contourqa_training.error_config import ErrorConfig
from contourqa_training.error_module import ErrorModule
from contourqa_training.error_samples import ErrorBatch, ErrorBatches, LibraryIndex, choosing_batches
from contourqa_training.library import ContourLibrary
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder
from ContourQALib.networks.error_unet3d import config_to_dict
from ContourQALib.quality.predictor import ERROR_UNET

LAST = "last.ckpt"
BEST = "best.ckpt"
BUNDLE = "bundle"

Report = Callable[[int, float], None]


class _Batches(lightning.LightningDataModule):
    """The epoch's batches, drawn anew every epoch, and the fixed ones to choose the stored weights by."""

    def __init__(self, train: LibraryIndex, choosing: list[ErrorBatch], config: ErrorConfig) -> None:
        super().__init__()
        self.train, self.choosing, self.config = train, choosing, config

    def train_dataloader(self) -> DataLoader[ErrorBatch]:
        epoch = self.trainer.current_epoch if self.trainer else 0
        return DataLoader(ErrorBatches(self.train, self.config, epoch), batch_size=None)

    def val_dataloader(self) -> DataLoader[ErrorBatch]:
        # a list is all that a loader needs of a data set, whatever its stubs say
        return DataLoader(self.choosing, batch_size=None)  # type: ignore[arg-type]


class _Told(lightning.Callback):
    def __init__(self, report: Report) -> None:
        self.report = report

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.report(trainer.current_epoch + 1, float(trainer.callback_metrics["choose_mae"]))


def train_error_model(
    config: ErrorConfig,
    library: ContourLibrary,
    run: Path,
    *,
    threads: int | None = None,
    progress: bool = True,
    report: Report | None = None,
) -> Path:
    """Train the error network on a library's training patients and write it as a bundle.

    A run that was killed goes on from its last checkpoint when it is started again, and one that is finished
    is not trained again; calibration and test patients are not opened.

    Args:
        config: what to train; where it names no structures, all of the library.
        library: contours whose quality is known.
        run: folder of the run: checkpoints, curves, and the bundle.
        threads: threads of torch; its own choice without.
        progress: whether to show a progress bar.
        report: told after every epoch how many are done, and the error on the choosing patients.

    Returns:
        The bundle's folder; its card has no figures, its intervals no calibration yet.

    Raises:
        SettingError: the library lacks a structure or patients, or the run is one of another configuration.
        OutputError: the run folder cannot be written.
    """
    config = config.for_structures(library.structures)
    unknown = [name for name in config.model.structures if name not in library.structures]
    if unknown:
        raise SettingError(f"The contour library {library.folder} has no contours of {', '.join(unknown)}.")
    _begin(config, run)
    if threads:
        torch.set_num_threads(threads)
    lightning.seed_everything(config.training.seed, verbose=False)
    train = LibraryIndex(
        library, library.of_split("train", without=config.training.leave_out), config.model.structures
    )
    choosers = library.of_split("choose", without=config.training.leave_out)
    choose = LibraryIndex(library, choosers, config.model.structures)
    choosing = choosing_batches(choose, config)
    if not train.cases or not choosing:
        raise SettingError(f"The contour library {library.folder} has too few patients to train and choose.")
    module = ErrorModule(config.network, config.training)
    checkpoints = run / "checkpoints"
    last = checkpoints / LAST
    fixed: dict[str, Any] = {"dirpath": checkpoints, "enable_version_counter": False}
    trainer = lightning.Trainer(
        max_epochs=config.training.epochs,
        callbacks=[
            ModelCheckpoint(filename="best", monitor="choose_loss", mode="min", **fixed),
            ModelCheckpoint(filename="last", **fixed),
            *([_Told(report)] if report else []),
        ],
        logger=[CSVLogger(run, name="curves")],  # a folder a start: a resumed run keeps the curves before it
        enable_progress_bar=progress,
        enable_model_summary=False,
        gradient_clip_val=1.0,  # a contour far from anything gives a hundredfold gradient
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=20,
    )
    batches = _Batches(train, choosing, config)
    trainer.fit(module, batches, ckpt_path=str(last) if last.is_file() else None)
    return export_bundle(config, library, run)


def export_bundle(config: ErrorConfig, library: ContourLibrary, run: Path) -> Path:
    """Write the bundle of a run's best checkpoint so far; also while the run goes on.

    Raises:
        SettingError: the run has no checkpoint yet.
    """
    config = config.for_structures(library.structures)
    best = run / "checkpoints" / BEST
    if not best.is_file():
        raise SettingError(f"{run} holds no checkpoint to export yet.")
    state = torch.load(best, map_location="cpu", weights_only=True)
    module = ErrorModule(config.network, config.training)
    module.load_state_dict(state["state_dict"])
    record = {
        "kind": ERROR_UNET,
        "structures": list(config.model.structures),
        "network": config_to_dict(config.network),
    }
    card = card_of(config, library, int(state["epoch"]) + 1)
    return write_bundle(run / BUNDLE, module.network, record, config.preprocessing, card)


def card_of(config: ErrorConfig, library: ContourLibrary, epoch: int) -> dict[str, Any]:
    """The facts of a card that training itself knows; calibration and evaluation add the figures."""
    model = config.model
    left_out = config.training.leave_out
    patients = library.of_split("train", without=left_out)
    learned = set(patients)
    volumes: dict[str, list[float]] = {name: [] for name in model.structures}
    for contour in library.contours:
        if contour.patient in learned and contour.stratum == "G" and contour.structure in volumes:
            volumes[contour.structure].append(contour.volume_cc)
    spacings = np.array([library.case(patient).spacing_kji for patient in patients])
    card: dict[str, Any] = {
        "name": model.name,
        "status": "released",
        **asdict(config.card),
        "modality": model.modality,
        "structures": list(model.structures),
        "aliases": {name: model.aliases_of(name) for name in model.structures if model.aliases_of(name)},
        "ranges": {
            name: {
                "volume_cc": [round(min(found), 3), round(max(found), 3)],
                "spacing_mm": [round(float(spacings.min()), 4), round(float(spacings.max()), 4)],
                "single_part": model.single_part,
            }
            for name, found in volumes.items()
            if found
        },
        "patients": {"train": len(patients), "choose": len(library.of_split("choose", without=left_out))},
        "training": {
            "epochs": config.training.epochs,
            "best_epoch": epoch,
            "contours": sum(c.patient in learned for c in library.contours),
            "seed": config.training.seed,
            "left_out": left_out or None,
            "data_fingerprint": library.facts["fingerprint"],
        },
    }
    if model.teaching_only:
        card["teaching_only"] = True
    return card


def _begin(config: ErrorConfig, run: Path) -> None:
    """Write the configuration of a new run, or see that an old one is the same."""
    output_folder(run)
    path = run / "config.toml"
    text = f"{config.text}\n# structures: {', '.join(config.model.structures)}\n"
    text += f"# training: {asdict(config.training)}\n"
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise SettingError(f"{run} holds a run of another configuration; choose another folder or remove it.")
    path.write_text(text, encoding="utf-8")


def with_training(config: ErrorConfig, **changes: Any) -> ErrorConfig:
    """The configuration with other settings of its training; None leaves one as it is."""
    kept = {name: value for name, value in changes.items() if value is not None}
    return replace(config, training=replace(config.training, **kept))
