"""StudyModel: one of the segmenters that the study trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from contourqa_training.bice.config import BiceConfig
from contourqa_training.patients import Draw
from contourqa_training.segmenter_config import SegmenterConfig, read_segmenter_config
from ContourQALib.errors import SettingError

MULTI_LABEL = "multi-label"


@dataclass(frozen=True)
class StudyModel:
    """A segmenter to train.

    Attributes:
        name: of the model and of the folder of its run.
        config: how it is trained.
        draw: the Monte Carlo draw whose patients it is trained and judged on; None for the split's.
    """

    name: str
    config: SegmenterConfig
    draw: Draw | None = None

    @property
    def structures(self) -> tuple[str, ...]:
        """What it segments."""
        return self.config.model.structures

    @property
    def dice_weight(self) -> float:
        """Lambda of its loss."""
        return self.config.training.dice_weight


def study_models(study: BiceConfig) -> tuple[StudyModel, ...]:
    """Every model of a study, the longest training first.

    A structure's own model, its series over lambda and its draws share what is the same: the model at the
    segmenter's own lambda is trained once.

    Raises:
        SettingError: a segmenter's configuration cannot be read, or the two divide patients differently.
        StructureError: a segmenter's configuration lacks a structure.
    """
    segmenter, joint = (
        read_segmenter_config(name) for name in (study.segmenter, study.multi_label_segmenter)
    )
    if study.multi_label and _division(segmenter) != _division(joint):
        raise SettingError(
            f"{study.segmenter} and {study.multi_label_segmenter} divide patients differently; give both the"
            " same split, choose_share and seed."
        )
    models: dict[str, StudyModel] = {}
    if study.multi_label:
        config = _config(joint, study.multi_label, study.multi_label_epochs, multi_label=True)
        models[MULTI_LABEL] = StudyModel(MULTI_LABEL, config)
    own = segmenter.training.dice_weight
    for weight in dict.fromkeys((own, *study.dice_weights)):
        wanted = [*(study.single if weight == own else ())]
        wanted += [name for name in study.series if weight in study.dice_weights and name not in wanted]
        for structure in wanted:
            config = _config(segmenter, [structure], study.epochs, dice_weight=weight)
            (spelled,) = config.model.structures
            name = f"{spelled}-lambda-{weight:g}"
            models[name] = StudyModel(name, config)
    for number in range(1, study.draws + 1):
        for structure in study.drawn:
            config = _config(segmenter, [structure], study.draw_epochs)
            (spelled,) = config.model.structures
            name = f"{spelled}-draw-{number}"
            models[name] = StudyModel(name, config, Draw(number, study.held_out_share))
    return tuple(models.values())


def _division(segmenter: SegmenterConfig) -> tuple[str, float, int]:
    """What says who trains and who chooses."""
    return segmenter.model.split, segmenter.model.choose_share, segmenter.training.seed


def _config(
    segmenter: SegmenterConfig,
    structures: Sequence[str],
    epochs: int,
    *,
    dice_weight: float | None = None,
    multi_label: bool = False,
) -> SegmenterConfig:
    training = replace(segmenter.training, epochs=epochs)
    if dice_weight is not None:
        training = replace(training, dice_weight=dice_weight)
    model = replace(segmenter.model, multi_label=multi_label)
    return replace(segmenter, model=model, training=training).for_structures(structures)
