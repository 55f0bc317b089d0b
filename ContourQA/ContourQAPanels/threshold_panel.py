"""ThresholdPanel: how a contour depends on the threshold of the probability map that it is cut from."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml import charts
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.segmentations import segments_of
from ContourQALib.report.wording import figure_text, threshold_text
from ContourQAPanels.embedded_plot import EmbeddedPlot
from ContourQAPanels.panel import BoundPanel
from ContourQAPanels.read_out_table import ReadOutTable
from ContourQAPanels.run_button import RunButton
from ContourQAPanels.segment_choice import SegmentChoice
from ContourQAPanels.sweeping import Maps, Sweeping, SweepInputs
from ContourQAPanels.threshold_preview import ThresholdPreview
from ContourQAPanels.threshold_wording import bestOf, lossSentence, readOuts

if TYPE_CHECKING:
    from ContourQALib.case import ProbabilityMap
    from ContourQAPanels.session import Session

SHOWN = (("agreement", "dice"), ("distances", "msd_mm"), ("volume", "dice"))
"""What the chart can show, and the figure whose best threshold belongs to it."""


class ThresholdPanel(BoundPanel):
    """The Thresholds tab.

    Args:
        session: what the panels share.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session, "UI/ContourQAThresholds.ui")
        self.chart = EmbeddedPlot(
            self.ui.thresholdViewHolder,
            session,
            "ContourQAThresholds",
            _("Circles are the best values, the dashed line is 0.5, the dark one the current threshold."),
            self.ui.thresholdLegendLabel,
        )
        self.preview = ThresholdPreview(session)
        self.maps = Maps(session)
        self.segments = SegmentChoice(self.ui.thresholdSegmentComboBox, self._onSegmentChosen)
        self.readOut = ReadOutTable(self.ui.readoutTable)
        self._sweptInputs: SweepInputs | None = None
        self._chartIsStale = False
        for title in (_("Agreement (Dice)"), _("Distances (MSD, HD95, HD)"), _("Volume")):
            self.ui.figureComboBox.addItem(title)
        self.runButton = RunButton(
            self.ui.sweepButton, self.ui.sweepProgressBar, session, self.sweep, self.updateFromNodes
        )
        self.ui.figureComboBox.connect("activated(int)", self._onFigureChosen)
        self.ui.thresholdSlider.connect("valueChanged(double)", self._onThreshold)
        self.ui.halfButton.connect("clicked(bool)", self._onHalf)
        self.ui.optimumButton.connect("clicked(bool)", self._onOptimum)
        self.ui.previewCheckBox.connect("toggled(bool)", self._onPreview)
        self.ui.makeSegmentButton.connect("clicked(bool)", self._onMakeSegment)

    def resultNodes(self) -> list[Any]:
        """The nodes that hold the results."""
        node = self.session.parameterNode
        chart = self.session.live(node.thresholdChart) if node is not None else None
        return [] if chart is None else charts.nodes_of(chart)

    def forgetResults(self) -> None:
        """Show what the nodes hold from now on."""
        self._forget()

    def sceneClosing(self) -> None:
        """Forget what is shown before its nodes go."""
        self.runButton.cancel()
        self._letGo()

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._letGo()
        self.setParameterNode(None)

    def sweep(self) -> None:
        """Start a sweep; what is missing is said in the message area."""
        inputs = SweepInputs.of(self.session)
        missing = self._missing()
        if missing or inputs is None:
            self.session.showMessage(missing, "error")
            return
        work = Sweeping(self.session, inputs, self.maps, self._structure())
        self.runButton.run(work.prepare(), lambda answer: self._onSwept(work, answer))

    def makeSegment(self) -> None:
        """Add the contour at the current threshold to the chosen segmentation, or to a new one.

        Raises:
            ContourQAError: there is no map, or no voxel reaches the threshold.
        """
        node = self.session.parameterNode
        target = self.session.live(self.ui.targetSelector.currentNode())
        name = self.preview.makeSegment(self._map(), node.threshold, target, node.probabilityVolume)
        self.session.showMessage(
            _("Added {structure} at threshold {threshold} to {segmentation}.").format(
                structure=self._structure(), threshold=threshold_text(node.threshold), segmentation=name
            )
        )

    def _map(self) -> ProbabilityMap:
        return self.maps.of(self.session.parameterNode.probabilityVolume, self._structure())

    def _structure(self) -> str:
        """The structure's name: as typed, else the reference segment's, else the volume's."""
        return self.ui.structureLineEdit.text.strip() or self._guessed()

    def _guessed(self) -> str:
        node = self.session.parameterNode
        if node is None:
            return ""
        reference = self.session.live(node.thresholdReference)
        if reference is not None:
            for segment in segments_of(reference):
                if segment.id == node.thresholdSegment:
                    return segment.name
        volume = self.session.live(node.probabilityVolume)
        return volume.GetName() if volume is not None else ""

    def _spokenOf(self, node: Any) -> str:
        """A name that may hold the structure's: as typed, else the volume's."""
        volume = self.session.live(node.probabilityVolume)
        return self.ui.structureLineEdit.text.strip() or (volume.GetName() if volume is not None else "")

    def _missing(self) -> str:
        """What is missing for a sweep, a sentence; "" for nothing."""
        node = self.session.parameterNode
        if node is None:
            return _("There is no scene.")
        if self.runButton.running:
            return _("Wait for the sweep, or cancel it.")
        if self.session.live(node.probabilityVolume) is None:
            return _("Choose the volume that holds the probability of one structure.")
        if self.session.live(node.thresholdReference) is not None and not node.thresholdSegment:
            return _("The reference has no segments; choose another one, or none.")
        return ""

    def _update(self) -> None:
        node = self.session.parameterNode
        if node is None:
            self.runButton.offer(self._missing(), "")
            return
        segment = self.segments.show(
            self.session.live(node.thresholdReference), node.thresholdSegment, self._spokenOf(node)
        )
        if segment != node.thresholdSegment:
            node.thresholdSegment = segment
        self.runButton.offer(self._missing(), _("Compute every figure at 101 thresholds from 0 to 1."))
        self.ui.structureLineEdit.placeholderText = self._guessed()
        if self._sweptInputs is not None and self._sweptInputs != SweepInputs.of(self.session):
            self._forget()
            self._chartIsStale = True
        chart = None if self._chartIsStale else self.session.live(node.thresholdChart)
        self.chart.show(chart)
        known, volume = self.session.swept is not None, self.session.live(node.probabilityVolume)
        self.ui.figureComboBox.enabled = known
        self.ui.figureComboBox.toolTip = (
            _("What the chart shows against the threshold.")
            if known
            else _("Sweep the thresholds to choose what the chart shows.")
        )
        for button, tip in (
            (self.ui.makeSegmentButton, _("Add the contour at the current threshold as a segment.")),
            (self.ui.halfButton, _("Go to threshold 0.5, which everybody uses.")),
        ):
            button.enabled = volume is not None
            button.toolTip = tip if volume is not None else _("Choose a probability volume first.")
        self._showFigures(node.threshold)

    def _showFigures(self, threshold: float) -> None:
        """The figures at a threshold, from the computed sweep."""
        swept, figure = self.session.swept, SHOWN[self.ui.figureComboBox.currentIndex][1]
        if swept is None:
            self.readOut.show([])
            self.ui.lossLabel.text = ""
            self.ui.optimumButton.enabled = False
            self.ui.optimumButton.toolTip = _("Sweep the thresholds first.")
            return
        self.readOut.show(readOuts(swept, threshold), _("At {t}").format(t=threshold_text(threshold)))
        self.ui.lossLabel.text = lossSentence(swept, figure)
        best = bestOf(swept, figure)
        self.ui.optimumButton.enabled = best is not None
        if best is not None:
            self.ui.optimumButton.toolTip = _("Go to {threshold}, where the figure is best: {value}.").format(
                threshold=threshold_text(best[1]), value=figure_text(figure, best[0])
            )

    def _onSwept(self, work: Sweeping, answer: Any) -> None:
        if not work.stillThere():
            self.session.showMessage(
                _("A node was removed while it was swept; nothing was changed."), "warning"
            )
            return
        self.session.swept = work.finished(answer)
        self._sweptInputs, self._chartIsStale = work.inputs, False
        if answer.analysis is None and self.ui.figureComboBox.currentIndex == 1:
            self.ui.figureComboBox.setCurrentIndex(0)
        self._drawSwept()
        # Not in the same turn of the event loop: the first cut of a map of a CT's size takes its time too.
        self.session.tasks.run(
            self._showSweptContour(),
            done=lambda nothing: None,
            failed=lambda message: self.session.showMessage(message, "error"),
        )
        # For the other tabs too: a chart that was there before is no change of the parameter node.
        self.session.parameterNode.parameterNode.Modified()
        told = []
        if answer.analysis is not None and answer.analysis.sweep.reason:
            told.append(_("Swept, but {reason}.").format(reason=answer.analysis.sweep.reason))
        elif answer.analysis is not None and answer.analysis.sweep.resampled:
            told.append(_("The map lies on other voxels than the reference and was resampled to them."))
        if work.rasterized:
            told.append(
                _("The reference is not drawn as voxels: {how}.").format(how=work.rasterized.rstrip("."))
            )
        if told:
            self.session.showMessage(" ".join(told), "warning")

    def _drawSwept(self) -> None:
        """Draw the curves; with the contour that is shown after them they are one step to undo."""
        node = self.session.parameterNode
        chart, contour = self.session.live(node.thresholdChart), self.session.live(node.thresholdContour)
        changed = charts.nodes_of(chart) if chart is not None else []
        with scene_change(self.session.scene, changed, later=[contour] if contour is not None else []):
            self._draw()

    def _showSweptContour(self) -> Generator[None, None, None]:
        if self.ui.previewCheckBox.checked and self.session.swept is not None:
            self._showContour()
        yield

    def _draw(self) -> None:
        node = self.session.parameterNode
        show = SHOWN[self.ui.figureComboBox.currentIndex][0]
        chart = charts.show_sweep(
            self.session.scene, self.session.swept, self.session.live(node.thresholdChart), show
        )
        charts.move_marker(chart, node.threshold)
        node.thresholdChart = chart
        self.chart.show(chart)

    def _showContour(self) -> None:
        self.preview.show(self._map(), self.session.parameterNode.threshold)

    def _forget(self) -> None:
        """Let go of a sweep that is not of the chosen inputs any more."""
        self.session.swept = self._sweptInputs = None
        self.readOut.show([])
        self.ui.lossLabel.text = ""

    def _letGo(self) -> None:
        self._forget()
        self._chartIsStale = False
        self.preview.forget()
        self.maps.forget()
        self.chart.detach()

    def _guarded(self, act: Any) -> None:
        if self.session.parameterNode is None:
            return
        try:
            act()
        except ContourQAError as error:
            self.session.showMessage(str(error), "error")

    def _onThreshold(self, value: float) -> None:
        self._guarded(lambda: self._moveTo(value))

    def _moveTo(self, value: float) -> None:
        node = self.session.parameterNode
        if node.threshold != value:
            node.threshold = value
        self._showFigures(value)
        chart = self.chart.chart
        if chart is not None:
            charts.move_marker(chart, value)
        if self.ui.previewCheckBox.checked and self.session.live(node.probabilityVolume) is not None:
            self._showContour()

    def _onHalf(self, checked: bool = False) -> None:
        self.ui.thresholdSlider.value = 0.5

    def _onOptimum(self, checked: bool = False) -> None:
        if self.session.swept is None:
            return
        best = bestOf(self.session.swept, SHOWN[self.ui.figureComboBox.currentIndex][1])
        if best is not None:
            self.ui.thresholdSlider.value = best[1]

    def _onSegmentChosen(self, segmentId: str) -> None:
        if self.session.parameterNode is not None:
            self.session.parameterNode.thresholdSegment = segmentId

    def _onFigureChosen(self, index: int) -> None:
        if self.session.swept is not None:
            with scene_change(self.session.scene, joins=True):
                self._guarded(self._draw)
            self.updateFromNodes()

    def _onPreview(self, checked: bool) -> None:
        node = self.session.parameterNode
        if not checked:
            self.preview.hide()
        elif node is not None and self.session.live(node.probabilityVolume) is not None:
            self._guarded(self._showContour)

    def _onMakeSegment(self, checked: bool = False) -> None:
        self._guarded(self.makeSegment)
