"""An assessment in the scene: the table node and the overlay of probable errors, saved and loaded with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from ContourQAPanels.assessed import Assessed
    from ContourQAPanels.session import Session

VOLUME_ROLE = "ContourQA.assessedVolume"
SEGMENTATION_ROLE = "ContourQA.assessedSegmentation"
"""References of the table to what it is about: a table must not be shown beside other contours."""


def writeTable(session: Session, assessed: Assessed) -> None:
    """Fill the table node of the parameter node, which is made if there is none."""
    from ContourQALib.mrml.scene_change import scene_change
    from ContourQALib.mrml.tables import fill_assessment

    parameters = session.parameterNode
    with scene_change(session.scene):
        node = session.live(parameters.assessmentTable)
        if node is None:
            node = session.scene.AddNewNodeByClass("vtkMRMLTableNode", _("Contour assessment"))
        fill_assessment(node, assessed.assessment)
        node.SetNodeReferenceID(VOLUME_ROLE, assessed.volumeId)
        node.SetNodeReferenceID(SEGMENTATION_ROLE, assessed.segmentationId)
    if parameters.assessmentTable is not node:
        parameters.assessmentTable = node


def savedTable(session: Session) -> Any:
    """The table node if it is about the inputs that are chosen now, else None."""
    parameters = session.parameterNode
    node = session.live(parameters.assessmentTable)
    chosen = (session.live(parameters.inputVolume), session.live(parameters.segmentation))
    if node is None or None in chosen:
        return None
    about = (node.GetNodeReferenceID(VOLUME_ROLE), node.GetNodeReferenceID(SEGMENTATION_ROLE))
    return node if about == tuple(one.GetID() for one in chosen) else None


def writeErrors(session: Session, assessed: Assessed) -> None:
    """Show where contours are probably wrong, in the overlay node, which is made if there is none."""
    from ContourQALib.mrml.overlays import show_errors

    parameters = session.parameterNode
    node = session.live(parameters.errorOverlay)
    errors = assessed.errors()
    if not errors and node is None:
        return
    shown = show_errors(
        session.scene,
        errors,
        node=node,
        volume_node=session.scene.GetNodeByID(assessed.volumeId),
        opacity=parameters.overlayOpacity,
    )
    if shown is not node:
        parameters.errorOverlay = shown


def showErrorsOf(session: Session, name: str | None) -> None:
    """Show the errors of one contour alone, or of none when the user has switched them off.

    Args:
        session: of the panels.
        name: of the contour in the overlay (`Assessed.errorName`), or None.
    """
    from ContourQALib.mrml.overlays import LEFT_OUT, TOO_MUCH, set_opacity

    parameters = session.parameterNode
    node = session.live(parameters.errorOverlay) if parameters else None
    display = node.GetDisplayNode() if node is not None else None
    if display is None:
        return
    shown = () if name is None else (TOO_MUCH.format(name), LEFT_OUT.format(name))
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
