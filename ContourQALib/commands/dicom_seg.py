"""`contourqa dicom seg`: contours, or probability maps, of any kind of file as a DICOM segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ContourQALib.case import Contour, ProbabilityMap, SeriesIdentity
from ContourQALib.commands.options import (
    ColorTableOption,
    LabelsOption,
    MergeOption,
    NamesOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.printing import say
from ContourQALib.commands.reading import CaseReading, map_files
from ContourQALib.errors import SettingError
from ContourQALib.formats.canvas import Canvas
from ContourQALib.formats.dicom.recognizing import Kind, dicom_kind, is_dicom, names_dicom
from ContourQALib.formats.dicom.segment_item import UNKNOWN
from ContourQALib.formats.dicom.segmentation_out import (
    OCCUPANCY,
    PROBABILITY,
    Algorithm,
    write_fractional_seg,
    write_seg,
)
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.formats.file_type import extension_of, stem_of
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.references import referenced_series
from ContourQALib.names import select
from ContourQALib.thresholds.map_names import MapFile

SUFFIX = ".dcm"
CONTOURS, MAPS, SHARES = "ContourQA: contours", "ContourQA: probability maps", "ContourQA: shares of voxels"
"""Series descriptions where none is given."""


def seg(
    image: Annotated[
        Path, typer.Option("--image", help="DICOM series that the contours belong to: folder or file.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT.dcm", help="The file to write; a SEG there is replaced."),
    ],
    contours: Annotated[
        Path | None,
        typer.Option(
            "--contours", help="What to write: label map, segmentation (edited, consensus …), RTSTRUCT, SEG."
        ),
    ] = None,
    probability: Annotated[
        list[str] | None,
        typer.Option(
            "--probability",
            metavar="[NAME=]PATH",
            help="Or probability maps, as a fractional SEG; repeatable.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Cut the maps here (P >= threshold) and write them as contours."),
    ] = None,
    shares: Annotated[
        bool,
        typer.Option(
            "--shares",
            help="Write which share of each voxel lies inside the polygons of an RTSTRUCT (SEG, OCCUPANCY).",
        ),
    ] = False,
    series: SeriesOption = None,
    structure: StructureOption = None,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    manual: Annotated[bool, typer.Option("--manual", help="People drew the contours.")] = False,
    algorithm: Annotated[
        str | None, typer.Option("--algorithm", metavar="NAME", help="What made them, where it was no one.")
    ] = None,
    algorithm_version: Annotated[
        str | None, typer.Option("--algorithm-version", metavar="VERSION", help="Its version.")
    ] = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="Description of the new series.")
    ] = None,
) -> None:
    """Write contours or probability maps as a DICOM SEG that belongs to an image series.

    Patient and study are taken over from the series, series and instance are new. Names, colors and codes are
    kept; contours on another grid are brought onto the series' own, and the segment says so.
    """
    made_by = _algorithm(manual, algorithm, algorithm_version)
    if shares and (contours is None or probability or threshold is not None):
        raise SettingError(
            "--shares is of polygons; name an RTSTRUCT by --contours, without --probability and --threshold."
        )
    if (contours is None) == (not probability):
        raise SettingError("Name either --contours or --probability: a DICOM SEG holds one of the two.")
    if threshold is not None and not probability:
        raise SettingError("--threshold cuts probability maps; name them by --probability.")
    if threshold is not None and not 0 < threshold <= 1:
        raise SettingError(f"A threshold lies above 0 and at most at 1, which {threshold:g} does not.")
    named = [MapFile.parse(one).path for one in probability or ()]
    _check_output(output, [contours, *named] if contours else named)
    if extension_of(image) or not names_dicom(image):
        raise SettingError(f"{image} is no DICOM; name the series that the segmentation shall belong to.")
    naming = LabelNaming(labels, merge, color_table, names)
    naming.check_used([contours, *named])
    wanted = [naming.structure(name) for name in structure or ()]
    source = source_series(image, series, referenced_series(contours) if contours else ())
    if contours is not None:
        canvas = Canvas(source.grid, source.identity)
        reading = CaseReading(naming)
        if shares:
            found = reading.shares(contours, canvas)
            chosen = select(found, wanted) if wanted else found
            _write_maps(chosen, source, output, made_by, description or SHARES, OCCUPANCY)
        else:
            drawn = reading.contours(contours, canvas)
            _write(select(drawn, wanted) if wanted else drawn, source, output, made_by, description)
        return
    maps = _maps(probability or [], naming, source.identity)
    if threshold is not None:
        cut = [_cut(one, threshold) for one in maps]
        _write(select(cut, wanted) if wanted else cut, source, output, made_by, description)
        return
    if wanted:
        raise SettingError(
            "--structure chooses among contours; name the maps that you want by --probability."
        )
    _write_maps(maps, source, output, made_by, description or MAPS)


def _check_output(output: Path, read: list[Path]) -> None:
    """See that writing costs the user nothing: no image, no structure set, and not what is read."""
    if output.suffix.lower() != SUFFIX:
        raise SettingError(f"{output} is to be a DICOM file; let its name end in {SUFFIX}.")
    if not output.exists():
        return
    if any(output.resolve().is_relative_to(one.resolve()) for one in read):
        raise SettingError(f"{output} is among what is read; let -o name another file.")
    if not is_dicom(output) or dicom_kind(output) is not Kind.SEGMENTATION:
        raise SettingError(f"{output} is there already and is no SEG; let -o name another file.")


def _algorithm(manual: bool, name: str | None, version: str | None) -> Algorithm:
    if manual and (name or version):
        raise SettingError("--manual says that people drew the contours; leave out --algorithm.")
    if version and not name:
        raise SettingError("--algorithm-version needs --algorithm, the name of what has this version.")
    return Algorithm(name or UNKNOWN, version or "", is_manual=manual)


def _maps(texts: list[str], naming: LabelNaming, series: SeriesIdentity) -> list[ProbabilityMap]:
    return [
        read_probability(one.path, one.structure or stem_of(one.path), one.segment, series)
        for one in map_files(texts, naming)
    ]


def _cut(probability: ProbabilityMap, threshold: float) -> Contour:
    mask = probability.values >= np.float32(threshold)
    return Contour(mask, probability.grid, probability.name, path=probability.path)


def _write(
    drawn: Sequence[Contour], source: SourceSeries, output: Path, made_by: Algorithm, description: str | None
) -> None:
    write_seg(drawn, source, output, made_by, description or CONTOURS)
    say(f"Wrote {output}: {', '.join(one.name for one in drawn)}.")


def _write_maps(
    maps: Sequence[ProbabilityMap],
    source: SourceSeries,
    output: Path,
    made_by: Algorithm,
    description: str,
    kind: str = PROBABILITY,
) -> None:
    write_fractional_seg(maps, source, output, made_by, description, fractional_type=kind)
    say(f"Wrote {output}: {', '.join(one.name for one in maps)}.")
