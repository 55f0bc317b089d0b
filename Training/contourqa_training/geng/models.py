"""The models of the study of Geng 2024: the vendor's, fine-tuned ones, and ones trained from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from contourqa_training.finetuning import FinetuneConfig, fold_trainings, read_finetune_config
from contourqa_training.geng.config import GengSettings
from contourqa_training.geng.split import ORGANS
from contourqa_training.segmenter_config import SegmenterConfig, read_segmenter_config
from contourqa_training.training_queue import Training

VPM = "VPM"
"""The vendor's pretrained model."""

LFT = "LFT"
"""The locally fine-tuned model: the one of the paper's comparison, of all its folds the best."""

FIRST_FOLD = 1

Kind = Literal["vendor", "fine-tuned", "from nothing"]


@dataclass(frozen=True)
class StudyModel:
    """One model of the study.

    Attributes:
        name: what tables call it.
        kind: where its weights come from.
        patients: how many it learned from, those who chose its epoch among them.
        trainings: one, or one a fold.
    """

    name: str
    kind: Kind
    patients: int
    trainings: tuple[Training, ...]

    @property
    def run(self) -> Path:
        """Folder of the model: that of its only training, or the one above those of its folds."""
        runs = [training.run for training in self.trainings]
        return runs[0] if len(runs) == 1 else runs[0].parent

    @property
    def folds(self) -> dict[int, Path]:
        """Runs of a fine-tuning by number of the fold."""
        return {int(t.run.name.removeprefix("fold-")): t.run for t in self.trainings}


def vendor_config(study: GengSettings) -> SegmenterConfig:
    """How the vendor's model is trained."""
    config = read_segmenter_config(study.segmenter).for_structures(ORGANS)
    return replace(config, training=replace(config.training, epochs=study.vendor_epochs))


def vendor_model(study: GengSettings, patients: int, data: Path, runs: Path) -> StudyModel:
    """The vendor's model, trained on his cohort in the folder `data`."""
    training = Training(VPM, vendor_config(study), runs / VPM, data=data)
    return StudyModel(VPM, "vendor", patients, (training,))


def fine_tuned_models(study: GengSettings, local: Sequence[str], runs: Path) -> list[StudyModel]:
    """The models that start from the vendor's, the paper's first.

    Args:
        study: which.
        local: local patients in the order of the lot.
        runs: folder of all runs; the vendor's is there and need not be finished.
    """
    config = read_finetune_config(study.finetune)
    config = replace(config, training=replace(config.training, epochs=study.epochs))
    one_fold = replace(config, finetune=replace(config.finetune, only=(FIRST_FOLD,)))
    models = []
    for count in (study.local, *study.curve):
        name = LFT if count == study.local else f"{LFT}-{count}"
        how = config if count == study.local else one_fold
        trainings = _folds(how, study, name, local[:count], runs)
        models.append(StudyModel(name, "fine-tuned", count, trainings))
    return models


def scratch_models(study: GengSettings, local: Sequence[str], runs: Path) -> list[StudyModel]:
    """The models from nothing, the longest first; each with the patients of the fine-tuning's first fold.

    They are trained like the vendor's, whose learning rate is meant for such a start.
    """
    tuning = read_finetune_config(study.finetune)
    one_fold = replace(tuning.finetune, only=(FIRST_FOLD,))
    config = vendor_config(study)
    asked = [(f"scratch-{count}", count, study.epochs) for count in study.scratch]
    if study.scratch_epochs:
        longest = (f"scratch-{study.local}-long", study.local, study.epochs + study.scratch_epochs)
        asked.insert(0, longest)
    models = []
    for name, count, epochs in asked:
        how = replace(config.training, epochs=epochs, slices_per_epoch=tuning.training.slices_per_epoch)
        named = replace(config, model=replace(config.model, name=name), training=how)
        (fold,) = _folds(FinetuneConfig(one_fold, how), study, name, local[:count], runs)
        training = replace(fold, start=None, config=named)
        models.append(StudyModel(name, "from nothing", count, (training,)))
    return models


def _folds(
    config: FinetuneConfig, study: GengSettings, name: str, pool: Sequence[str], runs: Path
) -> tuple[Training, ...]:
    named = replace(config, finetune=replace(config.finetune, name=name))
    folds = fold_trainings(named, vendor_config(study), runs / VPM, pool, runs / name)
    return tuple(folds.values())
