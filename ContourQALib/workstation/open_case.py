"""OpenCase: the case that the pages show, as nodes and as what was found of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ContourQALib.case import Contour, Image
from ContourQALib.mrml import segmentations
from ContourQALib.quality.assessment import Assessment, StructureAssessment
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles


@dataclass(eq=False)
class OpenCase:
    """One case in the scene.

    Attributes:
        files: what was read of it, and can be read further (reference, models, maps).
        image: the image; kept, since a worker knows it again by the same object.
        volume: vtkMRMLScalarVolumeNode of the image.
        contours: vtkMRMLSegmentationNode of the contours that are assessed, as they are now.
        assessment: what was found; None until it is known. Made here it carries error maps, kept it has none.
        edited: structures changed since their file was read.
        awaited: by structure, how many assessments of it are under way.
        changes: by structure, how often its contour was changed in the scene.
        known_at: by structure, how often it had been changed when what is known of it was asked for.
    """

    files: CaseFiles
    image: Image
    volume: Any
    contours: Any
    assessment: Assessment | None = None
    edited: set[str] = field(default_factory=set)
    awaited: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    known_at: dict[str, int] = field(default_factory=dict)

    @property
    def entry(self) -> CaseEntry:
        """Which case of the list it is."""
        return self.files.entry

    @property
    def segment_ids(self) -> dict[str, str]:
        """Segment's ID by structure, in the order of the segmentation."""
        return {segment.name: segment.id for segment in segmentations.segments_of(self.contours)}

    @property
    def structures(self) -> tuple[str, ...]:
        """Names of the contours."""
        return tuple(self.segment_ids)

    def contour(self, structure: str) -> Contour:
        """A contour as it is in the scene now, cropped, on the image's lattice.

        Raises:
            StructureError: there is no such structure.
        """
        return segmentations.contour_of(
            self.contours, self.segment_ids.get(structure, structure), self.image.grid
        )

    def found(self, structure: str) -> StructureAssessment | None:
        """What was predicted of a structure; None where nothing is known of it."""
        every = self.assessment.structures if self.assessment else ()
        return next((one for one in every if one.structure == structure), None)

    def is_awaited(self, structure: str) -> bool:
        """Whether an assessment of a structure is under way."""
        return self.awaited[structure] > 0

    def is_outdated(self, structure: str) -> bool:
        """Whether a structure's contour was changed after what is known of it was asked for."""
        return self.changes[structure] != self.known_at.get(structure, 0)
