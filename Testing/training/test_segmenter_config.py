"""Configurations of segmenters: the paper's numbers, and one sentence for every mistake."""

from __future__ import annotations

import pytest
import torch

from contourqa_training.config import read_config
from contourqa_training.patient_split import read_split
from contourqa_training.segmenter_config import (
    SegmenterTraining,
    parse_segmenter_config,
    read_segmenter_config,
    segmenter_config_from_dict,
)
from contourqa_training.segmenter_module import SegmenterModule
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.networks.unet2d import UNet2DConfig
from segmenter_runs import CONFIG

NAMED = ("bice", "bice-two-cores", "bice-two-cores-single", "hippocampus-slices")


def test_bice_is_the_paper() -> None:
    config = read_segmenter_config("bice")
    assert config.for_structures(["Mandible"]).network == UNet2DConfig()
    assert not config.model.multi_label
    training = config.training
    assert (training.learning_rate, training.batch_size, training.epochs) == (1e-3, 64, 500)
    assert (training.dice_weight, training.running_mean) == (0.0, 10)
    assert (config.slices.size, config.slices.intensity) == (128, "window")
    assert not config.slices.around_organs


@pytest.mark.parametrize("name", NAMED)
def test_named_configurations_belong_to_a_split_and_survive_json(name: str) -> None:
    config = read_segmenter_config(name)
    assert read_split(config.model.split)
    assert config.network.out_channels == len(config.model.structures)
    assert segmenter_config_from_dict(config.to_dict()) == config


def test_the_learning_rate_falls_over_the_last_epochs() -> None:
    constant = SegmenterTraining(learning_rate=0.01, epochs=4)
    assert {constant.rate_at(epoch) for epoch in (0.0, 1.5, 3.99)} == {0.01}
    falling = SegmenterTraining(learning_rate=0.01, epochs=4, decay_epochs=2)
    assert [falling.rate_at(epoch) for epoch in (0, 2, 3, 3.5, 4)] == pytest.approx(
        [1e-2, 1e-2, 5e-3, 2.5e-3, 0]
    )
    short = SegmenterTraining(learning_rate=0.01, epochs=1, decay_epochs=2)  # over all epochs there are
    assert [short.rate_at(epoch) for epoch in (0, 0.5)] == pytest.approx([0.01, 0.005])


def test_the_untrained_network_answers_near_what_it_is_told() -> None:
    config = read_segmenter_config("bice-two-cores")
    torch.manual_seed(0)
    module = SegmenterModule(config.network, config.training)
    # the first layers' chance outweighs neither factor of ten
    assert 0.001 < float(torch.sigmoid(module(torch.rand(2, 1, 32, 32))).mean().detach()) < 0.1


def test_structures_are_found_in_other_spellings() -> None:
    config = read_segmenter_config("bice").for_structures(["parotid_l", "brain stem"])
    assert config.model.structures == ("LeftParotid", "Brainstem")
    assert config.network.out_channels == 2
    with pytest.raises(StructureError, match="prostate; it has LeftParotid, Brainstem"):
        config.for_structures(["prostate"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[model]\n", "at least one structure"),
        ("[model]\nstructures = ['a', 'a']\n", "twice"),
        ("[model]\nstructures = ['a']\nmodality = 'PET'\n", "CT or MR"),
        ("[model]\nstructures = ['a']\nchoose_share = 1.0\n", "choose_share"),
        (CONFIG + "dice_weight = 1.5\n", r"dice_weight must lie in \[0, 1\], not 1.5"),
        (CONFIG + "seed = -1\n", "seed"),
        (CONFIG + "decay_epochs = -1\n", "decay_epochs must not be below 0"),
        (CONFIG + "initial_probability = 0.0\n", "initial_probability"),
        (CONFIG.replace('"full"', '"half"'), "auto, mixed or full, not 'half'"),
        (CONFIG.replace("stages = [1, 3]", "stages = [0]"), "count from 1"),
        (CONFIG.replace("epochs = 3", "epochs = 0"), "epochs must be at least 1"),
        (CONFIG.replace("1e-2", "0.0"), "learning_rate must be positive"),
        (CONFIG + "speed = 3\n", "no setting speed"),
        (CONFIG + "[spatial]\n", "no section spatial"),
        (CONFIG.replace("batch_size = 8", "batch_size = 'all'"), "whole number"),
    ],
)
def test_a_mistake_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        parse_segmenter_config(text)


def test_only_configurations_of_the_kind_are_suggested() -> None:
    with pytest.raises(SettingError) as caught:
        read_segmenter_config("nnunet")
    named = str(caught.value).partition("there are ")[2]
    assert "bice-two-cores" in named
    assert "hippocampus-slices" in named
    assert not any(other in named for other in ("isaksson", "study-", "finetune"))
    with pytest.raises(SettingError, match="there are isaksson, or a"):
        read_config("nnunet")
