"""What a command line names, read: an image, the contours drawn on it, maps; and what of it was not used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ContourQALib.case import Contour, Image
from ContourQALib.commands.printing import say
from ContourQALib.errors import ContourQAError, FormatError, StructureError
from ContourQALib.formats.canvas import Canvas, read_canvas
from ContourQALib.formats.dicom.contour_object import contour_object, is_planar
from ContourQALib.formats.dicom.folder import LeftOut
from ContourQALib.formats.dicom.structure_contours import drawn_on
from ContourQALib.formats.dicom.structure_set import LeftOutRoi, read_structure_set
from ContourQALib.formats.digests import hash_contours, hash_image
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.images import read_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.left_out import LeftOutStructure
from ContourQALib.formats.probability import segment_names
from ContourQALib.formats.references import referenced_series
from ContourQALib.geometry import Grid
from ContourQALib.report.provenance import InputFile
from ContourQALib.thresholds.map_names import MapFile, match_maps

MOST_NAMED = 3
"""Files or regions that a message names; `contourqa dicom list` names them all."""


class CaseReading:
    """Reads the image and the contours of one case.

    Args:
        naming: how labels become structures.
        series: which DICOM series is the image, as --series says it.
        quiet: whether nothing is said: of many cases each would have its line.
    """

    def __init__(self, naming: LabelNaming, series: str | None = None, *, quiet: bool = False) -> None:
        self._naming = naming
        self._series = series
        self._quiet = quiet
        self.left_out: list[LeftOutStructure] = []

    def image(self, path: Path, contours: Iterable[Path] = ()) -> Image:
        """The image: of several DICOM series the one that was named, else the one that contours refer to.

        Raises:
            ContourQAError: a file cannot be read, or it is not clear which series is meant.
        """
        unused: list[LeftOut] = []
        referenced = {uid for file in contours for uid in referenced_series(file)}
        found = read_image(path, self._series, referenced, unused.append)
        self._say(path, [f"{file.path.name} {file.reason}" for file in unused])
        return found

    def contours(self, path: Path, canvas: Canvas | None = None) -> tuple[Contour, ...]:
        """The contours of a file; polygons become masks on the canvas, else on the series found beside them.

        Raises:
            ContourQAError: the file cannot be read.
        """
        left_out: list[LeftOutRoi] = []
        grid, series = (canvas.grid, canvas.series) if canvas else (None, None)
        drawn = self._naming.read(path, grid=grid, series=series, on_left_out=left_out.append)
        self.left_out += [LeftOutStructure(roi.name, str(path), roi.reason) for roi in left_out]
        self._say(path, [f"{roi.name} ({roi.reason})" for roi in left_out])
        return drawn

    def drawn(
        self, path: Path, image: Path | Image | None = None, otherwise: Callable[[], Grid] | None = None
    ) -> tuple[Contour, ...]:
        """The contours of a file, polygons on the grid of the image: that named, else that found beside them.

        Args:
            path: the file.
            image: the image; of a DICOM series that is named no pixels are read.
            otherwise: tells the grid for polygons where no image is named and none lies beside them.

        Raises:
            ContourQAError: a file cannot be read, or there is no grid for polygons.
        """
        return self.contours(path, self._canvas(path, image, otherwise) if is_planar(path) else None)

    def sources(
        self, paths: Sequence[Path], image: Image | None = None, *, reference: bool = True
    ) -> dict[Path, tuple[Contour, ...]]:
        """The contours of several files, by file, polygons of all of them on one grid.

        That is the grid of the reference, where it is a mask; else that of the image; else that of the series
        that the first polygons refer to, if it lies beside them; else that of the first mask.

        Args:
            paths: at least one.
            image: what they were drawn on.
            reference: whether the first file is the one that counts.

        Raises:
            ContourQAError: a file cannot be read, or there is no grid for polygons.
        """
        polygons = dict.fromkeys(path for path in paths if is_planar(path))
        read = {path: self.contours(path) for path in dict.fromkeys(paths) if path not in polygons}
        grids = [drawn[0].grid for drawn in read.values()]
        canvas = None
        if reference and paths[0] in read:
            canvas = Canvas(grids[0])
        elif image is not None:
            canvas = Canvas.of(image)
        elif polygons:
            canvas = self._canvas(next(iter(polygons)), None, (lambda: grids[0]) if grids else None)
        return read | {path: self.contours(path, canvas) for path in polygons}

    def _canvas(self, path: Path, image: Path | Image | None, otherwise: Callable[[], Grid] | None) -> Canvas:
        """Where the polygons of a file become voxels; see `drawn`."""
        if isinstance(image, Image):
            return Canvas.of(image)
        if image is not None:
            return read_canvas(image, self._series, referenced_series(path))
        structures = read_structure_set(contour_object(path)[0])
        try:
            source = drawn_on(structures)
        except FormatError:
            if otherwise is None:
                raise
            return Canvas(otherwise())
        return Canvas(source.grid, source.identity)

    def _say(self, path: Path, unused: Sequence[str]) -> None:
        if unused and not self._quiet:
            more = len(unused) - MOST_NAMED
            named = "; ".join(unused[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
            say(f"Left out of {path}: {named}.")


def image_input(path: Path, image: Image) -> InputFile:
    """An image that was read, for provenance."""
    return InputFile(str(path), hash_image(path, image.series.series_uid if image.series else None))


def image_file(path: Path, series: str | None, contours: Iterable[Path]) -> InputFile:
    """An image that is read, for provenance; arguments and errors as of `CaseReading`."""
    referenced = [uid for file in contours for uid in referenced_series(file)]
    return InputFile(str(path), hash_image(path, series, referenced))


def contours_input(path: Path) -> InputFile:
    """A file of contours or a probability map that was read, for provenance."""
    return InputFile(str(path), hash_contours(path))


def readable_image(
    path: str | Path | None, series: str | None = None, contours: Sequence[str | Path] = ()
) -> Image | None:
    """The image, or None with a message: a picture's background must not cost a cohort its report."""
    if path is None:
        return None
    try:
        return read_image(path, series, [uid for file in contours for uid in referenced_series(file)])
    except ContourQAError as error:
        say(f"No image below the outlines: {error}")
        return None


