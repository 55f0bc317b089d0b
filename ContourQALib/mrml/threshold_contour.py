"""ThresholdContour: the contour P >= t of a probability map in a segment, live while a slider is dragged."""

from __future__ import annotations

from typing import Any

import numpy as np

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.metrics.surface import box
from ContourQALib.mrml import segmentations
from ContourQALib.mrml.outlines import Color, Role, display_of, outline
from ContourQALib.mrml.scene_change import scene_change

FLOOR = 0.01
"""The map is cut to the box of what is at least this likely; lower thresholds, which select haze all over the
image, go back to the whole map."""

NAME = "{} at the threshold"


class ThresholdContour:
    """Cuts a map once to the box that matters, and from then on puts P >= t into a segment.

    Attributes:
        node: the vtkMRMLSegmentationNode with the one segment.
    """

    def __init__(
        self,
        scene: Any,
        probability: ProbabilityMap,
        node: Any = None,
        color: Color = Role.ASSESSED.color,
        part: ProbabilityMap | None = None,
    ) -> None:
        """Prepare the map and its node.

        Args:
            scene: takes the node.
            probability: in the world, values in [0, 1]; not copied and not changed.
            node: a node made before for any map, used again; a new one by default.
            color: of the outline.
            part: `likely_part(probability, FLOOR)`, where that was made before, off the main thread.
        """
        self._whole = probability
        self._cropped = likely_part(probability, FLOOR) if part is None else part
        name = NAME.format(probability.name)
        empty = Contour(np.zeros(self._cropped.grid.shape, bool), self._cropped.grid, name, color)
        with scene_change(scene, [] if node is None else [node]):
            if node is None or not scene.IsNodePresent(node):
                node = segmentations.add_segmentation(scene, [empty], name)
            else:
                node.GetSegmentation().RemoveAllSegments()
                segmentations.add_segment(node, empty)
            self.node = node
            self._segment_id = node.GetSegmentation().GetSegmentIDs()[0]
            display = display_of(node)
            outline(display)
            display.SetVisibility3D(False)  # a surface anew at every step would be far too slow

    def contour(self, threshold: float) -> Contour:
        """P >= threshold, on the box that matters; no node is touched, so that any thread may ask.

        Raises:
            SettingError: the threshold is not between 0 and 1.
        """
        return cut(self._whole if 0 <= threshold < FLOOR else self._cropped, threshold)

    def show(self, threshold: float) -> None:
        """Make the segment P >= threshold.

        Raises:
            SettingError: the threshold is not between 0 and 1.
            StructureError: the segment was removed meanwhile; make a new ThresholdContour.
        """
        self.put(self.contour(threshold))

    def put(self, contour: Contour) -> None:
        """Make the segment a contour that `contour` gave.

        Raises:
            StructureError: as `show`.
        """
        segmentations.set_segment(self.node, self._segment_id, contour)


def cut(probability: ProbabilityMap, threshold: float) -> Contour:
    """P >= threshold as a contour on the map's grid; both are compared as float32, as in a sweep.

    Raises:
        SettingError: the threshold is not between 0 and 1.
    """
    if not 0 <= threshold <= 1:
        raise SettingError(f"The threshold {threshold:g} is not between 0 and 1.")
    return Contour(probability.values >= np.float32(threshold), probability.grid, probability.name)


def likely_part(probability: ProbabilityMap, floor: float = FLOOR) -> ProbabilityMap:
    """The map on the box of the voxels that are at least `floor`: a copy, one voxel where there is none."""
    likely = probability.values >= np.float32(floor)
    spans = box(likely) or (slice(0, 1),) * 3
    start = [span.start for span in spans[::-1]]
    grid = probability.grid
    x, y, z = (float(mm) for mm in grid.index_to_world(start))
    i, j, k = (span.stop - span.start for span in spans[::-1])
    part = Grid((i, j, k), grid.spacing, (x, y, z), grid.direction)
    return ProbabilityMap(probability.values[spans].copy(), part, probability.name)
