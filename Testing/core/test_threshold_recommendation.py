"""Recommended thresholds: from pooled sweeps, through their file, and onto maps without a reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import FormatError
from ContourQALib.formats.recommendation import (
    read_recommendation,
    recommendation_record,
    write_recommendation,
)
from ContourQALib.geometry import Grid
from ContourQALib.metrics.definitions import Status
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.applied import apply_threshold
from ContourQALib.thresholds.bootstrap import LEVEL
from ContourQALib.thresholds.pooled import PooledSweep, pool
from ContourQALib.thresholds.recommendation import Recommendation, RecommendedThresholds, recommend
from ContourQALib.thresholds.sensitivity import FIGURES

GRID = Grid.for_shape((3, 7, 9))
ORGAN = np.zeros(GRID.shape, bool)
ORGAN[1, 2:5, 2:6] = True  # 12 voxels
RING = np.zeros(GRID.shape, bool)
RING[1, 1:6, 1:7] = True  # 30 voxels, 18 of them around the organ
ADVICE = Recommendation(0.4, (0.2, 0.6), LEVEL, 5, 0.9, 0.8, 2.5)


def case(inside: float, around: float, reference: np.ndarray = ORGAN):
    """A map that is the organ from `around` to `inside`, and organ and ring below."""
    values = np.where(ORGAN, inside, np.where(RING, around, 0.0)).astype(np.float32)
    probability = ProbabilityMap(values, GRID, "map")
    return analyze(probability, Contour(reference, GRID, "Organ"), [0.1, 0.3, 0.5, 0.7], calibrate=False)


def pooled(*cases: tuple[float, float]) -> PooledSweep:
    return pool([case(*one) for one in cases], [f"case {n}" for n in range(len(cases))])


def test_a_recommendation_is_the_pooled_optimum_with_what_half_costs():
    # At 0.7 both maps are exactly the organ; at 0.5 both are organ and ring: Dice 2 * 12 / (12 + 30).
    (found,) = recommend({"Organ": pooled((0.8, 0.6), (0.9, 0.6))}).by("dice").values()
    assert found == Recommendation(
        threshold=0.7,
        interval=(0.7, 0.7),
        level=LEVEL,
        cases=2,
        value=1.0,
        value_at_half=pytest.approx(24 / 42),
        loss_at_half_percent=pytest.approx(100 * (1 - 24 / 42)),
        flag=Status.OK,
    )


def test_a_loss_of_a_perfect_distance_is_none_because_nothing_has_no_percentage():
    found = recommend({"Organ": pooled((0.8, 0.6), (0.9, 0.6))}).by("hd_mm")["Organ"]
    assert (found.value, found.loss_at_half_percent) == (0.0, None)
    assert found.value_at_half == pytest.approx(np.sqrt(2))  # a corner of the ring


def test_one_case_has_no_interval_and_half_that_was_not_swept_no_value():
    values = np.where(ORGAN, 0.8, 0.0).astype(np.float32)
    alone = analyze(
        ProbabilityMap(values, GRID, "map"), Contour(ORGAN, GRID, "Organ"), [0.2, 0.6], calibrate=False
    )
    found = recommend({"Organ": pool([alone])}).by("dice")["Organ"]
    assert (found.interval, found.level, found.value_at_half) == (None, None, None)
    assert found.cases == 1


def test_a_mean_over_fewer_cases_does_not_stand_beside_the_recommended_one():
    # From 0.5 on the second map selects nothing: its distances are gone, its Dice is 0.
    found = recommend({"Organ": pooled((0.8, 0.2), (0.4, 0.2))})
    assert found.by("hd_mm")["Organ"].threshold == 0.3
    assert found.by("hd_mm")["Organ"].value_at_half is None
    assert found.by("hd_mm")["Organ"].cases == 2
    assert found.by("dice")["Organ"].value_at_half == pytest.approx((1 + 0) / 2)


def test_a_case_without_a_reference_does_not_count():
    cases = [case(0.8, 0.6), case(0.9, 0.6), case(0.9, 0.6, np.zeros_like(ORGAN))]
    assert recommend({"Organ": pool(cases, ["a", "b", "c"])}).by("dice")["Organ"].cases == 2


def test_structures_of_which_no_case_has_an_optimum_are_left_out():
    nothing = case(0.9, 0.6, np.zeros_like(ORGAN))
    found = recommend({"Organ": pool([nothing, nothing]), "Other": pooled((0.8, 0.6), (0.9, 0.6))})
    assert list(found.structures) == ["Other"]


def test_the_file_says_what_it_is_and_is_read_back(tmp_path):
    found = recommend({"Organ ä": pooled((0.8, 0.2), (0.4, 0.2))}, {"program": "contourqa"})
    path = tmp_path / "advice.json"
    write_recommendation(found, path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["format"], document["version"]) == ("contourqa recommended thresholds", 1)
    assert document["provenance"] == {"program": "contourqa"}
    assert set(document["structures"]["Organ ä"]) == set(FIGURES)
    assert set(document["structures"]["Organ ä"]["dice"]) == {
        "threshold", "interval", "level", "cases", "value", "value_at_half", "loss_at_half_percent", "flag",
    }  # fmt: skip
    assert read_recommendation(path) == found


SHARE = st.floats(0, 1)
RECOMMENDATION = st.builds(
    Recommendation,
    threshold=SHARE,
    interval=st.none() | st.tuples(SHARE, SHARE).map(lambda pair: (min(pair), max(pair))),
    level=st.none() | SHARE,
    cases=st.integers(1, 10**6),
    value=st.floats(0, 1e6),
    value_at_half=st.none() | st.floats(0, 1e6),
    loss_at_half_percent=st.none() | st.floats(-1e6, 1e6),
    flag=st.sampled_from([Status.OK, Status.EMPTY, Status.FULL]),
)


@given(st.fixed_dictionaries({figure: st.none() | RECOMMENDATION for figure in FIGURES}))
def test_whatever_is_recommended_is_read_back_exactly(tmp_path_factory, by_figure):
    by_figure["dice"] = by_figure["dice"] or ADVICE
    path = tmp_path_factory.mktemp("advice") / "advice.json"
    found = RecommendedThresholds({"CTV": by_figure})
    write_recommendation(found, path)
    assert read_recommendation(path) == found


def test_fields_of_a_later_minor_change_do_no_harm(tmp_path):
    document = recommendation_record(RecommendedThresholds({"CTV": {"dice": ADVICE}}))
    document["structures"]["CTV"]["surface_dice"] = {"threshold": 7}
    document["structures"]["CTV"]["dice"]["note"] = "x"
    del document["provenance"]
    path = tmp_path / "advice.json"
    path.write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    assert read_recommendation(path).by("dice") == {"CTV": ADVICE}
    assert read_recommendation(path).by("hd_mm") == {}


def changed(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["structures"]["CTV"]["dice"].update(fields)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(format="thresholds"), "is no file of recommended thresholds"),
        (lambda d: d.pop("format"), "is no file of recommended thresholds"),
        (lambda d: d.update(version=2), "version 2"),
        (lambda d: d.pop("version"), "version null"),
        (lambda d: d.pop("structures"), "for no structure"),
        (lambda d: d.update(structures={}), "for no structure"),
        (lambda d: d.update(structures=["CTV"]), "for no structure"),
        (lambda d: d["structures"].update(CTV=None), 'no threshold for the structure "CTV"'),
        (lambda d: d["structures"].update(CTV={"dice": None}), 'no threshold for the structure "CTV"'),
        (lambda d: d["structures"].update({" ": d["structures"]["CTV"]}), "no threshold for the structure"),
        (lambda d: d["structures"].update(ctv=d["structures"]["CTV"]), "CTV and ctv, which mean one"),
        (lambda d: d["structures"]["CTV"].update(dice=0.4), "is no recommendation but 0.4"),
        (changed(threshold=1.01), "threshold 1.01, which is not a number between 0 and 1"),
        (changed(threshold=-0.1), "threshold -0.1"),
        (changed(threshold=None), "threshold null"),
        (changed(threshold="0.4"), 'threshold "0.4"'),
        (changed(threshold=True), "threshold true"),
        (changed(threshold=10**400), "threshold 1000"),
        (changed(interval=[0.6, 0.2]), "two increasing numbers"),
        (changed(interval=[0.2]), "two increasing numbers"),
        (changed(interval=[0.2, 1.2]), "two increasing numbers"),
        (changed(level=95), "level 95"),
        (changed(cases=0), "cases 0"),
        (changed(cases=2.5), "cases 2.5"),
        (changed(value=None), "value null"),
        (changed(value_at_half="x"), 'value at half "x"'),
        (changed(loss_at_half_percent=[1]), "loss at half percent [1]"),
        (changed(flag="failed"), 'flag "failed"'),
    ],
)
def test_a_file_that_cannot_be_trusted_is_one_sentence_that_names_it(tmp_path, change, says):
    document = recommendation_record(RecommendedThresholds({"CTV": {"dice": ADVICE}}))
    change(document)
    path = tmp_path / "advice.json"
    path.write_text(json.dumps(document))
    refused(path, says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged or no JSON"),
        (b'{"format": "contourqa reco', "damaged or no JSON"),
        (b"\x1f\x8b\x08\x00\x93", "damaged or no JSON"),
        (b"[" * 100_000, "damaged or no JSON"),
        (b"[0.5, 0.6]", "is no file of recommended thresholds"),
        (b"0.5", "is no file of recommended thresholds"),
        (b'{"format": 1, "format": 2}', "names format twice"),
        (b'{"threshold": NaN}', "cannot be read"),
        (b'{"threshold": ' + b"1" * 5000 + b"}", "cannot be read"),
        (b'{"format": "\\ud800"}', "cannot be read"),
    ],
)
def test_a_damaged_or_foreign_file(tmp_path, content, says):
    path = tmp_path / "advice.json"
    path.write_bytes(content)
    refused(path, says)


def test_a_missing_file_and_a_folder(tmp_path):
    refused(tmp_path / "nowhere.json", "does not exist")
    refused(tmp_path, "is a folder")


def refused(path: Path, says: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_recommendation(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert says in sentence, sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def ramp() -> ProbabilityMap:
    """100 voxels of 1, 2, ... 100 percent, 0.02 cc each."""
    values = (np.arange(1, 101) / 100).astype(np.float32).reshape(4, 5, 5)
    return ProbabilityMap(values, Grid((5, 5, 4), (2.0, 2.0, 5.0), (7.0, -3.0, 100.0)), "ramp")


def test_volumes_of_an_applied_threshold_in_closed_form():
    found = apply_threshold(ramp(), "CTV", ADVICE)
    # From 0.40 on 61 voxels, from 0.50 on 51, from 0.20 on 81, from 0.60 on 41.
    assert found.volume_cc == pytest.approx(61 * 0.02)
    assert found.volume_at_half_cc == pytest.approx(51 * 0.02)
    assert found.volume_at_interval_cc == pytest.approx((81 * 0.02, 41 * 0.02))
    assert found.volume_difference_percent == pytest.approx(100 * 10 / 51)
    assert found.status is Status.OK


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.4, 0.5, 1.0])
def test_the_contour_is_the_map_from_the_threshold_on_upon_the_grid_of_the_map(threshold):
    probability = ramp()
    found = apply_threshold(probability, "CTV", Recommendation(threshold, None, None, 3, 0.9, None, None))
    placed = found.contour.on(found.grid)
    assert found.grid == probability.grid
    assert np.array_equal(placed.mask, probability.values >= np.float32(threshold))
    assert np.array_equal(found.half.on(found.grid).mask, probability.values >= np.float32(0.5))
    assert (placed.name, placed.resampled, placed.lost_cc) == ("CTV", False, 0.0)
    assert np.isnan(found.volume_at_interval_cc).all()


def test_a_map_that_never_gets_there_is_empty_and_half_of_nothing_has_no_percentage():
    low = ProbabilityMap(np.full((2, 3, 4), 0.45, np.float32), Grid.for_shape((2, 3, 4)), "low")
    empty = apply_threshold(low, "CTV", Recommendation(0.6, (0.4, 0.7), LEVEL, 3, 0.9, 0.8, 1.0))
    assert empty.status is Status.EMPTY
    assert (empty.volume_cc, empty.volume_at_interval_cc) == (0.0, pytest.approx((0.024, 0.0)))
    assert np.isnan(empty.volume_difference_percent)
    assert apply_threshold(low, "CTV", ADVICE).status is Status.FULL
