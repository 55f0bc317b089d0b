"""ContourUse: the contour at a threshold becomes the contour under review, or a file beside the original."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.metrics.domain import cropped
from ContourQALib.mrml.threshold_contour import FLOOR, cut
from ContourQALib.report.wording import threshold_text
from ContourQALib.workstation.decisions.edited_contours import save_edited
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.thresholds.case_maps import Subject


class ContourUse:
    """Takes over what a threshold gives.

    Args:
        session: what the pages share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def become(self, subject: Subject, threshold: float) -> None:
        """Make the contour at a threshold the one under review: an edit, which can be undone.

        Raises:
            WorkstationError: the case has no contour of the structure, or nothing reaches the threshold.
            GeometryError: the map lies wholly outside of the image.
        """
        case, name = self._case(), subject.probability.name
        if name not in case.structures:
            raise WorkstationError(
                f"Case {case.entry.name} has no contour of {name} to replace; save it as a file instead."
            )
        contour = await asyncio.to_thread(_placed, subject, threshold, case)
        if case is not self._session.case:
            return
        with self._session.state:
            if self._session.structure != name:
                self._session.select_structure(name)
            self._session.strokes.become(name, contour)
            self._session.strokes.settle()
        self._session.tell(
            f"{name} under review is now P ≥ {threshold_text(threshold)}, which lies in no file yet.",
            "success",
        )

    async def save(self, subject: Subject, threshold: float) -> str:
        """Save the contour at a threshold beside the case's own, over nothing; the case stays as it is.

        Returns:
            Name of the file.

        Raises:
            WorkstationError: nothing reaches the threshold, or the map comes from no file.
            OutputError: the folder cannot be written, or the disk is full.
            GeometryError: the map lies wholly outside of the image.
        """
        case, probability = self._case(), subject.probability
        contour = await asyncio.to_thread(_placed, subject, threshold, case)
        if probability.name in case.structures:
            names = await self._session.edits.save_contours(case, [contour])
            file = names[probability.name]
        else:
            file = (await asyncio.to_thread(_save_beside, probability, contour, case)).name
        self._session.tell(
            f"Saved {probability.name} at threshold {threshold_text(threshold)} as {file}.", "success"
        )
        return file

    def _case(self) -> OpenCase:
        if self._session.case is None:
            raise WorkstationError("No case is open; open one from the worklist.")
        return self._session.case


def _placed(subject: Subject, threshold: float, case: OpenCase) -> Contour:
    """The contour on the image's lattice, cut to its box, with the color of the one under review."""
    probability = subject.probability if threshold < FLOOR else subject.part
    contour = cut(probability, threshold)
    if not contour.mask.any():
        raise WorkstationError(
            f"No voxel of {contour.name} reaches {threshold_text(threshold)}; choose a lower threshold."
        )
    placed = cropped(contour.on(case.image.grid))
    drawn = next((one for one in case.files.contours() if one.name == contour.name), None)
    return replace(placed, color=drawn.color if drawn else None)


def _save_beside(probability: ProbabilityMap, contour: Contour, case: OpenCase) -> Path:
    if probability.path is None:
        raise WorkstationError(f"The map of {probability.name} comes from no file to save a contour beside.")
    return save_edited(probability.path, [contour], case.image.grid, before=())
