"""QualityPanel: assess contours without ground truth, and see what is probably wrong, also while editing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml import views
from ContourQALib.mrml.segmentations import contour_of, segments_of
from ContourQAPanels.assessed import Assessed
from ContourQAPanels.assessing import Assessing, inputsOf, summaryOf
from ContourQAPanels.assessment_nodes import savedTable, showErrorsOf, writeErrors, writeTable
from ContourQAPanels.assessment_rows import AssessmentRow, rowsOf, rowsOfTable
from ContourQAPanels.installing import MODELS, SPEED, Installer
from ContourQAPanels.live_assessment import LiveAssessment
from ContourQAPanels.model_choice import ModelChoice
from ContourQAPanels.panel import Panel
from ContourQAPanels.result_table import ResultTable
from ContourQAPanels.run_button import RunButton
from ContourQAPanels.segment_list import SegmentList
from ContourQAPanels.slice_stepper import SliceStepper

if TYPE_CHECKING:
    from ContourQAPanels.session import Session

WARM_MS = 1000
"""With inputs chosen for so long, the worker is started ahead of a click: who passes by costs nothing."""

SEGMENT_EVENTS = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SegmentsOrderModified")


class QualityPanel(Panel, VTKObservationMixin):
    """The Quality tab and the inputs above the tabs.

    Args:
        session: what the panels share.
        ui: child widgets of ContourQA.ui.
    """

    def __init__(self, session: Session, ui: Any) -> None:
        Panel.__init__(self, session, ui.qualityTab, ui)
        VTKObservationMixin.__init__(self)
        self._asking: Assessing | None = None
        self._shownTable: Any = None
        self._segmentation: Any = None
        self._entered = False
        self.segmentList = SegmentList(ui.segmentList, self._onSegmentsChecked)
        self.models = ModelChoice(ui.modelComboBox, ui.deviceComboBox, ui.modelNoteLabel, self._onModelChosen)
        self.table = ResultTable(
            ui.resultTable, ui.detailsBrowser, self._onRowSelected, self._centerOn, self._onSliceLink
        )
        self.stepper = SliceStepper(
            ui.sliceComboBox, ui.previousSliceButton, ui.nextSliceButton, self._showSlice
        )
        self.live = LiveAssessment(session, self._onLiveResult, self._onSegmentGone, self._onPending)
        self.runButton = RunButton(
            ui.assessButton, ui.progressBar, session, self._onAssess, self._onRunChanged
        )
        ui.installButton.connect("clicked(bool)", self._onInstall)
        ui.checkAllButton.connect("clicked(bool)", self._onCheckAll)
        ui.checkNoneButton.connect("clicked(bool)", self._onCheckNone)
        ui.installButton.visible = False
        self._warming = qt.QTimer()
        self._warming.setSingleShot(True)
        self._warming.setInterval(WARM_MS)
        self._warming.connect("timeout()", self._onWarming)
        self.updateFromNodes()

    @property
    def assessed(self) -> Assessed | None:
        """What is shown, but for a table of a loaded scene."""
        return self.session.assessed

    def setParameterNode(self, parameterNode: Any) -> None:
        """Use another parameter node; None while there is no scene."""
        if parameterNode is None:
            self._observeSegments(None)
            self.live.watch(None, None)

    def enter(self) -> None:
        """The module was opened."""
        self._entered = True
        self.updateFromNodes()

    def exit(self) -> None:
        """Another module was opened, such as the segment editor: editing goes on being watched."""
        self._entered = False
        self._warming.stop()

    def resultNodes(self) -> list[Any]:
        """The nodes that hold the results."""
        parameters = self.session.parameterNode
        table = self.session.live(parameters.assessmentTable) if parameters is not None else None
        return [] if table is None else [table]

    def forgetResults(self) -> None:
        """Show what the nodes hold from now on."""
        self._forgetResults()

    def sceneClosing(self) -> None:
        """Forget the results before their nodes go."""
        self._warming.stop()
        self.live.watch(None, None)
        self._observeSegments(None)
        self._forgetResults()

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._warming.stop()
        self.live.close()
        self.removeObservers()

    def _onAssess(self) -> None:
        try:
            asking = Assessing(self.session, inputsOf(self.session))
        except ContourQAError as error:
            self.session.showMessage(str(error), "error")
            return
        self._asking = asking
        self.runButton.run(asking.prepare(), lambda assessment: self._onAssessed(asking, assessment))

    def _onAssessed(self, asking: Assessing, assessment: Any) -> None:
        self.ui.installButton.visible = False
        if not asking.stillThere():
            self.session.showMessage(
                _("The volume or the segmentation was removed while it was assessed; nothing was changed."),
                "warning",
            )
            return
        assessed = asking.assessed(assessment)
        self._store(assessed)
        self.session.showMessage(*summaryOf(assessed, asking.emptyNames, asking.inputs.model))

    def _onRunChanged(self) -> None:
        """Work began or ended; where it failed for want of packages, they are offered."""
        if not self.runButton.running:
            self._asking = None
        self.ui.installButton.visible = not self.runButton.running and bool(Installer().missing(MODELS))
        self._updateAssessButton()

    def _onInstall(self) -> None:
        """Install what models need, after Slicer has asked; the next worker finds it."""
        try:
            Installer().install(MODELS, SPEED)
        except ContourQAError as error:
            self.session.showMessage(str(error), "warning")
            return
        self.ui.installButton.visible = False
        self.session.logic.close()
        self.session.tasks.replaceWorker(self.session.logic.worker)
        self.session.showMessage(_("Installed. Click Assess again."))

    # what the parameter node says

    def _update(self) -> None:
        parameters = self.session.parameterNode
        volume = self.session.live(parameters.inputVolume) if parameters else None
        segmentation = self.session.live(parameters.segmentation) if parameters else None
        self._observeSegments(segmentation)
        unselected = list(parameters.unselectedSegments) if parameters else []
        self.segmentList.show(segments_of(segmentation) if segmentation is not None else (), unselected)
        if parameters is not None:
            self.models.show(parameters.modelName, parameters.device)
            watched = segmentation if parameters.assessWhileEditing and volume is not None else None
            self.live.watch(watched, lambda: self.assessed)
        self._updateResults(volume, segmentation)
        self._updateAssessButton()
        if self._asking is not None and not self._asking.isOf(volume, segmentation):
            self.runButton.cancel()
            self.session.showMessage(
                _("Cancelled, because the volume or the segmentation is another one now."), "warning"
            )

    def _updateAssessButton(self) -> None:
        try:
            inputsOf(self.session)
            hint = ""
        except ContourQAError as error:
            hint = str(error)
        self.runButton.offer(hint, _("Predict the quality of the checked contours."))
        self.ui.hintLabel.text = hint
        self.ui.hintLabel.visible = bool(hint)
        if self._entered and not hint and not self.session.tasks.warm:
            self._warming.start()

    def _onWarming(self) -> None:
        self.session.tasks.warmUp()

    def _updateResults(self, volume: Any, segmentation: Any) -> None:
        """Show the results of these inputs, with today's levels; those of others are not shown."""
        if self.session.parameterNode is None:
            self._forgetResults()
            return
        if self.assessed is not None and not self.assessed.isOf(volume, segmentation):
            self._forgetResults()
        if self.assessed is None:
            self._showSavedTable(segmentation)
        else:
            self._redecide()
        self._showErrors()

    def _redecide(self) -> None:
        from ContourQALib.quality.verdict import Levels

        parameters = self.session.parameterNode
        try:
            levels = Levels(parameters.acceptLevel, parameters.rejectLevel)
        except ContourQAError:
            return  # said beside the button
        if levels != self.assessed.assessment.levels:
            self._show(self.assessed.redecided(levels))
            writeTable(self.session, self.assessed, follows=True)

    def _showSavedTable(self, segmentation: Any) -> None:
        """Show what a loaded scene holds."""
        node = savedTable(self.session)
        if node is self._shownTable:
            return
        self._shownTable = node
        rows = []
        if node is not None:
            rows = rowsOfTable(node, {one.name: one.id for one in segments_of(segmentation)})
        self.table.show(rows)
        self._showNotes(self.models.notesOf(row.model for row in rows))
        self._showStepper()

    def _forgetResults(self) -> None:
        self.session.assessed = self._shownTable = None
        self.table.show([])
        self._showNotes(())
        self._showStepper()

    def _observeSegments(self, node: Any) -> None:
        segmentation = node.GetSegmentation() if node is not None else None
        if segmentation is self._segmentation:
            return
        self.removeObservers()
        self._segmentation = segmentation
        if segmentation is not None:
            for name in SEGMENT_EVENTS:
                self.addObserver(segmentation, getattr(segmentation, name), self._onSegmentsModified)

    def _onSegmentsModified(self, caller: Any, event: str) -> None:
        self.updateFromNodes()

    # results

    def _show(self, assessed: Assessed) -> None:
        self.session.assessed, self._shownTable = assessed, None
        self.table.show(rowsOf(assessed.assessment, assessed.segmentIds), self.live.pending)
        self._showNotes(assessed.assessment.notes)
        self._showStepper()
        self._showErrors()

    def _showNotes(self, notes: Iterable[str]) -> None:
        """Show what every output of these models must carry."""
        shown = tuple(notes)
        self.ui.notesLabel.text = " ".join(shown)
        self.ui.notesLabel.visible = bool(shown)
        self.models.tell(shown)

    def _store(self, assessed: Assessed, changed: Collection[str] | None = None) -> None:
        """Write results to their nodes and show them; `changed` are segments, None for all."""
        was, self._updating = self._updating, True  # the nodes' own events shall not show half of it
        try:
            writeTable(self.session, assessed, follows=changed is not None)
        finally:
            self._updating = was
        self._show(assessed)
        names = None if changed is None else [assessed.errorName(one) for one in changed]
        self.session.tasks.run(
            writeErrors(self.session, assessed, names, self._shownErrors),
            done=lambda nothing: self._showErrors(),
            failed=lambda message: self.session.showMessage(message, "error"),
        )
        self.updateFromNodes()

    def _onLiveResult(self, newer: Assessed) -> None:
        ours = self.assessed
        if ours is not None and ours.isOf(*newer.nodesIn(self.session.scene)):
            self._store(ours.updated(newer), newer.segmentIds)
        else:
            self._store(newer, newer.segmentIds)

    def _onSegmentGone(self, segmentId: str) -> None:
        if self.assessed is not None and segmentId in self.assessed.segmentIds:
            self._store(self.assessed.without(segmentId), ())

    def _onPending(self) -> None:
        self.table.setPending(self.live.pending)

    def _showStepper(self) -> None:
        row = self.table.current
        self.stepper.show(row.slices if row else ())

    def _shownErrors(self) -> str | None:
        """Name in the overlay of the contour whose row is selected."""
        row = self.table.current
        if row is None:
            return None
        return self.assessed.errorName(row.segmentId) if self.assessed else row.structure

    def _showErrors(self) -> None:
        showErrorsOf(self.session, self._shownErrors())

    # what the user does

    def _onRowSelected(self, row: AssessmentRow | None) -> None:
        self._showStepper()
        self._showErrors()
        if row is not None:
            self._centerOn(row)

    def _centerOn(self, row: AssessmentRow) -> None:
        contour = self._contourOf(row)
        if contour is not None and contour.mask.any():
            views.jump_to(self.session.scene, views.center_of(contour))

    def _onSliceLink(self, index: int) -> None:
        self.stepper.goTo(index)

    def _showSlice(self, index: int) -> None:
        row = self.table.current
        contour = self._contourOf(row) if row is not None else None
        volume = self.session.live(self.session.parameterNode.inputVolume)
        if contour is None or not contour.mask.any() or volume is None:
            return
        grid = self.session.imageOf(volume).grid
        views.jump_to(self.session.scene, views.slice_center(contour, index, grid), center=False)

    def _contourOf(self, row: AssessmentRow) -> Any:
        """The contour of a row as it was assessed, or as it is now where the table was loaded."""
        if self.assessed is not None and row.segmentId in self.assessed.contours:
            return self.assessed.contours[row.segmentId]
        segmentation = self.session.live(self.session.parameterNode.segmentation)
        volume = self.session.live(self.session.parameterNode.inputVolume)
        if not row.segmentId:
            text = _("The segmentation holds no contour {name} any more.").format(name=row.structure)
            self.session.showMessage(text, "warning")
            return None
        try:
            grid = self.session.imageOf(volume).grid if volume is not None else None
            return contour_of(segmentation, row.segmentId, grid)
        except ContourQAError as error:
            self.session.showMessage(str(error), "warning")
            return None

    def _onSegmentsChecked(self, unselected: list[str]) -> None:
        if self.session.parameterNode is not None:
            self.session.parameterNode.unselectedSegments = unselected

    def _onCheckAll(self) -> None:
        self.segmentList.checkAll(True)

    def _onCheckNone(self) -> None:
        self.segmentList.checkAll(False)

    def _onModelChosen(self, modelName: str, device: str) -> None:
        parameters = self.session.parameterNode
        if parameters is not None:
            parameters.modelName, parameters.device = modelName, device
