"""SegmentLayer: every segment of a slice view as one picture above the image."""

from __future__ import annotations

from typing import Any

import numpy as np
from trame_slicer.views import SliceView
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_UNSIGNED_CHAR
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkImageMapper

from ContourQALib.mrml.frames import numbers_of
from ContourQALib.mrml.segment_pixels import Corner, edge
from ContourQALib.workstation.views.drawn_segments import DrawnSegment, DrawnSegments, Rgba

Picture = tuple[np.ndarray, Corner]
"""uint8 (rows upwards, columns, 4), red, green, blue and opacity; and where it lies in the view."""

Place = tuple[float, ...]


class SegmentLayer:
    """Draws the segments anew right before a picture of the view, if the slice or a segment changed.

    So however many changes come before a picture, they are drawn once.

    Args:
        view: the slice view.
        segments: what is drawn.
    """

    def __init__(self, view: SliceView, segments: DrawnSegments) -> None:
        self._view, self._segments = view, segments
        self._drawn: tuple[int, Place] | None = None
        self._mapper: Any = vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._actor: Any = vtkActor2D()
        self._actor.SetMapper(self._mapper)
        self._actor.SetVisibility(False)
        self._is_above_image = False
        view.first_renderer().AddViewProp(self._actor)
        view.render_window().AddObserver("StartEvent", self.update)

    def update(self, *_: Any) -> None:
        """Bring the picture up to date."""
        self._rise()
        node = self._view.get_view_node()
        size = node.GetDimensions()[:2]
        matrix = numbers_of(node.GetXYToRAS())
        drawn = (self._segments.version, (*matrix.ravel(), *size))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        picture = picture_of(self._segments.all, matrix, size)
        self._actor.SetVisibility(picture is not None)
        if picture is not None:
            self._show(*picture)

    def _rise(self) -> None:
        """Come after the image's actor, added with the first image: else no image shines through."""
        if not self._is_above_image and self._view.get_background_volume_id():
            self._is_above_image = True
            self._view.first_renderer().RemoveViewProp(self._actor)
            self._view.first_renderer().AddViewProp(self._actor)

    def _show(self, pixels: np.ndarray, corner: Corner) -> None:
        rows, columns, _ = pixels.shape
        image = vtkImageData()
        image.SetDimensions(columns, rows, 1)
        image.AllocateScalars(VTK_UNSIGNED_CHAR, 4)
        vtk_to_numpy(image.GetPointData().GetScalars())[:] = pixels.reshape(-1, 4)
        self._mapper.SetInputData(image)
        self._actor.SetPosition(*corner)


def picture_of(
    segments: tuple[DrawnSegment, ...], ras_of_pixel: np.ndarray, size: tuple[int, int]
) -> Picture | None:
    """Segments where a plane cuts them, above each other; None where it cuts none.

    Args:
        segments: the later ones are above.
        ras_of_pixel: 4x4, from (x, y, 0) in the view to RAS mm.
        size: of the view, pixels across and up.
    """
    cut = [(one, found) for one in segments if (found := one.pixels.inside(ras_of_pixel, size)) is not None]
    cut = [(one, found) for one, found in cut if found[0].any()]
    if not cut:
        return None
    left = min(corner[0] for _, (_, corner) in cut)
    low = min(corner[1] for _, (_, corner) in cut)
    right = max(corner[0] + inside.shape[1] for _, (inside, corner) in cut)
    high = max(corner[1] + inside.shape[0] for _, (inside, corner) in cut)
    picture = np.zeros((high - low, right - left), np.uint32)
    for one, (inside, (x, y)) in cut:
        rows, columns = inside.shape
        part = picture[y - low : y - low + rows, x - left : x - left + columns]
        if one.fill is not None:
            _paint(part, inside, one.fill)
        if one.outline is not None:
            _paint(part, edge(inside, one.width_pixels), one.outline)
    return picture.view(np.uint8).reshape(*picture.shape, 4), (left, low)


def _paint(picture: np.ndarray, where: np.ndarray, color: Rgba) -> None:
    """Lay a color above the pixels of a picture, each four bytes."""
    if color[3] >= 1:
        picture[where] = _bytes(np.array(color)[None])[0]
        return
    below = picture[where].view(np.uint8).reshape(-1, 4) / 255
    shown = np.empty_like(below)
    rest = below[:, 3:] * (1 - color[3])
    shown[:, 3:] = color[3] + rest
    shown[:, :3] = (np.multiply(color[:3], color[3]) + below[:, :3] * rest) / shown[:, 3:]
    picture[where] = _bytes(shown)


def _bytes(colors: np.ndarray) -> np.ndarray:
    """uint32 (n,) of (n, 4) in [0, 1]."""
    return np.ascontiguousarray(np.round(255 * colors).astype(np.uint8)).view(np.uint32)[:, 0]
