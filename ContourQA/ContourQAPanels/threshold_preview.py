"""ThresholdPreview: the contour at the current threshold in the slice views, and as a segment to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import StructureError
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.segmentations import add_segment, add_segmentation, segments_of
from ContourQALib.mrml.threshold_contour import ThresholdContour
from ContourQALib.report.wording import threshold_text

if TYPE_CHECKING:
    from ContourQAPanels.session import Session


class ThresholdPreview:
    """Cuts the map and shows the cut.

    Args:
        session: what the panels share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._contour: ThresholdContour | None = None
        self._map: ProbabilityMap | None = None

    def show(self, probability: ProbabilityMap, threshold: float) -> None:
        """Show P >= threshold; the first time for a map takes longer than the next ones.

        Raises:
            ContourQAError: the threshold is not between 0 and 1.
        """
        node = self._session.parameterNode
        self._prepare(probability)
        assert self._contour is not None, "prepared above"
        self._contour.show(threshold)
        self._contour.node.SetDisplayVisibility(True)
        if node.thresholdContour is not self._contour.node:
            node.thresholdContour = self._contour.node

    def hide(self) -> None:
        """Hide the contour; its node stays for the next time."""
        node = self._session.parameterNode
        shown = self._session.live(node.thresholdContour) if node is not None else None
        if shown is not None:
            shown.SetDisplayVisibility(False)

    def forget(self) -> None:
        """Let go of map and node."""
        self._contour = self._map = None

    def makeSegment(self, probability: ProbabilityMap, threshold: float, target: Any, volume: Any) -> str:
        """Add P >= threshold as a segment, as one change that can be undone.

        Args:
            probability: the map.
            threshold: between 0 and 1.
            target: the segmentation that gets it; None for a new one.
            volume: the map's volume, whose grid a new segmentation takes.

        Returns:
            Name of the segmentation.

        Raises:
            ContourQAError: no voxel reaches the threshold, or the segmentation cannot take a segment.
        """
        from ContourQALib.mrml.threshold_contour import cut, likely_part

        contour = cut(likely_part(probability, threshold) if threshold > 0 else probability, threshold)
        if not contour.mask.any():
            raise StructureError(
                _("No voxel of {structure} reaches {threshold}; choose a lower threshold.").format(
                    structure=probability.name, threshold=threshold_text(threshold)
                )
            )
        named = f"{probability.name} (P ≥ {threshold_text(threshold)})"
        made = Contour(contour.mask, contour.grid, _free(named, target))
        scene = self._session.scene
        with scene_change(scene, [target] if target is not None else []):
            if target is None:
                target = add_segmentation(scene, [made], _("Thresholded contours"), volume)
            else:
                add_segment(target, made)
        return str(target.GetName())

    def _prepare(self, probability: ProbabilityMap) -> None:
        there = self._contour is not None and self._session.live(self._contour.node) is not None
        if there and self._map is not None and self._map.values is probability.values:
            return
        node = self._session.live(self._session.parameterNode.thresholdContour)
        with scene_change(self._session.scene, joins=True):  # moving the slider is nothing to undo
            self._contour = ThresholdContour(self._session.scene, probability, node)
        self._map = probability


def _free(name: str, target: Any) -> str:
    """The name, with a number where the segmentation has a segment of that name."""
    taken = {segment.name for segment in segments_of(target)} if target is not None else set()
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} {number}"
    return found
