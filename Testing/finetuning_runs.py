"""Small fine-tunings for tests: a segmenter of boxes to start from, patients contoured more generously."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training import training_queue
from contourqa_training.finetuning import (
    FinetuneConfig,
    FineTuned,
    finetune,
    finetune_config_from,
    fold_trainings,
)
from contourqa_training.segmentation_cases import find_cases, read_case
from contourqa_training.segmenter import train_segmenter
from contourqa_training.segmenter_config import SegmenterConfig
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from files_on_disk import write
from one_process import one_process
from segmenter_runs import ORIGIN, PATIENTS, SHAPE, SPACING, boxes_config, write_boxes

LOCAL = PATIENTS[:5]

FINETUNE: dict[str, dict[str, Any]] = {
    "finetune": {"name": "tuned", "folds": 5},
    "training": {
        "loss": "cross-entropy",
        "balance": 0.25,
        "learning_rate": 3e-3,
        "rate_decay": 0.9,
        "batch_size": 4,
        "epochs": 6,
        "slices_per_epoch": 40,
        "running_mean": 1,
        "stages": [],
        "precision": "full",
    },
}


def pretraining() -> SegmenterConfig:
    """Boxes told apart by a softmax, without dropout: learned in seconds."""
    config = boxes_config()
    training = replace(config.training, loss="cross-entropy", epochs=20, stages=(), running_mean=1)
    return replace(config, network=replace(config.network, dropout=0.0), training=training)


def tuning(**training: object) -> FinetuneConfig:
    """`FINETUNE` with other settings of the training."""
    return finetune_config_from({**FINETUNE, "training": {**FINETUNE["training"], **training}})


def pretrained(folder: Path, run: Path) -> SegmenterModel:
    """A segmenter of the boxes in a folder, to start from."""
    data = SegmenterData.load(folder, pretraining())
    train_segmenter(pretraining(), data, run, threads=1, progress=False)
    return open_segmenter(run)


def write_grown(folder: Path, patients: Sequence[str] = LOCAL) -> Path:
    """The images of `write_boxes` with contours one voxel wider to each side in the slice."""
    write_boxes(folder, patients)
    for case in find_cases(folder, ["liver", "spleen"]):
        _, masks = read_case(case)
        labels = np.zeros(SHAPE, np.uint8)
        for number, name in enumerate(("liver", "spleen"), start=1):
            for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)):
                labels[np.roll(masks[name], (rows, columns), axis=(1, 2))] = number
        write(case.labels, labels, SPACING, ORIGIN)
    return folder


def finetune_here(
    config: FinetuneConfig,
    start: SegmenterModel,
    data: Path,
    output: Path,
    cache: Path,
    said: list[str] | None = None,
) -> FineTuned:
    """Fine-tune in this process; workers of their own are tested with the queue."""
    say = [].append if said is None else said.append
    with one_process(training_queue):
        return finetune(config, start, data, output, cache=cache, workers=1, say=say)


def train_in_place(
    config: FinetuneConfig, start: SegmenterModel, data: Path, runs: Path, structures: Sequence[str] = ()
) -> SegmenterModel:
    """The first fold alone, in this process."""
    names = tuple(structures) or start.config.model.structures
    pool = [case.name for case in find_cases(data, names)]
    training = fold_trainings(config, start.config, start.folder, pool, runs, names)[1]
    loaded = SegmenterData.load(data, training.config, patients=training.patients)
    train_segmenter(training.config, loaded, training.run, start=start, threads=1, progress=False)
    return open_segmenter(training.run)
