"""The paper's baseline: variables by patient, the search, the cross-validations, and the command."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from contourqa_training.cli import app
from contourqa_training.isaksson.boosted_trees import TreeSettings, cross_validate, search_trees
from contourqa_training.isaksson.variables import VariableTable, read_table
from ContourQALib.cli import run
from ContourQALib.errors import FormatError, SettingError

FEW = TreeSettings(n_estimators=20, max_depth=2, l2_leaf_reg=1.0, random_strength=1.0)


def table(informative: bool = True, n: int = 30) -> VariableTable:
    """Dice that rise with the first variable, or with nothing; a word is the third."""
    random = np.random.default_rng(0)
    x = random.uniform(0, 1, n)
    dice = 0.7 + 0.2 * x if informative else random.uniform(0.8, 0.9, n)
    words = ("a", "b", "c")
    rows = tuple((float(x[k]), float(random.normal()), words[k % 3]) for k in range(n))
    return VariableTable(tuple(f"p{k}" for k in range(n)), dice, ("cause", "noise", "word"), rows)


def test_the_naive_baseline_is_the_mean_of_the_training_part() -> None:
    found = cross_validate(table(), FEW, repeats=2, seed=0)
    dice = table().dice
    for predicted in found.naive:
        means, counts = np.unique(predicted, return_counts=True)
        assert counts.tolist() == [6] * 5
        for mean in means:
            rest = predicted != mean
            assert mean == pytest.approx(dice[rest].mean())
    assert found.naive_maes == pytest.approx(np.abs(found.naive - dice).mean(axis=1))


def test_trees_find_a_variable_that_tells_and_say_so() -> None:
    found = cross_validate(table(), FEW, repeats=2, seed=0)
    # twenty trees of depth 2 with shrunk leaves follow a line by half; the rest is far from chance
    assert (found.maes < 0.8 * found.naive_maes).all()
    assert (found.correlations > 0.8).all()
    assert found.importances.shape == (10, 3)
    # CatBoost's importances are shares of 100 %
    np.testing.assert_allclose(found.importances.sum(axis=1), 100, atol=1e-6)
    assert found.importances.mean(axis=0).argmax() == 0


def test_trees_do_not_beat_the_mean_where_nothing_tells() -> None:
    found = cross_validate(table(informative=False), FEW, repeats=4, seed=0)
    assert found.maes.mean() > 0.95 * found.naive_maes.mean()


def test_repeats_have_folds_of_their_own_and_the_same_seed_repeats_them() -> None:
    one, again = (cross_validate(table(), FEW, repeats=2, seed=3) for _ in range(2))
    assert np.array_equal(one.predicted, again.predicted)
    assert not np.array_equal(one.naive[0], one.naive[1])


def test_the_search_stays_in_the_papers_space_and_keeps_the_best() -> None:
    found = search_trees(table(n=15), steps=3, repeats=1, seed=5)
    assert len(found.trials) == 3
    for trial in found.trials:
        assert 1 <= trial["n_estimators"] <= 256
        assert 1 <= trial["max_depth"] <= 6
        assert 1e-3 <= trial["l2_leaf_reg"] <= 10
        assert 0.1 <= trial["random_strength"] <= 3
    assert found.mae == min(trial["mae"] for trial in found.trials)
    again = cross_validate(table(n=15), found.best, repeats=1, seed=5)
    assert found.mae == pytest.approx(float(again.maes.mean()))


def test_few_patients_and_equal_dice_are_refused() -> None:
    with pytest.raises(SettingError, match="at least 10 patients, not 9"):
        cross_validate(table(n=9), FEW, 1, 0)
    equal = VariableTable(table().patients, np.full(30, 0.8), table().names, table().rows)
    with pytest.raises(SettingError, match="same Dice"):
        search_trees(equal, 1, 1, 0)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_patient_with_two_contours_counts_once_with_the_mean(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "patient,dice,age,risk\na,0.8,60,low\na,0.9,60,low\nb,0.7,,high\n")
    found = read_table(path)
    assert found.patients == ("a", "b")
    assert found.dice == pytest.approx([0.85, 0.7])
    assert found.names == ("age", "risk")
    assert found.rows[0] == (60.0, "low")
    assert np.isnan(found.rows[1][0])
    assert found.words == [1]


def test_a_table_reads_what_it_writes(tmp_path: Path) -> None:
    records = table().records()
    with (tmp_path / "t.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    found = read_table(tmp_path / "t.csv")
    assert (found.patients, found.names) == (table().patients, table().names)
    np.testing.assert_allclose(found.dice, table().dice, atol=1e-6)  # written to six digits


def test_clinical_variables_join_by_patient(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "patient,ipsa,group\np1,4.5,x\np0,3,y\nother,1,z\n")
    found = table().joined(path)
    assert found.names == ("cause", "noise", "word", "ipsa", "group")
    assert found.rows[0][3:] == (3.0, "y")
    assert found.rows[1][3:] == (4.5, "x")
    assert np.isnan(found.rows[2][3])
    assert found.rows[2][4] == ""
    assert cross_validate(found, FEW, 1, 0).importances.shape[1] == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient,cause\np0,1\n", "not cause"),
        ("patient\np0\n", "not none"),
        ("patient,age\nx,1\n", "none of the study's patients"),
        ("patient,age\np0,1\np0,2\n", "twice"),
    ],
)
def test_clinical_variables_that_do_not_fit_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        table().joined(write(tmp_path / "c.csv", text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,dice,age\na,0.5,1\n", "column patient"),
        ("patient,age\na,1\n", "lacks the column dice"),
        ("patient,dice,age\na,1.5,1\n", "no number from 0 to 1"),
        ("patient,dice,risk\na,0.5,low\na,0.6,high\n", "two values of risk"),
        ("", "column patient"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_table(write(tmp_path / "t.csv", text))


STUDY = """
[isaksson_study]
patients = 12
second_contours = 2
search_steps = 2
search_repeats = 1
repeats = 2
"""


def test_the_command_writes_tables_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = table(n=12).records()
    with (tmp_path / "t.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    config = write(tmp_path / "study.toml", STUDY)
    options = ["--table", tmp_path / "t.csv", "--config", config, "-o", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["contourqa-train", "baseline", *map(str, options)])
    assert run(app) == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "results.json",
        "baseline_search.csv",
        "baseline_predictions.csv",
        "importances.csv",
        "figure_3_trees.png",
        "figure_4_importances.png",
    }
    found = json.loads((tmp_path / "out" / "results.json").read_text())["baseline"]
    assert (found["patients"], found["parameter_sets"], found["cross_validations"]) == (12, 2, 2)
    assert found["importances"].keys() == {"cause", "noise", "word"}
