"""Sources of a case are compared as the command line compares their files, and again one by one."""

from __future__ import annotations

import asyncio
import dataclasses
import math

import numpy as np
import pytest

from ContourQALib.errors import ContourQAError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import Status
from ContourQALib.metrics.pairing import Source
from ContourQALib.mrml.frames import lps_to_ras
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.compare.case_comparison import Question, compare_again, compare_case
from ContourQALib.workstation.compare.case_source import Kind, sources_of
from ContourQALib.workstation.compare.slice_numbers import SliceNumbers
from workstation.compare.compared_boxes import BLADDER, CTV, GRID, LFT, REFERENCE, SMALLER, VPM, drawn

QUESTION = Question("Reference", ("VPM", "LFT"), 1.0)


def same(one: Comparison, other: Comparison) -> bool:
    def alike(a: object, b: object) -> bool:
        if isinstance(a, float):
            return math.isclose(a, b, rel_tol=1e-12) or (math.isnan(a) and math.isnan(b))
        return a == b

    fields = [field.name for field in dataclasses.fields(Comparison) if field.name != "slices"]
    told = all(alike(getattr(one, name), getattr(other, name)) for name in fields)
    rows = zip(one.slices or (), other.slices or (), strict=True)
    return told and all(
        alike(getattr(a, f.name), getattr(b, f.name)) for a, b in rows for f in dataclasses.fields(a)
    )


def compared(ask, reference=REFERENCE, tests=(VPM, LFT)):
    return asyncio.run(compare_case(ask, QUESTION, reference, tests, GRID))


def test_figures_are_those_of_the_whole_image(ask) -> None:
    result = compared(ask)
    for test, contour in (("VPM", VPM.contours[0]), ("LFT", SMALLER)):
        named = contour.called("Bladder")
        wanted = compare(BLADDER, named, 1.0, per_slice=True, reference_label="Reference", test_label=test)
        assert same(result.find("Bladder", test), wanted)
    assert result.find("CTV", "VPM").status is Status.TEST_EMPTY
    assert result.find("Rectum", "LFT") is None


def test_structures_that_only_one_has_are_listed(ask) -> None:
    result = compared(ask)
    assert result.structures == ("Bladder", "CTV", "Rectum", "Bowel")
    assert list(result.drawn("Rectum")) == ["Reference"]
    assert list(result.drawn("bladder")) == ["Reference", "VPM", "LFT"]
    assert result.spelled("BLADDER") == "Bladder"
    assert result.spelled("Liver") == ""


def test_an_edited_contour_alone_is_compared_again(ask) -> None:
    before = compared(ask)
    edited = Source("VPM", (drawn("Bladder", (2, 4, 4), (8, 12, 13)), *VPM.contours[1:]))
    again = compare_again(ask, before, ["Bladder"], REFERENCE, [edited, LFT], GRID)
    after = asyncio.run(again)
    wanted = compared(ask, tests=(edited, LFT))
    assert all(same(a, b) for a, b in zip(after.comparisons, wanted.comparisons, strict=True))
    assert after.find("CTV", "LFT") is before.find("CTV", "LFT")
    assert after.pairs["Bladder", "VPM"][1].volume_cc == edited.contours[0].volume_cc
    assert after.drawn("Bladder")["VPM"] is edited.contours[0]


def test_an_edited_contour_without_a_partner_asks_for_nothing(ask) -> None:
    async def never(_request):
        raise AssertionError("nothing is to be compared")

    before = compared(ask)
    edited = Source("VPM", (*VPM.contours[:2], drawn("Bowel", (0, 0, 0), (3, 3, 3))))
    after = asyncio.run(compare_again(never, before, ["Bowel"], REFERENCE, [edited, LFT], GRID))
    assert after.comparisons == before.comparisons
    assert after.drawn("Bowel")["VPM"].volume_cc == edited.contours[2].volume_cc


def test_a_lone_contour_without_a_name_is_compared_again_as_the_one_it_was_taken_for(ask) -> None:
    reference, test = Source("Reference", (CTV,)), Source("VPM", (dataclasses.replace(CTV, name="label_1"),))
    question = Question("Reference", ("VPM",))
    before = asyncio.run(compare_case(ask, question, reference, [test], GRID))
    smaller = Source("VPM", (drawn("label_1", (3, 14, 4), (6, 18, 9)),))
    after = asyncio.run(compare_again(ask, before, ["CTV"], reference, [smaller], GRID))
    assert before.find("CTV", "VPM").dice == 1.0
    assert after.find("CTV", "VPM").dice == pytest.approx(2 * 60 / (60 + 72))


def test_what_lies_elsewhere_is_told_and_not_compared(ask) -> None:
    far = dataclasses.replace(GRID, origin=(900.0, 0.0, 0.0))
    moved = Source("LFT", (drawn("Bladder", (2, 4, 4), (8, 12, 14), far), CTV))
    result = compared(ask, tests=(VPM, moved))
    assert result.outside == (("LFT", "Bladder"),)
    assert result.find("Bladder", "LFT") is None
    with pytest.raises(ContourQAError, match="LFT lie wholly outside Reference"):
        compared(ask, tests=(Source("LFT", moved.contours[:1]),))


def test_sources_are_told_apart_and_keep_the_papers_colors() -> None:
    files = ()
    entry = CaseEntry("a", "a", None, files, (object(),), {"LFT": files, "reference": files}, assessed="VPM")
    sources = sources_of(entry)
    assert [one.name for one in sources] == ["Reference", "VPM", "LFT", "reference (2)"]
    assert [one.look.name for one in sources[:3]] == ["red", "blue", "green"]
    assert sources[1].title == "VPM (under review)"
    assert sources[3].key == "reference"
    unnamed = sources_of(CaseEntry("a", "a", None, files, models={"LFT": files}))
    assert [(one.name, one.kind, one.look.name) for one in unnamed] == [
        ("Under review", Kind.REVIEWED, "amber"),
        ("LFT", Kind.MODEL, "green"),
    ]


def test_slices_of_the_image_and_of_a_reference_on_a_lattice_of_its_own_belong_together() -> None:
    image = Grid((24, 20, 30), (1.0, 1.5, 1.0), (-12.0, 4.0, 29.0))
    numbers = SliceNumbers(BLADDER, GRID, image)
    assert not numbers.are_the_images
    assert [numbers.of_image(k) for k in (7, 10, 13)] == [2, 3, 4]  # z = 36, 39, 42 mm
    right, anterior, up = numbers.place(4)
    assert up == pytest.approx(42.0)
    assert BLADDER.mask[4, 8, 9]
    np.testing.assert_allclose(GRID.world_to_index(lps_to_ras([right, anterior, up])), [8.5, 7.5, 4])
    assert SliceNumbers(BLADDER, GRID, GRID).of_image(5) == 5
