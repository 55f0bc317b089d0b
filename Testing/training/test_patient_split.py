"""Who trains and who is looked at once: disjoint, exact, spread over the strata, and drawn again the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contourqa_training.geng.split import EXCLUDED, ORGANS, Candidate
from contourqa_training.patient_split import SPLITS, draw_split, read_split
from contourqa_training.split_files import headneck_split
from ContourQALib.errors import FormatError, SettingError

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_hippocampus_split() -> None:
    split = read_split("hippocampus")
    assert Counter(split.values()) == {"train": 110, "choose": 20, "calibrate": 50, "test": 40}


def test_the_committed_openkbp_split_tests_on_thirty_patients_of_the_training_folder() -> None:
    split = read_split("openkbp")
    assert Counter(split.values()) == {"train": 140, "choose": 33, "test": 30}
    assert all((int(p.split("_")[1]) > 200) == (kind == "choose") for p, kind in split.items())


def test_the_committed_head_and_neck_split_tests_on_the_same_patients() -> None:
    """And calibrates on 52 others: an interval needs 50 of each organ."""
    split, openkbp = read_split("headneck"), read_split("openkbp")
    assert Counter(split.values()) == {"train": 95, "choose": 20, "calibrate": 52, "test": 30}
    assert {p for p in split if split[p] == "test"} == {p for p in openkbp if openkbp[p] == "test"}
    assert not (set(split) - set(openkbp))


def test_calibration_patients_of_the_head_and_neck_have_all_organs() -> None:
    """Of 203 patients some lack an organ, and those whose images are damaged take no part."""
    names = [f"pt_{n}" for n in range(1, 204)]
    tested = set(names[::7])
    lacking = set(names[1::5])
    candidates = [
        Candidate(name, 3.9 if n % 3 else 2.5, frozenset(ORGANS[: 4 if name in lacking else 5]))
        for n, name in enumerate(names)
    ]
    split = headneck_split(candidates, {name: "test" if name in tested else "train" for name in names})
    assert {p for p in split if split[p] == "test"} == tested
    assert not set(split) & set(EXCLUDED) - tested
    calibrating = {p for p in split if split[p] == "calibrate"}
    assert len(calibrating) == 52
    assert not calibrating & (lacking | tested)
    assert sum(kind == "choose" for kind in split.values()) == 20
    assert len(split) == len(set(names) - (set(EXCLUDED) - tested))


@pytest.mark.parametrize("name", ["hippocampus", "openkbp", "headneck"])
def test_every_patient_of_a_committed_split_is_listed_once(name: str) -> None:
    rows = (ROOT / "Training/splits" / f"{name}.csv").read_text().splitlines()[1:]
    patients = [row.split(",")[0] for row in rows]
    assert len(set(patients)) == len(patients) == len(read_split(name))
    assert set(read_split(name).values()) <= set(SPLITS)


@given(
    sizes=st.lists(st.integers(10, 60), min_size=1, max_size=4),
    test=st.integers(0, 6),
    choose=st.integers(0, 4),
    seed=st.integers(0, 1000),
)
def test_counts_are_exact_and_every_stratum_gives_its_share(
    sizes: list[int], test: int, choose: int, seed: int
) -> None:
    strata = {f"{name}_{n}": name for name, size in zip("abcd", sizes, strict=False) for n in range(size)}
    counts = {"train": 0, "choose": choose, "test": test}
    split = draw_split(strata, counts, seed)
    found = Counter(split.values())
    assert (found["choose"], found["test"]) == (choose, test)
    assert found.total() == len(strata)
    for name in set(strata.values()):
        inside = sum(split[p] == "test" for p in strata if strata[p] == name)
        expected = test * Counter(strata.values())[name] / len(strata)
        assert abs(inside - expected) < 1  # shares are rounded up or down to whole patients


def test_a_split_depends_on_the_seed_and_not_on_the_order_of_the_patients() -> None:
    strata = {f"p{n:02}": "ab"[n % 2] for n in range(40)}
    counts = {"train": 0, "test": 10}
    first = draw_split(strata, counts, 1)
    assert draw_split(dict(reversed(strata.items())), counts, 1) == first
    assert draw_split(strata, counts, 2) != first


def test_an_unknown_split_is_named() -> None:
    with pytest.raises(SettingError, match="prostate"):
        read_split("prostate")


@pytest.mark.realdata
def test_the_data_give_the_committed_files_again(data: Path, tmp_path: Path) -> None:
    from contourqa_training.split_files import write_splits

    written = write_splits(data, tmp_path)
    assert [path.name for path in written] == [
        "hippocampus.csv",
        "openkbp.csv",
        "headneck.csv",
        "geng.csv",
    ]
    for path in written:
        assert path.read_bytes() == (ROOT / "Training/splits" / path.name).read_bytes()


def test_a_missing_data_folder_is_named(tmp_path: Path) -> None:
    from contourqa_training.split_files import write_splits

    with pytest.raises(FormatError, match="hippocampus"):
        write_splits(tmp_path / "nowhere", tmp_path / "out")
