"""A change of the scene happens as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest

import scenes
from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.mrml import segmentations, volumes
from ContourQALib.mrml.scene_change import remove_node, scene_change

GRID = Grid((6, 5, 4), (1.0, 2.0, 3.0), (4.0, 5.0, 6.0))


class StoppedError(Exception):
    """What goes wrong in these tests."""


@contextmanager
def failing(scene, nodes=(), error: type[BaseException] = StoppedError) -> Iterator[None]:
    """A change that goes wrong when all is done; the error comes through."""
    try:
        with scene_change(scene, nodes):
            yield
            raise error
    except error:
        return
    raise AssertionError("the error was swallowed")


def nodes_of(scene) -> list[str]:
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


def contour(first: int = 0) -> Contour:
    mask = np.zeros(GRID.shape, bool)
    mask[first:, 1:3, 2:5] = True
    return Contour(mask, GRID, "heart", (1.0, 0.0, 0.0))


def test_every_node_that_was_added_is_removed_after_a_failure(scene):
    kept = volumes.add_volume(scene, Image(np.zeros(GRID.shape, np.int16), GRID), "CT")
    before = nodes_of(scene)
    with failing(scene):
        volume = volumes.add_volume(scene, Image(np.ones(GRID.shape, np.int16), GRID), "map")
        node = segmentations.add_segmentation(scene, [contour()], "observer", kept)
        node.CreateDefaultStorageNode()
        scene.AddNewNodeByClass("vtkMRMLTableNode", "results")
        scene.RemoveNode(volume)  # gone already when all is taken back
    assert nodes_of(scene) == before


def test_nothing_is_removed_after_success(scene):
    with scene_change(scene):
        node = scene.AddNewNodeByClass("vtkMRMLTableNode", "results")
    assert scene.IsNodePresent(node)


def test_a_segmentation_has_its_segments_and_colors_of_before_after_a_failure(scene):
    node = segmentations.add_segmentation(scene, [contour(), contour(2)], "observer")
    first, second = (segment.id for segment in segmentations.segments_of(node))
    node.GetDisplayNode().SetSegmentOpacity2DFill(second, 0.25)
    node.GetDisplayNode().SetOpacity2DOutline(0.5)
    move = scenes.transform(scene, np.eye(4))
    before = nodes_of(scene)
    with failing(scene, [node]):
        segmentations.set_segment(node, first, contour(3))
        segmentations.add_segment(node, contour(1))
        node.GetSegmentation().GetSegment(first).SetName("other")
        node.GetSegmentation().RemoveSegment(second)
        node.GetDisplayNode().SetOpacity2DOutline(1.0)
        node.SetName("renamed")
        node.SetAttribute("ContourQA.Role", "reference")
        node.SetAndObserveTransformNodeID(move.GetID())
    assert nodes_of(scene) == before
    assert [segment.id for segment in segmentations.segments_of(node)] == [first, second]
    for id_, expected in ((first, contour()), (second, contour(2))):
        again = segmentations.contour_of(node, id_)
        assert again.name == "heart"
        assert np.array_equal(again.on(GRID).mask, expected.mask)
    assert node.GetDisplayNode().GetSegmentOpacity2DFill(second) == 0.25
    assert node.GetDisplayNode().GetOpacity2DOutline() == 0.5
    assert (node.GetName(), node.GetAttribute("ContourQA.Role")) == ("observer", None)
    assert node.GetParentTransformNode() is None


def test_a_volume_has_its_voxels_of_before_after_a_failure(scene):
    node = volumes.add_volume(scene, Image(np.zeros(GRID.shape, np.float32), GRID), "map")
    with failing(scene, [node]):
        volumes.set_values(node, np.ones(GRID.shape, np.float32), Grid(GRID.size))
    image = volumes.image_of(node)
    assert image.values.max() == 0
    assert image.grid == GRID


def test_a_table_has_its_rows_of_before_after_a_failure(scene):
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "results")
    node.AddColumn()
    node.AddEmptyRow()
    node.SetCellText(0, 0, "parotid")
    with failing(scene, [node]):
        node.SetCellText(0, 0, "bladder")
        node.AddEmptyRow()
    assert (node.GetNumberOfRows(), node.GetCellText(0, 0)) == (1, "parotid")


def test_a_node_that_is_gone_is_not_restored(scene):
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "results")
    with failing(scene, [node]):
        scene.RemoveNode(node)
    assert not scene.IsNodePresent(node)


def test_interrupting_takes_back_too(scene):
    before = nodes_of(scene)
    with failing(scene, error=KeyboardInterrupt):
        scene.AddNewNodeByClass("vtkMRMLTableNode", "results")
    assert nodes_of(scene) == before


@pytest.mark.parametrize("outer", [False, True], ids=["alone", "inside another batch"])
@pytest.mark.parametrize("fails", [False, True], ids=["done", "failed"])
def test_a_batch_is_ended_once(slicer, scene, outer, fails):
    ends = []
    scene.AddObserver(slicer.vtkMRMLScene.EndBatchProcessEvent, lambda *_: ends.append(1))
    if outer:
        scene.StartState(scene.BatchProcessState)
    with pytest.raises(StoppedError) if fails else nullcontext(), scene_change(scene, batch=True):
        assert scene.IsBatchProcessing()
        if fails:
            raise StoppedError
    assert scene.IsBatchProcessing() == outer
    if outer:
        scene.EndState(scene.BatchProcessState)
    assert not scene.IsBatchProcessing()
    assert ends == [1]


def test_a_batch_that_the_block_began_is_ended_after_a_failure(scene):
    with failing(scene):
        scene.StartState(scene.BatchProcessState)
    assert not scene.IsBatchProcessing()


def test_a_change_is_one_step_to_undo(scene):
    scene.SetUndoOn()
    before = nodes_of(scene)
    with scene_change(scene):
        ct = volumes.add_volume(scene, Image(np.zeros(GRID.shape, np.int16), GRID), "CT")
        segmentations.add_segmentation(scene, [contour()], "observer", ct)
    assert scene.GetNumberOfUndoLevels() == 1
    after = nodes_of(scene)
    scene.Undo()
    assert nodes_of(scene) == before
    scene.Redo()
    assert sorted(nodes_of(scene)) == sorted(after)


def test_a_node_that_was_changed_in_place_is_undone(scene):
    scene.SetUndoOn()
    node = segmentations.add_segmentation(scene, [contour()], "observer")
    (segment,) = segmentations.segments_of(node)
    with scene_change(scene, [node]):
        segmentations.set_segment(node, segment.id, contour(2))
    scene.Undo()
    (again,) = segmentations.contours_of(node)
    assert np.array_equal(again.on(GRID).mask, contour().mask)


def test_what_joins_a_step_goes_and_comes_back_with_it(scene):
    scene.SetUndoOn()
    node = segmentations.add_segmentation(scene, [contour()], "observer")
    (segment,) = segmentations.segments_of(node)
    before, levels = nodes_of(scene), scene.GetNumberOfUndoLevels()
    with scene_change(scene, later=[node]):
        volumes.add_volume(scene, Image(np.zeros(GRID.shape, np.int16), GRID), "CT")
    with scene_change(scene, joins=True):
        segmentations.set_segment(node, segment.id, contour(2))
        segmentations.add_segmentation(scene, [contour()], "later")
    assert scene.GetNumberOfUndoLevels() == levels + 1
    scene.Undo()
    assert nodes_of(scene) == before
    (again,) = segmentations.contours_of(node)
    assert np.array_equal(again.on(GRID).mask, contour().mask)


def test_without_undo_nothing_is_kept(scene):
    with scene_change(scene):
        node = volumes.add_volume(scene, Image(np.zeros(GRID.shape, np.int16), GRID), "CT")
    assert scene.GetNumberOfUndoLevels() == 0
    assert not node.GetUndoEnabled()


def test_adding_leaves_nothing_behind_when_a_contour_cannot_be_added(scene):
    broken = Contour(contour().mask, GRID, "broken", (1.0, 0.0))  # a color of two parts
    before = nodes_of(scene)
    with pytest.raises((TypeError, ValueError)):
        segmentations.add_segmentation(scene, [contour(), broken], "observer")
    assert nodes_of(scene) == before


def test_scenes_do_not_mix(slicer, scene):
    other = slicer.vtkMRMLScene()
    with failing(scene), scene_change(other):
        kept = other.AddNewNodeByClass("vtkMRMLTableNode", "kept")
    assert other.IsNodePresent(kept)


def test_a_node_that_is_removed_leaves_no_display_behind(scene):
    before = nodes_of(scene)
    volume, other = (volumes.add_volume(scene, Image(np.zeros(GRID.shape), GRID), "CT") for _ in range(2))
    segmentation = segmentations.add_segmentation(scene, [contour()], "Contours", other)
    remove_node(scene, volume)
    assert not scene.IsNodePresent(volume)
    assert scene.IsNodePresent(other.GetDisplayNode())
    for gone in (volume, None):
        remove_node(scene, gone)
    for node in (segmentation, other):
        remove_node(scene, node)
    assert nodes_of(scene) == before
