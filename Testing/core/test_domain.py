from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.domain import Domain, counting_grid, cropped, cropped_on, enclosing, is_outside

TURNED = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
WHOLE = Grid((40, 30, 20), (1.5, 1.0, 3.0), (-20.0, 7.0, 100.0), TURNED)


def block(low: tuple[int, int, int], high: tuple[int, int, int], name: str = "CTV") -> Contour:
    mask = np.zeros(WHOLE.shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return Contour(mask, WHOLE, name)


REFERENCE = block((5, 8, 10), (12, 20, 30))
TESTS = {
    "inside": block((6, 9, 12), (11, 18, 27)),
    "beside": block((14, 1, 1), (16, 4, 5)),
    "on the edge": block((0, 8, 10), (12, 20, 30)),
    "empty": block((0, 0, 0), (0, 0, 0)),
}


def on_the_part(reference: Contour, test: Contour) -> Comparison:
    cut = cropped(reference), cropped(test)
    domain = Domain.of(WHOLE, cut)
    assert math.prod(domain.part.size) < math.prod(WHOLE.size) or test.mask.all()
    return domain.restored(compare(domain.placed(cut[0]), cut[1], per_slice=True))


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_every_figure_is_that_of_the_whole_grid(test: Contour) -> None:
    for pair in ((REFERENCE, test), (test, REFERENCE)):
        whole, found = compare(*pair, per_slice=True), on_the_part(*pair)
        for field in fields(Comparison):
            expected, got = getattr(whole, field.name), getattr(found, field.name)
            if isinstance(expected, float):
                assert got == pytest.approx(expected, rel=1e-12, nan_ok=True), field.name
        assert found.status is whole.status
        assert found.touches_edge is whole.touches_edge
        assert [s.index for s in found.slices or ()] == [s.index for s in whole.slices or ()]


def test_voxels_outside_the_whole_grid_are_lost_and_counted() -> None:
    test = cropped(block((15, 8, 10), (20, 20, 30)))
    moved = replace(test, grid=replace(test.grid, origin=tuple(test.grid.index_to_world((0, 0, 2)).tolist())))
    domain = Domain.of(WHOLE, [REFERENCE, moved])
    found = domain.restored(compare(domain.placed(REFERENCE), moved))
    lost = 2 / 5 * moved.volume_cc  # two of its five slices
    assert found.lost_cc == pytest.approx(compare(REFERENCE, moved).lost_cc) == pytest.approx(lost)


def test_another_lattice_is_covered_by_the_references_own() -> None:
    fine = Grid((20, 20, 20), (0.7, 0.7, 0.7), (0.0, 0.0, 0.0))
    found = enclosing(fine, [Grid((10, 10, 10), (2.0, 2.0, 2.0), (-8.0, 0.0, 0.0))])
    assert found.spacing == fine.spacing
    index = fine.world_to_index(found.origin)
    assert index == pytest.approx(np.round(index), abs=1e-6)
    # From -9 mm to 13.65 mm along x: voxel centers at -8.4 = -12 * 0.7 mm and at 13.3 mm are inside.
    assert found.size[0] == 32
    assert counting_grid(replace(REFERENCE, grid=WHOLE), WHOLE) is WHOLE
    assert counting_grid(cropped(REFERENCE), WHOLE) is WHOLE
    other = Contour(np.ones((20, 20, 20), bool), fine, "CTV")
    assert counting_grid(other, None, []).size == (22, 22, 22)


def test_what_lies_elsewhere_in_space_is_outside() -> None:
    cut = cropped(REFERENCE)
    far = replace(cut, grid=replace(cut.grid, origin=(500.0, 0.0, 0.0)))
    assert is_outside(far, WHOLE)
    assert not is_outside(cut, WHOLE)
    assert not is_outside(replace(far, mask=np.zeros_like(far.mask)), WHOLE)
    # Its box reaches in, its only voxel does not.
    corner = np.zeros((1, 1, 5), bool)
    corner[0, 0, 0] = True
    grid = replace(WHOLE, size=(5, 1, 1), origin=tuple(WHOLE.index_to_world((-3, 0, 0)).tolist()))
    assert is_outside(Contour(corner, grid, "CTV"), WHOLE)
    assert not is_outside(Contour(corner[..., ::-1].copy(), grid, "CTV"), WHOLE)


OTHERS = {
    "the same": WHOLE,
    "of the same lattice, smaller": WHOLE.part((slice(2, 15), slice(2, 15), slice(3, 28))),
    "of the same lattice, larger": replace(
        WHOLE, size=(50, 45, 31), origin=tuple(WHOLE.index_to_world((-6, -4, -3)).tolist())
    ),
    "finer": Grid((80, 60, 40), (0.75, 0.5, 1.5), (-20.0, 7.0, 100.0), TURNED),
    "coarser and beside": Grid((20, 30, 11), (2.1, 1.3, 4.0), (-33.0, 9.0, 104.0), TURNED),
    "elsewhere": Grid((9, 9, 9), (1.1, 1.0, 1.0), (900.0, 0.0, 0.0)),
    "oblique": Grid(
        (50, 40, 30), (1.2, 1.2, 2.0), (-48.13, 5.07, 98.0), (0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1)
    ),
}


def placed(bring: Callable[[], Contour]) -> Contour | None:
    """The contour; None where it is refused, since it lies outside."""
    try:
        return bring()
    except GeometryError:
        return None


@pytest.mark.parametrize("grid", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("contour", [REFERENCE, *TESTS.values()], ids=["reference", *TESTS])
def test_a_contour_comes_onto_a_grid_cut_to_its_box_as_after_the_whole_grid(contour, grid) -> None:
    expected = placed(lambda: cropped(contour.on(grid)))
    found = placed(lambda: cropped_on(contour, grid))
    if expected is None or found is None:
        assert found is expected
        return
    assert found.mask.shape == expected.mask.shape
    assert (found.mask == expected.mask).all()
    assert found.grid.origin == pytest.approx(expected.grid.origin, abs=1e-9)  # doubles, some hundred mm
    assert found.resampled is expected.resampled
    assert found.lost_cc == pytest.approx(expected.lost_cc)
