"""An assessment in the scene: the table node and the overlay of probable errors, saved and loaded with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from ContourQALib.quality.error_map import ErrorMap
    from ContourQAPanels.assessed import Assessed
    from ContourQAPanels.session import Session

VOLUME_ROLE = "ContourQA.assessedVolume"
SEGMENTATION_ROLE = "ContourQA.assessedSegmentation"
"""References of the table to what it is about: a table must not be shown beside other contours."""


def writeTable(session: Session, assessed: Assessed, follows: bool = False) -> None:
    """Fill the table node of the parameter node, which is made if there is none.

    Args:
        session: of the panels.
        assessed: the result.
        follows: whether this follows from something else that the user did, such as a stroke, and is no step
            of its own to undo. Else the overlay that is written next (`writeErrors`) belongs to the step.
    """
    from ContourQALib.mrml.scene_change import scene_change
    from ContourQALib.mrml.tables import fill_assessment

    parameters = session.parameterNode
    node, overlay = session.live(parameters.assessmentTable), session.live(parameters.errorOverlay)
    with scene_change(session.scene, _there(node), later=_there(overlay), joins=follows):
        if node is None:
            node = session.scene.AddNewNodeByClass("vtkMRMLTableNode", _("Contour assessment"))
        fill_assessment(node, assessed.assessment)
        node.SetNodeReferenceID(VOLUME_ROLE, assessed.volumeId)
        node.SetNodeReferenceID(SEGMENTATION_ROLE, assessed.segmentationId)
    if parameters.assessmentTable is not node:
        parameters.assessmentTable = node


def _there(node: Any) -> list[Any]:
    return [] if node is None else [node]


def savedTable(session: Session) -> Any:
    """The table node if it is about the inputs that are chosen now, else None."""
    parameters = session.parameterNode
    node = session.live(parameters.assessmentTable)
    chosen = (session.live(parameters.inputVolume), session.live(parameters.segmentation))
    if node is None or None in chosen:
        return None
    about = (node.GetNodeReferenceID(VOLUME_ROLE), node.GetNodeReferenceID(SEGMENTATION_ROLE))
    return node if about == tuple(one.GetID() for one in chosen) else None


def writeErrors(
    session: Session, assessed: Assessed, changed: Collection[str] | None, shown: Callable[[], str | None]
) -> Generator[None, None, None]:
    """Bring the overlay node up to date, a contour a step, for `TaskRunner.run`; it is made if there is none.

    Twenty contours at once would stop the panel for longer than a stroke takes.

    Args:
        session: of the panels.
        assessed: the result.
        changed: names of the contours (`Assessed.errorName`) whose errors are not those of before, None
            for all; whatever is missing from the overlay is added, and what is too much in it goes.
        shown: gives the contour whose errors are to be seen, which comes first.
    """
    from ContourQALib.mrml.overlays import show_errors
    from ContourQALib.mrml.scene_change import scene_change
    from ContourQALib.mrml.segmentations import segments_of

    parameters = session.parameterNode
    errors = assessed.errors()
    node = session.live(parameters.errorOverlay)
    if node is not None:
        names = {name for one in errors for name in _names(one)}
        for segment in segments_of(node):
            if segment.name not in names:
                node.GetSegmentation().RemoveSegment(segment.id)
        yield
    for name in sorted(errors, key=lambda name: name != shown()):
        if node is None:
            volume = session.scene.GetNodeByID(assessed.volumeId)
            opacity = parameters.overlayOpacity
            with scene_change(session.scene, joins=True):
                node = show_errors(session.scene, {name: errors[name]}, None, volume, opacity)
            parameters.errorOverlay = node
        else:
            if session.live(node) is None:
                return
            _put(node, name, errors[name], changed is None or name in changed)
        showErrorsOf(session, shown())
        yield


def _put(node: Any, name: str, error: ErrorMap, changed: bool) -> None:
    """Put the two segments of one contour into the overlay, new or in place of the older ones."""
    from ContourQALib.case import Contour
    from ContourQALib.mrml.outlines import LEFT_OUT_COLOR, TOO_MUCH_COLOR
    from ContourQALib.mrml.segmentations import add_segment, segments_of, set_segment

    there = {segment.name: segment.id for segment in segments_of(node)}
    names = _names(name)
    if not changed and all(one in there for one in names):
        return
    for mask, one, color in zip(error.marked(), names, (TOO_MUCH_COLOR, LEFT_OUT_COLOR), strict=True):
        contour = Contour(mask, error.grid, one, color)
        if one in there:
            set_segment(node, there[one], contour)
        else:
            segmentId = add_segment(node, contour)
            node.GetDisplayNode().SetSegmentOpacity2DFill(segmentId, 1.0)


def _names(name: str) -> tuple[str, str]:
    from ContourQALib.mrml.overlays import LEFT_OUT, TOO_MUCH

    return TOO_MUCH.format(name), LEFT_OUT.format(name)


def showErrorsOf(session: Session, name: str | None) -> None:
    """Show the errors of one contour alone, or of none when the user has switched them off.

    Args:
        session: of the panels.
        name: of the contour in the overlay (`Assessed.errorName`), or None.
    """
    from ContourQALib.mrml.overlays import set_opacity

    parameters = session.parameterNode
    node = session.live(parameters.errorOverlay) if parameters else None
    display = node.GetDisplayNode() if node is not None else None
    if display is None:
        return
    shown = () if name is None else _names(name)
    wasModifying = display.StartModify()
    try:
        display.SetVisibility(bool(parameters.showErrors))
        set_opacity(node, parameters.overlayOpacity)
        segmentation = node.GetSegmentation()
        for segmentId in segmentation.GetSegmentIDs():
            visible = segmentation.GetSegment(segmentId).GetName() in shown
            if display.GetSegmentVisibility(segmentId) != visible:
                display.SetSegmentVisibility(segmentId, visible)
    finally:
        display.EndModify(wasModifying)
