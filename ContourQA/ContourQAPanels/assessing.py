"""Assessing: the requests of the quality panel, prepared in steps, and their answers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.errors import SettingError, StructureError
from ContourQAPanels.assessed import Assessed, sameContour

if TYPE_CHECKING:
    from ContourQALib.case import Contour
    from ContourQALib.geometry import Grid
    from ContourQALib.quality.verdict import Levels
    from ContourQAPanels.session import Session


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the user has chosen, at the moment of asking.

    Attributes:
        volume: the image's node.
        segmentation: the segments' node.
        segmentIds: of the segments to assess.
        model: a model's name or folder; None for the one that knows the structure.
        levels: accept and reject levels.
        device: auto, cpu or cuda.
    """

    volume: Any
    segmentation: Any
    segmentIds: tuple[str, ...]
    model: str | None
    levels: Levels
    device: str


def inputsOf(session: Session) -> Inputs:
    """The inputs in the parameter node.

    Raises:
        SettingError: something is missing or cannot be; the sentence says what to do.
    """
    from ContourQALib.quality.verdict import Levels

    parameters = session.parameterNode
    volume = session.live(parameters.inputVolume) if parameters else None
    segmentation = session.live(parameters.segmentation) if parameters else None
    if volume is None:
        raise SettingError(_("Choose the volume that the contours were drawn on."))
    if segmentation is None:
        raise SettingError(_("Choose the segmentation whose contours are to be assessed."))
    ids = tuple(segmentation.GetSegmentation().GetSegmentIDs())
    if not ids:
        raise SettingError(
            _("The segmentation {name} has no segments: draw or load some.").format(
                name=segmentation.GetName()
            )
        )
    unselected = set(parameters.unselectedSegments)
    chosen = tuple(one for one in ids if one not in unselected)
    if not chosen:
        raise SettingError(_("Check at least one segment to assess."))
    levels = Levels(parameters.acceptLevel, parameters.rejectLevel)
    return Inputs(volume, segmentation, chosen, parameters.modelName or None, levels, parameters.device)


class Assessing:
    """One request: what it asks, and what was in the scene when it was asked."""

    def __init__(self, session: Session, inputs: Inputs, known: Assessed | None = None) -> None:
        """`known`: segments whose contour is the one that was assessed there are not asked about again."""
        self._session, self.inputs, self._known = session, inputs, known
        self.segmentIds: list[str] = []
        self.emptyNames: list[str] = []
        self._contours: dict[str, Contour] = {}

    def prepare(self) -> Generator[None, None, Any]:
        """Prepare the request, a segment a step; None where nothing has changed.

        Raises:
            ContourQAError: an input cannot be used.
        """
        from ContourQALib.mrml.segmentations import contour_of
        from ContourQALib.worker_requests import AssessRequest

        inputs = self.inputs
        image = self._session.imageOf(inputs.volume)
        yield
        for segmentId in inputs.segmentIds:
            contour = contour_of(inputs.segmentation, segmentId, image.grid)
            if not contour.mask.any():
                self.emptyNames.append(contour.name)
                contour = _emptyOn(image.grid, contour)
            if self._known is None or not sameContour(contour, self._known.contours.get(segmentId)):
                self.segmentIds.append(segmentId)
                self._contours[segmentId] = contour
            yield
        if not self._contours:
            return None
        if self._known is None and len(self.emptyNames) == len(self._contours):
            raise StructureError(
                _("Nothing to assess: {names} is empty.").format(names=self.emptyNames[0])
                if len(self.emptyNames) == 1
                else _("Nothing to assess: all checked segments are empty.")
            )
        return AssessRequest(
            image=image,
            contours=tuple(self._contours.values()),
            model=inputs.model,
            levels=inputs.levels,
            device=inputs.device,
        )

    def stillThere(self) -> bool:
        """Whether both nodes are still in the scene."""
        nodes = (self.inputs.volume, self.inputs.segmentation)
        return all(self._session.live(node) is not None for node in nodes)

    def isOf(self, volumeNode: Any, segmentationNode: Any) -> bool:
        """Whether this is about these two nodes."""
        return self.inputs.volume is volumeNode and self.inputs.segmentation is segmentationNode

    def assessed(self, assessment: Any) -> Assessed:
        """The answer, with the segments it is of."""
        return Assessed(
            assessment,
            tuple(self.segmentIds),
            dict(self._contours),
            self.inputs.volume.GetID(),
            self.inputs.segmentation.GetID(),
        )


def _emptyOn(grid: Grid, contour: Contour) -> Contour:
    """An empty contour that lies on the image: it has no place of its own."""
    import numpy as np

    first = replace(grid, size=(1, 1, 1))
    return replace(contour, mask=np.zeros((1, 1, 1), bool), grid=first)


def summaryOf(assessed: Assessed, emptyNames: Sequence[str], model: str | None = None) -> tuple[str, str]:
    """One message about a whole assessment, and its kind.

    Args:
        assessed: the result.
        emptyNames: of the contours without a voxel.
        model: the model that the user chose; None where each structure's own was to be taken.
    """
    structures = assessed.assessment.structures
    counts = {
        word: sum(one.verdict.value == word for one in structures) for word in ("reject", "review", "accept")
    }
    text = _(
        "Assessed in {seconds:.1f} s: {reject} to reject, {review} to review, {accept} acceptable."
    ).format(seconds=assessed.assessment.elapsed_s, **counts)
    unknown = [one.structure for one in structures if one.model is None and one.structure not in emptyNames]
    if emptyNames:
        text += " " + _("Empty: {names}.").format(names=_listed(emptyNames))
    if unknown:
        why = (
            _("No model for {names} in this image: only rules on the shape were applied.")
            if model is None
            else _("The chosen model does not know {names}: only rules on the shape were applied.")
        )
        text += " " + why.format(names=_listed(unknown))
    return text, "warning" if unknown or emptyNames else "info"


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(names[:most])
    return (
        shown
        if len(names) <= most
        else _("{names} and {count} more").format(names=shown, count=len(names) - most)
    )
