"""CaseViews: the four views of a case, drawn on the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from trame_slicer.core import LayoutManager, SlicerApp
from trame_slicer.rca_view import register_rca_factories
from trame_slicer.views import (
    AbstractView,
    Layout,
    LayoutDirection,
    SliceView,
    ThreeDView,
    ViewLayoutDefinition,
)
from undo_stack import Signal, SignalContainer

from ContourQALib.geometry import Grid
from ContourQALib.mrml.frames import lps_to_ras, numbers_of
from ContourQALib.mrml.views import Point, jump_to
from ContourQALib.mrml.volumes import grid_of_volume

AXIAL, CORONAL, SAGITTAL, THREE_D = "Red", "Green", "Yellow", "ThreeD"
"""The views' names, as Slicer has them."""

FOCUSED_FPS = 30.0
OTHERS_FPS = 15.0
"""Most pictures a second of the view below the mouse, and of the others."""

LAYOUTS = {"one large": "mdi-view-split-vertical", "four alike": "mdi-view-grid", "axial alone": "mdi-square"}
"""What the views can be arranged like, and the icon of each."""

ViewUi = Callable[[Any, str, AbstractView], None]


class CaseViews(SignalContainer):
    """Axial, coronal, sagittal and 3D view of one scene.

    Without a GPU pictures are drawn by the processor: no multisampling and no volume rendering.

    Args:
        app: trame-slicer's scene and logics.
        server: the trame server that the pictures are sent by.
        slice_ui: draws the controls over a slice view; nothing by default.
    """

    slice_changed = Signal(int)
    """K of the image's slice that is shown, whenever another is."""

    layout_changed = Signal(str)

    def __init__(self, app: SlicerApp, server: Any, slice_ui: ViewUi | None = None) -> None:
        self.app = app
        nothing: ViewUi = lambda *_: None  # noqa: E731 - trame-slicer draws its own controls where it is None
        register_rca_factories(
            app.view_manager,
            server,
            slice_view_ui_f=slice_ui or nothing,
            three_d_view_ui_f=nothing,
            target_fps=FOCUSED_FPS,
            blur_fps=OTHERS_FPS,
        )
        self._layouts = LayoutManager(app.scene, app.view_manager, server)
        self._layouts.register_layout_dict(_layouts())
        self.layout = next(iter(LAYOUTS))
        self._layouts.set_layout(self.layout)
        for view in self.all:
            view.render_window().SetMultiSamples(0)
        self._volume: Any = None
        self._grid: Grid | None = None
        self._shown_k: int | None = None
        for view in self.slices:
            view.modified.connect(self._on_view_modified)

    @property
    def axial(self) -> SliceView:
        """The view across the patient."""
        return self.app.view_manager.get_view(AXIAL)

    @property
    def coronal(self) -> SliceView:
        """The view from the front."""
        return self.app.view_manager.get_view(CORONAL)

    @property
    def sagittal(self) -> SliceView:
        """The view from the side."""
        return self.app.view_manager.get_view(SAGITTAL)

    @property
    def three_d(self) -> ThreeDView:
        """The view of surfaces."""
        return self.app.view_manager.get_view(THREE_D)

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

    def build(self, page: Any) -> None:
        """Put the views into the widget that is open in `page`, a trame layout."""
        self._layouts.initialize_layout_grid(page)

    def arrange(self, layout: str) -> None:
        """Arrange the views as one of `LAYOUTS`."""
        self.layout = layout
        self._layouts.set_layout(layout)
        self.layout_changed(layout)

    def show_volume(self, node: Any) -> None:
        """Show a volume in the slice views, along its own axes, all of it in sight; None shows nothing."""
        self._volume = node
        self._grid = grid_of_volume(node) if node is not None else None
        self._shown_k = None
        for view in self.slices:
            view.set_background_volume_id(node.GetID() if node is not None else None)
            if node is not None:
                view.get_view_node().RotateToVolumePlane(node)
        if node is not None:
            self.fit()
            self.jump_to_ras(_middle(self._grid))

    def fit(self) -> None:
        """Bring all of the image and of the surfaces in sight."""
        for view in self.all:
            view.fit_view_to_content()
            view.schedule_render()

    def set_window(self, width: float, level: float) -> None:
        """Show the image's values from `level - width / 2`, black, to `level + width / 2`, white."""
        if self._volume is not None:
            display = self._volume.GetDisplayNode()
            display.SetAutoWindowLevel(False)
            display.SetWindowLevel(width, level)

    def jump_to_ras(self, point: Point, *, center: bool = True) -> None:
        """Let every slice view show a point, RAS mm; see `mrml.views.jump_to`."""
        jump_to(self.app.scene, point, center=center)

    def slice_index(self) -> int | None:
        """K of the image's slice in the view that shows slices of constant K; None without an image."""
        if self._grid is None:
            return None
        _, origin = self._plane(self._along_k())
        k = self._grid.world_to_index(lps_to_ras(origin))[2]
        return int(np.clip(round(float(k)), 0, self._grid.size[2] - 1))

    def set_slice_index(self, k: int) -> None:
        """Show the image's slice K, without moving within it."""
        if self._grid is None:
            return
        view = self._along_k()
        normal, origin = self._plane(view)
        here = self._grid.world_to_index(lps_to_ras(origin))
        here[2] = np.clip(k, 0, self._grid.size[2] - 1)
        there = lps_to_ras(self._grid.index_to_world(here))
        view.set_slice_value(view.get_slice_value() + float(normal @ (there - origin)))

    def render(self) -> None:
        """Draw every view again."""
        for view in self.all:
            view.schedule_render()

    def _along_k(self) -> SliceView:
        """The view whose slices are the image's slices of constant K."""
        assert self._grid is not None
        along_k = lps_to_ras(np.asarray(self._grid.direction).reshape(3, 3)[:, 2])
        return max(self.slices, key=lambda view: abs(float(self._plane(view)[0] @ along_k)))

    @staticmethod
    def _plane(view: SliceView) -> tuple[np.ndarray, np.ndarray]:
        """Normal and a point of a view's slice, RAS."""
        matrix = numbers_of(view.get_view_node().GetSliceToRAS())
        return matrix[:3, 2], matrix[:3, 3]

    def _on_view_modified(self, _view: Any) -> None:
        k = self.slice_index()
        if k is not None and k != self._shown_k:
            self._shown_k = k
            self.slice_changed(k)


def _middle(grid: Grid) -> Point:
    x, y, z = lps_to_ras(grid.index_to_world((np.asarray(grid.size) - 1) / 2))
    return float(x), float(y), float(z)


def _layouts() -> dict[str, Layout]:
    axial = ViewLayoutDefinition.axial_view(AXIAL)
    coronal = ViewLayoutDefinition.coronal_view(CORONAL)
    sagittal = ViewLayoutDefinition.sagittal_view(SAGITTAL)
    three_d = ViewLayoutDefinition.threed_view(name=THREE_D)
    beside, below = LayoutDirection.Horizontal, LayoutDirection.Vertical
    arranged = (
        Layout(beside, [axial, Layout(below, [coronal, sagittal, three_d])], ["2", "1"]),
        Layout(beside, [Layout(below, [axial, sagittal]), Layout(below, [coronal, three_d])]),
        Layout(beside, [axial]),
    )
    return dict(zip(LAYOUTS, arranged, strict=True))
