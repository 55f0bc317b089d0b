"""What a command line names, read: an image, the contours drawn on it, maps; and what of it was not used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ContourQALib.case import Contour, Image
from ContourQALib.commands.printing import say
from ContourQALib.errors import ContourQAError, FormatError, StructureError
from ContourQALib.formats.canvas import Canvas, read_canvas
from ContourQALib.formats.dicom.contour_object import is_planar
from ContourQALib.formats.dicom.folder import LeftOut
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.digests import hash_contours, hash_image
from ContourQALib.formats.images import read_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.left_out import LeftOutStructure
from ContourQALib.formats.references import referenced_series
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

    def canvas(self, path: Path, contours: Path) -> Canvas:
        """The grid of the image alone; which one and the errors as of `image`."""
        return read_canvas(path, self._series, referenced_series(contours))

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
        planar = {path: is_planar(path) for path in paths}
        masks = [path for path in planar if not planar[path]]
        read: dict[Path, tuple[Contour, ...]] = {}
        canvas = None if image is None else Canvas.of(image)
        if any(planar.values()):
            if reference and paths[0] in masks:
                canvas = self._canvas_of(paths[0], read)
            elif canvas is None:
                canvas = self._found_canvas(next(path for path in paths if planar[path]), masks, read)
        for path in planar:
            if path not in read:
                read[path] = self.contours(path, canvas)
        return {path: read[path] for path in planar}

    def _canvas_of(self, path: Path, read: dict[Path, tuple[Contour, ...]]) -> Canvas:
        read[path] = self.contours(path)
        return Canvas(read[path][0].grid)

    def _found_canvas(
        self, path: Path, masks: Sequence[Path], read: dict[Path, tuple[Contour, ...]]
    ) -> Canvas:
        try:
            return self._canvas_of(path, read)
        except FormatError:  # damaged, or without its images: the former is told when it is read again
            if not masks:
                raise
            return self._canvas_of(masks[0], read)

    def _say(self, path: Path, unused: Sequence[str]) -> None:
        if unused and not self._quiet:
            more = len(unused) - MOST_NAMED
            named = "; ".join(unused[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
            say(f"Left out of {path}: {named}.")


def image_input(path: Path, image: Image) -> InputFile:
    """An image that was read, for provenance."""
    return InputFile(str(path), hash_image(path, image.series.series_uid if image.series else None))


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


def match_map_files(
    texts: Sequence[str], structures: Sequence[str], source: Path
) -> tuple[tuple[MapFile, str], ...]:
    """The maps that --probability names, each with the structure it is of; others are told and left out.

    Args:
        texts: "PATH" or "NAME=PATH".
        structures: names of the contours that maps can be of.
        source: the contours' file, for the message.

    Raises:
        StructureError: no map is of any contour, or one could be of several.
    """
    maps = list(dict.fromkeys(map(MapFile.parse, texts)))
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
