"""What the study of Geng 2024 says of its models: points, questions, and how many patients are enough."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from contourqa_training.geng.judging import (
    ALL,
    CURVE_FIGURES,
    MARGIN,
    CurvePoint,
    Judgement,
    Question,
    improved,
)
from contourqa_training.geng.models import LFT, VPM, Kind, StudyModel
from contourqa_training.geng.records import curve_rows, enough_record, question_rows
from ContourQALib.cohort.results import MEASURED, CohortResults, CohortRow
from ContourQALib.cohort.signed_rank import holm
from ContourQALib.cohort.summary import summarize
from ContourQALib.metrics.definitions import Status

ORGANS = ("Brainstem", "Mandible")
PATIENTS = 8

Values = Callable[[str, str, int], float]
"""A figure by dataset, structure and number of the patient."""


def model(name: str, kind: Kind = "fine-tuned", patients: int = 50) -> StudyModel:
    return StudyModel(name, kind, patients, ())


def measured(
    models: Mapping[StudyModel, Values],
    datasets: Sequence[str] = ("ExVal",),
    patients: int = PATIENTS,
    distance: Values = lambda dataset, structure, n: 3.0,
) -> CohortResults:
    """Results of models by their Dice; every model has the same distances, and no other figure differs."""
    rows = [
        CohortRow(dataset, f"{dataset}-{n}", f"{dataset}-{n}", organ)
        for dataset in datasets
        for n in range(patients)
        for organ in ORGANS
    ]
    shape = (len(rows), len(models))
    values = {figure: np.zeros(shape) for figure in MEASURED}
    for r, row in enumerate(rows):
        n = int(row.patient.rsplit("-", 1)[1])
        for m, dice in enumerate(models.values()):
            values["dice"][r, m] = dice(row.dataset, row.structure, n)
            values["hd95_pooled_mm"][r, m] = distance(row.dataset, row.structure, n)
    statuses = tuple((Status.OK,) * len(models) for _ in rows)
    names = tuple(one.name for one in models)
    return CohortResults(names, tuple(rows), values, np.ones(len(rows)), statuses, {}, 2.0)


def judged(
    models: Mapping[StudyModel, Values],
    datasets: Sequence[str] = ("ExVal",),
    patients: int = PATIENTS,
    distance: Values = lambda dataset, structure, n: 3.0,
) -> Judgement:
    """The judgement of `measured`."""
    return Judgement(measured(models, datasets, patients, distance), tuple(models))


def dice(value: float, spread: float = 0.0) -> Values:
    """The same in every structure, patients about it by their number."""
    return lambda dataset, structure, n: value + spread * (n - (PATIENTS - 1) / 2)


def point(points: Sequence[CurvePoint], **wanted: object) -> CurvePoint:
    (found,) = [p for p in points if all(getattr(p, name) == value for name, value in wanted.items())]
    return found


def test_a_point_is_the_mean_over_patients_and_all_is_the_mean_over_their_organs() -> None:
    def by_organ(dataset: str, structure: str, n: int) -> float:
        return {"Brainstem": 0.5, "Mandible": 0.9}[structure] + 0.01 * n

    points = judged({model(LFT): by_organ}).points()
    assert len(points) == len(CURVE_FIGURES) * (1 + len(ORGANS))
    offset = 0.01 * (PATIENTS - 1) / 2
    for structure, mean in (("Brainstem", 0.5), ("Mandible", 0.9), (ALL, 0.7)):
        found = point(points, structure=structure, figure="dice")
        assert found.mean == pytest.approx(mean + offset)
        assert (found.n, found.undefined) == (PATIENTS, 0)
        assert (found.model, found.kind, found.patients) == (LFT, "fine-tuned", 50)
        assert found.interval is not None
        low, high = found.interval
        assert low < found.mean < high


def test_a_missed_organ_has_no_distance_and_is_counted() -> None:
    def missed(dataset: str, structure: str, n: int) -> float:
        return math.inf if structure == "Mandible" and n < 3 else 4.0

    points = judged({model(LFT): dice(0.8)}, distance=missed).points()
    for structure, undefined in (("Brainstem", 0), ("Mandible", 3), (ALL, 3)):
        found = point(points, structure=structure, figure="hd95_pooled_mm")
        # a patient with an organ that has no distance has no mean distance
        assert (found.n, found.undefined, found.mean) == (PATIENTS - undefined, undefined, 4.0)


def test_nothing_defined_is_no_mean_and_no_interval_and_null_in_the_records() -> None:
    def nowhere(dataset: str, structure: str, n: int) -> float:
        return math.inf

    points = judged({model(LFT): dice(0.8)}, distance=nowhere).points()
    found = point(points, structure="Mandible", figure="hd95_pooled_mm")
    assert (found.n, found.undefined, found.interval) == (0, PATIENTS, None)
    assert math.isnan(found.mean)
    row = next(r for r in curve_rows(points) if (r["structure"], r["figure"]) == ("Mandible", found.figure))
    assert (row["mean"], row["interval_low"], row["interval_high"]) == (None, None, None)
    json.dumps(curve_rows(points), allow_nan=False)


def test_one_patient_has_a_mean_and_no_interval() -> None:
    found = point(judged({model(LFT): dice(0.8)}, patients=1).points(), structure=ALL, figure="dice")
    assert found.n == 1
    assert found.interval is None


def test_datasets_do_not_mix() -> None:
    def by_dataset(dataset: str, structure: str, n: int) -> float:
        return 0.9 if dataset == "ExVal" else 0.4

    judgement = judged({model(LFT): by_dataset}, ("ExVal", "GenEva"))
    points = judgement.points()
    assert judgement.datasets == ("ExVal", "GenEva")
    assert point(points, dataset="ExVal", structure=ALL, figure="dice").mean == pytest.approx(0.9)
    assert point(points, dataset="GenEva", structure=ALL, figure="dice").mean == pytest.approx(0.4)


STUDY: dict[StudyModel, Values] = {
    model(VPM, "vendor", 51): dice(0.70),
    model(LFT): dice(0.80, 0.001),
    model(f"{LFT}-5", patients=5): dice(0.75, 0.001),
    model("scratch-50", "from nothing"): dice(0.78),
    model("scratch-50-long", "from nothing"): dice(0.79),
    model("scratch-20", "from nothing", 20): dice(0.60),
}


def asked(questions: Sequence[Question]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((q.first, q.second) for q in questions))


def test_a_dataset_without_an_organ_is_judged_by_its_others() -> None:
    models = {model(LFT): dice(0.8), model(VPM, "vendor", 51): dice(0.6)}
    whole = measured(models, ("ExVal", "GenEva"))
    kept = [n for n, row in enumerate(whole.rows) if (row.dataset, row.structure) != ("GenEva", "Mandible")]
    part = replace(
        whole,
        rows=tuple(whole.rows[n] for n in kept),
        values={figure: found[kept] for figure, found in whole.values.items()},
        volume_reference_cc=whole.volume_reference_cc[kept],
        statuses=tuple(whole.statuses[n] for n in kept),
    )
    found = Judgement(part, tuple(models))
    asked = {(q.dataset, q.structure) for q in found.questions()}
    assert asked == {("ExVal", ALL), ("ExVal", "Brainstem"), ("ExVal", "Mandible"), ("GenEva", ALL)} | {
        ("GenEva", "Brainstem")
    }
    mean = point(found.points(), model=LFT, dataset="GenEva", structure=ALL, figure="dice")
    assert mean.mean == pytest.approx(0.8)


def test_questions_set_fine_tuned_models_against_the_vendor_s_and_against_as_many_patients() -> None:
    questions = judged(STUDY).questions()
    # nothing was fine-tuned with 20 patients, so that scratch-20 has nothing to be compared with
    assert asked(questions) == [
        (VPM, LFT),
        (VPM, f"{LFT}-5"),
        ("scratch-50", LFT),
        ("scratch-50-long", LFT),
    ]
    assert len(questions) == 4 * len(CURVE_FIGURES) * (1 + len(ORGANS))
    for q in questions:
        if (q.first, q.second, q.figure) == (VPM, LFT, "dice"):
            assert q.compared.mean_difference == pytest.approx(0.1)  # second minus first
            assert q.compared.pairs == PATIENTS


def test_holm_corrects_over_the_organs_and_leaves_their_mean_apart() -> None:
    def uneven(dataset: str, structure: str, n: int) -> float:
        # 8 of 8 better in one organ; 6 of 8, the worse ones by least, in the other
        better = structure == "Brainstem" or n > 1
        return 0.7 + (0.01 if better else -0.01) * (n + 1)

    models: dict[StudyModel, Values] = {model(VPM, "vendor", 51): dice(0.7), model(LFT): uneven}
    questions = [q for q in judged(models, ("ExVal", "GenEva")).questions() if q.figure == "dice"]
    for dataset in ("ExVal", "GenEva"):
        mine = {q.structure: q for q in questions if q.dataset == dataset}
        # all signs alike: 2 of 2^8; ranks 1 and 2 negative: 5 sets of ranks sum to 3 or less, twice, of 2^8
        p = {"Brainstem": 2 / 256, "Mandible": 10 / 256}
        assert {name: mine[name].compared.test.p for name in ORGANS} == pytest.approx(p)
        assert {name: mine[name].p_holm for name in ORGANS} == pytest.approx(
            dict(zip(ORGANS, holm(list(p.values())), strict=True))
        )
        assert mine["Brainstem"].p_holm == pytest.approx(2 * 2 / 256)
        assert mine[ALL].p_holm == mine[ALL].compared.test.p


def test_organs_improve_where_the_corrected_p_is_small_and_the_sign_is_right() -> None:
    def better_in_one(dataset: str, structure: str, n: int) -> float:
        return 0.7 + (0.02 if structure == "Brainstem" else -0.02) + 0.001 * n

    def better_in_a_few(dataset: str, structure: str, n: int) -> float:
        return 0.7 + (0.02 if n > 1 else -0.001) * (n + 1)

    vendor, tuned = model(VPM, "vendor", 51), model(LFT)
    # distances are all the same, and no test: nothing is improved, and the correction does not count them
    expected: dict[str, list[str]] = {"dice": ["Brainstem"], "hd95_pooled_mm": []}
    both = summarize(measured({vendor: dice(0.7), tuned: better_in_one}, ("ExVal", "GenEva")))
    assert improved(both) == {"ExVal": expected, "GenEva": expected}
    # with the models the other way round the other organ is the better one
    other = summarize(measured({vendor: better_in_one, tuned: dice(0.7)}))
    assert improved(other) == {"ExVal": {"dice": ["Mandible"], "hd95_pooled_mm": []}}
    # ranks of 8 with two of them negative: p = 10/256 below 0.05, corrected for two organs 20/256 is not
    few = summarize(measured({vendor: dice(0.7), tuned: better_in_a_few}))
    tests = [d.compared.test.p for g in few.groups for d in g.differences if d.figure == "dice"]
    assert tests == pytest.approx([10 / 256] * 2)
    assert improved(few) == {"ExVal": {"dice": [], "hd95_pooled_mm": []}}


def test_a_shorter_distance_is_an_improvement() -> None:
    rows = [CohortRow("ExVal", f"{n}", f"{n}", "Brainstem") for n in range(PATIENTS)]
    values = {figure: np.zeros((PATIENTS, 2)) for figure in MEASURED}
    values["hd95_pooled_mm"][:, 0] = 5.0 + np.arange(PATIENTS)
    values["hd95_pooled_mm"][:, 1] = 3.0 + 0.9 * np.arange(PATIENTS)
    statuses = tuple((Status.OK, Status.OK) for _ in rows)
    results = CohortResults((VPM, LFT), tuple(rows), values, np.ones(PATIENTS), statuses, {}, 2.0)
    assert improved(summarize(results)) == {"ExVal": {"dice": [], "hd95_pooled_mm": ["Brainstem"]}}


def tuned_with(dice_by_count: Mapping[int, Values]) -> Judgement:
    return judged(
        {model(f"{LFT}-{count}", patients=count): values for count, values in dice_by_count.items()}
    )


def test_enough_is_the_least_number_from_which_on_nothing_is_worse_than_the_margin() -> None:
    curve = {5: 0.70, 10: 0.795, 20: 0.78, 40: 0.795, 60: 0.80}
    (answer,) = tuned_with({count: dice(value) for count, value in curve.items()}).enough()
    assert answer.most == 60
    # 10 are as good as 60 by the margin of 0.01, and 20 are not: what is enough must stay so
    assert answer.patients == 40
    assert list(answer.differences) == [5, 10, 20, 40]
    for count, (mean, interval) in answer.differences.items():
        assert mean == pytest.approx(curve[count] - 0.80)
        assert interval == pytest.approx((mean, mean))  # every patient differs by the same


def test_a_mean_within_the_margin_is_not_enough_where_its_interval_is_not() -> None:
    (answer,) = tuned_with({5: dice(0.80 - MARGIN / 2, 0.01), 60: dice(0.80)}).enough()
    mean, interval = answer.differences[5]
    assert mean > -MARGIN
    assert interval is not None
    assert interval[0] < -MARGIN
    assert answer.patients is None


def test_never_enough_and_the_record_says_so() -> None:
    answers = tuned_with({5: dice(0.5), 20: dice(0.6), 60: dice(0.8)}).enough()
    assert answers[0].patients is None
    record = enough_record(answers)
    assert record["answers"][0]["enough"] is None
    assert record["answers"][0]["difference_to_largest"]["20"]["mean"] == pytest.approx(-0.2)
    assert f"-{MARGIN:g}" in record["rule"]
    json.dumps(record, allow_nan=False)


def test_one_number_of_patients_is_no_curve() -> None:
    assert tuned_with({50: dice(0.8)}).enough() == []


def test_rows_of_questions_say_what_was_compared() -> None:
    questions = judged(STUDY).questions()
    rows = question_rows(questions)
    assert len(rows) == len(questions)
    for row, question in zip(rows, questions, strict=True):
        assert row["mean_difference"] == question.compared.mean_difference
        assert (row["pairs"], row["undefined"]) == (PATIENTS, 0)
        if row["figure"] == "hd95_pooled_mm":  # all the same
            assert (row["p"], row["p_holm_of_organs"], row["zeros"]) == (None, None, PATIENTS)
            assert row["reason"] == "all differences are zero"
    json.dumps(rows, allow_nan=False)
