"""Changes of the scene that can be undone and leave nothing behind, when they fail or take a node away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_changing: list[Any] = []
"""Scenes with a change in progress: one inside another is a part of it, and one step to undo."""


@contextmanager
def scene_change(
    scene: Any,
    nodes: Sequence[Any] = (),
    *,
    batch: bool = False,
    later: Sequence[Any] = (),
    joins: bool = False,
) -> Iterator[None]:
    """Change the scene as a whole or not at all.

    Where the scene keeps states for undo (`scene.SetUndoOn()`), one is saved first, and the nodes that are
    added take part in undo. After an exception, which is let through,

    * every node that was added since, display and storage nodes too, is removed again;
    * `nodes` and their display nodes get back the contents, names, attributes and references they had;
    * a batch process that was begun since is ended.

    Not restored: nodes that were removed or changed without being named in `nodes`, and what observers did
    meanwhile. The state that was saved for undo stays, as a step that changes nothing.

    Args:
        scene: the MRML scene.
        nodes: nodes whose contents the block changes. They are copied, so name no volumes in what runs often.
        batch: whether views and widgets wait for the end of the block; for blocks that add many nodes.
        later: nodes that further blocks of the same user's action will change: saved for undo with `nodes`.
        joins: whether this is such a further block, and no step of its own to undo: what one click does in
            several turns of the event loop goes by one undo.
    """
    outermost = scene not in _changing
    undoable = bool(scene.GetUndoFlag())
    if outermost and undoable and not joins:
        _save_for_undo(scene, _with_displays([*nodes, *later]))
    before = _ids(scene)
    copies = [(node, _copy(node)) for node in _with_displays(nodes)]
    was_batch = scene.IsBatchProcessing()
    _changing.append(scene)
    try:
        if batch:
            scene.StartState(scene.BatchProcessState)
        yield
        if undoable:
            for node in _added(scene, before):
                node.SetUndoEnabled(True)
        if batch:
            scene.EndState(scene.BatchProcessState)
    except BaseException:
        _remove(scene, _added(scene, before))
        _restore(scene, copies)
        if batch and was_batch:
            scene.EndState(scene.BatchProcessState)
        while scene.IsBatchProcessing() and not was_batch:
            scene.EndState(scene.BatchProcessState)
        raise
    finally:
        _changing.remove(scene)
        for _, copy in copies:
            _empty(copy)


def remove_node(scene: Any, node: Any) -> None:
    """Take a node out of the scene, with its display nodes; None, or a node that is gone, is passed over.

    MRML leaves the display nodes behind, and a volume's keeps all of its voxels.
    """
    if node is None:
        return
    for one in _with_displays([node]):
        if scene.IsNodePresent(one):
            scene.RemoveNode(one)


def _ids(scene: Any) -> set[str]:
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def _added(scene: Any, before: set[str]) -> list[Any]:
    nodes = (scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes()))
    return [node for node in nodes if node.GetID() not in before]


def _with_displays(nodes: Sequence[Any]) -> list[Any]:
    """The nodes, each followed by its display nodes: the contents decide what is displayed."""
    found = []
    for node in nodes:
        found.append(node)
        if node.IsA("vtkMRMLDisplayableNode"):
            displays = (node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes()))
            found += [display for display in displays if display is not None]
    return found


def _copy(node: Any) -> Any:
    copy = node.CreateNodeInstance()
    copy.UnRegister(None)
    copy.Copy(node)
    return copy


def _empty(node: Any) -> None:
    """Let a segmentation forget its masks and surfaces.

    Slicer removes segments, of a node that is deleted too, by erasing each in the layer that it shares with
    others: ten seconds for 20 segments of 512 x 512 x 150 voxels, of which nothing is seen.
    """
    if node.IsA("vtkMRMLSegmentationNode") and node.GetSegmentation() is not None:
        segmentation = node.GetSegmentation()
        for id_ in segmentation.GetSegmentIDs():
            segmentation.GetSegment(id_).RemoveAllRepresentations()


def _save_for_undo(scene: Any, nodes: Sequence[Any]) -> None:
    from vtkmodules.vtkCommonCore import vtkCollection

    changed = vtkCollection()
    for node in nodes:
        changed.AddItem(node)
    # with a list, for without one every node of the scene is copied
    scene.SaveStateForUndo(changed)


def _remove(scene: Any, nodes: Sequence[Any]) -> None:
    for node in reversed(nodes):
        if scene.IsNodePresent(node):  # not gone together with another one
            scene.RemoveNode(node)


def _restore(scene: Any, copies: Sequence[tuple[Any, Any]]) -> None:
    for node, copy in copies:
        if scene.IsNodePresent(node):
            _empty(node)
            node.Copy(copy)
            node.UpdateReferences()
