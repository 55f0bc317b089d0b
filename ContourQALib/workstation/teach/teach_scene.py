"""TeachScene: the nodes that are taught with, in the same views as the open case's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from vtkmodules.vtkCommonMath import vtkMatrix4x4

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.domain import enclosing
from ContourQALib.mrml import overlays, segmentations, volumes
from ContourQALib.mrml.outlines import OUTLINE_PIXELS, REFERENCE_PIXELS, Role, display_of
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.views import center_of
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.report.figures import CT_WINDOW
from ContourQALib.workstation.teach.teach_state import NOTHING, PROBABLE, TRUE
from ContourQALib.workstation.teach.teaching_case import TeachingCase
from ContourQALib.workstation.teach.view_memory import ViewMemory
from ContourQALib.workstation.views.case_views import CaseViews
from ContourQALib.workstation.views.page_nodes import only_segment, outlined, own

SURFACE_VOXELS = 100_000
"""A larger contour is not shown in 3D: its surface, anew at each step of the slider, would take too long."""

REFERENCE_OPACITY_3D = 0.35

AROUND = 2.5
LEAST_SEEN_MM = 100.0
"""The views show so many times the contour's extent, and at least so much of its surroundings."""

_SPECK = Image(np.zeros((1, 1, 1), np.int16), Grid((1, 1, 1)))
"""What the node of the image holds before there is one."""

_HIDDEN = ("vtkMRMLSegmentationDisplayNode", "vtkMRMLModelDisplayNode", "vtkMRMLMarkupsDisplayNode")


