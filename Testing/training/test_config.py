"""Training configurations: the papers' own numbers, and one sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from contourqa_training.config import parse_config, read_config
from ContourQALib.errors import SettingError
from ContourQALib.networks.efficientdet3d import EfficientDet3DConfig


def test_isaksson_is_the_paper() -> None:
    config = read_config("isaksson")
    assert config.network == EfficientDet3DConfig()
    assert config.network.norm == "batch"
    training, preprocessing = config.training, config.preprocessing
    assert (training.scheme, training.batch_size, training.epochs) == ("swapped", 2, 200)
    assert (training.optimizer, training.loss) == ("adam", "squared_error")
    assert (training.learning_rate, training.learning_rate_after) == (2e-3, 2e-4)
    assert training.drop_after * training.epochs == 120
    assert (preprocessing.lower_percentile, preprocessing.upper_percentile) == (0, 99)
    assert (preprocessing.top, preprocessing.clip, preprocessing.center) == (255, False, "image")
    assert config.intensity.share == 0


def test_a_file_is_read_and_its_text_kept(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[training]\nepochs = 7\n")
    config = read_config(str(path))
    assert config.training.epochs == 7
    assert config.text == path.read_text()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[nets]\n", "nets"),
        ("[training]\nspeed = 3\n", "speed"),
        ("[network]\ndepth = 3\n", "depth"),
        ("[preprocessing]\nwindow = 3\n", "window"),
        ("[spatial]\nshear = 1.0\n", "shear"),
        ("[training]\nscheme = 'graded'\n", "graded"),
        ("[training]\nloss = 'dice'\n", "dice"),
        ("[training]\nepochs = 0\n", "epochs"),
        ("[training]\nbatch_size = 1\n", "two"),
        ("[training]\nlearning_rate = -1.0\n", "positive"),
        ("[training]\ndrop_after = 1.5\n", "drop_after"),
    ],
)
def test_a_mistake_is_named(text: str, named: str) -> None:
    with pytest.raises(SettingError, match=named):
        parse_config(text)


def test_unknown_names_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="there are isaksson, or a"):
        read_config("nnunet")
    with pytest.raises(SettingError, match=r"nowhere\.toml"):
        read_config(str(tmp_path / "nowhere.toml"))
    path = tmp_path / "damaged.toml"
    path.write_text("[training\n")
    with pytest.raises(SettingError, match=r"damaged\.toml"):
        read_config(str(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[training]\nepochs = "many"', r"training.epochs must be a whole number, not 'many'"),
        ("[training]\nbatch_size = 2.5", r"training.batch_size must be a whole number"),
        ("[training]\nseed = -1", r"no count below 0"),
        ("training = 3", r"training must be a section"),
        ('[network]\nfilters = "x"', r"network.filters must be a list"),
        ("[network]\nfilters = [8, 8.5]", r"network.filters must be a whole number"),
        ('[spatial]\nzoom = "a"', r"spatial.zoom must be a number"),
        ("[spatial]\nflip = 1", r"spatial.flip must be true or false"),
        ("[model]\nsplit = 3", r"model.split must be a text"),
    ],
)
def test_a_value_of_the_wrong_type_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        parse_config(text)


def test_a_whole_number_will_do_for_a_number() -> None:
    assert parse_config("[spatial]\nzoom = 0").spatial.zoom == 0.0
