"""ReadCase: a case's image and contours as they are read, on their way into the scene."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.domain import cropped_on
from ContourQALib.mrml import outlines, segmentations, volumes
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.quality.assessment import Assessment
from ContourQALib.report.figures import Window, window
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.open_case import OpenCase


@dataclass(frozen=True, eq=False)
class ReadCase:
    """What opening a case needs of its files.

    Attributes:
        files: where it was read.
        image: the image.
        contours: those to assess, on the image's lattice, each cut to its own box.
        window: the gray scale to begin with.
    """

    files: CaseFiles
    image: Image
    contours: tuple[Contour, ...]
    window: Window

    @classmethod
    async def of(cls, files: CaseFiles) -> Self:
        """Read a case in threads.

        Raises:
            ContourQAError: a file cannot be read, or image and contours do not fit.
        """
        image, contours = await asyncio.gather(
            asyncio.to_thread(files.image), asyncio.to_thread(files.contours)
        )
        placed = await asyncio.to_thread(_placed, contours, image.grid)
        return cls(files, image, placed, await asyncio.to_thread(window, image))

    def into(self, scene: Any, assessment: Assessment | None) -> OpenCase:
        """Add the case to a scene; on the main thread.

        Args:
            scene: vtkMRMLScene.
            assessment: what is known of the case.
        """
        with scene_change(scene, batch=True):
            shown = self.window.low, self.window.high
            volume = volumes.add_volume(scene, self.image, "Image", share=True, shown=shown)
            node = segmentations.add_segmentation(scene, self.contours, "Contours", volume)
            outlines.outline(outlines.display_of(node))
        return OpenCase(self.files, self.image, volume, node, assessment)


def _placed(contours: Sequence[Contour], grid: Grid) -> tuple[Contour, ...]:
    """Contours on a grid's lattice, each cut to its own box: 20 whole masks of a CT are 800 MB."""
    return tuple(cropped_on(contour, grid) for contour in contours)
