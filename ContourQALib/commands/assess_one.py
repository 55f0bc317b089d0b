"""One case assessed: its files read, the contours judged, the result written and printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ContourQALib.case import Contour, Image
from ContourQALib.commands.assess_saving import save_assessment
from ContourQALib.commands.how_to_assess import HowToAssess
from ContourQALib.commands.options import Format
from ContourQALib.commands.printing import print_result, progress, say
from ContourQALib.commands.reading import CaseReading, contours_input, image_input, match_map_files
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.canvas import Canvas
from ContourQALib.formats.dicom.segment_item import segment_label
from ContourQALib.formats.dicom.source_series import SourceSeries, source_series
from ContourQALib.formats.probability import read_probability
from ContourQALib.names import match, select
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.predict import assess
from ContourQALib.report.provenance import InputFile, Provenance
from ContourQALib.report.records import assessment_document, assessment_rows
from ContourQALib.report.structured.assessment_files import save_assessment_dicom
from ContourQALib.report.tables import print_assessment


@dataclass(frozen=True)
class CaseToAssess:
    """The files of a case.

    Attributes:
        image: the image the contours were drawn on.
        contours: those to assess.
        series: which DICOM series is the image, as --series says it.
        probabilities: maps, each "PATH" or "NAME=PATH".
        second: a second segmentation, or None.
        origins: what to call files that were taken from elsewhere, by path.
    """

    image: Path
    contours: Path
    series: str | None = None
    probabilities: Sequence[str] = ()
    second: Path | None = None
    origins: Mapping[Path, str] = field(default_factory=dict)

    def called(self, file: InputFile) -> InputFile:
        """An input as provenance shall name it."""
        origin = self.origins.get(Path(file.path))
        return file if origin is None else InputFile(origin, file.sha256)


def assess_one(
    case: CaseToAssess, how: HowToAssess, form: Format, output: Path | None, *, dicom: bool
) -> tuple[Assessment, tuple[Path, ...]]:
    """Assess a case, write it where a folder is named, and print it.

    Args:
        case: its files.
        how: what it is assessed with.
        form: how it is printed.
        output: folder of the report; None for none.
        dicom: whether the folder gets the result as DICOM, too.

    Returns:
        What was found, and the DICOM files that were written, the report last.

    Raises:
        ContourQAError: a file cannot be read or does not fit the others, options do not apply to it, or the
            folder cannot be written.
    """
    how.naming.check_used([case.contours, case.second])
    reading = CaseReading(how.naming, case.series)
    shown = reading.image(case.image, [case.contours])
    canvas = Canvas.of(shown)
    source = _source(case.image, shown) if dicom and output is not None else None
    drawn = reading.contours(case.contours, canvas)
    if how.structures:
        drawn = select(drawn, how.structures)
    if source is not None:
        for contour in drawn:
            segment_label(contour.name)  # a name that DICOM cannot hold is told before anything is written
    named = match_map_files(
        case.probabilities, [contour.name for contour in drawn], case.contours, how.naming
    )
    maps = [read_probability(one.path, name, one.segment, shown.series) for one, name in named]
    others = _seconds(case.second, reading, canvas, drawn) if case.second is not None else ()
    with progress("Assessing") as report:
        result = assess(
            shown, drawn, how.model, how.levels, probabilities=maps, seconds=others, progress=report
        )
    further = [*(one.path for one, _ in named), *([case.second] if case.second is not None else [])]
    inputs = [image_input(case.image, shown), *map(contours_input, [case.contours, *further])]
    provenance = Provenance.of(map(case.called, inputs), how.settings(), result.model)
    left_out = [
        replace(one, source=case.origins.get(Path(one.source), one.source)) for one in reading.left_out
    ]
    document = assessment_document(result, provenance, left_out)
    written: tuple[Path, ...] = ()
    if output is not None:
        save_assessment(output, result, shown, drawn, provenance, document)
        if source is not None:
            written = save_assessment_dicom(output, result, shown, drawn, source, case.contours)
    print_result(
        form,
        table=lambda console: print_assessment(console, result),
        document=document,
        rows=assessment_rows(result),
    )
    return result, written


def _source(path: Path, image: Image) -> SourceSeries:
    """The headers of the series that the image is.

    Raises:
        SettingError: the image is no DICOM.
    """
    if image.series is None:
        raise SettingError(f"{path} is no DICOM, so that --dicom has no patient and study to write of.")
    return source_series(path, image.series.series_uid)


def _seconds(
    path: Path, reading: CaseReading, canvas: Canvas, drawn: Sequence[Contour]
) -> tuple[Contour, ...]:
    """The contours of the second segmentation.

    Raises:
        StructureError: none is of a structure that is assessed.
    """
    others = reading.contours(path, canvas)
    found = match([contour.name for contour in drawn], [other.name for other in others])
    if not found.pairs:
        ours, theirs = (", ".join(one.name for one in side) for side in (drawn, others))
        raise StructureError(
            f"{path} holds no structure that is assessed ({ours}) but {theirs}; name its labels by --labels."
        )
    if found.unmatched_reference:
        say(f"{path} has no second contour of {', '.join(found.unmatched_reference)}.")
    return others
