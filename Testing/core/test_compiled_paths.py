"""The compiled path and the numpy path: which is taken, and that both give the figures of brute force."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brute_force import brute_force
from ContourQALib import compiled
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.formats.contours import read_contours
from ContourQALib.metrics import pair
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.phantom import Phantom, pelvis
from ContourQALib.thresholds import plain
from ContourQALib.thresholds.sweep import ThresholdSweep, sweep, sweep_arrays
from hard_maps import HARD_MAPS, sigmoid_map
from shapes import box_mask, contour

needs_numba = pytest.mark.skipif(not compiled.wanted(), reason="numba is not installed")

# Both paths compute in float64 and choose the same voxels; only sums round in another order, by 1e-13.
ROUNDING = 1e-9

Result = TypeVar("Result")

MASKS = box_mask((6, 7, 8), (1, 1, 1), (4, 5, 6)), box_mask((6, 7, 8), (1, 1, 1), (4, 5, 7))


def both_paths(work: Callable[[], Result]) -> tuple[Result, Result]:
    done = []
    for chosen in ("0", "1"):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(compiled.VARIABLE, chosen)
            done.append(work())
    return done[0], done[1]


def assert_same_sweep(a: ThresholdSweep, b: ThresholdSweep) -> None:
    for field in fields(ThresholdSweep):
        found, expected = getattr(a, field.name), getattr(b, field.name)
        if isinstance(found, np.ndarray):
            np.testing.assert_allclose(found, expected, rtol=ROUNDING, err_msg=field.name)
        else:
            assert found == expected, field.name


# ---- which path is taken


@needs_numba
@pytest.mark.parametrize(("value", "expected"), [("0", False), ("1", True), ("", True), (None, True)])
def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool) -> None:
    if value is None:
        monkeypatch.delenv(compiled.VARIABLE, raising=False)
    else:
        monkeypatch.setenv(compiled.VARIABLE, value)
    assert compiled.wanted() is expected


@needs_numba
def test_the_compiled_path_measures_pairs_without_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def untouched(*_: object) -> None:
        raise AssertionError("the numpy path was taken")

    monkeypatch.setenv(compiled.VARIABLE, "1")
    monkeypatch.setattr(pair, "surface_distances", untouched)
    assert pair.measure(*MASKS, (1, 1, 1)).distances.hd_mm == 1


@needs_numba
def test_the_compiled_path_sweeps_without_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def untouched(*_: object) -> None:
        raise AssertionError("the numpy path was taken")

    monkeypatch.setenv(compiled.VARIABLE, "1")
    monkeypatch.setattr(plain, "sweep_plain", untouched)
    _, curves = sweep_arrays(MASKS[1].astype(np.float32), MASKS[0], (1, 1, 1), np.array([0.5]))
    assert curves.hd_mm == 1


SMALL = """
import sys
{before}
import numpy as np
from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import compare
from ContourQALib.thresholds.sweep import sweep
mask = np.zeros((5, 6, 7), bool)
mask[1:4, 1:4, 1:4] = True
grid = Grid.for_shape(mask.shape)
a, b = Contour(mask, grid, "a"), Contour(np.roll(mask, 2, axis=2), grid, "a")
print(compare(a, b).hd_mm, sweep(ProbabilityMap(b.mask.astype(np.float32), grid, "p"), a, [0.5]).hd_mm[0])
print(sys.modules.get("numba") is None)
"""


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("sys.modules['numba'] = None", id="numba is not installed"),
        pytest.param("import os; os.environ['CONTOURQA_NUMBA'] = '0'", id="numba is refused"),
    ],
)
def test_without_numba_the_figures_are_there(before: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", SMALL.format(before=before)], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["2.0", "2.0", "True"]


# ---- pairs of masks


def test_where_nothing_can_be_written_kernels_compile_without_a_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caching = pytest.importorskip("numba.core.caching")
    # What numba goes through in search of a folder that it may write.
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    @compiled.kernel
    def twice(x):
        return 2 * x

    assert twice(21) == 42


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    shape = draw(st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 8)] * 3)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shares = st.sampled_from([0.0, 0.02, 0.5, 0.98, 1.0])
    reference, test = (random.random(shape) < draw(shares) for _ in range(2))
    return reference, test, tuple(draw(st.sampled_from([0.1, 0.98, 1.0, 2.5, 10.0])) for _ in shape)


@settings(max_examples=150, deadline=None)  # the first example compiles
@given(drawn=pairs())
def test_pairs_of_masks_are_measured_as_by_brute_force(
    path: str, drawn: tuple[np.ndarray, np.ndarray, tuple[float, ...]]
) -> None:
    assert_measured(*drawn)


@needs_numba
@settings(max_examples=50, deadline=None)
@given(drawn=pairs())
def test_two_threads_measure_pairs_the_same(
    drawn: tuple[np.ndarray, np.ndarray, tuple[float, ...]],
) -> None:
    # Small grids stay on one thread; the work is cut in parts here wherever it can be.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(compiled.VARIABLE, "1")
        patch.setattr("ContourQALib.metrics.pair_compiled.WORTH_THREADS", 0)
        assert_measured(*drawn)


def assert_measured(reference: np.ndarray, test: np.ndarray, spacing: tuple[float, ...]) -> None:
    expected = brute_force(test, reference, spacing, np.array([0.5]))
    found = pair.measure(reference, test, spacing)
    for name, (value,) in expected.items():
        if name in ("dice", "sensitivity", "specificity"):
            measured = getattr(found.counts, name)
        elif name == "volume_cc":
            measured = found.counts.test * np.prod(spacing) / 1000.0
        elif name == "surface_dice":
            measured = found.distances.surface_dice(2.0)
        else:
            measured = getattr(found.distances, name)
        assert measured == pytest.approx(value, rel=ROUNDING, nan_ok=True), name
    inner = np.zeros_like(reference)
    inner[tuple(slice(1, -1) for _ in spacing)] = True
    assert found.touches_edge == bool(((reference | test) & ~inner).any())


@pytest.mark.parametrize(
    "name", ["reference far from the map", "reference in pieces", "shell", "large noise"]
)
def test_large_pairs_are_measured_as_by_brute_force(path: str, name: str) -> None:
    hard = HARD_MAPS[name]()
    test = hard.values >= 0.5
    expected = brute_force(test, hard.reference, hard.spacing, np.array([0.5]))
    found = compare(contour(hard.reference, hard.spacing[::-1]), contour(test, hard.spacing[::-1]))
    for figure in set(expected) - {"volume_cc"}:
        assert getattr(found, figure) == pytest.approx(expected[figure][0], rel=ROUNDING), figure


# ---- whole sweeps


@cache
def patient() -> Phantom:
    return pelvis((64, 64, 40))


@needs_numba
@pytest.mark.parametrize("organ", ["CTV", "Bladder", "FemoralHead_L"])
def test_both_paths_sweep_the_phantom_alike(organ: str) -> None:
    phantom = patient()
    at = [c.name for c in phantom.reference].index(organ)
    assert_same_sweep(*both_paths(lambda: sweep(phantom.vendor_probability[at], phantom.reference[at])))


PAIRS = [
    ("0522c0017", "Parotid-Lt"),
    ("0522c0017", "Lens-Lt"),
    ("0522c0331", "Parotid-Lt"),
    ("0522c0331", "Brainstem"),
    ("TCGA-CV-7236", "Optic-Nerve-Rt"),
]


def observers(data: Path, patient: str, organ: str) -> tuple[Contour, Contour]:
    folder = data / "headneck_observers/cropped" / patient
    drawn = [
        read_contours(folder / f"{organ}_{w}.nrrd", merge=organ)[0] for w in ("oncologist", "radiographer")
    ]
    return drawn[0], drawn[1]


@needs_numba
@pytest.mark.realdata
@pytest.mark.parametrize(("patient", "organ"), PAIRS)
def test_both_paths_sweep_observers_alike_and_as_by_brute_force(data: Path, patient: str, organ: str) -> None:
    reference, drawn = observers(data, patient, organ)
    grid = reference.grid
    values = sigmoid_map(drawn.mask, grid.spacing_kji, noise=0.5)
    swept = both_paths(lambda: sweep(ProbabilityMap(values, grid, organ), reference))
    assert_same_sweep(*swept)
    few = np.array([0.01, 0.3, 0.5, 0.7, 0.99])
    expected = brute_force(values, reference.mask, grid.spacing_kji, few)
    for name, curve in expected.items():
        found = [getattr(swept[1].at(t), name) for t in few]
        np.testing.assert_allclose(found, curve, rtol=ROUNDING, err_msg=name)


@needs_numba
@pytest.mark.realdata
@pytest.mark.parametrize(("patient", "organ"), PAIRS)
def test_both_paths_compare_observers_alike(data: Path, patient: str, organ: str) -> None:
    reference, drawn = observers(data, patient, organ)
    a, b = both_paths(lambda: compare(reference, drawn))
    for field in fields(Comparison):
        value = getattr(b, field.name)
        if isinstance(value, float):
            assert getattr(a, field.name) == pytest.approx(value, rel=ROUNDING), field.name
        else:
            assert getattr(a, field.name) == value, field.name
