"""Structure names: spellings of one structure match, different structures never do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.errors import StructureError
from ContourQALib.names import counted, match, normalize, select
from shapes import contour


@pytest.mark.parametrize(
    "spellings",
    [
        ("LeftParotid", "Parotid_L", "parotid-lt", "PAROTID LEFT", "Parotid-Lt", "parotid l", "Lt Parotid"),
        ("FemoralHead_R", "Femur_Head_R", "right femoral head", "femoralheadright"),
        ("SpinalCord", "spinal cord", "Spinal-Cord", "Cord"),
        ("CTV 50", "ctv_50", "CTV50"),
    ],
)
def test_spellings_of_one_structure(spellings):
    assert len({normalize(name) for name in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Parotid_L", "Parotid_R"),
        ("SpinalCord", "SpinalCanal"),
        ("Rectum", "Bowel"),
        ("CTV", "CTV+5"),
        ("label_1", "label_2"),
        ("Rectal", "Recta"),
        ("Larynx", "arynx"),
    ],
)
def test_different_structures_stay_apart(one, other):
    assert normalize(one) != normalize(other)


@given(st.text(min_size=1, max_size=20))
def test_case_and_separators_never_matter(name):
    assert normalize(name.casefold()) == normalize(name)
    assert normalize(f" {name}_") == normalize(name)


def test_the_exact_spelling_comes_first():
    found = match(["Parotid_L", "CTV"], ["LeftParotid", "Parotid_L", "ctv"])
    assert found.pairs == (("Parotid_L", "Parotid_L"), ("CTV", "ctv"))
    assert found.unmatched_test == ("LeftParotid",)


def test_what_finds_no_partner_is_listed():
    found = match(["A", "B"], ["b", "C"])
    assert (found.pairs, found.unmatched_reference, found.unmatched_test) == ((("B", "b"),), ("A",), ("C",))


@pytest.mark.parametrize(("reference", "test"), [(["ctv", "C T V"], ["CTV"]), (["CTV"], ["ctv", "c-t-v"])])
def test_ambiguous_names_are_an_error(reference, test):
    with pytest.raises(StructureError, match="same structure"):
        match(reference, test)


def test_structures_are_selected_in_any_spelling():
    there = [
        contour(np.zeros((2, 2, 2), bool), name=name) for name in ("Bladder", "Parotid_L", "c t v", "CTV")
    ]
    assert [c.name for c in select(there, ["left parotid", "BLADDER"])] == ["Parotid_L", "Bladder"]
    assert [c.name for c in select(there, ["CTV"])] == ["CTV"]
    with pytest.raises(StructureError, match="no structure Rectum; there are Bladder, Parotid_L"):
        select(there, ["Rectum"])
    with pytest.raises(StructureError, match="could be c t v or CTV"):
        select(there, ["ctv"])


def test_names_sort_as_people_count():
    assert sorted(["a10", "a2", "B1", "a", "²", "3"], key=counted) == ["3", "a", "a2", "a10", "B1", "²"]
