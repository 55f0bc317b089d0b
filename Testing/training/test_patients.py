"""Who trains, chooses and is held out: disjoint, repeatable, and never the test patients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contourqa_training.patient_split import read_split
from contourqa_training.patients import Draw, Fold, Patients, choose_patients, patients_of_split
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


def test_another_seed_is_another_division() -> None:
    names = [f"p{n}" for n in range(30)]
    for fold in (None, Fold(1, 3), Draw(1)):
        assert choose_patients(names, "drawn", 0.2, 0, fold) != choose_patients(names, "drawn", 0.2, 1, fold)


def test_folds_are_those_of_models_that_were_trained_before() -> None:
    names = [f"p{n}" for n in range(9)]
    made = choose_patients(names, "drawn", 0.2, 5, Fold(2, 3))
    assert made == Patients(("p2", "p3", "p5", "p7", "p8"), ("p1",), ("p0", "p4", "p6"))


@given(st.integers(5, 60), st.integers(1, 20), st.floats(0.05, 0.6), st.integers(0, 9))
def test_a_draw_has_everyone_once_and_holds_its_share_out(
    count: int, number: int, share: float, seed: int
) -> None:
    names = [f"p{n}" for n in range(count)]
    made = choose_patients(names, "drawn", 0.2, seed, Draw(number, share))
    assert sorted([*made.train, *made.choose, *made.held_out]) == sorted(names)
    assert len(made.held_out) == max(1, round(share * count))
    assert len(made.choose) == max(1, round(0.2 * (count - len(made.held_out))))
    assert made == choose_patients(names[::-1], "drawn", 0.2, seed, Draw(number, share))


def test_draws_hold_out_others_each_time_a_fifth_of_training_and_choosing_patients() -> None:
    draws = [choose_patients(OPENKBP, "openkbp", 0.1, 2021, Draw(number)) for number in range(1, 21)]
    pool = of("train") | of("choose")
    for draw in draws:
        assert {*draw.train, *draw.choose, *draw.held_out} == pool
        assert len(draw.held_out) == round(0.2 * len(pool))
    assert len({draw.held_out for draw in draws}) == len(draws)
    # each of 20 draws leaves a patient out with 0.8: 1 in 87 is never held out, 2 of 173
    assert len({patient for draw in draws for patient in draw.held_out}) > len(pool) - 10


def test_who_chooses_is_drawn_apart_from_who_is_held_out() -> None:
    names = [f"p{n}" for n in range(60)]
    everyone = choose_patients(names, "drawn", 0.3, 0)
    for number in range(1, 6):
        draw = choose_patients(names, "drawn", 0.3, 0, Draw(number))
        still_there = set(everyone.choose) - set(draw.held_out)
        # one order of the patients, of which a share chooses: the fewer are among the more
        assert still_there <= set(draw.choose) or set(draw.choose) <= still_there


@pytest.mark.parametrize(("number", "share"), [(0, 0.2), (-1, 0.2), (1, 0.0), (1, 1.0)])
def test_a_draw_that_is_none_is_refused(number: int, share: float) -> None:
    with pytest.raises(SettingError, match="counts from 1"):
        Draw(number, share)


def test_a_draw_says_its_number() -> None:
    assert str(Draw(3)) == "draw 3"


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
    [
        (["p1"], "drawn", None),
        (["x", "y"], "openkbp", None),
        (["p1", "p2"], "drawn", Fold(1, 2)),
        (["p1", "p2"], "drawn", Draw(1)),
    ],
)
def test_too_few_patients_are_refused(there: list[str], split: str, fold: Fold | Draw | None) -> None:
    with pytest.raises(SettingError, match="too few"):
        choose_patients(there, split, 0.2, 0, fold)


def test_patients_that_cannot_be_read_leave_their_groups() -> None:
    patients = Patients(("a", "b"), ("c", "d"), ("e",))
    assert patients.without({"b", "e"}) == Patients(("a",), ("c", "d"), ())
    with pytest.raises(SettingError, match="cannot be read"):
        patients.without({"c", "d"})
