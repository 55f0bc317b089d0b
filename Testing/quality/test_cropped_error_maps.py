"""Error maps are kept in the box of the windows: the same as of the whole image, however it is stored."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from bundles import write_error_bundle
from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.predict import assess
from ContourQALib.quality.preprocessing import (
    from_standard_axes,
    sample,
    standard_spacing,
    to_standard_axes,
    window_positions,
)
from ContourQALib.quality.windows import cut_windows
from shapes import ball_mask, box_mask

SHAPE = (30, 44, 52)
SPACING = (1.13, 0.91, 1.27)  # no voxel lies on the very edge of a window, where rounding decides
MASKS = {
    "in the middle": ball_mask(SHAPE, (15, 22, 26), 4),
    "at a corner": ball_mask(SHAPE, (2, 41, 3), 4),
    "in several windows": box_mask(SHAPE, (3, 20, 4), (27, 24, 48)),
}
DIRECTIONS = {
    "straight": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "flipped": (-1, 0, 0, 0, -1, 0, 0, 0, 1),
    "sagittal": (0, 0, 1, 1, 0, 0, 0, 1, 0),
    "upside down": (0, -1, 0, 0, 0, -1, 1, 0, 0),
    "oblique": (0.9, 0, -0.436, 0, -1, 0, -0.436, 0, -0.9),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> QualityModel:
    return find_model(str(write_error_bundle(tmp_path_factory.mktemp("bundles") / "toy")))


def whole_map(model: QualityModel, image: Image, contour: Contour) -> np.ndarray:
    """The error of every voxel of the image, 0 where no window looked; no box is thought of.

    Voxels of a window reach half a voxel beyond its outermost centers, as `sample` has it.
    """
    predictor, axes = model.loaded, image.grid.axes
    spacing = standard_spacing(image.grid.spacing_kji, axes)
    mask = to_standard_axes(contour.mask, axes)
    values = to_standard_axes(image.values, axes)
    windows = cut_windows(values, mask, None, spacing, predictor.settings)
    number = predictor.number_of(contour.name)
    said = predictor.runner(windows.inputs, [number] * len(windows.centers))
    total, looked = np.zeros(mask.shape), np.zeros(mask.shape)
    for error, center in zip(said.errors, windows.centers, strict=True):
        at = window_positions(center, spacing, predictor.settings)
        every = [(np.arange(n) - p[0]) / (p[1] - p[0]) for n, p in zip(mask.shape, at, strict=True)]
        found, inside = sample(error, every)
        total += found
        looked += inside
    return from_standard_axes(total / np.maximum(looked, 1), axes)


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_a_padded_map_is_that_of_the_whole_image(model, mask, direction) -> None:
    grid = Grid(SHAPE[::-1], SPACING, (3.0, -5.0, 8.0), direction)
    image = Image(np.random.default_rng(0).normal(100, 20, SHAPE).astype(np.float32), grid)
    contour = Contour(mask, grid, "ball")
    error = model.predict(image, [contour])[0].error
    # 1e-6: float32
    np.testing.assert_allclose(error.padded(grid), whole_map(model, image, contour), atol=1e-6)
    spans = tuple(slice(c, c + n) for c, n in zip(error.corner, error.grid.shape, strict=True))
    np.testing.assert_array_equal(error.mask, mask[spans])
    assert (error.probability.dtype, error.mask.dtype) == (np.float32, bool)
    assert error.probability.size < mask.size


def test_a_large_image_costs_no_map_of_its_size(model) -> None:
    """Of 40 MB a float32 map; what stays is the windows', and on the way there is never a whole one."""
    shape = (80, 360, 360)
    grid = Grid.for_shape(shape, SPACING)
    image = Image(np.random.default_rng(0).integers(60, 140, shape, np.int16), grid)
    small = ball_mask((9, 11, 11), (4, 5, 5), 4)
    contours = [
        Contour(small, grid.part((slice(k, k + 9), slice(90, 101), slice(200, 211))), "ball")
        for k in range(10, 70, 3)
    ]
    model.predict(image, contours[:1])  # what loads once does not count
    tracemalloc.start()
    found = assess(image, contours, model)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    whole = 4 * image.values.size
    held = sum(s.error.probability.nbytes + s.error.mask.nbytes for s in found.structures)
    assert held < 0.02 * whole * len(contours)
    assert kept < held + 0.25 * whole  # reports, and what libraries keep at their first call
    # eight placed masks of a byte a voxel are two maps; a second one for what is computed on the way
    assert most < 4 * whole
