"""CaseFiles: the files of one case, each read when it is first asked for and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import FormatError, StructureError
from ContourQALib.formats.dicom.folder import scan
from ContourQALib.formats.dicom.image_series import ImageSeries, choose_series
from ContourQALib.formats.dicom.recognizing import files_below, names_dicom
from ContourQALib.formats.dicom.series_image import read_series
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.digests import digest_of_series, hash_contours
from ContourQALib.formats.header import named_data_files
from ContourQALib.formats.images import read_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.references import referenced_series
from ContourQALib.metrics.domain import cropped
from ContourQALib.names import asked_for, is_nameless
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.file_states import state_in_case
from ContourQALib.workstation.cases.map_files import read_maps
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders

Thing = TypeVar("Thing")


class _Once(Generic[Thing]):
    """A thing that is made when it is first asked for, by one thread; an error is met again, not kept.

    It does not know how it is made: what refers to itself stays in memory until Python looks for circles.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: tuple[Thing] | None = None

    def get(self, make: Callable[[], Thing]) -> Thing:
        with self._lock:
            if self._made is None:
                self._made = (make(),)
            return self._made[0]


class CaseFiles:
    """Reads the files of one case; every method but `entry` may block, and any thread may call it.

    Args:
        entry: the case.
        naming: how labels become structures.
        folders: what may be read, also of what a header leads to; None where all may.

    Example:
        files = CaseFiles(listed.cases[0])
        image, contours = files.image(), files.contours()
    """

    def __init__(
        self, entry: CaseEntry, naming: LabelNaming | None = None, folders: AllowedFolders | None = None
    ) -> None:
        self.entry = entry
        self._folders = folders
        self._naming = naming or LabelNaming()
        self._series = _Once[ImageSeries | None]()
        self._image = _Once[Image]()
        self._contours = _Once[tuple[Contour, ...]]()
        self._reference = _Once[tuple[Contour, ...]]()
        self._models = {name: _Once[tuple[Contour, ...]]() for name in entry.models}
        self._probabilities = _Once[tuple[ProbabilityMap, ...]]()
        self._files: dict[Path, _Once[tuple[Contour, ...]]] = {}
        self._states: dict[str, str] = {}
        self._notes: dict[str, None] = {}
        self._lock = Lock()

    def image(self) -> Image:
        """The image.

        Raises:
            WorkstationError: the case has none.
            ContourQAError: it cannot be read.
        """
        return self._image.get(self._read_image)

    def contours(self) -> tuple[Contour, ...]:
        """What is to be assessed, on their own lattices, names unlike each other.

        Each is cut to the box of its voxels: 20 whole masks of a CT would be 800 MB.
        A structure that its file does not hold is left out, and `notes` says so.

        Raises:
            StructureError: none of the structures is there.
            ContourQAError: a file cannot be read.
        """
        return self._contours.get(lambda: self._structures(self.entry.contours, needed=True))

    def reference(self) -> tuple[Contour, ...]:
        """The reference's contours on their own lattices; none where there is none. Raises as `contours`.

        Where there is one contour and one to assess, and either has no name of its own, they are the same.
        """
        return self._reference.get(lambda: self._others(self.entry.reference))

    def models(self) -> Mapping[str, tuple[Contour, ...]]:
        """Other models' contours on their own lattices, without the assessed ones. Raises as `contours`."""
        return {name: self.model(name) for name in self._models}

    def model(self, name: str) -> tuple[Contour, ...]:
        """One other model's contours on their own lattices; none where the case has no such model.

        Raises as `contours`.
        """
        once = self._models.get(name)
        return once.get(lambda: self._others(self.entry.models[name])) if once else ()

    def probabilities(self) -> tuple[ProbabilityMap, ...]:
        """The maps of the assessed contours, named as these are.

        See `read_maps`.

        Raises:
            ContourQAError: a file cannot be read, or a name fits several structures.
        """
        return self._probabilities.get(self._read_probabilities)

    def drawn_in(self, path: Path) -> tuple[Contour, ...]:
        """Every contour of a contour file, as it is read for this case, each cut to its box.

        Raises as `contours`.
        """
        return self._file(path)

    def series(self) -> ImageSeries | None:
        """The DICOM series that is the image; None where the image is no DICOM.

        Raises:
            WorkstationError: the case has no image.
            ContourQAError: it cannot be read, or it is not clear which of several series is meant.
        """
        return self._series.get(self._find_series)

    def notes(self) -> tuple[str, ...]:
        """What was left out of what has been read so far, a sentence each."""
        with self._lock:
            return tuple(self._notes)

    def states(self) -> Mapping[str, str]:
        """Sizes and times that the files read so far had before they were read, by path."""
        with self._lock:
            return dict(self._states)

    def hashes(self) -> Mapping[str, str]:
        """SHA-256 of each file read so far, by path; of a DICOM series and of the file in a folder likewise.

        Raises:
            FormatError: a file is not as it was when it was read.
        """
        hashes = {path: self._hash(Path(path)) for path in self.states()}
        if changed := self.changed():
            raise FormatError(f"{changed} was changed since it was read; open the case again.")
        return hashes

    def changed(self) -> str:
        """The first of the files read so far that is not as it was before; "" where every one is."""
        states = self.states().items()
        return next((path for path, was in states if state_in_case(self.entry, Path(path)) != was), "")

    def _others(self, files: Sequence[StructureFile]) -> tuple[Contour, ...]:
        """Contours of files, a lone one called as the lone assessed one if either of the two has no name."""
        drawn = self._structures(files)
        if len(drawn) != 1 or len(self.contours()) != 1:
            return drawn
        theirs, ours = drawn[0], self.contours()[0]
        return (theirs.called(ours.name),) if is_nameless(theirs.name) or is_nameless(ours.name) else drawn

    def _hash(self, path: Path) -> str:
        series = self.series() if path == self.entry.image else None
        return digest_of_series(series) if series else hash_contours(path)

    def _image_path(self) -> Path:
        if self.entry.image is None:
            raise WorkstationError(f"Case {self.entry.name} has no image; name one in its manifest.")
        return self.entry.image

    def _find_series(self) -> ImageSeries | None:
        path = self._image_path()
        self._stamp(path)
        if self.entry.series is not None or not names_dicom(path):
            return self.entry.series
        referred = {uid for file in self.entry.contours for uid in self._referred(file.path)}
        return choose_series(scan(path), self.entry.series_wanted or None, referred)

    def _referred(self, path: Path) -> tuple[str, ...]:
        self._stamp(path)
        return referenced_series(path)

    def _read_image(self) -> Image:
        series = self.series()
        if series is not None:
            return read_series(series)
        return read_image(self._image_path(), self.entry.series_wanted or None)

    def _read_probabilities(self) -> tuple[ProbabilityMap, ...]:
        files = self.entry.probabilities
        if not files:
            return ()
        names = [contour.name for contour in self.contours()]
        series = self.image().series if self.entry.image is not None else None
        return read_maps(files, names, self._naming, self._stamp, series)

    def _structures(self, files: Sequence[StructureFile], needed: bool = False) -> tuple[Contour, ...]:
        """The contours that files hold of the structures that are meant; those of one name once."""
        found: dict[str, Contour] = {}
        missing: list[StructureError] = []
        for file in files:
            drawn = self._file(file.path)
            try:
                meant = asked_for(drawn, self._naming.structure(file.structure))
            except StructureError as error:
                missing.append(error)
                continue
            for contour in meant:
                if contour.name in found:
                    self._note(f"{contour.name} of {file.path} is left out; another contour has this name.")
                else:
                    found[contour.name] = contour
        if needed and missing and not found:
            raise missing[0]
        for absent in missing:
            self._note(str(absent))
        return tuple(found.values())

    def _file(self, path: Path) -> tuple[Contour, ...]:
        with self._lock:
            once = self._files.setdefault(path, _Once())
        return once.get(lambda: self._read_contours(path))

    def _read_contours(self, path: Path) -> tuple[Contour, ...]:
        self._stamp(path)
        if not names_dicom(path):
            return self._naming.read(path, each=cropped)
        image = self.image()  # polygons become masks on its voxels
        return self._naming.read(path, cropped, image.grid, image.series, self._note_left_out)

    def _note_left_out(self, roi: LeftOutRoi) -> None:
        self._note(f"{roi.name} is left out: {roi.reason.rstrip('.')}.")

    def _stamp(self, path: Path) -> None:
        """Remember how a file is before it is read: one that changes meanwhile is seen to have changed.

        Raises:
            AccessError: it, a file in it, or one that its header names, lies where nothing may be read.
        """
        if self._folders is not None:
            self._folders.check(path)
            inside = files_below(path) if path.is_dir() else named_data_files(path)
            for data in inside:
                self._folders.check(data)
        state = state_in_case(self.entry, path)
        with self._lock:
            self._states[str(path)] = state

    def _note(self, sentence: str) -> None:
        with self._lock:
            self._notes[sentence] = None
