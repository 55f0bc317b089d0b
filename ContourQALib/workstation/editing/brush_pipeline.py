"""BrushTool: the brush in the slice views, its outline below the mouse and what the mouse does with it."""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from LayerDMLib import vtkMRMLLayerDMScriptedPipeline  # type: ignore[import-untyped]  # it publishes none
from slicer import (
    vtkMRMLAbstractWidget,
    vtkMRMLInteractionEventData,
    vtkMRMLLayerDMPipelineFactory,
    vtkMRMLLayerDMPipelineScriptedCreator,
    vtkMRMLScriptedModuleNode,
)
from vtkmodules.vtkCommonCore import vtkCommand, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkInteractionWidgets import vtkEvent
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkPolyDataMapper2D

from ContourQALib.mrml.frames import lps_to_ras, numbers_of

CORNERS = 48
"""Of the polygon that is drawn for a circle."""

OTHER_GESTURES = vtkEvent.ShiftModifier | vtkEvent.ControlModifier
"""With these the left button moves the image or changes its gray scale, as without a brush."""

Point = np.ndarray
"""LPS mm."""

Color = tuple[float, float, float]


class Hand(Protocol):
    """What moves the brush: LPS mm, with the unit vector across the slice."""

    def press(self, point: Point, normal: Point) -> None:
        """The button went down."""

    def move(self, point: Point, normal: Point) -> None:
        """The mouse moved with the button down."""

    def release(self) -> None:
        """The button went up."""


class BrushTool:
    """A brush that can be on or off in every slice view of a scene.

    Zooming, panning and changing slices go on as without it: it takes the left button without shift or ctrl.
    Nothing is done in the 3D view, where each move of the mouse would be a search for the surface below it.

    Args:
        scene: the MRML scene.
        hand: hears what the mouse does while the brush is on.
    """

    def __init__(self, scene: Any, hand: Hand) -> None:
        self.hand = hand
        self.on = False
        self.diameter_mm = 0.0
        self.color: Color = (1.0, 1.0, 1.0)
        self._scene = scene
        self._pipelines: list[BrushPipeline] = []
        self._node = vtkMRMLScriptedModuleNode()
        self._node.SetName("ContourQA brush")
        self._node.SetSaveWithScene(False)
        self._node.SetHideFromEditors(True)
        self._creator = vtkMRMLLayerDMPipelineScriptedCreator()
        self._creator.SetPythonCallback(self._pipeline)
        vtkMRMLLayerDMPipelineFactory.GetInstance().AddPipelineCreator(self._creator)
        scene.AddNode(self._node)

    def show(self, on: bool, diameter_mm: float, color: Color) -> None:
        """Switch the brush on or off, with the circle that is drawn below the mouse."""
        self.on, self.diameter_mm, self.color = on, diameter_mm, color
        for pipeline in self._pipelines:
            pipeline.show()

    def close(self) -> None:
        """Take the brush out of the views."""
        vtkMRMLLayerDMPipelineFactory.GetInstance().RemovePipelineCreator(self._creator)
        self._scene.RemoveNode(self._node)
        self._pipelines.clear()

    def _pipeline(self, view_node: Any, node: Any) -> BrushPipeline | None:
        if node is not self._node or not view_node.IsA("vtkMRMLSliceNode"):
            return None
        self._pipelines.append(BrushPipeline(self))
        return self._pipelines[-1]