def map_files(texts: Sequence[str], naming: LabelNaming) -> list[MapFile]:
    """The maps that --probability names, each once; a DICOM SEG without NAME stands for all of its segments.

    Args:
        texts: "PATH" or "NAME=PATH".
        naming: what structures are called.

    Raises:
        ContourQAError: a DICOM file cannot be read, or is no SEG.
    """
    maps: list[MapFile] = []
    for one in map(MapFile.parse, texts):
        parts = segment_names(one.path)
        if one.structure is None and parts:
            maps += [MapFile(one.path, naming.structure(part), part) for part in parts]
            continue
        name = one.structure or stem_of(one.path)
        called = naming.structure(name)
        segment = one.structure if len(parts) > 1 else None
        maps.append(MapFile(one.path, one.structure if called == name else called, segment))
    return list(dict.fromkeys(maps))


def match_map_files(
    texts: Sequence[str], structures: Sequence[str], source: Path, naming: LabelNaming | None = None
) -> tuple[tuple[MapFile, str], ...]:
    """The maps that --probability names, each with the structure it is of; others are told and left out.

    Args:
        texts: "PATH" or "NAME=PATH".
        structures: names of the contours that maps can be of.
        source: the contours' file, for the message.
        naming: what structures are called.

    Raises:
        StructureError: no map is of any contour, or one could be of several.
    """
    maps = map_files(texts, naming or LabelNaming())
    if not maps:
        return ()
    found = match_maps(maps, structures)
    if not found.pairs:
        raise StructureError(
            f"No map is named like a structure of {source} ({', '.join(structures)}); say which with "
            f"--probability NAME={maps[0].path}."
        )
    if found.unmatched_maps:
        say(f"Not used, of no structure here: {', '.join(str(one.path) for one in found.unmatched_maps)}.")
    return found.pairs
