"""Trainings that start from another segmenter's weights: which they keep, and which they refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from contourqa_training.segmenter import train_segmenter
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_network import build_network, head_of
from contourqa_training.segmenter_start import started_from, take_weights
from ContourQALib.errors import ModelError, SettingError
from finetuning_runs import pretrained, pretraining, train_in_place, tuning, write_grown
from segmenter_runs import PATIENTS, write_boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=PATIENTS[:1])


@pytest.fixture(scope="module")
def start(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> SegmenterModel:
    return pretrained(folder, tmp_path_factory.mktemp("pretrained") / "boxes")


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grown(tmp_path_factory.mktemp("grown") / "data")


def test_structures_that_are_known_keep_their_output_in_any_spelling(start: SegmenterModel) -> None:
    names = ("kidney", "Spleen", "LIVER")
    config = start.config
    config = replace(
        config,
        model=replace(config.model, structures=names),
        network=replace(config.network, out_channels=3),
    )
    torch.manual_seed(3)
    network = build_network(config.network)
    fresh = head_of(network).weight.detach().clone()
    take_weights(network, config, start)
    network.eval()
    x = torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        mine, theirs = network(x), start.network()(x)
    # the same float32 arithmetic, in another memory layout
    torch.testing.assert_close(mine[:, [2, 1]], theirs)
    assert torch.equal(head_of(network).weight[0], fresh[0])
    facts = started_from(start, names)
    assert facts["new_structures"] == ["kidney"]
    assert facts["name"] == "boxes"


def test_another_network_or_other_intensities_are_refused(start: SegmenterModel) -> None:
    config = start.config
    wider = replace(config, network=replace(config.network, filters=(8, 8)))
    with pytest.raises(SettingError, match="another network"):
        take_weights(build_network(wider.network), wider, start)
    brighter = replace(config, slices=replace(config.slices, level_hu=100.0))
    with pytest.raises(SettingError, match="other intensities"):
        take_weights(build_network(brighter.network), brighter, start)
    # percentiles are nothing to a model that takes a window
    same = replace(config, slices=replace(config.slices, lower_percentile=5.0, size=32))
    take_weights(build_network(same.network), same, start)


def test_a_start_that_does_not_fit_leaves_no_run(start: SegmenterModel, folder: Path, tmp_path: Path) -> None:
    config = replace(pretraining(), network=replace(pretraining().network, filters=(8, 8)))
    data = SegmenterData.load(folder, config)
    with pytest.raises(SettingError, match="another network"):
        train_segmenter(config, data, tmp_path / "run", start=start, progress=False)
    assert not (tmp_path / "run").exists()


def test_an_unfinished_run_is_nothing_to_start_from(start: SegmenterModel, tmp_path: Path) -> None:
    unfinished = tmp_path / "model"
    unfinished.mkdir()
    (unfinished / "config.json").write_bytes((start.folder / "config.json").read_bytes())
    with pytest.raises(ModelError, match="finished run"):
        started_from(open_segmenter(tmp_path), ("liver",))


def test_with_next_to_no_learning_rate_it_stays_where_it_started(
    start: SegmenterModel, grown: Path, tmp_path: Path
) -> None:
    made = train_in_place(tuning(learning_rate=1e-9, epochs=1), start, grown, tmp_path)
    given = start.network().state_dict()
    for name, value in made.network().state_dict().items():
        if "running" not in name and "num_batches" not in name:  # batch norm's means follow the new images
            # Adam's step is the learning rate at most, ten times
            torch.testing.assert_close(value, given[name], rtol=0, atol=1e-7)
    assert made.facts["started_from"]["weights_sha256"]
    assert made.config.model.name == "tuned"


def test_a_new_structure_is_learned_beside_the_old_ones(
    start: SegmenterModel, grown: Path, tmp_path: Path
) -> None:
    labels = grown / "labels.csv"
    before = labels.read_text()
    try:
        labels.write_text("number,name\n1,Liver\n2,tumor\n")
        made = train_in_place(tuning(epochs=1), start, grown, tmp_path, ["Liver", "tumor"])
    finally:
        labels.write_text(before)
    assert made.config.model.structures == ("Liver", "tumor")
    assert made.facts["started_from"]["new_structures"] == ["tumor"]
    assert len(made.facts["class_weights"]) == 3
