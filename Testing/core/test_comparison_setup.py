from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.errors import GeometryError, StructureError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.comparison_set import ComparisonSettings, compare_with_reference
from ContourQALib.metrics.comparison_setup import prepared
from ContourQALib.metrics.domain import cropped
from ContourQALib.metrics.pairing import Source

WHOLE = Grid((40, 30, 20), (1.5, 1.0, 3.0), (-20.0, 7.0, 100.0))
SETTINGS = ComparisonSettings(per_slice=True)


def block(name: str, low: tuple[int, int, int], size: int) -> Contour:
    mask = np.zeros(WHOLE.shape, bool)
    mask[tuple(slice(a, a + size) for a in low)] = True
    return Contour(mask, WHOLE, name)


REFERENCE = Source(
    "RS", (block("CTV", (4, 5, 6), 9), block("Bladder", (8, 9, 20), 7), block("Bone", (1, 1, 1), 3))
)
VPM = Source("VPM", (block("ctv", (5, 6, 7), 8), block("bladder", (6, 9, 21), 7)))
LFT = Source("LFT", (block("Ctv", (4, 5, 7), 9), block("Rectum", (2, 2, 2), 3)))


def cut(source: Source) -> Source:
    return replace(source, contours=tuple(map(cropped, source.contours)))


def same(found: Any, expected: Any) -> bool:
    return found == pytest.approx(expected, rel=1e-12, nan_ok=True) if isinstance(expected, float) else True


def test_contours_cut_to_their_boxes_give_what_whole_files_give() -> None:
    setup = prepared(cut(REFERENCE), [cut(VPM), cut(LFT)], WHOLE)
    found = compare_with_reference(setup.reference, setup.tests, SETTINGS)
    expected = compare_with_reference(REFERENCE, [VPM, LFT], SETTINGS)
    restored = setup.restored(found.comparisons)
    assert [(c.structure, c.test) for c in restored] == [
        ("CTV", "VPM"),
        ("Bladder", "VPM"),
        ("CTV", "LFT"),
    ]
    for one, other in zip(restored, expected.comparisons, strict=True):
        for field in fields(Comparison):
            assert same(getattr(one, field.name), getattr(other, field.name)), field.name
        assert [s.index for s in one.slices or ()] == [s.index for s in other.slices or ()]
        assert not one.touches_edge
    assert setup.completed(found.unmatched) == expected.unmatched
    assert sum(c.mask.size for c in setup.reference.contours) < 0.2 * 3 * np.prod(WHOLE.shape)
    for (reference, test), one in zip(setup.pairs_of(restored), restored, strict=True):
        assert np.count_nonzero(reference.mask & test.on(reference.grid).mask) * WHOLE.voxel_volume_cc == (
            pytest.approx(one.sensitivity * one.volume_reference_cc)
        )


def test_a_lone_reference_without_a_name_goes_by_its_partners_names() -> None:
    reference = Source("mask", (block("label_1", (4, 5, 6), 9),))
    tests = [Source("VPM", (block("GTV", (5, 6, 7), 8),)), Source("LFT", (block("gross", (4, 5, 7), 9),))]
    setup = prepared(cut(reference), list(map(cut, tests)), WHOLE)
    found = setup.restored(compare_with_reference(setup.reference, setup.tests).comparisons)
    expected = compare_with_reference(reference, tests).comparisons
    assert [(one.structure, one.dice, one.specificity) for one in found] == [
        (one.structure, one.dice, one.specificity) for one in expected
    ]
    pairs = setup.pairs_of(found)
    assert [reference.name for reference, _ in pairs] == ["label_1", "label_1"]
    assert [test.mask.sum() for _, test in pairs] == [8**3, 9**3]


def test_without_an_image_nothing_touches_an_edge_that_is_not_there() -> None:
    setup = prepared(cut(REFERENCE), [cut(VPM)])
    found = setup.restored(compare_with_reference(setup.reference, setup.tests).comparisons)
    expected = compare_with_reference(REFERENCE, [VPM]).comparisons
    assert [c.dice for c in found] == [c.dice for c in expected]
    assert not any(c.touches_edge or c.lost_cc for c in found)


@pytest.mark.parametrize("whole", [WHOLE, None])
def test_what_lies_elsewhere_is_told_and_the_others_are_compared(whole: Grid | None) -> None:
    far = cut(VPM)
    moved = replace(far.contours[0], grid=replace(far.contours[0].grid, origin=(9000.0, 0.0, 0.0)))
    setup = prepared(cut(REFERENCE), [replace(far, contours=(moved, far.contours[1]))], whole)
    assert setup.outside == (("VPM", "CTV"),)
    found = compare_with_reference(setup.reference, setup.tests)
    assert [c.structure for c in found.comparisons] == ["Bladder"]
    told = [(u.structure, u.side, u.source) for u in setup.completed(found.unmatched)]
    assert told == [("Bone", "reference", "RS"), ("CTV", "test", "VPM")]
    with pytest.raises(
        GeometryError, match=r"VPM lie wholly outside RS: another patient, or a missing transform\?"
    ):
        prepared(cut(REFERENCE), [replace(far, contours=(moved,))], whole)


def test_names_that_share_nothing_are_refused() -> None:
    with pytest.raises(StructureError, match=r"RS \(Bone\) has a partner in LFT; name the segments alike"):
        prepared(Source("RS", REFERENCE.contours[2:]), [LFT], WHOLE)
