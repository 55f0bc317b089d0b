"""A box of one segment is read and written, whatever layer it lies in, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import StructureError
from ContourQALib.geometry import Grid
from ContourQALib.mrml import segmentations, volumes
from ContourQALib.mrml.segment_patches import read_patch, write_patch

GRID = Grid((20, 18, 12), (1.0, 1.5, 3.0), (-10.0, 4.0, 7.0))


@pytest.fixture
def node(scene):
    """Two overlapping boxes and an empty segment, on an image of their own grid."""
    first, second = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    first[4:8, 5:10, 6:12] = True
    second[6:10, 8:14, 9:15] = True
    contours = [
        Contour(first, GRID, "first"),
        Contour(second, GRID, "second"),
        Contour(np.zeros(GRID.shape, bool), GRID, "empty"),
    ]
    volume = volumes.add_volume(scene, Image(np.zeros(GRID.shape, np.int16), GRID), "image")
    return segmentations.add_segmentation(scene, contours, "contours", volume)


def masks(node) -> dict[str, np.ndarray]:
    segments = segmentations.segments_of(node)
    return {one.name: segmentations.contour_of(node, one.id, GRID).on(GRID).mask for one in segments}


def id_of(node, name: str) -> str:
    return next(one.id for one in segmentations.segments_of(node) if one.name == name)


def share_layer(node) -> None:
    """Let Slicer put the segments into as few labelmaps as it can, as it does with files that it loads."""
    node.GetSegmentation().CollapseBinaryLabelmaps(True)


def test_a_patch_is_what_the_segment_is_in_a_box(node) -> None:
    patch = read_patch(node, id_of(node, "first"), (8, 4, 3), (6, 5, 7))
    np.testing.assert_array_equal(patch, masks(node)["first"][3:9, 4:9, 8:15])


def test_beyond_the_labelmap_a_patch_is_empty(node) -> None:
    assert not read_patch(node, id_of(node, "first"), (0, 0, 0), (2, 2, 2)).any()
    assert not read_patch(node, id_of(node, "empty"), (0, 0, 0), GRID.shape).any()


@pytest.mark.parametrize("name", ["first", "second", "empty"])
@pytest.mark.parametrize("place", [(7, 6, 5), (0, 0, 0), (16, 14, 9)])
def test_a_written_patch_replaces_its_box_and_nothing_else(node, name, place) -> None:
    before = masks(node)
    patch = np.random.default_rng(0).random((3, 4, 4)) < 0.5
    write_patch(node, id_of(node, name), place, patch)
    i, j, k = place
    before[name][k : k + 3, j : j + 4, i : i + 4] = patch
    for other, mask in masks(node).items():
        np.testing.assert_array_equal(mask, before[other], err_msg=other)


@pytest.mark.parametrize("name", ["first", "apart"])
def test_segments_that_share_a_layer_do_not_change_each_other(node, name) -> None:
    apart = np.zeros(GRID.shape, bool)
    apart[0:2, 0:3, 0:3] = True
    segmentations.add_segment(node, Contour(apart, GRID, "apart"))
    share_layer(node)
    assert segmentations.shares_layer(node.GetSegmentation(), id_of(node, "apart"))
    before = masks(node)
    write_patch(node, id_of(node, name), (0, 0, 0), np.ones(GRID.shape, bool))
    before[name][:] = True
    for other, mask in masks(node).items():
        np.testing.assert_array_equal(mask, before[other], err_msg=other)


def test_writing_back_what_was_read_restores_the_segment(node) -> None:
    before = masks(node)["first"]
    id_ = id_of(node, "first")
    old = read_patch(node, id_, (0, 0, 0), GRID.shape)
    write_patch(node, id_, (0, 0, 0), ~old)
    assert (masks(node)["first"] != before).all()
    write_patch(node, id_, (0, 0, 0), old)
    np.testing.assert_array_equal(masks(node)["first"], before)


def test_observers_hear_of_the_segment_alone(node, slicer) -> None:
    heard = []
    event = slicer.vtkSegmentation.SourceRepresentationModified

    def hear(_segmentation, _event, id_):
        heard.append(id_)

    hear.CallDataType = "string0"
    node.GetSegmentation().AddObserver(event, hear)
    write_patch(node, id_of(node, "second"), (1, 1, 1), np.ones((1, 1, 1), bool))
    assert heard == [id_of(node, "second")]


def test_an_unknown_segment_is_refused(node) -> None:
    with pytest.raises(StructureError, match="no labelmap of segment nobody"):
        write_patch(node, "nobody", (0, 0, 0), np.ones((1, 1, 1), bool))
