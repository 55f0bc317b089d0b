"""Which structure a probability map is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from ContourQALib.errors import StructureError
from ContourQALib.thresholds.map_names import MapFile, match_maps

PELVIS = ("CTV", "Bladder", "Rectum", "FemoralHead_L", "FemoralHead_R", "FemoralHead")


def structure_of(text: str, structures=PELVIS, chosen=()) -> str | None:
    (found,) = match_maps([MapFile.parse(text), MapFile(Path("another.nrrd"))], structures, chosen).pairs or [
        (None, None)
    ]
    return found[1]


@pytest.mark.parametrize(
    ("text", "structure"),
    [
        ("bladder.nrrd", "Bladder"),
        ("out/case.7/vendor_probability_bladder.nii.gz", "Bladder"),
        ("fine_tuned_probability_FemoralHead_L.nrrd", "FemoralHead_L"),
        ("p.femoral head r.mha", "FemoralHead_R"),
        ("femoralhead_map.nrrd", "FemoralHead"),
        ("RT_Femoral-Head.nrrd", "FemoralHead_R"),
        ("rectum=anything.nrrd", "Rectum"),
        ("Left Femoral Head=b/c=d.nrrd", "FemoralHead_L"),
        ("a=b/ctv.nrrd", None),
        ("ctvx.nrrd", None),
        ("Spleen=ctv.nrrd", None),
    ],
)
def test_the_name_given_counts_else_the_longest_among_the_words_of_the_file(text, structure):
    assert structure_of(text) == structure


def test_a_path_that_exists_is_a_path_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t=0_ctv.nrrd").touch()
    assert MapFile.parse("t=0_ctv.nrrd") == MapFile(Path("t=0_ctv.nrrd"))
    assert MapFile.parse("t=0_rectum.nrrd") == MapFile(Path("0_rectum.nrrd"), "t")


def test_what_fits_nothing_is_listed_in_order():
    maps = [MapFile(Path(name)) for name in ("liver.nrrd", "a_ctv.nrrd", "b_ctv.nrrd")]
    found = match_maps(maps, PELVIS)
    assert found.pairs == ((maps[1], "CTV"), (maps[2], "CTV"))
    assert found.unmatched_maps == (maps[0],)
    assert found.unmatched_structures == PELVIS[1:]
    chosen = match_maps(maps, PELVIS, ("Bladder", "CTV"))
    assert (chosen.pairs, chosen.unmatched_structures) == (found.pairs, ("Bladder",))


def test_where_one_structure_is_wanted_a_map_without_a_name_is_of_it_and_another_organ_is_not():
    maps = [MapFile(Path(name)) for name in ("seed1.nrrd", "seed2.nrrd", "rectum.nrrd")]
    found = match_maps(maps, PELVIS, ("CTV",))
    assert found.pairs == ((maps[0], "CTV"), (maps[1], "CTV"))
    assert found.unmatched_maps == (maps[2],)


def test_one_map_and_one_structure_always_fit_unless_the_user_named_another():
    assert match_maps([MapFile(Path("rectum.nrrd"))], PELVIS, ("CTV",)).pairs[0][1] == "CTV"
    assert match_maps([MapFile(Path("x.nrrd"), "Rectum")], PELVIS, ("CTV",)).pairs == ()


@pytest.mark.parametrize(
    ("text", "structures"),
    [("bladder_rectum.nrrd", PELVIS), ("x_parotid_l.nrrd", ("Parotid_L", "parotid-lt"))],
)
def test_a_name_that_fits_several_is_asked_about(text, structures):
    with pytest.raises(StructureError, match=r"could be the map of .* or .*NAME="):
        structure_of(text, structures)
