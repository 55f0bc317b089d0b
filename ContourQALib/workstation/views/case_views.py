"""CaseViews: the four views of a case, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from trame_slicer.core import LayoutManager, SlicerApp
from trame_slicer.views import AbstractView, SliceView, ThreeDView
from undo_stack import Signal, SignalContainer

from ContourQALib.geometry import Grid
from ContourQALib.mrml.frames import lps_to_ras
from ContourQALib.mrml.views import Point, jump_to
from ContourQALib.mrml.volumes import grid_of_volume
from ContourQALib.workstation.views import arrangements, mouse, rendering
from ContourQALib.workstation.views.arrangements import (
    AXIAL,
    CORONAL,
    LAYOUTS,
    SAGITTAL,
    SLICE_NAMES,
    THREE_D,
)
from ContourQALib.workstation.views.drawn_segments import DrawnSegments
from ContourQALib.workstation.views.fitting import Fitting
from ContourQALib.workstation.views.gray_scale_drag import GrayScaleDrag
from ContourQALib.workstation.views.remote_views import register_views
from ContourQALib.workstation.views.segment_layer import SegmentLayer
from ContourQALib.workstation.views.slice_place import SlicePlace, place_of
from ContourQALib.workstation.views.view_widgets import slice_widgets, three_d_widgets

SNAPPED = 1e-3
"""Share of a slice by which a view may be off the middle of one."""


class CaseViews(SignalContainer):
    """Axial, coronal, sagittal and 3D view of one scene.

    Slice views stand along the image's own axes and on its slices: nobody scanned what is between two.

    Args:
        app: trame-slicer's scene and logics.
        server: the trame server that the pictures are sent by.
    """

    slice_changed = Signal(int)
    """K of the image's slice that is shown, whenever another is."""

    place_changed = Signal(str)
    """Name of a slice view that shows another slice, another image or none any more."""

    volume_changed = Signal()
    layout_changed = Signal(str)

    def __init__(self, app: SlicerApp, server: Any) -> None:
        self.app = app
        rendering.choose_window()
        rendering.log_messages()
        self._visible = True
        self._only_three_d = False
        self.layout = self._arranged = next(iter(LAYOUTS))
        register_views(app.view_manager, server, slice_widgets, three_d_widgets, self.is_seen)
        self._layouts = LayoutManager(app.scene, app.view_manager, server)
        self._layouts.register_layout_dict(arrangements.layouts())
        self._layouts.set_layout(self.layout)
        self._volume: Any = None
        self._grid: Grid | None = None
        self._shown_k: int | None = None
        self._places: dict[str, tuple[int, SlicePlace]] = {}
        self._crosshair = mouse.link_by_crosshair(app.scene)
        self._fittings = {view.get_singleton_tag(): Fitting(view) for view in self.all}
        self._segments = DrawnSegments(app.scene, self.three_d.get_view_node_id(), self._render_slices)
        self._segment_layers = [SegmentLayer(view, self._segments) for view in self.slices]
        for view in self.all:
            mouse.take_keys_away(view)
        for view in self.slices:
            mouse.set_up_mouse(view)
            GrayScaleDrag(view, self.window, self.set_window)
            view.modified.connect(self._on_view_modified)

    @property
    def axial(self) -> SliceView:
        """The view across the patient."""
        return self.view(AXIAL)

    @property
    def coronal(self) -> SliceView:
        """The view from the front."""
        return self.view(CORONAL)

    @property
    def sagittal(self) -> SliceView:
        """The view from the side."""
        return self.view(SAGITTAL)

    @property
    def three_d(self) -> ThreeDView:
        """The view of surfaces."""
        return self.view(THREE_D)

    @property
    def slices(self) -> tuple[SliceView, SliceView, SliceView]:
        """The three views of slices."""
        return self.axial, self.coronal, self.sagittal

    @property
    def all(self) -> tuple[AbstractView, ...]:
        """Every view."""
        return *self.slices, self.three_d

    @property
    def volume(self) -> Any:
        """The volume that is shown; None where none is."""
        return self._volume

    def view(self, name: str) -> Any:
        """A view by its name."""
        return self.app.view_manager.get_view(name)

    def build(self, page: Any) -> None:
        """Put the views into the widget that is open in `page`, a trame layout."""
        self._layouts.initialize_layout_grid(page)

    def arrange(self, layout: str) -> None:
        """Arrange the views as one of `LAYOUTS`."""
        self._arranged = layout
        self._set_layout(layout)

    def maximize(self, name: str) -> None:
        """Show one view alone; if it is alone already, all of them as they were arranged before."""
        alone = arrangements.alone(name)
        others = self._arranged if self._arranged != alone else next(iter(LAYOUTS))
        self._set_layout(others if self.layout == alone else alone)

    def show_volume(self, node: Any) -> None:
        """Show a volume in the slice views, along its own axes, all of it in sight; None shows nothing."""
        self._volume = node
        self._grid = grid_of_volume(node) if node is not None else None
        self._shown_k = None
        self._places.clear()
        mouse.hide_crosshair(self._crosshair)
        for view in self.slices:
            view.set_background_volume_id(node.GetID() if node is not None else None)
            if node is not None:
                view.get_view_node().RotateToVolumePlane(node)
        if self._grid is not None:
            self.fit()
            self.jump_to_ras(_middle(self._grid))
        for name in SLICE_NAMES:
            self.place_changed(name)
        self.volume_changed()

    def fit(self) -> None:
        """Bring all of the image and of the surfaces in sight."""
        for fitting in self._fittings.values():
            fitting.fit()

    def fit_view(self, name: str) -> None:
        """Bring all of one view's content in sight."""
        self._fittings[name].fit()

    def refit(self, name: str) -> None:
        """Bring all of a view's content in sight, unless the reader zoomed or moved it."""
        self._fittings[name].refit()

    def window(self) -> tuple[float, float] | None:
        """Width and level of the gray scale; None without an image."""
        if self._volume is None:
            return None
        display = self._volume.GetDisplayNode()
        return float(display.GetWindow()), float(display.GetLevel())

    def set_window(self, width: float, level: float) -> None:
        """Show the image's values from `level - width / 2`, black, to `level + width / 2`, white."""
        if self._volume is not None:
            display = self._volume.GetDisplayNode()
            display.SetAutoWindowLevel(False)
            display.SetWindowLevel(width, level)

    def lay_over(self, node: Any, opacity: float) -> None:
        """Show a volume over the image in the slice views, in place of what another page laid there.

        Args:
            node: vtkMRMLScalarVolumeNode.
            opacity: 0 to 1.
        """
        for view in self.slices:
            view.set_foreground_volume_id(node.GetID())
            view.set_foreground_opacity(opacity)

    def take_off(self, node: Any) -> None:
        """Take a volume off the image again, unless another lies there meanwhile."""
        for view in self.slices:
            if view.get_foreground_volume_id() == node.GetID():
                view.set_foreground_volume_id(None)

    def jump_to_ras(self, point: Point, *, center: bool = True) -> None:
        """Let every slice view show a point.

        Args:
            point: RAS mm.
            center: whether it comes to the middle of the views that the reader zoomed or moved. What shows
                the whole image stays as it is, and so does what has the point in sight where it is False.
        """
        point = self._on_voxel(point)
        jump_to(self.app.scene, point, center=False)
        for view in self.slices:
            if center and not self._fittings[view.get_singleton_tag()].is_fitted:
                view.get_view_node().JumpSliceByCentering(*point)

    def slice_index(self) -> int | None:
        """K of the image's slice in the view that shows slices of constant K; None without an image."""
        return None if self._grid is None else self._place(self._along_k()).nearest

    def set_slice_index(self, k: int) -> None:
        """Show the image's slice K, without moving within it."""
        if self._grid is not None:
            self._show(self._along_k(), k)

    def place(self, name: str) -> SlicePlace | None:
        """Where a slice view looks; None without an image."""
        return None if self._grid is None else self._place(self.view(name))

    def show_index(self, name: str, index: int) -> None:
        """Let a slice view show a slice of the image along its own axis; beyond the image the last one."""
        if self._grid is not None:
            self._show(self.view(name), index)

    def step(self, name: str, slices: int) -> None:
        """Let a slice view go so many of the image's slices on."""
        if self._grid is not None:
            self._show(self.view(name), self._place(self.view(name)).nearest + slices)

    def set_visible(self, visible: bool) -> None:
        """Say whether the page shows the views at all; hidden ones are not drawn."""
        shown = visible and not self._visible
        self._visible = visible
        if shown:
            self.render()

    def is_seen(self, name: str) -> bool:
        """Whether the page shows a view, and what changes now can be seen in it."""
        if self._only_three_d and name != THREE_D:
            return False
        others = (arrangements.alone(other) for other in arrangements.TITLES if other != name)
        return self._visible and self.layout not in others

    @contextmanager
    def in_three_d(self) -> Iterator[None]:
        """A block whose changes are seen in 3D alone; MRML has the slices drawn again for every model."""
        self._only_three_d = True
        try:
            yield
        finally:
            self._only_three_d = False

    def render(self) -> None:
        """Draw every view again."""
        for view in self.all:
            view.schedule_render()

    def _render_slices(self) -> None:
        for view in self.slices:
            view.schedule_render()

    def _set_layout(self, layout: str) -> None:
        self.layout = layout
        self._layouts.set_layout(layout)
        if self._grid is not None:
            self.fit()
        self.render()
        self.layout_changed(layout)

    def _on_voxel(self, point: Point) -> Point:
        """The middle of the nearest voxel: else views would move twice, to the point and onto a slice."""
        if self._grid is None:
            return point
        index = np.round(self._grid.world_to_index(lps_to_ras(point)))  # the flip is its own inverse
        return _ras_of(self._grid, np.clip(index, 0, np.asarray(self._grid.size) - 1))

    def _place(self, view: SliceView) -> SlicePlace:
        """Where a slice view looks, worked out once a change: opening a case asks a hundred times."""
        assert self._grid is not None
        name, matrix = view.get_singleton_tag(), view.get_view_node().GetSliceToRAS()
        changed, place = self._places.get(name, (0, None))
        if place is None or changed != matrix.GetMTime():
            place = place_of(matrix, self._grid)
            self._places[name] = matrix.GetMTime(), place
        return place

    def _show(self, view: SliceView, index: int) -> None:
        view.set_slice_value(view.get_slice_value() + self._place(view).offset_to(index))

    def _along_k(self) -> SliceView:
        """The view whose slices are the image's slices of constant K."""
        return next((view for view in self.slices if self._place(view).axis == 2), self.axial)

    def _on_view_modified(self, view: SliceView) -> None:
        if self._grid is None:
            return
        place = self._place(view)
        if abs(place.index - place.nearest) > SNAPPED:
            self._show(view, place.nearest)
            return  # the change made here is heard of in its turn
        self.place_changed(view.get_singleton_tag())
        k = self.slice_index()
        if k is not None and k != self._shown_k:
            self._shown_k = k
            self.slice_changed(k)


def _middle(grid: Grid) -> Point:
    return _ras_of(grid, (np.asarray(grid.size) - 1) // 2)


def _ras_of(grid: Grid, ijk: np.ndarray) -> Point:
    x, y, z = lps_to_ras(grid.index_to_world(ijk))
    return float(x), float(y), float(z)
