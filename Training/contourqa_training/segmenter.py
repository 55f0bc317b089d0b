"""Train a segmenter: slices in, checkpoints while it runs, weights and what is known of them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from contourqa_training.patients import Patients
from contourqa_training.segmenter_config import SegmenterConfig
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import (
    CONFIG_FILE,
    MODEL_FOLDER,
    WEIGHTS_FILE,
    SegmenterModel,
    open_segmenter,
    stage_file,
    write_facts,
    write_weights,
)
from contourqa_training.segmenter_module import SegmenterModule
from contourqa_training.segmenter_start import started_from, take_weights
from contourqa_training.slice_batches import SliceBatches
from ContourQALib.errors import ModelError, SettingError
from ContourQALib.formats.output import output_folder

LAST = "last.ckpt"
BEST = "best.ckpt"

SAVE_EVERY = timedelta(minutes=1)
"""Between checkpoints within an epoch: what a kill costs at most."""


class _Batches(lightning.LightningDataModule):
    """Training batches in another order every epoch, choosing batches in a fixed one."""

    def __init__(self, data: SegmenterData, config: SegmenterConfig) -> None:
        super().__init__()
        self.data, self.settings = data, config.training

    def train_dataloader(self) -> SliceBatches:
        epoch = self.trainer.current_epoch if self.trainer else 0
        size, seed = self.settings.batch_size, self.settings.seed
        data = self.data
        chosen = data.of_pass(epoch, self.settings.slices_per_epoch, seed)
        return SliceBatches(data.slices, chosen, data.columns, size, epoch=epoch, seed=seed)

    def val_dataloader(self) -> SliceBatches:
        data = self.data
        return SliceBatches(data.slices, data.choose, data.columns, self.settings.batch_size)


class _WithinEpochs(ModelCheckpoint):
    """Saves between batches, not after the last: resumed from there, Lightning would skip validation."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *others: Any, **more: Any) -> None:
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, *others, **more)


