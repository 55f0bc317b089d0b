"""The probability maps of a case, each named as the contour that it is of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ContourQALib.case import ProbabilityMap, SeriesIdentity
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import names_dicom
from ContourQALib.formats.dicom.segmentation_in import read_seg_probabilities
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.probability import read_probability
from ContourQALib.names import match
from ContourQALib.thresholds.map_names import MapFile, match_maps
from ContourQALib.workstation.cases.case_entry import StructureFile


def read_maps(
    files: Sequence[StructureFile],
    structures: Sequence[str],
    naming: LabelNaming,
    open_file: Callable[[Path], None],
    series: SeriesIdentity | None = None,
) -> tuple[ProbabilityMap, ...]:
    """Read the maps of files; a DICOM SEG holds one for each segment.

    A map is of the structure that its entry says, else of the one that its segment or file is named after;
    one that names none is called as its segment or file.

    Args:
        files: of maps.
        structures: names of the case's contours.
        naming: what structures are called.
        open_file: told of each file before it is read; what it raises keeps the file closed.
        series: the DICOM series that a SEG shall belong to, as of `segmentation_in.read_seg`.

    Raises:
        ContourQAError: a file cannot be read or belongs to another image, or a name fits several structures.
    """
    once = tuple(dict.fromkeys(files))
    for file in once:
        open_file(file.path)
    segmentations = {file.path for file in once if names_dicom(file.path)}
    plain = [file for file in once if file.path not in segmentations]
    named = [MapFile(file.path, naming.structure(file.structure) or None) for file in plain]
    found = {one.path: name for one, name in match_maps(named, structures).pairs} if named else {}
    maps: list[ProbabilityMap] = []
    for file in once:
        if file.path in segmentations:
            maps += _of_segments(file, structures, naming, series)
        else:
            maps.append(read_probability(file.path, found.get(file.path) or file.structure or None))
    return tuple(maps)


def _of_segments(
    file: StructureFile, structures: Sequence[str], naming: LabelNaming, series: SeriesIdentity | None
) -> Sequence[ProbabilityMap]:
    maps = read_seg_probabilities(contour_object(file.path)[0], file.structure or None, series)
    names = [naming.structure(one.name) for one in maps]
    called = {theirs: ours for ours, theirs in match(structures, names).pairs}
    return [replace(one, name=called.get(name, name)) for one, name in zip(maps, names, strict=True)]
