"""Who trains, chooses and is held out: disjoint, repeatable, and never the test patients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contourqa_training.patient_split import read_split
from contourqa_training.patients import Fold, Patients, choose_patients, patients_of_split
from ContourQALib.errors import SettingError

OPENKBP = read_split("openkbp")


def of(kind: str) -> set[str]:
    return {patient for patient, group in OPENKBP.items() if group == kind}


def test_the_committed_split_is_used_as_it_is() -> None:
    patients = choose_patients(OPENKBP, "openkbp", 0.1, 0)
    assert set(patients.train) == of("train")
    assert set(patients.choose) == of("choose")
    assert patients.held_out == ()


def test_folds_hold_every_training_and_choosing_patient_out_once_and_no_test_patient() -> None:
    folds = [choose_patients(OPENKBP, "openkbp", 0.1, 7, Fold(n, 5)) for n in range(1, 6)]
    held_out = [patient for fold in folds for patient in fold.held_out]
    assert len(held_out) == len(set(held_out))
    assert set(held_out) == of("train") | of("choose")
    for fold in folds:
        assert not {*fold.train, *fold.choose} & set(fold.held_out)
        assert not set(fold.train) & set(fold.choose)
        assert len(fold.choose) == round(0.1 * (len(fold.train) + len(fold.choose)))
        assert {*fold.train, *fold.choose, *fold.held_out} == set(held_out)


@given(st.integers(3, 40), st.integers(2, 6), st.integers(0, 9))
def test_drawn_folds_are_disjoint_whole_and_repeatable(count: int, folds: int, seed: int) -> None:
    names = [f"p{n}" for n in range(count)]
    held_out: list[str] = []
    for number in range(1, folds + 1):
        if count < folds + 2:
            return
        made = choose_patients(names, "drawn", 0.2, seed, Fold(number, folds))
        assert made == choose_patients(names[::-1], "drawn", 0.2, seed, Fold(number, folds))
        assert sorted([*made.train, *made.choose, *made.held_out]) == sorted(names)
        held_out += made.held_out
    assert sorted(held_out) == sorted(names)


def test_another_seed_is_another_draw() -> None:
    names = [f"p{n}" for n in range(30)]
    assert choose_patients(names, "drawn", 0.2, 0) != choose_patients(names, "drawn", 0.2, 1)


def test_roles() -> None:
    patients = Patients(("a",), ("b",), ("c",))
    assert [patients.role(p) for p in "abcd"] == ["train", "choose", "held-out", "unseen"]


def test_groups_of_a_split() -> None:
    assert set(patients_of_split(OPENKBP, "openkbp", "test")) == of("test")
    with pytest.raises(SettingError, match="no calibrate patients"):
        patients_of_split(OPENKBP, "openkbp", "calibrate")
    with pytest.raises(SettingError, match="not 'tset'"):
        patients_of_split(OPENKBP, "openkbp", "tset")


@pytest.mark.parametrize("text", ["0/5", "6/5", "1/1", "1", "a/b", "-1/5", "1/5/2"])
def test_a_fold_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="such as 2/5"):
        Fold.parse(text)


def test_a_fold_is_read_and_written_alike() -> None:
    assert str(Fold.parse(" 2/5 ")) == "2/5"


@pytest.mark.parametrize(
    ("there", "split", "fold"),
    [(["p1"], "drawn", None), (["x", "y"], "openkbp", None), (["p1", "p2"], "drawn", Fold(1, 2))],
)
def test_too_few_patients_are_refused(there: list[str], split: str, fold: Fold | None) -> None:
    with pytest.raises(SettingError, match="too few"):
        choose_patients(there, split, 0.2, 0, fold)


def test_patients_that_cannot_be_read_leave_their_groups() -> None:
    patients = Patients(("a", "b"), ("c", "d"), ("e",))
    assert patients.without({"b", "e"}) == Patients(("a",), ("c", "d"), ())
    with pytest.raises(SettingError, match="cannot be read"):
        patients.without({"c", "d"})
