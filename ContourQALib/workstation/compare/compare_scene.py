"""CompareScene: the outlines and the difference that the comparison page shows in the views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ContourQALib.case import Contour
from ContourQALib.mrml import overlays, segmentations
from ContourQALib.mrml.outlines import OUTLINE_PIXELS, REFERENCE_PIXELS, display_of, outline, rgb
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.workstation.compare.case_source import CaseSource
from ContourQALib.workstation.open_case import OpenCase


class CompareScene:
    """Draws one structure of every source; the contours under review are out of sight meanwhile.

    Args:
        scene: takes the nodes.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._outlines: dict[str, Any] = {}
        self._drawn: dict[str, tuple[Any, ...]] = {}
        self._differences: Any = None
        self._marked: tuple[Contour, Contour] | None = None
        self._hidden: Any = None

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The nodes that the scene holds for the page."""
        marks = () if self._differences is None else (self._differences,)
        return (*self._outlines.values(), *marks)

    def node(self, source: str) -> Any:
        """The vtkMRMLSegmentationNode of a source; None where it is not shown."""
        return self._outlines.get(source)

    def enter(self, case: OpenCase) -> None:
        """Take the contours under review out of sight: they are drawn among the others."""
        display = display_of(case.contours)
        if display.GetVisibility():
            display.SetVisibility(False)
            self._hidden = display

    def leave(self) -> None:
        """Take everything out of the scene, and show the contours under review again."""
        self.clear()
        display, self._hidden = self._hidden, None
        if display is not None and self._scene.IsNodePresent(display):
            display.SetVisibility(True)

    def clear(self) -> None:
        """Take everything out of the scene."""
        for name in list(self._outlines):
            self._remove(name)
        self.mark(None, None, 0.0)

    def show(
        self, case: OpenCase, contours: Mapping[CaseSource, Contour], reference: str, structure: str
    ) -> None:
        """Show contours of one structure and nothing else; what is drawn already stays.

        Args:
            case: the open case.
            contours: by source.
            reference: name of the source that the others are measured against; its outline is the widest.
            structure: what they are contours of.
        """
        wanted = {source.name: source for source in contours}
        for name in [name for name in self._outlines if name not in wanted]:
            self._remove(name)
        # the reference is drawn first, so that it lies below what runs along it
        for source, contour in sorted(contours.items(), key=lambda pair: pair[0].name != reference):
            pixels = REFERENCE_PIXELS if source.name == reference else OUTLINE_PIXELS
            state = (contour, pixels, structure)
            if self._drawn.get(source.name) != state:
                self._remove(source.name)
                self._outlines[source.name] = self._outlined(case, source, contour, pixels)
                self._drawn[source.name] = state

    def mark(self, case: OpenCase | None, pair: tuple[Contour, Contour] | None, opacity: float) -> None:
        """Mark what a contour has too much and what it leaves out against another.

        Args:
            case: the open case.
            pair: (reference, test); None marks nothing.
            opacity: of the fillings, 0 to 1.
        """
        if pair is None or case is None:
            node, self._differences, self._marked = self._differences, None, None
            if node is not None:
                self._scene.RemoveNode(node)
            return
        if pair is self._marked:
            overlays.set_opacity(self._differences, opacity)
            return
        if self._differences is not None:  # of another structure: a new one, else the old one's names stay
            self.mark(None, None, 0.0)
        self._differences = _own(
            overlays.show_differences(self._scene, [pair], opacity=opacity, volume_node=case.volume)
        )
        self._marked = pair

    def _outlined(self, case: OpenCase, source: CaseSource, contour: Contour, pixels: int) -> Any:
        with scene_change(self._scene, batch=True):
            node = _own(
                segmentations.add_segmentation(self._scene, [contour], f"Compared {source.name}", case.volume)
            )
            display = display_of(node)
            outline(display, pixels)
            display.SetVisibility3D(False)
            display.SetSegmentOverrideColor(
                node.GetSegmentation().GetNthSegmentID(0), *rgb(source.look.color)
            )
        return node

    def _remove(self, name: str) -> None:
        node = self._outlines.pop(name, None)
        self._drawn.pop(name, None)
        if node is not None:
            self._scene.RemoveNode(node)


def _own(node: Any) -> Any:
    """A node that other pages do not list and that no scene file holds."""
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return node
