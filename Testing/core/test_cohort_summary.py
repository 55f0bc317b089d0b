"""A cohort's summary: means and tests by hand, groups in the manifest's order, nothing dropped in silence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ContourQALib.cohort.results import FIGURES, MEASURED, CohortResults, CohortRow
from ContourQALib.cohort.signed_rank import holm
from ContourQALib.cohort.summary import CORRECTED, FigureSummary, rows_of_groups, summarize
from ContourQALib.errors import SettingError
from ContourQALib.metrics.definitions import Status

RNG = np.random.default_rng(3)


def results_of(rows: Sequence[tuple[str, str]], models: Sequence[str] = ("VPM", "LFT")) -> CohortResults:
    """Random figures of rows of (dataset, structure), one case a row."""
    shape = len(rows), len(models)
    return CohortResults(
        models=tuple(models),
        rows=tuple(CohortRow(d, f"case {n}", f"patient {n}", s) for n, (d, s) in enumerate(rows)),
        values={figure: RNG.random(shape) for figure in MEASURED},
        volume_reference_cc=RNG.random(len(rows)),
        statuses=((Status.OK,) * len(models),) * len(rows),
        reasons={},
        tolerance_mm=2.0,
    )


def test_a_summary_speaks_of_finite_values_and_counts_the_rest() -> None:
    found = FigureSummary.of([1.0, 2.0, 6.0, math.nan, math.inf])
    assert found == FigureSummary(n=3, undefined=2, mean=3.0, sd=math.sqrt(7.0), median=2.0)


def test_one_value_has_no_sd_and_none_has_nothing() -> None:
    one, none = FigureSummary.of([0.5]), FigureSummary.of([math.nan])
    assert (one.n, one.mean, one.median) == (1, 0.5, 0.5)
    assert math.isnan(one.sd)
    assert (none.n, none.undefined) == (0, 1)
    assert math.isnan(none.mean)
    assert math.isnan(none.median)


def test_groups_follow_the_manifest_and_spellings_of_a_structure_are_one() -> None:
    results = results_of(
        [("B", "Rectum"), ("A", "Bladder"), ("B", "bladder"), ("A", "RECTUM"), ("B", "Rectum"), ("", "CTV")]
    )
    groups = rows_of_groups(results)
    assert list(groups) == [
        ("B", "Rectum"),
        ("B", "Bladder"),
        ("A", "Rectum"),
        ("A", "Bladder"),
        ("", "CTV"),
    ]
    assert groups["B", "Rectum"].tolist() == [0, 4]
    found = summarize(results).groups
    assert [(g.dataset, g.structure) for g in found] == list(groups)
    assert [g.cases for g in found] == [2, 1, 1, 1, 1]


def test_every_pair_of_models_is_compared_in_every_figure_second_minus_first() -> None:
    results = results_of([("", "Lens")] * 8, ["A", "B", "C"])
    (group,) = summarize(results).groups
    assert [(d.first, d.second, d.figure) for d in group.differences] == [
        (*pair, figure) for pair in (("A", "B"), ("A", "C"), ("B", "C")) for figure in FIGURES
    ]
    last = next(d for d in group.differences if (d.first, d.second, d.figure) == ("A", "C", "dice"))
    dice = results.values["dice"]
    assert last.compared.mean_difference == pytest.approx((dice[:, 2] - dice[:, 0]).mean())


def test_volumes_are_compared_with_the_reference_too() -> None:
    results = results_of([("", "Lens")] * 7)
    results.values["volume_cc"][:, 0] = results.volume_reference_cc + 0.25
    (group,) = summarize(results).groups
    against = group.volume_against_reference["VPM"]
    assert against.mean_difference == pytest.approx(0.25)
    assert against.test.effect == 1
    assert group.reference_volume_cc.mean == pytest.approx(results.volume_reference_cc.mean())


def test_holm_counts_the_tests_of_one_dataset_and_pair_of_models() -> None:
    rows = [(dataset, structure) for dataset in ("A", "B") for structure in ("x", "y") for _ in range(9)]
    found = summarize(results_of(rows, ["one", "two", "three"]))
    for dataset in ("A", "B"):
        for pair in (("one", "two"), ("one", "three"), ("two", "three")):
            family = [
                d
                for g in found.groups
                for d in g.differences
                if g.dataset == dataset and (d.first, d.second) == pair and d.figure in CORRECTED
            ]
            assert len(family) == 2 * len(CORRECTED)
            assert [d.p_holm for d in family] == holm([d.compared.test.p for d in family])
    others = [d for g in found.groups for d in g.differences if d.figure not in CORRECTED]
    assert all(math.isnan(d.p_holm) for d in others)
    assert all(0 <= d.compared.test.p <= 1 for d in others)


def test_a_missed_organ_is_undefined_in_distances_and_counted_in_both_places() -> None:
    results = results_of([("", "Lens")] * 6)
    results.values["hd95_pooled_mm"][2, 1] = math.inf
    (group,) = summarize(results).groups
    assert group.figures["LFT"]["hd95_pooled_mm"].undefined == 1
    assert group.figures["LFT"]["hd95_pooled_mm"].n == 5
    found = next(d.compared for d in group.differences if d.figure == "hd95_pooled_mm")
    assert (found.pairs, found.undefined) == (5, 1)
    assert found.test.reason is not None


def test_further_cases_of_a_patient_are_counted() -> None:
    given = results_of([("", "Lens")] * 3 + [("", "CTV")])
    patients = ("p", "q", "p", "p")
    rows = tuple(replace(row, patient=p) for row, p in zip(given.rows, patients, strict=True))
    assert [g.repeated for g in summarize(replace(given, rows=rows)).groups] == [1, 0]


def test_one_model_has_no_differences() -> None:
    (group,) = summarize(results_of([("", "Lens")] * 3, ["only"])).groups
    assert group.differences == ()
    assert set(group.figures["only"]) == set(MEASURED)


def test_undefined_rows_are_listed_with_their_reasons() -> None:
    given = results_of([("", "Lens")] * 2)
    results = CohortResults(
        given.models,
        given.rows,
        given.values,
        given.volume_reference_cc,
        ((Status.OK, Status.FAILED), (Status.OK, Status.OK)),
        {(0, 1): "the file is damaged", (1, 0): "specificity is undefined"},
        2.0,
    )
    assert [(u.row, u.model, u.status, u.reason) for u in results.undefined()] == [
        (0, "LFT", Status.FAILED, "the file is damaged"),
        (1, "VPM", Status.OK, "specificity is undefined"),
    ]


def test_results_of_another_shape_are_refused() -> None:
    given = results_of([("", "Lens")] * 2)
    with pytest.raises(SettingError, match="2 rows x 1 models"):
        CohortResults(("VPM",), given.rows, given.values, given.volume_reference_cc, (), {}, 2.0)


def test_results_of_some_models_are_those_of_a_cohort_that_had_no_others() -> None:
    rows = [("ExVal", "CTV")] * 4 + [("GenEva", "CTV")] * 3
    three = results_of(rows, ("VPM", "LFT", "other"))
    three = replace(
        three,
        statuses=(*three.statuses[:-1], (Status.OK, Status.FAILED, Status.UNMATCHED)),
        reasons={(6, 1): "damaged", (6, 2): "no contour"},
        placed={"resampled": RNG.random((7, 3))},
    )
    two = three.of_models(["other", "VPM"])
    assert two.models == ("other", "VPM")
    np.testing.assert_array_equal(two.values["dice"], three.values["dice"][:, [2, 0]])
    np.testing.assert_array_equal(two.placed["resampled"], three.placed["resampled"][:, [2, 0]])
    assert [(found.row, found.model, found.reason) for found in two.undefined()] == [
        (6, "other", "no contour")
    ]
    assert summarize(two).groups[0].figures["VPM"] == summarize(three).groups[0].figures["VPM"]
    with pytest.raises(SettingError, match="no model third; there are VPM, LFT, other"):
        three.of_models(["third"])
