"""Configurations of the error network: those that ship, and one sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from contourqa_training.error_config import ErrorModelSettings, read_error_config
from ContourQALib.errors import SettingError
from error_runs import CONFIG, STRUCTURES, error_config


@pytest.mark.parametrize(
    ("name", "structures", "modality", "intensity"),
    [
        ("hippocampus-t1", {"hippocampus", "anterior", "posterior"}, "MR", "percentile"),
        (
            "headneck-ct",
            {"Brainstem", "SpinalCord", "LeftParotid", "RightParotid", "Mandible"},
            "CT",
            "window",
        ),
        ("pelvis-phantom", None, "CT", "window"),
    ],
)
def test_the_shipped_models(name: str, structures: set[str] | None, modality: str, intensity: str) -> None:
    config = read_error_config(name)
    assert config.model.name == name
    assert config.model.modality == modality
    assert config.preprocessing.intensity == intensity
    assert structures is None or set(config.model.structures) == structures
    assert config.model.teaching_only == (name == "pelvis-phantom")
    assert "not stated" not in (config.card.license, config.card.data, config.card.limits)
    for pair in config.model.mirrored:
        assert set(pair.split("=")) <= set(config.model.structures)


def test_sides_change_places_in_the_head_and_neck() -> None:
    model = read_error_config("headneck-ct").model
    assert model.mirror_of("LeftParotid") == "RightParotid"
    assert model.mirror_of("RightParotid") == "LeftParotid"
    assert model.mirror_of("Mandible") == "Mandible"


def test_a_file_without_structures_takes_the_librarys(tmp_path: Path) -> None:
    config = error_config(tmp_path)
    assert config.model.structures == STRUCTURES
    assert config.network.structures == 2
    assert config.text == CONFIG
    named = error_config(tmp_path, CONFIG.replace('name = "balls"', 'name = "balls"\nstructures = ["left"]'))
    assert named.model.structures == ("left",)
    assert named.network.structures == 1


def test_aliases_belong_to_their_structure() -> None:
    model = ErrorModelSettings(aliases=("a=A1", "b=B", "a=A2"))
    assert model.aliases_of("a") == ["A1", "A2"]
    assert model.aliases_of("c") == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("batch_size = 2\n", "batch_size = 0\n", "counts of at least 1"),
        ("choosing = 2", "balanced = 1.5", "must lie in"),
        ("choosing = 2", "natural = 0.8\nothers = 0.3", "must not exceed 1"),
        ("choosing = 2", "map_shown = 0.8\nsecond_shown = 0.3", "must not exceed 1"),
        ("choosing = 2", "learning_rate = 0.0", "learning_rate must be positive"),
        ("choosing = 2", "window_jitter = -1.0", "no weight below 0"),
        ("choosing = 2", "speed = 3", "speed"),
        ("size = [12, 12, 12]", "size = [12, 12, 14]", "multiples of 4, 4, 4"),
        ('mirrored = ["left=right"]', 'mirrored = ["left"]', "name=other"),
        ("[intensity]", "[colors]", "colors"),
        ("widths = [4, 8]", "widths = [4, 7]", "multiple of group_count"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in CONFIG
    text = (
        CONFIG.replace(old, new).replace("window_jitter = 0.5\n", "")
        if "jitter" in new
        else CONFIG.replace(old, new)
    )
    with pytest.raises(SettingError, match=says):
        error_config(tmp_path, text)


def test_only_configurations_of_the_kind_are_suggested() -> None:
    with pytest.raises(SettingError) as caught:
        read_error_config("nnunet")
    named = str(caught.value).partition("there are ")[2]
    assert "hippocampus-t1" in named
    assert "headneck-ct" in named
    assert not any(other in named for other in ("study-", "contours-", "hippocampus-unet"))
