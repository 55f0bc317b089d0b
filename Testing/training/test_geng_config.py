"""The study of Geng 2024 as configured: which models, from whom, in how many steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contourqa_training.finetuning import read_finetune_config
from contourqa_training.geng.config import GengSettings, geng_config_from, read_geng_config
from contourqa_training.geng.models import (
    LFT,
    VPM,
    StudyModel,
    fine_tuned_models,
    scratch_models,
    vendor_config,
    vendor_model,
)
from contourqa_training.geng.split import ORGANS, cohort
from contourqa_training.segmenter_config import (
    SegmenterTraining,
    read_segmenter_config,
    segmenter_config_from_dict,
)
from ContourQALib.errors import SettingError

NAMED = ("two-cores", "quick", "paper")
SEGMENTERS = ("geng", "geng-two-cores")
FINETUNES = ("finetune", "finetune-two-cores")
RUNS = Path("runs")
LOCAL = cohort("local")


def models(study: GengSettings) -> dict[str, StudyModel]:
    """All models of a study by name."""
    every = [
        vendor_model(study, 51, RUNS / "vendor", RUNS),
        *fine_tuned_models(study, LOCAL, RUNS),
        *scratch_models(study, LOCAL, RUNS),
    ]
    return {model.name: model for model in every}


def slices_seen(model: StudyModel) -> int:
    """Slices that a model learns from, repeats counted: its epochs times those of an epoch."""
    training = model.trainings[0].config.training
    return training.epochs * training.slices_per_epoch


@pytest.mark.parametrize("name", NAMED)
def test_named_studies_can_be_trained(name: str) -> None:
    study = read_geng_config(name).study
    made = models(study)
    assert list(made)[:2] == [VPM, LFT]
    runs = [training.run for model in made.values() for training in model.trainings]
    assert len(set(runs)) == len(runs)
    assert all(len(LOCAL) >= model.patients for model in made.values() if model.name != VPM)


def test_the_paper_s_study_has_the_paper_s_schedule() -> None:
    study = read_geng_config("paper").study
    assert (study.vendor_epochs, study.epochs, study.local) == (60, 60, 60)
    tuned = models(study)[LFT]
    assert len(tuned.trainings) == 5
    for training in tuned.trainings:
        assert training.patients is not None
        assert (len(training.patients.train), len(training.patients.choose)) == (48, 12)
    how = tuned.trainings[0].config.training
    assert (how.learning_rate, how.rate_decay, how.batch_size, how.epochs) == (1e-4, 0.9, 4, 60)
    assert tuned.run == RUNS / LFT


def test_named_studies_of_two_cores_ask_for_names_that_there_are() -> None:
    for name in NAMED:
        study = read_geng_config(name).study
        assert study.segmenter in SEGMENTERS
        assert study.finetune in FINETUNES
        assert read_segmenter_config(study.segmenter).training.exclusive
        # whatever starts from the vendor's model sees what it has learned of
        assert read_finetune_config(study.finetune).training.loss == "cross-entropy"


@pytest.mark.parametrize("name", SEGMENTERS)
def test_named_segmenters_survive_json(name: str) -> None:
    config = read_segmenter_config(name)
    assert config.model.structures == ORGANS
    assert segmenter_config_from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_models_from_nothing_learn_in_as_many_steps_as_those_they_are_compared_with() -> None:
    made = models(read_geng_config("two-cores").study)
    steps = {name: slices_seen(model) for name, model in made.items()}
    for count in (5, 20):
        assert steps[f"scratch-{count}"] == steps[f"{LFT}-{count}"]
    assert steps["scratch-50"] == steps[LFT]
    both = steps[VPM] + steps[LFT]
    # whole epochs of another length: nearest to as many as the vendor's model and its fine-tuning together
    assert steps["scratch-50-long"] == pytest.approx(both, abs=1000 / 2)


def test_models_of_one_number_of_patients_know_the_same_patients() -> None:
    made = models(read_geng_config("two-cores").study)
    for name, other in ((LFT, "scratch-50"), (LFT, "scratch-50-long"), (f"{LFT}-5", "scratch-5")):
        assert made[name].trainings[0].patients == made[other].trainings[0].patients
    counts = {LFT: 50, f"{LFT}-5": 5, f"{LFT}-60": 60}
    for name, count in counts.items():
        patients = made[name].trainings[0].patients
        assert patients is not None
        assert {*patients.train, *patients.choose} == set(LOCAL[:count])


def test_fine_tuning_starts_from_the_vendor_s_model_and_nothing_else_does() -> None:
    for model in models(read_geng_config("two-cores").study).values():
        (training,) = model.trainings
        assert training.start == (RUNS / VPM if model.kind == "fine-tuned" else None)
        assert training.data == (RUNS / "vendor" if model.kind == "vendor" else None)
        assert training.config.model.structures == ORGANS


def test_models_from_nothing_are_trained_like_the_vendor_s() -> None:
    study = read_geng_config("two-cores").study
    vendor = vendor_config(study)
    for model in scratch_models(study, LOCAL, RUNS):
        (training,) = model.trainings
        config = training.config
        assert (config.network, config.slices) == (vendor.network, vendor.slices)
        how = replace(
            config.training,
            epochs=vendor.training.epochs,
            slices_per_epoch=vendor.training.slices_per_epoch,
        )
        assert how == vendor.training


def test_a_model_s_folder_is_that_of_its_training_or_of_its_folds() -> None:
    made = models(GengSettings(segmenter="geng-two-cores", finetune="finetune-two-cores", curve=(5,)))
    assert made[VPM].run == RUNS / VPM
    assert made[f"{LFT}-5"].run == RUNS / f"{LFT}-5" / "fold-1"


@pytest.mark.parametrize("name", FINETUNES)
def test_named_fine_tunings_are_the_paper_s_but_for_its_length(name: str) -> None:
    config = read_finetune_config(name)
    how = config.training
    assert (how.learning_rate, how.rate_decay, how.batch_size) == (1e-4, 0.9, 4)
    assert config.finetune.folds == 5
    assert how.running_mean == 1  # "the lowest cross-validation loss"
    if name == "finetune":
        assert how.epochs == 60
        assert config.finetune.trained == (1, 2, 3, 4, 5)
        assert not how.slices_per_epoch


def test_the_learning_rate_falls_by_a_tenth_an_epoch() -> None:
    how = read_finetune_config("finetune").training
    epochs = range(how.epochs)
    assert [how.rate_at(epoch) for epoch in epochs] == pytest.approx([1e-4 * 0.9**epoch for epoch in epochs])
    assert how.rate_at(2.99) == how.rate_at(2)  # at the end of an epoch, not within it
    both = SegmenterTraining(learning_rate=1.0, rate_decay=0.5, epochs=4, decay_epochs=2)
    # by half after each epoch, and over the last two linearly to nothing
    assert [both.rate_at(epoch) for epoch in (0, 1, 2, 3, 3.5)] == pytest.approx(
        [1, 0.5, 0.25, 0.0625, 0.03125]
    )


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"curve": [5, 5]}, "curve names a number twice"),
        ({"scratch": [5, 5]}, "scratch names a number twice"),
        ({"local": 20, "curve": [20]}, "curve need not name 20"),
        ({"local": 4}, "from 5 to 60 local patients"),
        ({"curve": [61]}, "from 5 to 60 local patients"),
        ({"scratch": [0]}, "from 5 to 60 local patients"),
        ({"judged": 0}, "judged must be 1 to 30, not 0"),
        ({"judged": 31}, "judged must be 1 to 30, not 31"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"vendor_epochs": 0}, "vendor_epochs must be at least 1"),
        ({"scratch_epochs": -1}, "must not be below 0"),
        ({"organs": ["Larynx"]}, "no setting organs"),
        ({"curve": [5.5]}, "a whole number"),
    ],
)
def test_impossible_studies_are_refused_in_a_sentence(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        geng_config_from({"geng_study": settings})


def test_the_vendor_is_a_section_of_his_own() -> None:
    config = geng_config_from({"vendor": {"expansion_mm": 3, "spacing_mm": [3, 3, 5]}})
    assert config.vendor.expansion_mm == 3.0
    assert config.vendor.spacing_mm == (3.0, 3.0, 5.0)
    assert config.study == GengSettings()
    with pytest.raises(SettingError, match="no section scanner"):
        geng_config_from({"scanner": {}})


def test_an_unknown_study_names_those_there_are() -> None:
    with pytest.raises(SettingError, match="study-geng-paper, study-geng-quick, study-geng-two-cores, or a"):
        read_geng_config("fast")
