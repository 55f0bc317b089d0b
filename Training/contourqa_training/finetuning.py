"""Fine-tuning: a trained segmenter learns a clinic's own contours (Geng 2024)."""

from __future__ import annotations

import csv
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contourqa_training.config_file import check_sections, config_text, read_section
from contourqa_training.patients import DRAWN, Fold, Patients, check_there
from contourqa_training.segmentation_cases import find_cases
from contourqa_training.segmenter_config import SegmenterConfig, SegmenterTraining
from contourqa_training.segmenter_model import MODEL_FOLDER, SegmenterModel, open_segmenter
from contourqa_training.training_queue import Training, train_side_by_side
from ContourQALib.errors import ModelError, OutputError, SettingError
from ContourQALib.formats.output import output_folder, write_atomically

FEWEST_PATIENTS = 5

SECTIONS = ("finetune", "training")

FOLDS_FILE = "folds.csv"

Say = Callable[[str], None]


@dataclass(frozen=True)
class FinetuneSettings:
    """How patients are divided.

    Attributes:
        name: what the model is called.
        folds: of the cross-validation; each fold's patients choose the stored model of a training on the
            others.
        only: numbers of the folds to train; all where empty.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str = "finetuned"
    folds: int = 5
    only: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise SettingError(f"finetune.folds must be at least 2, not {self.folds}.")
        if any(not 1 <= fold <= self.folds for fold in self.only):
            raise SettingError(f"finetune.only names folds from 1 to {self.folds}.")

    @property
    def trained(self) -> tuple[int, ...]:
        """Numbers of the folds to train."""
        return tuple(dict.fromkeys(self.only)) or tuple(range(1, self.folds + 1))


@dataclass(frozen=True)
class FinetuneConfig:
    """A fine-tuning: the sections of its TOML file."""

    finetune: FinetuneSettings
    training: SegmenterTraining


@dataclass(frozen=True)
class FineTuned:
    """What a fine-tuning made.

    Attributes:
        folder: of the model.
        fold: the fold whose model it is, that of the least cross-validation loss.
        losses: cross-validation loss by fold.
    """

    folder: Path
    fold: int
    losses: Mapping[int, float]


def read_finetune_config(name_or_path: str) -> FinetuneConfig:
    """Read a named configuration ("finetune", "finetune-two-cores") or a TOML file.

    Raises:
        SettingError: there is none of this name, it is not TOML, or a setting is unknown or impossible.
    """
    return finetune_config_from(tomllib.loads(config_text(name_or_path, SECTIONS)))


def finetune_config_from(sections: Mapping[str, Any]) -> FinetuneConfig:
    """The configuration of a TOML file's content.

    Raises:
        SettingError: an unknown section or setting, or a value that cannot be used.
    """
    check_sections(sections, SECTIONS)
    return FinetuneConfig(
        finetune=read_section(FinetuneSettings, sections, "finetune"),
        training=read_section(SegmenterTraining, sections, "training"),
    )


def fold_trainings(
    config: FinetuneConfig,
    given: SegmenterConfig,
    start: Path,
    pool: Sequence[str],
    runs: Path,
    structures: Sequence[str] = (),
) -> dict[int, Training]:
    """The trainings of a fine-tuning by fold, each with a run folder in `runs`.

    Network, frame and intensities are the trained model's.

    Args:
        config: how.
        given: the trained model's configuration.
        start: its run, which need not be finished yet.
        pool: patients to learn from and to choose by.
        runs: folder of the runs.
        structures: which; those of the trained model where empty.

    Raises:
        SettingError: fewer than five patients, or fewer than folds.
    """
    settings = config.finetune
    if len(pool) < max(FEWEST_PATIENTS, settings.folds):
        raise SettingError(
            f"Fine-tuning in {settings.folds} folds takes at least {max(FEWEST_PATIENTS, settings.folds)}"
            f" patients, not {len(pool)}; add patients{' or take fewer folds' if settings.folds > 5 else ''}."
        )
    taught = _taught(config, given, structures)
    trainings = {}
    for number in settings.trained:
        choose = Fold(number, settings.folds).held_out(sorted(pool), config.training.seed)
        patients = Patients(tuple(sorted(set(pool) - set(choose))), choose)
        name = f"{settings.name} fold {number}"
        run = runs / f"fold-{number}"
        trainings[number] = Training(name, taught, run, patients=patients, start=start)
    return trainings


def finetune(
    config: FinetuneConfig,
    start: SegmenterModel,
    data: Path,
    output: Path,
    *,
    structures: Sequence[str] = (),
    patients: Sequence[str] = (),
    cache: Path,
    skip_bad: bool = False,
    workers: int | None = None,
    say: Say = lambda _: None,
) -> FineTuned:
    """Fine-tune a segmenter by cross-validation; started again after a kill, it goes on.

    Args:
        config: how.
        start: the trained model.
        data: data in a layout that `find_cases` knows.
        output: folder for fold-1, fold-2 ... (runs), folds.csv and model (that of the least loss).
        structures: which; those of the trained model where empty. New ones begin with new outputs.
        patients: these of the folder; all where empty.
        cache: folder in which slices are kept.
        skip_bad: leave out patients whose files cannot be used.
        workers: trainings at a time; one a core by default.
        say: told of every epoch.

    Raises:
        SettingError: too few patients, a structure that cannot be learned, or a run of another configuration.
        StructureError: the data set does not know a structure.
        FormatError: the data cannot be read.
        ModelError: the trained model is damaged, or a training was killed.
        OutputError: the folder cannot be written.
    """
    names = tuple(structures) or start.config.model.structures
    there = [case.name for case in find_cases(data, names)]
    pool = tuple(dict.fromkeys(patients)) or there
    check_there(pool, there)
    trainings = fold_trainings(config, start.config, start.folder, pool, output, names)
    output_folder(output)
    train_side_by_side(
        list(trainings.values()), data, cache=cache, skip_bad=skip_bad, workers=workers, say=say
    )
    return best_fold({number: training.run for number, training in trainings.items()}, output)


def best_fold(runs: Mapping[int, Path], output: Path) -> FineTuned:
    """Put the model of the least cross-validation loss into `output`/model, and the losses into folds.csv.

    Args:
        runs: finished runs by fold.
        output: folder to write to.

    Raises:
        ModelError: a run is not finished.
        OutputError: the folder cannot be written.
    """
    models = {number: open_segmenter(run) for number, run in runs.items()}
    for number, model in models.items():
        if "stored_loss" not in model.facts:
            raise ModelError(f"The training {runs[number]} did not go to its end; fine-tune again.")
    losses = {number: float(model.facts["stored_loss"]) for number, model in models.items()}
    best = min(losses, key=lambda number: losses[number])
    folder = output_folder(output) / MODEL_FOLDER
    fresh = output / f".{MODEL_FOLDER}"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(models[best].folder, fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    except OSError as error:
        raise OutputError(
            f"Cannot write {folder} ({error.strerror}); check the folder and the disk."
        ) from error
    columns = ("fold", "train", "choose", "stored_after_epoch", "cross_validation_loss", "chosen")
    with (
        write_atomically(output / FOLDS_FILE) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for number, model in models.items():
            trained, choosing = model.patients.train, model.patients.choose
            epoch = model.facts.get("stored_after_epoch")
            writer.writerow(
                (
                    number,
                    len(trained),
                    len(choosing),
                    epoch,
                    losses[number],
                    "yes" if number == best else "no",
                )
            )
    return FineTuned(folder, best, losses)


def _taught(config: FinetuneConfig, given: SegmenterConfig, structures: Sequence[str]) -> SegmenterConfig:
    """The configuration of a training that starts from a model of the configuration `given`."""
    names = tuple(structures) or given.model.structures
    return replace(
        given,
        model=replace(
            given.model, name=config.finetune.name, structures=names, multi_label=True, split=DRAWN
        ),
        network=replace(given.network, out_channels=len(names)),
        training=config.training,
    )
