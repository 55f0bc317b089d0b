"""CompareViews: the selected row of a comparison in the slice views and in the chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.case import Contour
from ContourQALib.errors import ContourQAError
from ContourQALib.mrml import charts, outlines, overlays, views
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.segmentations import contour_of
from ContourQAPanels.comparing import segmentOf, wholeGrid
from ContourQAPanels.embedded_plot import EmbeddedPlot

if TYPE_CHECKING:
    from ContourQAPanels.session import Session
    from ContourQAPanels.table_view import TableRow

SEVERAL = 3
"""Segmentations from which on disagreement says more than a difference."""

DISAGREEMENT = "ContourQA.Disagreement"
"""Node reference of the parameter node to the disagreement volume."""


class CompareViews:
    """Overlays, outline colors and the chart of the Compare tab.

    Args:
        session: what the panels share.
        ui: child widgets of ContourQACompare.ui.
        nodes: the segmentations by the name that the table gives them, the reference first.
    """

    def __init__(self, session: Session, ui: Any, nodes: Callable[[], Mapping[str, Any]]) -> None:
        self._session, self._ui, self._nodes = session, ui, nodes
        self._row: TableRow | None = None
        self.chart = EmbeddedPlot(
            ui.sliceViewHolder,
            session,
            "ContourQASlices",
            _("Dice of every slice of the selected row; the dashed line is the whole contour's."),
            ui.sliceLegendLabel,
        )
        ui.differencesCheckBox.connect("toggled(bool)", self._onDifferences)
        ui.rolesCheckBox.connect("toggled(bool)", self._onRoles)
        ui.disagreementCheckBox.connect("toggled(bool)", self._onDisagreement)

    def update(self) -> None:
        """Enable what makes sense for the chosen segmentations, and show the saved chart."""
        count = len(self._nodes())
        self._ui.disagreementCheckBox.enabled = count >= SEVERAL
        self._ui.disagreementCheckBox.toolTip = (
            _("Show where the segmentations disagree on the selected row's structure.")
            if count >= SEVERAL
            else _("Disagreement needs the reference and at least two other segmentations.")
        )
        self._ui.rolesCheckBox.enabled = count > 0
        self.chart.show(self._session.live(self._session.parameterNode.sliceChart))

    def show(self, row: TableRow | None) -> None:
        """Show a row: its slices in the chart, its differences in the views; None shows none.

        Raises:
            ContourQAError: a segment cannot be read.
        """
        self._row = row
        if row is None:
            self._hideDifferences()
            return
        with scene_change(self._session.scene, joins=True):  # looking at rows is nothing to undo
            self._showSlices(row)
            self._showDifferences(*self._contours(row))
            if self._ui.disagreementCheckBox.checked:
                self._showDisagreement()

    def center(self, row: TableRow) -> None:
        """Center the views on a row's contour, or on the reference where there is none.

        Raises:
            ContourQAError: a segment cannot be read.
        """
        reference, test = self._contours(row)
        drawn = [contour for contour in (test, reference) if contour is not None and contour.mask.any()]
        if drawn:
            views.jump_to(self._session.scene, views.center_of(drawn[0]))
            return
        self._session.showMessage(
            _("{structure} is empty or not there any more: there is nothing to center on.").format(
                structure=row["structure"]
            ),
            "warning",
        )

    def forget(self) -> None:
        """Let go of the nodes, before the scene is closed or the panel destroyed."""
        self._row = None
        self.chart.detach()

    def _contours(self, row: TableRow) -> tuple[Contour | None, Contour | None]:
        """The row's reference and test contour as they are now; None for what is not there."""
        nodes = self._nodes()
        reference, test = (
            self._contour(nodes.get(row[who]), row["structure"]) for who in ("reference", "test")
        )
        return reference, test

    def _contour(self, node: Any, structure: str) -> Contour | None:
        """A node's contour of a structure as it is compared; None where there is none."""
        segment = segmentOf(node, structure) if node is not None else None
        if segment is None:
            return None
        reference = self._session.live(self._session.parameterNode.referenceSegmentation)
        grid = wholeGrid(self._session, reference) if reference is not None else None
        return contour_of(node, segment.id, grid)

    def _showSlices(self, row: TableRow) -> None:
        compared = self._session.compared
        for one in compared.comparisons if compared is not None else ():
            if _isOf(one, row) and one.slices is not None:
                node = self._session.parameterNode
                chart = charts.show_slices(self._session.scene, one, self._session.live(node.sliceChart))
                node.sliceChart = chart
                self.chart.show(chart)

    def _showDifferences(self, reference: Contour | None, test: Contour | None) -> None:
        if (
            not self._ui.differencesCheckBox.checked
            or reference is None
            or test is None
            or not reference.grid.overlaps(test.grid)
        ):
            self._hideDifferences()
            return
        node = self._session.parameterNode
        overlay = overlays.show_differences(
            self._session.scene,
            [(reference, test)],
            node=self._session.live(node.differenceOverlay),
            opacity=node.overlayOpacity,
        )
        overlay.SetDisplayVisibility(True)
        node.differenceOverlay = overlay

    def _hideDifferences(self) -> None:
        node = self._session.parameterNode
        overlay = self._session.live(node.differenceOverlay) if node is not None else None
        if overlay is not None:
            overlay.SetDisplayVisibility(False)

    def _showDisagreement(self) -> None:
        """Show how all segmentations that have the row's structure disagree on it."""
        assert self._row is not None, "called for a selected row"
        contours: list[Contour] = []
        for node in self._nodes().values():
            contour = self._contour(node, self._row["structure"])
            if contour is not None and (not contours or contour.grid.overlaps(contours[0].grid)):
                contours.append(contour)
        if len(contours) < SEVERAL:
            self._session.showMessage(
                _("Fewer than three segmentations have {structure}: no disagreement is shown.").format(
                    structure=self._row["structure"]
                ),
                "warning",
            )
            self._hideDisagreement()
            return
        volume = overlays.show_disagreement(self._session.scene, contours, node=self._disagreement())
        self._session.parameterNode.parameterNode.SetNodeReferenceID(DISAGREEMENT, volume.GetID())
        _showAbove(self._session.scene, volume)

    def _disagreement(self) -> Any:
        node = self._session.parameterNode
        return node.parameterNode.GetNodeReference(DISAGREEMENT) if node is not None else None

    def _hideDisagreement(self) -> None:
        volume = self._disagreement()
        if volume is not None:
            _showAbove(self._session.scene, None, instead=volume)

    def _onDifferences(self, checked: bool) -> None:
        self._again()

    def _onDisagreement(self, checked: bool) -> None:
        if checked:
            if self._row is None:
                self._session.showMessage(_("Select a row of the table: its structure is shown."))
            with scene_change(self._session.scene):
                self._again()
        else:
            self._hideDisagreement()

    def _onRoles(self, checked: bool) -> None:
        reference, *others = self._nodes().values() or (None,)
        if reference is None:
            return
        try:
            for node in (reference, *others):
                if not checked:
                    outlines.restore(node)
                elif node is reference:
                    outlines.style(node, outlines.Role.REFERENCE)
                else:
                    role = outlines.role_of(node.GetName() or "")
                    # Only one contour is the reference, whatever the others are called.
                    outlines.style(node, outlines.Role.ASSESSED if role is outlines.Role.REFERENCE else role)
        except ContourQAError as error:
            self._session.showMessage(str(error), "error")

    def _again(self) -> None:
        if self._session.parameterNode is None:
            return
        try:
            self.show(self._row)
        except ContourQAError as error:
            self._session.showMessage(str(error), "error")


def _isOf(comparison: Any, row: TableRow) -> bool:
    return (comparison.structure, comparison.reference, comparison.test) == (
        row["structure"],
        row["reference"],
        row["test"],
    )


def _showAbove(scene: Any, volume: Any, instead: Any = None) -> None:
    """Show a volume as the foreground of every slice view, or none where `instead` is shown."""
    composites = scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
    composites.UnRegister(None)
    for index in range(composites.GetNumberOfItems()):
        composite = composites.GetItemAsObject(index)
        if volume is not None:
            composite.SetForegroundVolumeID(volume.GetID())
            composite.SetForegroundOpacity(1.0)
        elif instead is not None and composite.GetForegroundVolumeID() == instead.GetID():
            composite.SetForegroundVolumeID(None)
