"""What a command line names, read: an image, the contours drawn on it, maps; and what of it was not used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.commands.printing import say
from ContourQALib.errors import ContourQAError, StructureError
from ContourQALib.formats.canvas import Canvas, canvas_beside, read_canvas
from ContourQALib.formats.dicom.folder import LeftOut
from ContourQALib.formats.dicom.recognizing import names_dicom
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.digests import hash_contours, hash_image
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.images import read_image
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.left_out import LeftOutStructure
from ContourQALib.formats.probability import segment_names
from ContourQALib.formats.references import referenced_series
from ContourQALib.geometry import Grid
from ContourQALib.metrics.domain import cropped_map
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
        folder = path if path.is_dir() else path.parent
        self._say(path, [f"{file.path.relative_to(folder)} {file.reason}" for file in unused])
        return found

    def contours(self, path: Path, canvas: Canvas | None = None) -> tuple[Contour, ...]:
        """The contours of a file; those of DICOM on the canvas, polygons without one on the series beside.

        Raises:
            ContourQAError: the file cannot be read.
        """
        left_out: list[LeftOutRoi] = []
        grid, series = (canvas.grid, canvas.series) if canvas else (None, None)
        drawn = self._naming.read(path, grid=grid, series=series, on_left_out=left_out.append)
        if canvas is not None and names_dicom(path):
            drawn = tuple(map(canvas.holding, drawn))
        self._leave_out(path, left_out)
        return drawn

    def shares(self, path: Path, canvas: Canvas) -> tuple[ProbabilityMap, ...]:
        """The share of each voxel of the canvas that is inside the polygons of a file, each cut to its box.

        Raises:
            SettingError: the file holds no polygons.
            ContourQAError: the file cannot be read.
        """
        left_out: list[LeftOutRoi] = []
        found = self._naming.read_shares(path, canvas.grid, canvas.series, cropped_map, left_out.append)
        self._leave_out(path, left_out)
        return found

    def drawn(
        self, path: Path, image: Path | Image | None = None, otherwise: Callable[[], Grid] | None = None
    ) -> tuple[Contour, ...]:
        """The contours of a file; those of DICOM on the grid of the image that is named, or lies beside.

        Args:
            path: the file.
            image: the image; of a DICOM series that is named no pixels are read.
            otherwise: tells the grid where no image is named and none lies beside the file.

        Raises:
            ContourQAError: a file cannot be read, or there is no grid for polygons.
        """
        if not names_dicom(path):
            return self.contours(path)
        canvas = self._canvas(path, image)
        if canvas is None and otherwise is not None:
            canvas = Canvas(otherwise())
        return self.contours(path, canvas)

    def sources(
        self, paths: Sequence[Path], image: Image | None = None, *, reference: bool = True
    ) -> dict[Path, tuple[Contour, ...]]:
        """The contours of several files, by file, those of DICOM all on one grid.

        That is the grid of the reference, where it is a mask of another format; else that of the image; else
        that of the series that an RTSTRUCT or SEG lies beside and refers to; else that of the first mask.

        Args:
            paths: at least one.
            image: what they were drawn on.
            reference: whether the first file is the one that counts.

        Raises:
            ContourQAError: a file cannot be read, or there is no grid for polygons.
        """
        once = tuple(dict.fromkeys(paths))
        objects = [path for path in once if names_dicom(path)]
        read = {path: self.contours(path) for path in once if path not in objects}
        canvas = None if image is None else Canvas.of(image)
        if reference and paths[0] in read:
            canvas = Canvas(read[paths[0]][0].grid)
        if canvas is None:
            canvas = next(filter(None, map(canvas_beside, objects)), None)
        if canvas is None and read:
            canvas = Canvas(next(iter(read.values()))[0].grid)
        read |= {path: self.contours(path, canvas) for path in objects}
        if canvas is None and objects:  # nothing but SEG files: each lacks other slices
            grids = [drawn[0].grid for drawn in read.values()]
            whole = Canvas(grids[0].covering(grids[1:]))
            read = {path: tuple(map(whole.holding, drawn)) for path, drawn in read.items()}
        return read

    def _canvas(self, path: Path, image: Path | Image | None) -> Canvas | None:
        """Where the contours of a DICOM file belong; see `drawn`."""
        if isinstance(image, Image):
            return Canvas.of(image)
        if image is not None:
            return read_canvas(image, self._series, referenced_series(path))
        return canvas_beside(path)

    def _leave_out(self, path: Path, regions: Sequence[LeftOutRoi]) -> None:
        self.left_out += [LeftOutStructure(roi.name, str(path), roi.reason) for roi in regions]
        self._say(path, [f"{roi.name} ({roi.reason})" for roi in regions])

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
