"""What mouse and keys do in the views; `gray_scale_drag` adds one gesture more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slicer import (
    vtkMRMLCrosshairDisplayableManager,
    vtkMRMLCrosshairNode,
    vtkMRMLSliceIntersectionWidget,
)
from trame_slicer.views import AbstractView, SliceView

HELP = (
    ("Wheel", "next or previous slice"),
    ("\u2190 \u2192, Page Up, Page Down", "one slice, ten slices, in the view below the mouse"),
    ("Right drag", "zoom"),
    ("Middle drag, or Shift + left drag", "move"),
    ("Ctrl + left drag", "window (across) and level (up and down)"),
    ("Shift + move", "the other views follow the point"),
    ("Double click", "one view alone, and back"),
    ("3D: left, middle, right drag", "turn, move, zoom"),
)
"""The gestures as the page's help lists them."""

LEFT_TO_MRML = (
    vtkMRMLSliceIntersectionWidget.ActionTranslate
    | vtkMRMLSliceIntersectionWidget.ActionZoom
    | vtkMRMLSliceIntersectionWidget.ActionBrowseSlice
    | vtkMRMLSliceIntersectionWidget.ActionSetCursorPosition
    | vtkMRMLSliceIntersectionWidget.ActionSetCrosshairPosition
)
"""Of Slicer's actions those that make sense here: views are not turned out of the image's planes, and no
other volume is put in place of the image."""

BEFORE_MRML = 100.0
"""Priority of an observer that hears of an event before MRML does."""


def set_up_mouse(view: SliceView) -> None:
    """Leave a slice view the gestures of MRML that `HELP` lists."""
    crosshair = view.get_displayable_manager_by_class(vtkMRMLCrosshairDisplayableManager)
    crosshair.SetActionsEnabled(LEFT_TO_MRML)


def take_keys_away(view: AbstractView) -> None:
    """Let a view's keys do nothing: they are the page's, and MRML's hide or exchange what is shown."""
    interactor = view.interactor()
    for event in ("KeyPressEvent", "KeyReleaseEvent", "CharEvent"):
        observe_first(interactor, event, lambda: True)


def link_by_crosshair(scene: Any) -> Any:
    """Let the other slice views follow the crosshair, and draw it once it has been set.

    Returns:
        The scene's vtkMRMLCrosshairNode.
    """
    node = scene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
    node.SetCrosshairBehavior(vtkMRMLCrosshairNode.OffsetJumpSlice)
    node.SetCrosshairMode(vtkMRMLCrosshairNode.NoCrosshair)
    node.SetCrosshairThickness(vtkMRMLCrosshairNode.Fine)
    last = [node.GetCrosshairRAS()]

    def on_modified(*_: Any) -> None:
        if node.GetCrosshairRAS() != last[0]:
            last[0] = node.GetCrosshairRAS()
            node.SetCrosshairMode(vtkMRMLCrosshairNode.ShowSmallBasic)

    node.AddObserver("ModifiedEvent", on_modified)
    return node


def hide_crosshair(node: Any) -> None:
    """Do not draw the crosshair until it is set again."""
    node.SetCrosshairMode(vtkMRMLCrosshairNode.NoCrosshair)


def observe_first(interactor: Any, event: str, hear: Callable[[], bool]) -> None:
    """Hear of an event before MRML does.

    Args:
        interactor: of the view.
        event: VTK's name of it.
        hear: called with each; where it returns True nobody else hears of it.
    """
    tag = 0

    def on_event(*_: Any) -> None:
        if hear():
            interactor.GetCommand(tag).SetAbortFlag(1)

    tag = interactor.AddObserver(event, on_event, BEFORE_MRML)
