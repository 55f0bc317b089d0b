"""ReportPanel: the session's results as a page, tables and pictures in a folder, and as DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError
from ContourQAPanels.dicom_files import DicomFinder
from ContourQAPanels.dicom_saving import DicomSaving
from ContourQAPanels.installing import DICOM, REPORT, Installer
from ContourQAPanels.panel import BoundPanel
from ContourQAPanels.reporting import Reporting, ReportParts
from ContourQAPanels.run_button import RunButton

if TYPE_CHECKING:
    from ContourQAPanels.session import Session

NO_FOLDER = Path()
"""The parameter node's path before a folder is chosen."""


class ReportPanel(BoundPanel):
    """The Report tab.

    Args:
        session: what the panels share.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session, "UI/ContourQAReport.ui")
        self.written: Path | None = None
        self.runButton = RunButton(
            self.ui.writeButton, self.ui.writeProgressBar, session, self.write, self.updateFromNodes
        )
        self.dicomFinder = DicomFinder()
        self.dicomRunButton = RunButton(
            self.ui.dicomButton, self.ui.dicomProgressBar, session, self.saveDicom, self.updateFromNodes
        )
        self.ui.folderButton.directorySelected.connect(self._onFolder)
        self.ui.openButton.connect("clicked(bool)", self._onOpen)
        self.ui.openFolderButton.connect("clicked(bool)", self._onOpenFolder)
        for box in self._boxes():
            box.connect("toggled(bool)", self._onPart)
        self._showWritten(None)

    def enter(self) -> None:
        """The module was opened; meanwhile files may have been imported into the DICOM database."""
        self.dicomFinder.forget()
        super().enter()

    def sceneClosing(self) -> None:
        """The report that was written belongs to the scene that goes."""
        self.runButton.cancel()
        self.dicomRunButton.cancel()
        self._showWritten(None)

    def cleanup(self) -> None:
        """Let go of the scene."""
        self.setParameterNode(None)

    def write(self) -> None:
        """Start writing; what is missing is said in the message area."""
        missing = self._missing()
        if missing:
            self.session.showMessage(missing, "error")
            return
        try:
            Installer().install(REPORT)
        except ContourQAError as error:
            self.session.showMessage(str(error), "warning")
            return
        node = self.session.parameterNode
        work = Reporting(
            self.session,
            Path(node.reportFolder),
            node.reportTitle.strip() or _("Contour assessment"),
            self._parts(),
        )
        self.runButton.run(work.prepare(), lambda page: self._onWritten(work, page))

    def saveDicom(self) -> None:
        """Ask for a folder and start saving; what is missing is said in the message area."""
        self.dicomFinder.forget()
        missing = self._missingForDicom()
        if missing:
            self.session.showMessage(missing, "error")
            return
        try:
            Installer().install(DICOM)
            files = self.dicomFinder.find(self._volume())
        except ContourQAError as error:
            self.session.showMessage(str(error), "warning")
            return
        chosen = Path(self.session.parameterNode.reportFolder)
        folder = qt.QFileDialog.getExistingDirectory(
            self.widget, _("Folder for the DICOM files"), "" if chosen == NO_FOLDER else str(chosen)
        )
        if not folder:
            return
        work = DicomSaving(self.session, Path(folder), files)
        self.dicomRunButton.run(work.prepare(), lambda written: self._onDicomSaved(work, written))

    def _volume(self) -> Any:
        """The volume that is chosen, while it is there."""
        node = self.session.parameterNode
        return self.session.live(node.inputVolume) if node is not None else None

    def _missingForDicom(self) -> str:
        """What is missing for DICOM files, a sentence; "" for nothing."""
        if self.session.parameterNode is None:
            return _("There is no scene.")
        if self.dicomRunButton.running:
            return _("Wait for the DICOM files, or cancel them.")
        if self.session.assessment is None:
            return _("Assess contours in the Quality tab first.")
        return self.dicomFinder.whyNot(self._volume())

    def _boxes(self) -> tuple[Any, ...]:
        return (
            self.ui.assessmentCheckBox,
            self.ui.comparisonCheckBox,
            self.ui.thresholdsCheckBox,
            self.ui.snapshotsCheckBox,
        )

    def _parts(self) -> ReportParts:
        return ReportParts(*(bool(box.checked and box.enabled) for box in self._boxes()))

    def _missing(self) -> str:
        """What is missing for a report, a sentence; "" for nothing."""
        node = self.session.parameterNode
        if node is None:
            return _("There is no scene.")
        if self.runButton.running:
            return _("Wait for the report, or cancel it.")
        parts = self._parts()
        if not (parts.assessment or parts.comparison or parts.thresholds):
            return _("There is nothing to report yet: assess, compare or sweep, and check it here.")
        if Path(node.reportFolder) == NO_FOLDER:
            return _("Choose a folder for the report.")
        return ""

    def _update(self) -> None:
        session, node = self.session, self.session.parameterNode
        volume = self._volume()
        swept = session.swept is not None and session.swept.analysis is not None
        results = (session.assessment is not None, session.compared is not None, swept)
        for box, there, tip, otherwise in (
            (
                self.ui.assessmentCheckBox,
                results[0],
                _("Verdicts, predicted figures, reasons, and pictures of where to look."),
                _("Assess contours in the Quality tab first."),
            ),
            (
                self.ui.comparisonCheckBox,
                results[1],
                _("Figures against the reference, slice by slice too."),
                _("Compare contours in the Compare tab first."),
            ),
            (
                self.ui.thresholdsCheckBox,
                results[2],
                _("Figures against the threshold, the best ones, and what 0.5 costs."),
                _("Sweep a probability map against a reference in the Thresholds tab first."),
            ),
            (
                self.ui.snapshotsCheckBox,
                volume is not None and (results[0] or results[1]),
                _("Pictures of the slices to look at first, with outlines, in the page and as PNG files."),
                _("Pictures need a volume, and contours that were assessed or compared."),
            ),
        ):
            box.enabled = there
            box.toolTip = tip if there else otherwise
        self.runButton.offer(self._missing(), _("Write page, tables and pictures into the folder."))
        self.dicomRunButton.offer(
            self._missingForDicom(),
            _(
                "Save verdicts as a structured report, and contours and error maps as segmentations, into a "
                "folder. Files of an earlier assessment there are replaced."
            ),
        )
        chosen = node is not None and Path(node.reportFolder) != NO_FOLDER
        if chosen and Path(self.ui.folderButton.directory) != Path(node.reportFolder):
            self.ui.folderButton.directory = str(node.reportFolder)
        # Left to itself the button would show the program's current folder, which nobody chose.
        self.ui.folderButton.text = str(node.reportFolder) if chosen else _("Choose a folder…")

    def _onFolder(self, folder: str) -> None:
        if folder and self.session.parameterNode is not None:
            self.session.parameterNode.reportFolder = Path(folder)

    def _onPart(self, checked: bool) -> None:
        self.updateFromNodes()

    def _onWritten(self, work: Reporting, page: Path) -> None:
        self._showWritten(Path(page))
        if work.changed:
            self.session.showMessage(
                _("Report written, but these changed since they were assessed: {names}.").format(
                    names=", ".join(work.changed)
                ),
                "warning",
            )
        else:
            self.session.showMessage(_("Report written."))

    def _onDicomSaved(self, work: DicomSaving, written: Sequence[Path]) -> None:
        names = ", ".join(Path(one).name for one in written)
        folder = Path(written[-1]).parent
        if work.changed:
            self.session.showMessage(
                _(
                    "Saved in {folder}: {names}, with the contours that were assessed; these changed since: "
                    "{changed}."
                ).format(folder=folder, names=names, changed=", ".join(work.changed)),
                "warning",
            )
        else:
            self.session.showMessage(_("Saved in {folder}: {names}.").format(folder=folder, names=names))

    def _showWritten(self, page: Path | None) -> None:
        self.written = page
        self.ui.writtenLabel.text = str(page) if page is not None else ""
        self.ui.openButton.enabled = self.ui.openFolderButton.enabled = page is not None

    def _onOpen(self, checked: bool = False) -> None:
        self._open(self.written)

    def _onOpenFolder(self, checked: bool = False) -> None:
        self._open(self.written.parent if self.written is not None else None)

    def _open(self, path: Path | None) -> None:
        if path is None or not path.exists():
            self._showWritten(None)
            self.session.showMessage(_("The report is not there any more; write it again."), "error")
            return
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))
