"""Who pretrains, who fine-tunes and who is judged in the study of Geng 2024: disjoint, by lot, balanced."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from contourqa_training.geng.split import (
    ABROAD,
    COHORTS,
    EXCLUDED,
    HOME,
    JUDGED,
    LOCAL,
    ORGANS,
    OTHER,
    Candidate,
    cohort,
    draw_cohorts,
)
from contourqa_training.patient_split import read_split
from contourqa_training.segmentation_cases import find_cases, read_case
from ContourQALib.errors import SettingError

ROOT = Path(__file__).resolve().parents[2]
TESTED = {patient for patient, part in read_split("openkbp").items() if part == "test"}
PARTS_OF_THE_CURVE = (5, 10, 20, 40, 50, 60)
ALL = frozenset(ORGANS)
NO_MANDIBLE = ALL - {"Mandible"}


def candidates() -> list[Candidate]:
    """140 patients of the home group (every third without a mandible), 50 of the other, 20 of neither."""
    home = [Candidate(f"pt_{n}", 3.906, ALL if n % 3 else NO_MANDIBLE) for n in range(1, 141)]
    abroad = [Candidate(f"pt_{n}", 4.688, ALL) for n in range(300, 350)]
    return [*home, *abroad, *(Candidate(f"pt_{n}", 5.0, ALL) for n in range(400, 420))]


def committed_groups() -> dict[str, str]:
    with (ROOT / "Training/splits/geng.csv").open() as file:
        return {row["patient"]: row["stratum"] for row in csv.DictReader(file)}


def test_the_committed_cohorts_have_their_sizes_and_groups() -> None:
    sizes = {name: len(cohort(name)) for name in COHORTS}
    assert sizes == {"vendor": 51, "local": 60, "exval": 30, "geneva": 30}
    groups = committed_groups()
    assert {groups[p] for name in ("local", "exval") for p in cohort(name)} == {HOME}
    assert {groups[p] for p in cohort("geneva")} == {ABROAD}
    assert Counter(groups[p] for p in cohort("vendor")) == {OTHER: 36, ABROAD: 15}


def test_nobody_is_in_two_committed_cohorts_and_nobody_excluded_is_in_one() -> None:
    rows = (ROOT / "Training/splits/geng.csv").read_text().splitlines()[1:]
    patients = [row.split(",")[0] for row in rows]
    assert len(set(patients)) == len(patients) == sum(len(cohort(name)) for name in COHORTS)
    assert not set(patients) & set(EXCLUDED)


def test_whom_another_study_tested_trains_nothing() -> None:
    assert not TESTED & {*cohort("vendor"), *cohort("local")}


@pytest.mark.realdata
def test_the_judged_have_every_organ_and_each_part_of_the_local_patients_its_share_of_mandibles(
    data: Path,
) -> None:
    organs = {case.name: case.present for case in find_cases(data / "openkbp", ORGANS)}
    assert all(organs[p] == ALL for name in ("exval", "geneva") for p in cohort(name))
    assert all(len(organs[p]) >= 3 for name in COHORTS for p in cohort(name))
    local = ["Mandible" in organs[p] for p in cohort("local")]
    share = sum(local) / len(local)
    for count in PARTS_OF_THE_CURVE:
        assert abs(sum(local[:count]) - share * count) <= 1  # whole patients


@pytest.mark.realdata
def test_a_judged_patient_holds_what_his_data_set_says(data: Path) -> None:
    (case,) = (c for c in find_cases(data / "openkbp", ORGANS) if c.name == cohort("geneva")[0])
    assert set(read_case(case)[1]) == ALL


def test_groups_are_of_the_spacing() -> None:
    by_spacing = {3.84: OTHER, 3.86: HOME, 3.94: HOME, 3.96: OTHER, 4.59: OTHER, 4.6: ABROAD, 4.75: ABROAD}
    by_spacing |= {4.76: OTHER, 2.7: OTHER}
    for spacing, group in by_spacing.items():
        assert Candidate("pt_1", spacing, ALL).group == group


def test_a_lot_is_the_same_for_a_seed_and_in_any_order_of_the_patients() -> None:
    first = draw_cohorts(candidates(), (), 1)
    again = draw_cohorts(reversed(candidates()), (), 1)
    assert list(first.items()) == list(again.items())
    assert list(draw_cohorts(candidates(), (), 2)) != list(first)


def test_the_tested_are_judged_first_and_never_train() -> None:
    tested = {"pt_1", "pt_3", "pt_310", "pt_401"}  # pt_3 has no mandible and cannot be judged
    drawn = draw_cohorts(candidates(), tested, 1)
    assert {p: drawn.get(p) for p in tested} == {
        "pt_1": "exval",
        "pt_3": None,
        "pt_310": "geneva",
        "pt_401": None,
    }
    many = {f"pt_{n}" for n in range(1, 62)}  # 41 of them with every organ
    drawn = draw_cohorts(candidates(), many, 1)
    assert {drawn[p] for p in many & set(drawn)} == {"exval"}
    assert sum(p in many for p in drawn) == JUDGED


def test_every_first_part_of_the_local_patients_has_the_same_share_of_mandibles() -> None:
    drawn = draw_cohorts(candidates(), (), 1)
    local = [p for p, part in drawn.items() if part == "local"]
    assert len(local) == LOCAL
    left = [c for c in candidates() if c.group == HOME and drawn.get(c.name) != "exval"]
    share = sum(c.complete for c in left) / len(left)
    for count in range(1, LOCAL + 1):
        with_mandible = sum(int(p[3:]) % 3 != 0 for p in local[:count])
        assert (
            abs(with_mandible - share * count) <= 1
        )  # each row's next patient is within a place of his share


def test_the_excluded_and_those_with_few_organs_take_no_part() -> None:
    few = [Candidate(f"pt_{n}", 5.0, frozenset(ORGANS[: n - 499])) for n in range(500, 505)]
    gone = [Candidate(name, 5.0, ALL) for name in EXCLUDED]
    drawn = draw_cohorts([*candidates(), *few, *gone], (), 1)
    assert not set(EXCLUDED) & set(drawn)
    assert [c.name for c in few if c.name in drawn] == ["pt_502", "pt_503", "pt_504"]


def test_too_few_patients_are_counted() -> None:
    with pytest.raises(SettingError, match="12 patients for the cohort geneva, which needs 30"):
        draw_cohorts([c for c in candidates() if not 311 < int(c.name[3:]) < 350], (), 1)


def test_an_unknown_cohort_is_named() -> None:
    with pytest.raises(SettingError, match="no cohort abroad; there are vendor, local, exval, geneva"):
        cohort("abroad")
