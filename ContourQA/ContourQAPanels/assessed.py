"""Assessed: an assessment with the segments it is of, kept while single segments are assessed anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ContourQALib.quality.assessment import Assessment

if TYPE_CHECKING:
    from ContourQALib.case import Contour
    from ContourQALib.geometry import Grid
    from ContourQALib.quality.error_map import ErrorMap
    from ContourQALib.quality.verdict import Levels


def sameContour(contour: Contour, other: Contour | None) -> bool:
    """Whether two cropped contours are the same mask in the same place, under the same name."""
    import numpy as np

    if other is None or contour.name != other.name:
        return False
    if not contour.mask.any() and not other.mask.any():
        return True  # nothing has no place of its own
    return contour.grid == other.grid and bool(np.array_equal(contour.mask, other.mask))


@dataclass(frozen=True, eq=False)
class Assessed:
    """An assessment and where its contours come from.

    Attributes:
        assessment: the result.
        segmentIds: the segment of each of its structures, in their order.
        contours: by segment ID, the contour that was assessed.
        volumeId: node of the image.
        segmentationId: node of the segments.
    """

    assessment: Assessment
    segmentIds: tuple[str, ...]
    contours: dict[str, Contour] = field(repr=False)
    volumeId: str
    segmentationId: str

    def isOf(self, volumeNode: Any, segmentationNode: Any) -> bool:
        """Whether this is about these two nodes."""
        ids = [node.GetID() if node is not None else None for node in (volumeNode, segmentationNode)]
        return ids == [self.volumeId, self.segmentationId]

    def nodesIn(self, scene: Any) -> tuple[Any, Any]:
        """The volume's and the segmentation's node, None for one that is gone."""
        return scene.GetNodeByID(self.volumeId), scene.GetNodeByID(self.segmentationId)

    def changedIn(self, segmentationNode: Any, grid: Grid | None) -> Generator[None, None, list[str]]:
        """The structures whose contours were edited or removed since they were assessed, found one a step.

        Args:
            segmentationNode: the segments as they are now; None where they are gone.
            grid: of the image, where there is one.
        """
        from ContourQALib.mrml.segmentations import contour_of

        there = segmentationNode is not None
        ids = set(segmentationNode.GetSegmentation().GetSegmentIDs()) if there else set()
        changed = []
        for segmentId, one in zip(self.segmentIds, self.assessment.structures, strict=True):
            known = self.contours[segmentId]
            if segmentId not in ids or not sameContour(known, contour_of(segmentationNode, segmentId, grid)):
                changed.append(one.structure)
            yield
        return changed

    def updated(self, newer: Assessed) -> Assessed:
        """With the structures of a newer assessment, by our levels, in place of the older ones."""
        newer = newer.redecided(self.assessment.levels)
        structures = dict(zip(self.segmentIds, self.assessment.structures, strict=True))
        structures.update(zip(newer.segmentIds, newer.assessment.structures, strict=True))
        models = dict.fromkeys((*self.assessment.models, *newer.assessment.models))
        assessment = replace(self.assessment, structures=tuple(structures.values()), models=tuple(models))
        if assessment.model.name is None:
            assessment = replace(assessment, model=newer.assessment.model)
        return replace(
            self,
            assessment=assessment,
            segmentIds=tuple(structures),
            contours={**self.contours, **newer.contours},
        )

    def without(self, segmentId: str) -> Assessed:
        """Without a segment that is gone."""
        kept = [place for place, one in enumerate(self.segmentIds) if one != segmentId]
        structures = tuple(self.assessment.structures[place] for place in kept)
        return replace(
            self,
            assessment=replace(self.assessment, structures=structures),
            segmentIds=tuple(self.segmentIds[place] for place in kept),
            contours={one: contour for one, contour in self.contours.items() if one != segmentId},
        )

    def redecided(self, levels: Levels) -> Assessed:
        """With the verdicts of other levels."""
        from ContourQALib.quality.redeciding import redecide

        return replace(self, assessment=redecide(self.assessment, levels))

    def errors(self) -> dict[str, ErrorMap]:
        """The error maps, by the name under which a contour's errors are shown."""
        return {
            self.errorName(segmentId): one.error
            for segmentId, one in zip(self.segmentIds, self.assessment.structures, strict=True)
            if one.error is not None
        }

    def errorName(self, segmentId: str) -> str:
        """Name of a contour in the overlay: the structure's, and the segment's ID where several share it."""
        names = [one.structure for one in self.assessment.structures]
        if segmentId not in self.segmentIds:
            return segmentId
        name = names[self.segmentIds.index(segmentId)]
        return name if Counter(names)[name] == 1 else f"{name} ({segmentId})"
