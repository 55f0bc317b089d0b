"""ViewMemory: where the four views look and what they show, to come back to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.mrml.frames import numbers_of
from ContourQALib.workstation.views.case_views import CaseViews

Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class _Look:
    """A slice view: its slice (4x4, RAS), how many mm it shows, and the volume above the image."""

    to_ras: np.ndarray
    field_of_view: Point
    foreground: str | None


@dataclass(frozen=True, eq=False)
class _Camera:
    """The camera of the 3D view, RAS mm."""

    position: Point
    focal_point: Point
    up: Point


@dataclass(frozen=True, eq=False)
class ViewMemory:
    """The views at one moment.

    Attributes:
        volume: the node of the image that was shown; None where there was none.
    """

    volume: Any
    _looks: tuple[_Look, ...]
    _camera: _Camera | None

    @classmethod
    def of(cls, views: CaseViews, volume: Any) -> ViewMemory:
        """Remember the views.

        Args:
            views: the four views.
            volume: the node of the image that they shall show again.
        """
        looks = tuple(_look_of(view) for view in views.slices)
        node = views.three_d.get_camera_node()
        camera = _Camera(node.GetPosition(), node.GetFocalPoint(), node.GetViewUp()) if node else None
        return cls(volume, looks, camera)

    def restore(self, views: CaseViews) -> None:
        """Show the same again; an image that is no longer in the scene is not."""
        volume = self.volume
        if volume is not None and not views.app.scene.IsNodePresent(volume):
            volume = None
        if views.volume is not volume:
            views.show_volume(volume)
        if volume is None:
            return
        for view, look in zip(views.slices, self._looks, strict=True):
            node = view.get_view_node()
            node.GetSliceToRAS().DeepCopy(look.to_ras.ravel().tolist())
            node.UpdateMatrices()
            node.SetFieldOfView(*look.field_of_view)
            view.set_foreground_volume_id(look.foreground)
        node = views.three_d.get_camera_node()
        if self._camera is not None and node is not None:
            node.SetPosition(self._camera.position)
            node.SetFocalPoint(self._camera.focal_point)
            node.SetViewUp(self._camera.up)
            node.ResetClippingRange()


def _look_of(view: Any) -> _Look:
    node = view.get_view_node()
    x, y, z = node.GetFieldOfView()
    return _Look(numbers_of(node.GetSliceToRAS()), (x, y, z), view.get_foreground_volume_id())
