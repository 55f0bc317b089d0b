"""Several sources compared: partners by name, every pair of observers, and their consensus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.metrics.comparison_set import (
    ComparisonSettings,
    compare_observers,
    compare_with_consensus,
    compare_with_reference,
)
from ContourQALib.metrics.observers import Consensus, compare_pairwise, consensus
from ContourQALib.metrics.pairing import Source, group_contours
from shapes import box_mask, contour

SHAPE = (8, 10, 12)


def box_at(shift: int, name: str) -> Contour:
    return contour(box_mask(SHAPE, (2, 2, 2 + shift), (6, 8, 8 + shift)), name=name)


def source(name: str, **shifts: int) -> Source:
    return Source(name, tuple(box_at(shift, structure) for structure, shift in shifts.items()))


def test_names_match_through_spelling_and_the_rest_is_listed():
    result = compare_with_reference(
        source("ref", LeftParotid=0, Mandible=0), [source("model", parotid_l=1, Larynx=0)]
    )
    assert [c.structure for c in result.comparisons] == ["LeftParotid"]
    assert result.comparisons[0].dice == pytest.approx(5 / 6)
    assert {(u.structure, u.side, u.source) for u in result.unmatched} == {
        ("Mandible", "reference", "ref"),
        ("Larynx", "test", "model"),
    }


def test_several_tests_are_compared_each_with_the_reference():
    tests = [source("VPM", CTV=3, Bladder=0), source("LFT", CTV=1)]
    result = compare_with_reference(source("ref", CTV=0, Bladder=0), tests)
    found = {(c.structure, c.test): c.dice for c in result.comparisons}
    assert found[("CTV", "VPM")] == pytest.approx(3 / 6)
    assert found[("CTV", "LFT")] == pytest.approx(5 / 6)
    assert found[("Bladder", "VPM")] == 1
    assert [(u.structure, u.source) for u in result.unmatched] == [("Bladder", "ref")]


def test_a_lone_unnamed_mask_takes_the_other_sides_name():
    result = compare_with_reference(source("ref", label_1=0), [source("model", Heart=0)])
    assert [c.structure for c in result.comparisons] == ["Heart"]
    assert not result.unmatched


def test_lone_contours_of_two_different_names_are_not_the_same_structure():
    with pytest.raises(StructureError, match=r"Bladder.*Rectum"):
        compare_with_reference(source("ref", Bladder=0), [source("model", Rectum=0)])
    with pytest.raises(StructureError, match=r"Bladder.*Rectum"):
        compare_observers([source("A", Bladder=0), source("B", Rectum=0)])


def test_a_model_without_the_structure_asked_for_is_listed_beside_those_that_have_it():
    tests = [source("VPM", Bladder=0), source("LFT", CTV=1)]
    result = compare_with_reference(source("ref", CTV=0, Bladder=0), tests, ComparisonSettings(("CTV",)))
    assert [(c.structure, c.test) for c in result.comparisons] == [("CTV", "LFT")]
    assert [(u.structure, u.source, u.missing_in) for u in result.unmatched] == [("CTV", "ref", ("VPM",))]


def test_only_the_structures_asked_for_are_compared():
    ref, model = source("ref", CTV=0, Bladder=0), source("model", ctv=0, bladder=0)
    assert [g.structure for g in group_contours([ref, model], ["BLADDER"]).groups] == ["Bladder"]
    with pytest.raises(StructureError, match="no structure Rectum; there are CTV, Bladder"):
        group_contours([ref, model], ["Rectum"])


def test_observers_are_compared_in_every_pair():
    observers = [source("A", CTV=0), source("B", CTV=1), source("C", CTV=3, Rectum=0)]
    result = compare_observers(observers)
    assert {(c.reference, c.test): round(c.dice, 6) for c in result.comparisons} == {
        ("A", "B"): round(5 / 6, 6),
        ("A", "C"): 0.5,
        ("B", "C"): round(4 / 6, 6),
    }
    (matrix,) = result.matrices
    assert np.allclose(matrix.dice, np.transpose(matrix.dice))
    assert np.diag(matrix.dice).tolist() == [1, 1, 1]
    assert np.diag(matrix.hd95_mm).tolist() == [0, 0, 0]
    assert [u.structure for u in result.unmatched] == ["Rectum"]


def test_one_observer_is_not_enough():
    with pytest.raises(SettingError, match="two"):
        compare_pairwise([box_at(0, "a")], ["A"])
    with pytest.raises(SettingError, match="two"):
        consensus([box_at(0, "a")], Consensus.MAJORITY)


def test_the_majority_is_more_than_half():
    two = consensus([box_at(0, "a"), box_at(1, "a")], Consensus.MAJORITY)
    assert np.array_equal(two.mask, box_at(0, "a").mask & box_at(1, "a").mask)
    three = consensus([box_at(0, "a"), box_at(1, "a"), box_at(3, "a")], Consensus.MAJORITY)
    assert np.array_equal(three.mask, box_mask(SHAPE, (2, 2, 3), (6, 8, 8 + 1)))


@settings(max_examples=25, deadline=None)
@given(shift=st.integers(0, 4), method=st.sampled_from(list(Consensus)))
def test_observers_who_agree_are_their_own_consensus(shift, method):
    same = box_at(shift, "CTV")
    result = compare_with_consensus([Source(n, (replace(same),)) for n in "ABC"], method)
    assert [c.dice for c in result.comparisons] == [1, 1, 1]
    assert np.array_equal(result.consensus[0].mask, same.mask)


def test_staple_outvotes_a_poor_observer():
    good, poor = box_at(0, "CTV"), contour(box_mask(SHAPE, (0, 0, 0), (1, 1, 1)), name="CTV")
    agreed = consensus([good, good, good, poor], Consensus.STAPLE)
    assert np.array_equal(agreed.mask, good.mask)


@pytest.mark.parametrize("method", list(Consensus))
def test_the_consensus_of_empty_contours_is_empty(method):
    nothing = contour(np.zeros(SHAPE, bool))
    assert not consensus([nothing, nothing], method).mask.any()
