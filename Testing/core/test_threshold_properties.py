"""Laws that every sweep obeys, whatever the map, on both paths."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ContourQALib.thresholds.curves import Counts, DistanceCurves
from ContourQALib.thresholds.sweep import sweep_arrays
from hard_maps import HardMap

FEW = settings(max_examples=40, deadline=None)  # the first example compiles

# Sums are taken in another order after a flip, and a spacing that is no power of two rounds: 1e-13 of a
# figure. A distance to a wrong voxel is off by far more than 1e-9 of it.
ROUNDING = 1e-9

SHAPES = st.one_of(
    st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 7)] * 3), st.just((3, 12, 19))
)


@st.composite
def hard_maps(draw: st.DrawFn) -> HardMap:
    """Blocks, specks and noise in coarse or fine steps, of a few voxels to a few blocks of voxels."""
    shape = draw(SHAPES)
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    steps = draw(st.sampled_from([1, 3, 10, 1000]))
    values = random.integers(0, steps + 1, shape) / steps
    if draw(st.booleans()):
        values = values * (random.random(shape) < 0.2)
    reference = draw(
        st.one_of(
            arrays.arrays(bool, shape),
            st.sampled_from([0.02, 0.5, 0.98]).map(lambda share: np.asarray(random.random(shape) < share)),
        )
    )
    spacing = tuple(draw(st.sampled_from([0.1, 0.98, 1.0, 2.5, 10.0])) for _ in shape)
    thresholds = np.unique(draw(st.lists(st.integers(0, 20), min_size=1, max_size=6))) / 20
    return HardMap(values.astype(np.float32), reference, spacing, thresholds)


def swept(hard: HardMap, tolerance_mm: float = 2.0) -> tuple[Counts, DistanceCurves]:
    return sweep_arrays(hard.values, hard.reference, hard.spacing, hard.thresholds, tolerance_mm)


def assert_counts(found: Counts, expected: Counts) -> None:
    for field in fields(Counts):
        assert np.array_equal(getattr(found, field.name), getattr(expected, field.name)), field.name


def assert_distances(found: DistanceCurves, expected: DistanceCurves, scale: float = 1.0) -> None:
    for field in fields(DistanceCurves):
        factor = 1.0 if field.name == "surface_dice" else scale
        np.testing.assert_allclose(
            getattr(found, field.name),
            factor * getattr(expected, field.name),
            rtol=ROUNDING,
            err_msg=field.name,
        )


@FEW
@given(hard=hard_maps(), scale=st.sampled_from([0.25, 0.3, 2.0, 7.0]))
def test_scaling_the_spacing_scales_distances_alone(path: str, hard: HardMap, scale: float) -> None:
    larger = replace(hard, spacing=tuple(scale * s for s in hard.spacing))
    before, after = swept(hard), swept(larger, 2.0 * scale)
    assert_counts(after[0], before[0])
    assert_distances(after[1], before[1], scale)


@FEW
@given(hard=hard_maps(), data=st.data())
def test_flipping_and_permuting_axes_changes_nothing(path: str, hard: HardMap, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(hard.values.ndim)))
    flipped = data.draw(st.sets(st.sampled_from(range(hard.values.ndim))))

    def turned(array: np.ndarray) -> np.ndarray:
        return np.flip(array, tuple(flipped)).transpose(order)

    other = HardMap(
        turned(hard.values),
        turned(hard.reference),
        tuple(hard.spacing[axis] for axis in order),
        hard.thresholds,
    )
    before, after = swept(hard), swept(other)
    assert_counts(after[0], before[0])
    assert_distances(after[1], before[1])


@FEW
@given(hard=hard_maps(), seed=st.integers(0, 2**32 - 1))
def test_a_monotone_transform_moves_thresholds_and_nothing_else(path: str, hard: HardMap, seed: int) -> None:
    # Any increasing map: the numbers that occur, in their order, become others in the same order.
    single = hard.thresholds.astype(np.float32)
    occurring = np.unique(np.concatenate([hard.values.ravel(), single]))
    random = np.random.default_rng(seed)
    images = np.sort(random.choice(2**20, occurring.size, replace=False)).astype(np.float32) / 2**20

    def transformed(numbers: np.ndarray) -> np.ndarray:
        return images[np.searchsorted(occurring, numbers)]

    other = replace(hard, values=transformed(hard.values), thresholds=transformed(single).astype(float))
    before, after = swept(hard), swept(other)
    assert_counts(after[0], before[0])
    assert_distances(after[1], before[1])


@FEW
@given(hard=hard_maps())
def test_a_higher_threshold_selects_no_more(path: str, hard: HardMap) -> None:
    counts, _ = swept(hard)
    assert (np.diff(counts.selected) <= 0).all()
    assert (np.diff(counts.true_positive) <= 0).all()
    assert (counts.true_positive <= counts.selected).all()
    assert (counts.selected <= counts.grid).all()


@FEW
@given(hard=hard_maps(), more=st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_further_thresholds_change_nothing_at_the_others(path: str, hard: HardMap, more: list[int]) -> None:
    union = np.unique(np.concatenate([hard.thresholds, np.array(more) / 1000]))
    counts, distances = swept(replace(hard, thresholds=union))
    at = np.searchsorted(union, hard.thresholds)
    kept = Counts(counts.selected[at], counts.true_positive[at], counts.reference, counts.grid)
    before = swept(hard)
    assert_counts(kept, before[0])
    names = [f.name for f in fields(DistanceCurves)]
    assert_distances(DistanceCurves(*(getattr(distances, n)[at] for n in names)), before[1])


@FEW
@given(hard=hard_maps())
def test_no_distance_exceeds_the_hausdorff_distance(path: str, hard: HardMap) -> None:
    _, d = swept(hard)
    defined = np.isfinite(d.hd_mm)
    slack = 1 + ROUNDING  # a mean of equal distances may round above them
    for name in ("hd95_mm", "hd95_pooled_mm", "hd95_slicerrt_mm", "msd_mm", "masd_mm"):
        assert (getattr(d, name)[defined] <= d.hd_mm[defined] * slack).all(), name
        assert (np.isfinite(getattr(d, name)) == defined).all(), name