class TeachScene:
    """Shows an image, the reference, the spoiled contour and overlays; all else is out of sight meanwhile.

    Nothing is added before the page is entered for the first time. What the views showed comes back when the
    page is left.

    Args:
        scene: takes the nodes.
        views: the four views.
    """

    def __init__(self, scene: Any, views: CaseViews) -> None:
        self._scene = scene
        self._views = views
        self.active = False
        self._volume: Any = None
        self._borrowed: Any = None
        self._reference: Any = None
        self._drawn: Any = None
        self._differences: Any = None
        self._probable: Any = None
        self._contours: tuple[Contour, Contour] | None = None
        self._error: ErrorMap | None = None
        self._overlaid: list[Any] = [None, None]
        self._reference_shown = True
        self._marked = NOTHING
        self._others: list[Any] = []
        self._before: ViewMemory | None = None

    def enter(self) -> None:
        """Hide what other pages show, and show what is taught with."""
        if self.active:
            return
        self.active = True
        self._before = ViewMemory.of(self._views, self._views.volume)
        self.hide_others()
        for view in self._views.slices:
            view.set_foreground_volume_id(None)
        self._refresh()
        self._views.show_volume(self._volume)
        self.center()

    def hide_others(self) -> None:
        """Hide what was added to the scene by others since, too."""
        if not self.active:
            return
        own = {node.GetDisplayNode() for node in self._nodes()}
        for display in self._displays():
            if display not in own and display.GetVisibility():
                display.SetVisibility(False)
                self._others.append(display)

    def leave(self) -> None:
        """Hide what is taught with, and show what was shown before."""
        if not self.active:
            return
        self.active = False
        for node in self._nodes():
            display_of(node).SetVisibility(False)
        if self._before is not None:
            self._before.restore(self._views)
        for display in self._others:
            if self._scene.IsNodePresent(display):
                display.SetVisibility(True)
        self._others, self._before = [], None
        self._views.render()

    def was_replaced(self, volume: Any) -> None:
        """Another case was opened, or the open one closed: that comes back when the page is left."""
        if self.active:
            self._before = ViewMemory.of(self._views, volume)
            self.hide_others()
            self._views.show_volume(self._volume)
            self.center()

    def show_case(self, case: TeachingCase, volume: Any = None) -> None:
        """Show another image.

        Args:
            case: what is taught with.
            volume: the node that holds its image already, whose voxels are shown without a copy of them.
        """
        with scene_change(self._scene):
            if self._volume is None:
                self._volume = own(volumes.add_volume(self._scene, _SPECK, "Teaching image"))
            if volume is None:
                volumes.set_values(self._volume, case.image.values, case.image.grid, share=True)
                _set_window(self._volume, CT_WINDOW[1] - CT_WINDOW[0], sum(CT_WINDOW) / 2)
            else:
                self._borrow(volume)
        self._borrowed = volume
        self._contours = self._error = None
        if self.active:
            self._views.show_volume(self._volume)

    def forget(self, volume: Any) -> None:
        """A volume of others goes out of the scene: let go of its voxels."""
        if self._borrowed is volume:
            self._borrowed = None
            volumes.set_values(self._volume, _SPECK.values, _SPECK.grid)
            self._contours = self._error = None
            self._refresh()

    def draw(self, reference: Contour, contour: Contour) -> None:
        """Show a spoiled contour beside the reference it came from.

        The views stay where they are, but for another reference, which they are centered on.
        """
        changed = self._contours is None or self._contours[0] is not reference
        self._contours, self._error = (reference, contour), None
        with scene_change(self._scene):
            if self._reference is None:
                self._reference = self._outlined(reference, "Teaching reference", Role.REFERENCE)
                self._drawn = self._outlined(contour, "Teaching contour", Role.ASSESSED)
            else:
                if changed:
                    _put(self._reference, reference)
                _put(self._drawn, contour)
        self._refresh()
        if changed:
            self.center()

    def show_error(self, error: ErrorMap | None) -> None:
        """Where the contour that is drawn is probably wrong; None where no model says so."""
        self._error = error
        self._refresh()

    def show(self, *, reference: bool, marked: str) -> None:
        """Show or hide the reference, and mark `TRUE` differences, `PROBABLE` errors or `NOTHING`."""
        self._reference_shown, self._marked = reference, marked
        self._refresh()

    def center(self) -> None:
        """Bring the reference's contour to the middle of the views, large enough to judge its outline."""
        if not self.active or self._contours is None or not self._contours[0].mask.any():
            return
        reference = self._contours[0]
        self._views.jump_to_ras(center_of(reference))
        extent_mm = max(np.multiply(reference.grid.size, reference.grid.spacing))
        for view in self._views.slices:
            _zoom(view.get_view_node(), max(AROUND * extent_mm, LEAST_SEEN_MM))
        self._views.three_d.fit_view_to_content()

    def seek(self) -> None:
        """Bring the slices in sight where the contour that is drawn differs from the reference."""
        if not self.active or self._contours is None:
            return
        reference, contour = self._contours
        grid = enclosing(reference.grid, [contour.grid])
        different = Contour(reference.on(grid).mask ^ contour.on(grid).mask, grid, reference.name)
        if different.mask.any():
            self._views.jump_to_ras(center_of(different), center=False)
            self._views.three_d.fit_view_to_content()

    def _refresh(self) -> None:
        """Bring overlays up to date and show what is to be seen now."""
        pair, error = self._contours, self._error
        seen = self.active and pair is not None
        differences = seen and self._marked == TRUE
        probable = seen and self._marked == PROBABLE and error is not None
        if differences and pair is not None and pair is not self._overlaid[0]:
            node = overlays.show_differences(self._scene, [pair], self._differences, volume_node=self._volume)
            self._differences, self._overlaid[0] = own(node), pair
        if probable and error is not None and pair is not None and error is not self._overlaid[1]:
            found = {pair[0].name: error}
            node = overlays.show_errors(self._scene, found, self._probable, volume_node=self._volume)
            self._probable, self._overlaid[1] = own(node), error
        visible = {
            self._reference: seen and self._reference_shown,
            self._drawn: seen,
            self._differences: differences,
            self._probable: probable,
        }
        for node, wanted in visible.items():
            if node is not None:
                display_of(node).SetVisibility(bool(wanted))

    def _borrow(self, volume: Any) -> None:
        """Show another volume's voxels in our own node: by the node others tell that it is not theirs."""
        matrix = vtkMatrix4x4()
        volume.GetIJKToRASMatrix(matrix)
        self._volume.SetIJKToRASMatrix(matrix)
        self._volume.SetAndObserveImageData(volume.GetImageData())
        display = volume.GetDisplayNode()
        _set_window(self._volume, display.GetWindow(), display.GetLevel())

    def _outlined(self, contour: Contour, name: str, role: Role) -> Any:
        is_reference = role is Role.REFERENCE
        pixels = REFERENCE_PIXELS if is_reference else OUTLINE_PIXELS
        node = outlined(self._scene, contour, name, role.color, pixels, self._volume)
        display = display_of(node)
        display.SetVisibility3D(True)
        display.SetOpacity3D(REFERENCE_OPACITY_3D if is_reference else 1.0)
        _put(node, contour)
        return node

    def _nodes(self) -> Iterator[Any]:
        every = (self._reference, self._drawn, self._differences, self._probable)
        return (node for node in every if node is not None)

    def _displays(self) -> Iterator[Any]:
        for kind in _HIDDEN:
            found = self._scene.GetNodesByClass(kind)
            found.UnRegister(None)
            yield from (found.GetItemAsObject(n) for n in range(found.GetNumberOfItems()))


def _set_window(volume: Any, width: float, level: float) -> None:
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(width, level)


def _put(node: Any, contour: Contour) -> None:
    """Make a contour the node's only segment's, with a surface for the 3D view where that takes no time."""
    segmentation = node.GetSegmentation()
    small = contour.mask.size > 0 and np.count_nonzero(contour.mask) <= SURFACE_VOXELS
    if not small:
        node.RemoveClosedSurfaceRepresentation()
    segmentations.set_segment(node, only_segment(node), contour)
    if small and not segmentation.ContainsRepresentation("Closed surface"):
        node.CreateClosedSurfaceRepresentation()


def _zoom(node: Any, seen_mm: float) -> None:
    """Let the shorter side of a slice view show so many mm."""
    x, y, z = node.GetFieldOfView()
    factor = seen_mm / min(x, y)
    node.SetFieldOfView(x * factor, y * factor, z)