class BrushPipeline(vtkMRMLLayerDMScriptedPipeline):
    """The brush in one slice view; the method names are those that the displayable manager calls."""

    def __init__(self, tool: BrushTool) -> None:
        super().__init__()
        self._tool = tool
        self._circle = _Circle()
        self._pressed = False
        self._at: tuple[float, float] | None = None
        self._actions = {
            int(vtkCommand.MouseMoveEvent): self._moved,
            int(vtkCommand.LeftButtonPressEvent): self._press,
            int(vtkCommand.LeftButtonReleaseEvent): self._release,
        }

    def show(self) -> None:
        """Draw the circle where the mouse is, or nothing."""
        self._circle.actor.SetVisibility(self._tool.on and self._at is not None)
        if self._tool.on and self._at is not None:
            mm_per_pixel = float(np.linalg.norm(numbers_of(self.GetViewNode().GetXYToRAS())[:3, 0]))
            self._circle.draw(self._at, self._tool.diameter_mm / 2 / mm_per_pixel, self._tool.color)
        self.RequestRender()

    def OnRendererAdded(self, renderer: Any) -> None:  # noqa: N802
        """Draw the circle there."""
        if renderer is not None:
            renderer.AddViewProp(self._circle.actor)

    def OnRendererRemoved(self, renderer: Any) -> None:  # noqa: N802
        """Draw it there no more."""
        if renderer is not None:
            renderer.RemoveViewProp(self._circle.actor)

    def CanProcessInteractionEvent(self, event: vtkMRMLInteractionEventData) -> tuple[bool, float]:  # noqa: N802
        """Whether the brush wants an event, and how near it is to it."""
        gesture = event.GetType() != vtkCommand.MouseMoveEvent and bool(event.GetModifiers() & OTHER_GESTURES)
        wanted = self._tool.on and event.GetType() in self._actions and (self._pressed or not gesture)
        return wanted, 0.0

    def ProcessInteractionEvent(self, event: vtkMRMLInteractionEventData) -> bool:  # noqa: N802
        """Do what an event asks for; whether nobody else should."""
        x, y = event.GetDisplayPosition()
        self._at = float(x), float(y)
        done = self._actions[event.GetType()](event)
        self.show()
        return done

    def GetWidgetState(self) -> int:  # noqa: N802
        """Busy while the button is down, so that the stroke keeps the mouse."""
        return (
            vtkMRMLAbstractWidget.WidgetStateUser if self._pressed else vtkMRMLAbstractWidget.WidgetStateIdle
        )

    def LoseFocus(self, event: vtkMRMLInteractionEventData | None) -> None:  # noqa: N802
        """The mouse has left the view, or another one took it."""
        self._release(event)
        self._at = None
        self.show()

    def _place(self, event: vtkMRMLInteractionEventData) -> tuple[Point, Point]:
        normal = numbers_of(self.GetViewNode().GetSliceToRAS())[:3, 2]
        return lps_to_ras(event.GetWorldPosition()), lps_to_ras(normal / np.linalg.norm(normal))

    def _press(self, event: vtkMRMLInteractionEventData) -> bool:
        self._pressed = True
        self._tool.hand.press(*self._place(event))
        return True

    def _moved(self, event: vtkMRMLInteractionEventData) -> bool:
        if self._pressed:
            self._tool.hand.move(*self._place(event))
        return True

    def _release(self, _event: vtkMRMLInteractionEventData | None) -> bool:
        if self._pressed:
            self._pressed = False
            self._tool.hand.release()
        return True


class _Circle:
    """A circle in a view, in pixels."""

    def __init__(self) -> None:
        self._points = vtkPoints()
        self._points.SetNumberOfPoints(CORNERS)
        line = vtkCellArray()
        line.InsertNextCell(CORNERS + 1, [*range(CORNERS), 0])
        data = vtkPolyData()
        data.SetPoints(self._points)
        data.SetLines(line)
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(data)
        self.actor = vtkActor2D()
        self.actor.SetMapper(mapper)
        self.actor.SetVisibility(False)
        self.actor.GetProperty().SetLineWidth(1.5)

    def draw(self, center: tuple[float, float], radius: float, color: Color) -> None:
        for corner in range(CORNERS):
            angle = 2 * math.pi * corner / CORNERS
            self._points.SetPoint(
                corner, center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle), 0.0
            )
        self._points.Modified()
        self.actor.GetProperty().SetColor(*color)