class _Moved(lightning.Callback):
    """Lets a run go on whose folder was moved or copied: Lightning would forget its best epoch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def on_load_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        for state in checkpoint["callbacks"].values():
            if "dirpath" in state:
                state["dirpath"] = str(self.folder)
                for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
                    state[name] = self._here(state[name])
                state["best_k_models"] = {self._here(p): loss for p, loss in state["best_k_models"].items()}

    def _here(self, path: str) -> str:
        return str(self.folder / Path(path).name) if path else path


class _Stages(lightning.Callback):
    """Keeps the weights after given epochs."""

    def __init__(self, folder: Path, epochs: tuple[int, ...]) -> None:
        self.folder, self.epochs = folder, epochs

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        done = trainer.current_epoch + 1
        if done in self.epochs and isinstance(pl_module, SegmenterModule):
            write_weights(pl_module.network, self.folder / stage_file(done))


class _Report(lightning.Callback):
    """Tells how many epochs are done, and the choosing loss."""

    def __init__(self, report: Callable[[int, float], None]) -> None:
        self.report = report

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if isinstance(pl_module, SegmenterModule):
            self.report(trainer.current_epoch + 1, pl_module.past[-1])


def train_segmenter(
    config: SegmenterConfig,
    data: SegmenterData,
    run: Path,
    *,
    start: SegmenterModel | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: bool = True,
    report: Callable[[int, float], None] | None = None,
) -> Path:
    """Train a segmenter and write it to `run`/model.

    The run folder holds checkpoints (the last one, at most `SAVE_EVERY` old, and the best by the running mean
    of the choosing loss), the curves as CSV and for TensorBoard, and the model with its stages. A resumed run
    ends with the weights of the uninterrupted one. It may have more epochs, unless the learning rate falls
    towards the last; every other setting, the data and the patients must be the same.

    Args:
        config: what to train.
        data: slices and patients, read for the same configuration.
        run: folder of the run.
        start: a model whose weights it starts from; see `take_weights`.
        resume: go on from the last checkpoint.
        threads: threads of torch; its own choice (one a core) without.
        progress: whether to show a progress bar.
        report: called after every epoch's validation with the epochs that are done and the choosing loss;
            of a resumed run for the epochs it goes on with.

    Returns:
        The model's folder.

    Raises:
        SettingError: a structure cannot be learned from the data, there is nothing to resume from, a run is
            there already and `resume` is not set, it was started with another configuration, or `start` is of
            another network.
        ModelError: the weights of `start` are damaged.
        OutputError: the run folder cannot be written.
    """
    last = run / "checkpoints" / LAST
    model = run / MODEL_FOLDER
    data.check()
    facts: dict[str, Any] = data.facts()
    training = config.training
    if training.exclusive:
        facts["class_weights"] = list(data.class_weights(training.balance))
    if start is not None:
        facts["started_from"] = started_from(start, config.model.structures)
    _check_run(config, data.patients, facts, run, resume)
    if threads:
        torch.set_num_threads(threads)
    lightning.seed_everything(training.seed, verbose=False)
    module = SegmenterModule(config.network, training, facts.get("class_weights", ()))
    if start is not None:
        take_weights(module.network, config, start)
    output_folder(model)
    if not last.is_file():
        write_facts(model, config, data.patients, facts)
    trainer = _trainer(config, run, progress, report)
    trainer.fit(module, _Batches(data, config), ckpt_path=str(last) if resume else None)
    best = torch.load(run / "checkpoints" / BEST, map_location="cpu", weights_only=True)
    module.load_state_dict(best["state_dict"])
    write_weights(module.network, model / WEIGHTS_FILE)
    chosen = {
        "epochs": training.epochs,
        "stored_after_epoch": int(best["epoch"]) + 1,
        "stored_loss": _least_loss(trainer),
        "precision": str(trainer.precision),
    }
    write_facts(model, config, data.patients, {**facts, **chosen})
    return model


def is_finished(run: Path) -> bool:
    """Whether a run went to its end: its model has the stored weights and says after which epoch.

    A run that was finished and is resumed for more epochs stays so, with the epochs it had then
    (`open_segmenter(run).facts["epochs"]`), until it ends again.
    """
    try:
        model = open_segmenter(run)
    except ModelError:
        return False
    return "stored_after_epoch" in model.facts and (model.folder / WEIGHTS_FILE).is_file()


def _trainer(
    config: SegmenterConfig, run: Path, progress: bool, report: Callable[[int, float], None] | None
) -> lightning.Trainer:
    where = run / "checkpoints"
    fixed: Mapping[str, Any] = {"dirpath": where, "enable_version_counter": False}
    return lightning.Trainer(
        max_epochs=config.training.epochs,
        devices=1,  # the batches come from this process's memory
        precision=_precision(config.training.precision),
        callbacks=[
            *([_Report(report)] if report else []),
            _Moved(where),
            _Stages(run / MODEL_FOLDER, config.training.stages),
            ModelCheckpoint(filename="best", monitor="choose_loss_mean", mode="min", **fixed),
            ModelCheckpoint(filename="last", **fixed),
            _WithinEpochs(filename="last", train_time_interval=SAVE_EVERY, **fixed),
        ],
        logger=[
            CSVLogger(run, name="curves"),  # a folder a start: a resumed run keeps the curves before it
            TensorBoardLogger(run, name="tensorboard", version=""),
        ],
        enable_progress_bar=progress,
        enable_model_summary=False,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
    )


def _least_loss(trainer: lightning.Trainer) -> float:
    """The running mean of choosing losses that chose the stored model."""
    kept = (saver for saver in trainer.checkpoint_callbacks if isinstance(saver, ModelCheckpoint))
    (score,) = (saver.best_model_score for saver in kept if saver.monitor)
    assert score is not None
    return float(score)


def _precision(wanted: str) -> Any:
    """Lightning's name of a precision; "auto" is mixed where that is faster."""
    if torch.cuda.is_available():
        mixed = "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
        return "32-true" if wanted == "full" else mixed
    # Matrix units halve the time of a step, without them it may grow. Older versions of torch cannot say.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = wanted == "auto" and capabilities.get("amx_bf16", False)
    return "bf16-mixed" if wanted == "mixed" or fast else "32-true"


def _check_run(
    config: SegmenterConfig, patients: Patients, facts: Mapping[str, Any], run: Path, resume: bool
) -> None:
    """Refuse to overwrite a run, to resume from nothing, and to resume what is another run."""
    last = run / "checkpoints" / LAST
    if resume and not last.is_file():
        raise SettingError(f"There is nothing to resume in {run}: it has no checkpoint.")
    if last.is_file() and not resume:
        raise SettingError(f"{run} holds a run already; go on with --resume or choose another folder.")
    if not resume:
        return
    before = open_segmenter(run)
    old = _comparable(before.config, before.patients, before.facts)
    new = _comparable(config, patients, facts)
    changed = next((name for name in new if old.get(name) != new[name]), None)
    if changed:
        raise SettingError(
            f"{run} was started with {changed} = {_short(old.get(changed))}, not {_short(new[changed])}; "
            f"resume it with the configuration in {before.folder / CONFIG_FILE}, or choose another folder."
        )


def _comparable(config: SegmenterConfig, patients: Patients, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What must not change, by name."""
    settings = {
        f"{section}.{name}": value
        for section, values in config.to_dict().items()
        for name, value in values.items()
        if section != "card" and f"{section}.{name}" != "training.epochs"
    }
    if config.training.decay_epochs:  # the learning rate falls towards the last epoch
        settings["training.epochs"] = config.training.epochs
    return {
        **settings,
        "fold": facts.get("fold"),
        "data_fingerprint": facts.get("data_fingerprint"),
        "started_from": facts.get("started_from"),
        **{f"{role} patients": list(members) for role, members in asdict(patients).items()},
    }


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
