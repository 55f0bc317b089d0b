"""Who takes part in the study of Isaksson 2022, and in which fold; what its configurations say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from contourqa_training.isaksson.cohort import draw_cohort
from contourqa_training.isaksson.config import IsakssonSettings, read_isaksson_config
from contourqa_training.patient_split import read_split
from ContourQALib.errors import SettingError

PAPER = IsakssonSettings()
REGIMES = {f"p{n:03d}": ("8-bit", "float", "float", "scaled")[n % 4] for n in range(130)}


def test_the_papers_numbers_are_the_defaults() -> None:
    config = read_isaksson_config("paper")
    assert (config.study.patients, config.study.second_contours, config.study.folds) == (60, 20, 5)
    assert (config.study.search_steps, config.study.search_repeats, config.study.repeats) == (64, 8, 64)
    training = config.quality.training
    assert (training.epochs, training.batch_size, training.loss) == (200, 2, "squared_error")
    assert (training.learning_rate, training.learning_rate_after, training.drop_after) == (2e-3, 2e-4, 0.6)
    network = config.quality.network
    assert network.filters == (32, 16, 24, 40, 80, 112, 192)
    assert (network.expansion, network.bifpn_blocks, network.bifpn_filters) == (2, 3, 64)
    assert (network.norm, network.output) == ("batch", "mean")
    cut = config.quality.preprocessing
    assert (cut.lower_percentile, cut.upper_percentile, cut.top, cut.center) == (0, 99, 255, "image")
    assert config.study.trained_folds == (1, 2, 3, 4, 5)


def test_two_cores_train_one_fold_of_the_same_cohort() -> None:
    two, paper = (read_isaksson_config(name).study for name in ("two-cores", "paper"))
    assert two.trained_folds == (1,)
    assert draw_cohort(REGIMES, two) == draw_cohort(REGIMES, paper)


def test_sixty_patients_have_eighty_contours_and_each_fold_tests_sixteen() -> None:
    members = draw_cohort(REGIMES, PAPER)
    assert len({m.patient for m in members}) == 60
    assert sum(len(m.networks) for m in members) == 80
    contours = Counter(m.fold for m in members for _ in m.networks)
    assert contours == dict.fromkeys(range(1, 6), 16)
    assert Counter(m.fold for m in members) == dict.fromkeys(range(1, 6), 12)
    assert {m.networks for m in members} == {PAPER.networks[:1], PAPER.networks}


def test_regimes_keep_their_proportions() -> None:
    drawn, there = (Counter(regimes) for regimes in ((m.regime for m in draw_cohort(REGIMES, PAPER)),
                                                     REGIMES.values()))  # fmt: skip
    for regime, count in there.items():
        assert abs(drawn[regime] - 60 * count / 130) < 1  # whole patients


def test_the_draw_depends_on_the_seed_alone() -> None:
    backwards = dict(reversed(REGIMES.items()))
    assert draw_cohort(REGIMES, PAPER) == draw_cohort(backwards, PAPER)
    assert draw_cohort(REGIMES, PAPER) != draw_cohort(REGIMES, replace(PAPER, seed=1))


def test_patients_of_the_test_split_cannot_take_part() -> None:
    assert "test" not in PAPER.splits
    with pytest.raises(SettingError, match="not test"):
        replace(PAPER, splits=("train", "test"))
    enough = [p for p, split in read_split("hippocampus").items() if split in PAPER.splits]
    assert len(enough) >= 60


@pytest.mark.parametrize(
    "change",
    [
        {"networks": ("one",)},
        {"networks": ("one", "one")},
        {"second_contours": 61},
        {"folds": 1},
        {"only": (6,)},
        {"epochs": 0},
        {"seed": -1},
        {"threshold": 1.0},
    ],
)
def test_impossible_settings_are_refused(change: dict) -> None:
    with pytest.raises(SettingError):
        replace(PAPER, **change)


def test_too_few_patients_are_told() -> None:
    few = dict(list(REGIMES.items())[:59])
    with pytest.raises(SettingError, match=r"59 patients .* needs 60"):
        draw_cohort(few, PAPER)


def test_a_network_that_is_not_trained_as_the_paper_is_refused(tmp_path: Path) -> None:
    quality = tmp_path / "ours.toml"
    quality.write_text("[training]\nbatch_size = 4\n")
    study = tmp_path / "study.toml"
    study.write_text(f'[isaksson_study]\nquality = "{quality}"\n')
    with pytest.raises(SettingError, match="does not train as the paper"):
        read_isaksson_config(str(study))


def test_an_unknown_configuration_lists_those_of_the_study(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="study-isaksson-paper"):
        read_isaksson_config("none")
