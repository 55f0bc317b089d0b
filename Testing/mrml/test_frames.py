"""Grids of MRML and ours are the same places in space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scenes
from ContourQALib.errors import GeometryError
from ContourQALib.geometry import Grid, Relation
from ContourQALib.mrml import frames

ROUNDING_MM = 1e-9  # doubles, a few hundred mm from the origin


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Any grid: sizes, spacings, origins, and every rotation with or without a mirror."""
    size = tuple(draw(st.integers(1, 6)) for _ in range(3))
    spacing = tuple(draw(st.floats(0.1, 10.0)) for _ in range(3))
    origin = tuple(draw(st.floats(-500.0, 500.0)) for _ in range(3))
    axes, _ = np.linalg.qr(np.random.default_rng(draw(st.integers(0, 10_000))).normal(size=(3, 3)))
    axes[:, 0] *= draw(st.sampled_from((-1, 1)))
    return Grid(size, spacing, origin, tuple(axes.ravel()))


@given(grid=grids())
@settings(max_examples=50, deadline=None)
def test_a_grid_comes_back_from_its_matrix(grid):
    again = frames.grid_of(frames.ijk_to_ras(grid), grid.size)
    assert again.size == grid.size
    for name in ("spacing", "origin", "direction"):
        assert getattr(again, name) == pytest.approx(getattr(grid, name), abs=ROUNDING_MM)


@pytest.mark.parametrize("name", scenes.GRIDS)
def test_an_index_lies_where_the_volume_node_says(scene, name):
    grid = scenes.GRIDS[name]
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.SetIJKToRASMatrix(frames.ijk_to_ras(grid))
    # the node's own axes and origin, apart from any matrix
    axes = np.zeros((3, 3))
    for column, direction in enumerate(("I", "J", "K")):
        getattr(node, f"Get{direction}ToRASDirection")(ras := [0.0] * 3)
        axes[:, column] = ras
    index = np.array([3, 2, grid.size[2] - 1])
    ras = node.GetOrigin() + axes @ (index * node.GetSpacing())
    assert frames.lps_to_ras(grid.index_to_world(index)) == pytest.approx(ras, abs=ROUNDING_MM)


def test_left_and_posterior_become_negative_and_back():
    points = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 0.0]])
    assert frames.lps_to_ras(points).tolist() == [[-1, -2, 3], [4, -5, 0]]
    assert frames.lps_to_ras(frames.lps_to_ras(points)).tolist() == points.tolist()


@pytest.mark.parametrize(
    ("change", "size"),
    [
        ({(0, 1): 0.3}, (2, 2, 2)),
        ({(0, 0): 0.0}, (2, 2, 2)),
        ({(2, 3): np.nan}, (2, 2, 2)),
        ({}, (2, 0, 2)),
    ],
    ids=["sheared", "an axis without length", "nan", "no voxels"],
)
def test_impossible_matrices_are_refused(change, size):
    rows = np.eye(4)
    for place, value in change.items():
        rows[place] = value
    with pytest.raises(GeometryError):
        frames.grid_of(rows, size)


def test_parent_transforms_are_taken_together(scene):
    outer = scenes.transform(scene, scenes.to_ras(scenes.GRIDS["oblique"]))
    inner = scenes.transform(scene, scenes.to_ras(scenes.GRIDS["flipped"]), outer)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    node.SetAndObserveTransformNodeID(inner.GetID())
    node.TransformPointToWorld((1.0, 2.0, 3.0), ras := [0.0] * 3)
    there = frames.to_world(node, "Volume CT") @ [1, 2, 3, 1]
    assert there[:3] == pytest.approx(ras, abs=ROUNDING_MM)


@given(grid=grids(), steps=st.tuples(*[st.integers(-20, 20)] * 3))
@settings(max_examples=50, deadline=None)
def test_steps_along_a_lattice_are_counted(grid, steps):
    x, y, z = grid.index_to_world(steps)
    there = Grid((1, 1, 1), grid.spacing, (x, y, z), grid.direction)
    assert frames.steps_between(there, grid) == steps


@given(grid=grids(), off=st.floats(0.1, 0.9))
@settings(max_examples=20, deadline=None)
def test_voxels_between_those_of_a_lattice_are_on_none(grid, off):
    x, y, z = grid.index_to_world((0, off, 0))
    there = Grid(grid.size, grid.spacing, (x, y, z), grid.direction)
    assert frames.steps_between(there, grid) is None
    assert there.relation_to(grid) is not Relation.LATTICE
