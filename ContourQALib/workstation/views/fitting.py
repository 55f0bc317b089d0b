"""Fitting: keeps all of a view's content in sight until the reader zooms or moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from trame_slicer.views import AbstractView, SliceView, ThreeDView

from ContourQALib.mrml.frames import numbers_of

Look = tuple[float, ...]
"""What zooming and moving change, and changing slices does not."""


class Fitting:
    """Fits a view whenever its size changes, for as long as nobody zoomed or moved it.

    Views are made in a size of their own and get the browser's later, and another one with each arrangement.

    Args:
        view: a slice view or a 3D view.
    """

    def __init__(self, view: AbstractView) -> None:
        self._view = view
        self._look: Callable[[], Look] = (
            (lambda: _slice_look(view)) if isinstance(view, SliceView) else (lambda: _camera_look(view))
        )
        self._fitted: Look | None = None
        view.render_window().AddObserver("WindowResizeEvent", self._on_resized)

    @property
    def is_fitted(self) -> bool:
        """Whether the view still shows what it was fitted to."""
        return self._fitted is not None and np.allclose(self._look(), self._fitted, atol=1e-3)

    def fit(self) -> None:
        """Bring all into sight; a slice view stays on its slice."""
        if isinstance(self._view, SliceView):
            with self._view.trigger_modified_once():  # nobody hears of the middle slice, which MRML goes to
                slice_mm = self._view.get_slice_value()
                self._view.fit_view_to_content()
                self._view.set_slice_value(slice_mm)
        else:
            self._view.fit_view_to_content()
        self._fitted = self._look()
        self._view.schedule_render()

    def refit(self) -> None:
        """Bring all into sight where nobody chose to see less."""
        if self._fitted is None or self.is_fitted:
            self.fit()

    def forget(self) -> None:
        """What is shown is over; the next `refit` fits."""
        self._fitted = None

    def _on_resized(self, *_: Any) -> None:
        if self.is_fitted:
            self.fit()


def _slice_look(view: SliceView) -> Look:
    """Width and height, mm, the middle within the plane, and how far the picture was moved."""
    node = view.get_view_node()
    matrix = numbers_of(node.GetSliceToRAS())
    middle = matrix[:3, :2].T @ matrix[:3, 3]
    return (*node.GetFieldOfView()[:2], *middle, *node.GetXYZOrigin()[:2])


def _camera_look(view: ThreeDView) -> Look:
    camera = view.get_camera_node()
    if camera is None:
        return ()
    return (*camera.GetPosition(), *camera.GetFocalPoint(), *camera.GetViewUp(), camera.GetParallelScale())
