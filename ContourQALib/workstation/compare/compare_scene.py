"""CompareScene: the outlines and the difference that the comparison page shows in the views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ContourQALib.case import Contour
from ContourQALib.mrml import overlays, segmentations
from ContourQALib.mrml.outlines import OUTLINE_PIXELS, REFERENCE_PIXELS, display_of, rgb
from ContourQALib.mrml.scene_change import remove_node, scene_change
from ContourQALib.workstation.compare.case_source import CaseSource
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.views.page_nodes import only_segment, outlined, own

MARKED = "Compared"
"""Names the segments of the difference."""


class CompareScene:
    """Draws one structure of every source; the contours under review are out of sight meanwhile.

    Args:
        scene: takes the nodes.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._outlines: dict[str, Any] = {}
        self._drawn: dict[str, Contour] = {}
        self._reference = ""
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

    def show(self, case: OpenCase, contours: Mapping[CaseSource, Contour], reference: str) -> None:
        """Show one contour of each source and nothing else; what is drawn already stays.

        Nodes are kept from one structure to the next: to remove one takes ten times as long as to change it.

        Args:
            case: the open case.
            contours: by source.
            reference: name of the source that the others are measured against; its outline is the widest.
        """
        if reference != self._reference:
            self.clear()
            self._reference = reference
        wanted = {source.name for source in contours}
        for name in self._outlines.keys() - wanted:
            self._remove(name)
        # the reference is drawn first, so that it lies below what runs along it
        for source, contour in sorted(contours.items(), key=lambda pair: pair[0].name != reference):
            if self._drawn.get(source.name) is contour:
                continue
            node = self._outlines.get(source.name)
            if node is None:
                self._outlines[source.name] = self._outlined(case, source, contour)
            else:
                segmentations.set_segment(node, only_segment(node), contour)
            self._drawn[source.name] = contour

    def mark(self, case: OpenCase | None, pair: tuple[Contour, Contour] | None, opacity: float) -> None:
        """Mark what a contour has too much and what it leaves out against another.

        Args:
            case: the open case.
            pair: (reference, test); None marks nothing.
            opacity: of the fillings, 0 to 1.
        """
        if pair is None or case is None:
            node, self._differences, self._marked = self._differences, None, None
            remove_node(self._scene, node)
            return
        if pair is self._marked:
            overlays.set_opacity(self._differences, opacity)
            return
        # under one name whatever the structure, so that the segments are changed and not made anew
        named = [(replace(pair[0], name=MARKED), pair[1])]
        self._differences = own(
            overlays.show_differences(self._scene, named, self._differences, opacity, case.volume)
        )
        self._marked = pair

    def _outlined(self, case: OpenCase, source: CaseSource, contour: Contour) -> Any:
        with scene_change(self._scene, batch=True):
            name = f"Compared {source.name}"
            named = replace(contour, name=source.name)  # whatever structure it is of later
            pixels = REFERENCE_PIXELS if source.name == self._reference else OUTLINE_PIXELS
            return outlined(self._scene, named, name, rgb(source.look.color), pixels, case.volume)

    def _remove(self, name: str) -> None:
        node = self._outlines.pop(name, None)
        self._drawn.pop(name, None)
        remove_node(self._scene, node)
