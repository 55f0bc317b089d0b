"""ThresholdScene: the map and its contours in the views, while the page is shown."""

from __future__ import annotations

import asyncio
from typing import Any

from ContourQALib.case import Image
from ContourQALib.mrml import volumes
from ContourQALib.mrml.outlines import REFERENCE_PIXELS, Role, display_of, rgb
from ContourQALib.mrml.overlay_colors import CERTAIN, SEEN, show_with_colors
from ContourQALib.mrml.scene_change import remove_node, scene_change
from ContourQALib.mrml.threshold_contour import ThresholdContour
from ContourQALib.report.threshold_panels import AT_HALF
from ContourQALib.workstation.thresholds.case_maps import Subject
from ContourQALib.workstation.views.case_views import CaseViews
from ContourQALib.workstation.views.page_nodes import outlined

HALF_PIXELS, CURRENT_PIXELS = 1, 3
"""The contour at 0.5 is thin, so that the current one is seen where both run along each other."""

HALF_NAME, REFERENCE_NAME, MAP_NAME = "Contour at 0.5", "Reference of the sweep", "Probability map"


class ThresholdScene:
    """Nodes of one map; all are gone from the scene when it is cleared.

    Args:
        scene: takes the nodes.
        views: show the map over the image.
    """

    def __init__(self, scene: Any, views: CaseViews) -> None:
        self._scene = scene
        self._views = views
        self._subject: Subject | None = None
        self._live: ThresholdContour | None = None
        self._half: Any = None
        self._reference: Any = None
        self._map: Any = None

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes that the scene holds for it."""
        current = self._live.node if self._live is not None else None
        return tuple(node for node in (current, self._half, self._reference, self._map) if node is not None)

    @property
    def subject(self) -> Subject | None:
        """What is shown; None for nothing."""
        return self._subject

    def show(self, subject: Subject) -> None:
        """Show a map's contours; the current one is empty until `cut`."""
        self.clear()
        with scene_change(self._scene):
            if subject.reference is not None:
                self._reference = outlined(
                    self._scene, subject.reference, REFERENCE_NAME, Role.REFERENCE.color, REFERENCE_PIXELS
                )
            self._half = outlined(self._scene, subject.half, HALF_NAME, rgb(AT_HALF.color), HALF_PIXELS)
            self._live = ThresholdContour(self._scene, subject.probability, part=subject.part)
            display_of(self._live.node).SetSliceIntersectionThickness(CURRENT_PIXELS)
        self._subject = subject

    async def cut(self, threshold: float) -> None:
        """Show the contour at a threshold; the voxels are looked at in a thread.

        Raises:
            SettingError: the threshold is not between 0 and 1.
        """
        live = self._live
        if live is None:
            return
        contour = await asyncio.to_thread(live.contour, threshold)
        if live is self._live:
            live.put(contour)

    def show_half(self, visible: bool) -> None:
        """Show or hide the contour at 0.5."""
        if self._half is not None:
            display_of(self._half).SetVisibility(visible)

    def show_reference(self, visible: bool) -> None:
        """Show or hide the reference."""
        if self._reference is not None:
            display_of(self._reference).SetVisibility(visible)

    def show_map(self, opacity: float) -> None:
        """Show the map in colors over the image; 0 takes it away."""
        if self._subject is None or opacity <= 0:
            self._remove_map()
            return
        if self._map is None:
            part = self._subject.part
            with scene_change(self._scene):
                self._map = volumes.add_volume(self._scene, Image(part.values, part.grid), MAP_NAME)
                show_with_colors(self._scene, self._map, SEEN, CERTAIN)
        self._views.lay_over(self._map, opacity)

    def clear(self) -> None:
        """Take everything out of the scene."""
        self._remove_map()
        nodes = self.nodes
        self._subject = self._live = self._half = self._reference = None
        for node in nodes:
            remove_node(self._scene, node)

    def _remove_map(self) -> None:
        node, self._map = self._map, None
        if node is not None:
            self._views.take_off(node)
            remove_node(self._scene, node)
