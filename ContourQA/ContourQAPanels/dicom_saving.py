"""DicomSaving: the session's assessment on its way to DICOM files, up to the worker's request."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from ContourQALib.errors import SettingError
from ContourQALib.worker_requests import SaveDicomRequest

if TYPE_CHECKING:
    from ContourQAPanels.dicom_files import DicomFiles
    from ContourQAPanels.session import Session


class DicomSaving:
    """The session's assessment, to be saved as DICOM.

    Args:
        session: what the panels share.
        folder: where the files go.
        files: the DICOM files of the volume that was assessed.
    """

    def __init__(self, session: Session, folder: Path, files: DicomFiles) -> None:
        self._session, self._folder, self._files = session, folder, files
        self.changed: list[str] = []
        """Structures whose contours are not those that were assessed; what was assessed is saved."""

    def prepare(self) -> Generator[None, None, SaveDicomRequest]:
        """The request, prepared contour by contour.

        Raises:
            ContourQAError: the volume cannot be used, or there is no assessment any more.
        """
        session = self._session
        assessed = session.assessed
        volume = session.live(session.parameterNode.inputVolume)
        if assessed is None or volume is None:
            raise SettingError(_("Assess contours in the Quality tab first."))
        image = session.imageOf(volume)
        yield
        node = session.live(session.parameterNode.segmentation)
        self.changed = yield from assessed.changedIn(node, image.grid)
        return SaveDicomRequest(
            self._folder,
            assessed.assessment,
            image,
            tuple(assessed.contours[one] for one in assessed.segmentIds),
            self._files.seriesUid,
            self._files.paths,
        )
