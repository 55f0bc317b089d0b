"""ComparePanel: contours measured against a reference, seen where they differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml.charts import nodes_of
from ContourQALib.mrml.scene_change import scene_change
from ContourQALib.mrml.tables import fill_comparison
from ContourQALib.report.comparison_summary import summary
from ContourQALib.worker_requests import Compared
from ContourQAPanels.compare_views import CompareViews
from ContourQAPanels.comparing import Comparing, named, predictedDice
from ContourQAPanels.panel import BoundPanel
from ContourQAPanels.run_button import RunButton
from ContourQAPanels.table_file import writeTable
from ContourQAPanels.table_view import NOTES, REASON, TableView

if TYPE_CHECKING:
    from ContourQAPanels.session import Session

KEY_COLUMNS = (
    "structure",
    "test",
    "dice",
    "predicted_dice",
    "hd95_mm",
    "msd_mm",
    "surface_dice",
    "volume_error_percent",
    "volume_reference_cc",
    "volume_test_cc",
    "hd_mm",
)
"""What a panel of 400 pixels shows before it is scrolled, the most wanted first."""


class ComparePanel(BoundPanel):
    """The Compare tab.

    Args:
        session: what the panels share.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session, "UI/ContourQACompare.ui")
        self._shownTable: Any = None
        self._importing = False
        # Overlay and chart of the first row take as long as the table: events have their turn in between.
        self._later = qt.QTimer()
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.connect("timeout()", self._selectFirst)
        self.views = CompareViews(session, self.ui, self._nodes)
        self.table = TableView(
            self.ui.comparisonTable,
            KEY_COLUMNS,
            hidden=("status",),
            alike=("reference", "tolerance_mm"),
            left=("reference", "touches_edge", "resampled"),
            short={"predicted_dice": _("Pred. Dice")},
        )
        self.runButton = RunButton(
            self.ui.compareButton, self.ui.compareProgressBar, session, self._onCompare, self.updateFromNodes
        )
        self.ui.othersSelector.connect("checkedNodesChanged()", self._onOthersChecked)
        self.ui.comparisonTable.connect("itemSelectionChanged()", self._onRowSelected)
        self.ui.comparisonTable.connect("cellClicked(int,int)", self._onRowClicked)
        self.ui.exportButton.connect("clicked(bool)", self._onExport)

    def resultNodes(self) -> list[Any]:
        """The nodes that hold the results."""
        node = self.session.parameterNode
        table = self.session.live(node.comparisonTable) if node is not None else None
        return [] if table is None else [table]

    def forgetResults(self) -> None:
        """Show what the nodes hold from now on."""
        self.session.compared = None

    def sceneClosing(self) -> None:
        """Forget what is shown before its nodes go."""
        self.runButton.cancel()
        self._later.stop()
        self.views.forget()
        self._shownTable = None
        self.table.show(None)
        self._tell("")

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._later.stop()
        self.views.forget()
        self.setParameterNode(None)

    def compare(self) -> None:
        """Start comparing; what is missing is said in the message area."""
        missing = self._missing()
        if missing:
            self.session.showMessage(missing, "error")
            return
        reference, *others = self._nodes().values()
        work = Comparing(self.session, reference, others)
        self.runButton.run(work.prepare(), lambda answer: self._onCompared(work, answer))

    def exportTo(self, path: str | Path) -> None:
        """Write the table, and slice by slice what was compared so, as CSV.

        Raises:
            OutputError: the file cannot be written.
        """
        written = writeTable(path, self.session.parameterNode.comparisonTable, self.session.compared)
        names = _(" and ").join(file.name for file in written)
        self.session.showMessage(_("Wrote {files}.").format(files=names))

    def _nodes(self) -> dict[str, Any]:
        """The chosen segmentations by name, the reference first; none without a reference."""
        node = self.session.parameterNode
        reference = self.session.live(node.referenceSegmentation) if node is not None else None
        if reference is None:
            return {}
        others = [one for one in node.otherSegmentations or [] if self.session.live(one) is not None]
        return named(reference, [one for one in others if one is not reference])

    def _missing(self) -> str:
        """What is missing for a comparison, a sentence; "" for nothing."""
        if self.runButton.running:
            return _("Wait for the comparison, or cancel it.")
        nodes = self._nodes()
        if not nodes:
            return _("Choose the reference: a segmentation that is held to be right.")
        if len(nodes) < 2:
            return _("Check at least one other segmentation to compare.")
        return ""

    def _update(self) -> None:
        node = self.session.parameterNode
        if node is None:
            self.runButton.offer(_("There is no scene."), "")
            return
        self._showOthers(node)
        self.runButton.offer(
            self._missing(),
            _("Measure the checked segmentations against the reference, structure by structure."),
        )
        table = self.session.live(node.comparisonTable)
        state = (table.GetID(), table.GetMTime()) if table is not None else None
        if state != self._shownTable:
            self._shownTable = state
            self.table.show(table)
            self._tell("")
        self.ui.exportButton.enabled = table is not None
        self.ui.exportButton.toolTip = (
            _("Save the table as CSV, and the figures slice by slice in a second file.")
            if table is not None
            else _("Compare something first.")
        )
        self.views.update()

    def _showOthers(self, node: Any) -> None:
        """Check what the parameter node names, and keep the reference out of it."""
        box = self.ui.othersSelector
        chosen = [one for one in node.otherSegmentations or [] if one is not None]
        checked = list(box.checkedNodes())
        for one in (*checked, *box.uncheckedNodes()):
            wanted = one in chosen and one is not node.referenceSegmentation
            if wanted != (one in checked):
                box.setCheckState(one, qt.Qt.Checked if wanted else qt.Qt.Unchecked)
            box.setUserCheckable(one, one is not node.referenceSegmentation)

    def sceneImporting(self, importing: bool) -> None:
        """A scene is being imported: the selector loses its check marks, which nobody asked for."""
        self._importing = importing
        if not importing:
            self.updateFromNodes()

    def _onOthersChecked(self) -> None:
        node = self.session.parameterNode
        if node is not None and not self._updating and not self._importing:
            node.otherSegmentations = list(self.ui.othersSelector.checkedNodes())

    def _onCompare(self) -> None:
        self.compare()

    def _onCompared(self, work: Comparing, answer: Any) -> None:
        if not work.stillThere():
            self.session.showMessage(
                _("A segmentation was removed while it was compared; nothing was changed."), "warning"
            )
            return
        compared = work.finished(answer)
        self._keep(compared, work)
        self.session.showMessage(
            *summary(compared.comparisons, compared.unmatched, work.outside, work.rasterized)
        )
        self._later.start()

    def _selectFirst(self) -> None:
        if self.table.rows and self.table.current is None:
            self.ui.comparisonTable.selectRow(0)

    def _keep(self, compared: Compared, work: Comparing) -> None:
        """Put the figures into the table node, which the panel shows."""
        node = self.session.parameterNode
        table = self.session.live(node.comparisonTable)
        overlay, chart = self.session.live(node.differenceOverlay), self.session.live(node.sliceChart)
        later = [*([overlay] if overlay is not None else []), *(nodes_of(chart) if chart is not None else [])]
        with scene_change(self.session.scene, [table] if table is not None else [], later=later):
            if table is None:
                table = self.session.scene.AddNewNodeByClass("vtkMRMLTableNode", _("Contour comparison"))
            predicted = predictedDice(self.session, work, compared.comparisons)
            fill_comparison(table, compared.comparisons, compared.unmatched, predicted)
            _annotate(table, work)
        self.session.compared = compared
        node.comparisonTable = table
        node.parameterNode.Modified()  # for the other tabs: a table that was there before is no change

    def _onRowSelected(self) -> None:
        if self.table.filling or self.session.parameterNode is None:
            return
        row = self.table.current
        self._tell(" ".join(_sentence(part) for part in (row[REASON], row[NOTES]) if part) if row else "")
        try:
            self.views.show(row)
        except ContourQAError as error:
            self.session.showMessage(str(error), "error")

    def _tell(self, text: str) -> None:
        """Say below the table what to know of the selected row's figures."""
        self.ui.rowLabel.text = text
        self.ui.rowLabel.visible = bool(text)

    def _onRowClicked(self, row: int, column: int) -> None:
        chosen = self.table.current
        if chosen is None or self.session.parameterNode is None:
            return
        try:
            self.views.center(chosen)
        except ContourQAError as error:
            self.session.showMessage(str(error), "error")

    def _onExport(self) -> None:
        path = qt.QFileDialog.getSaveFileName(
            self.widget, _("Save the comparison"), "comparison.csv", _("CSV files (*.csv)")
        )
        if not path:
            return
        try:
            self.exportTo(path)
        except ContourQAError as error:
            self.session.showMessage(str(error), "error")


def _annotate(table: Any, work: Comparing) -> None:
    """Say in the table which contours lie elsewhere."""
    column = {name: table.GetTable().GetColumnByName(name) for name in ("structure", "test", REASON)}
    for row in range(table.GetNumberOfRows()):
        structure, test = (column[n].GetValue(row) for n in ("structure", "test"))
        if (test, structure) in work.outside:
            column[REASON].SetValue(
                row,
                _("it lies wholly outside the reference's space: another patient, or a missing transform?"),
            )
    table.Modified()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
