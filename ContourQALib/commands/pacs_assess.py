"""`contourqa pacs assess`: a study's contours taken from an archive, assessed, and the results sent back."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.assess_dicom import save_assessment_dicom
from ContourQALib.commands.assess_saving import save_assessment
from ContourQALib.commands.options import (
    AcceptOption,
    Format,
    FormatOption,
    MergeOption,
    ModelOption,
    NamesOption,
    RejectOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.pacs_send import send_and_tell
from ContourQALib.commands.printing import print_result, progress, say
from ContourQALib.commands.reading import CaseReading, contours_input, image_input
from ContourQALib.commands.saving import check_folder
from ContourQALib.errors import SettingError
from ContourQALib.formats.canvas import Canvas
from ContourQALib.formats.dicom.source_series import source_series
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.output import output_folder
from ContourQALib.formats.references import referenced_series
from ContourQALib.names import select
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.choosing import choose_contours, choose_images
from ContourQALib.pacs.errors import NotThereError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.records import InstanceRecord, SeriesRecord
from ContourQALib.pacs.retrieving import retrieve_instance, retrieve_series
from ContourQALib.pacs.searching import check_uid, find_series
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.predict import assess as assess_contours
from ContourQALib.quality.verdict import Levels
from ContourQALib.report.provenance import InputFile, Provenance
from ContourQALib.report.records import assessment_document, assessment_rows
from ContourQALib.report.tables import print_assessment

PRIVATE = 0o700
"""Patients' images are for nobody's eyes but the user's."""


def assess(
    context: typer.Context,
    study: Annotated[str, typer.Argument(metavar="STUDY_UID", help="The study, as a query lists it.")],
    contours: Annotated[
        str | None,
        typer.Option(
            "--contours",
            metavar="UID",
            help="Which RTSTRUCT or SEG of several: its SOP Instance UID, its series', or the end of one.",
        ),
    ] = None,
    series: SeriesOption = None,
    structure: StructureOption = None,
    merge: MergeOption = None,
    names: NamesOption = None,
    model: ModelOption = None,
    accept: AcceptOption = Levels.accept,
    reject: RejectOption = Levels.reject,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="FOLDER", help="Keep the files that are taken from the archive here."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Write the report here, and as DICOM a structured report and segmentations.",
        ),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send/--no-send", help="Send what is written as DICOM to the archive.")
    ] = False,
    form: FormatOption = Format.TABLE,
) -> None:
    """Take a study from an archive, say which of its contours to check and why, and send the results back.

    Nothing is sent without --send. With it -o is needed as well: what is sent stays there, so that a sending
    that broke off can be finished by `contourqa pacs send`.
    """
    if send and output is None:
        raise SettingError(
            "--send needs -o FOLDER: what is sent is kept there, in case the sending breaks off."
        )
    check_uid(study, "STUDY_UID")
    naming = LabelNaming(merge=merge, names=names)
    how = _How(
        naming,
        tuple(map(naming.structure, structure or ())),
        find_model(model) if model is not None else None,
        Levels(accept, reject),
    )
    if output is not None:
        check_folder(output)
    archive: Archive = context.obj.open()
    listed = find_series(archive, study)
    if not listed:
        raise NotThereError(f"{archive.address.url} holds no study {study}; copy its UID from a query.")
    drawn = choose_contours(archive, listed, contours)
    with _place(keep) as folder:
        taken = _take(archive, listed, drawn, series, folder)
        written = _assess(archive, taken, how, output, form)
    if send:
        send_and_tell(archive, [InstanceFile.read(path) for path in written])
    elif written:
        sending = ["contourqa", "pacs", "--url", archive.address.url, "send", *map(str, written)]
        say(f"Nothing was sent. To send: {shlex.join(sending)}")


@dataclass(frozen=True)
class _How:
    """What the command line says of assessing."""

    naming: LabelNaming
    structures: tuple[str, ...]
    model: QualityModel | None
    levels: Levels


@dataclass(frozen=True)
class _Taken:
    """The contours and the images that an archive gave."""

    contours: InstanceRecord
    contours_path: Path
    images: SeriesRecord
    images_path: Path


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    """A folder for what is taken: the user's, or one that only the user can read and that goes in the end."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="contourqa-") as folder:
            yield Path(folder)
        return
    new = not keep.exists()
    output_folder(keep)
    if new:
        keep.chmod(PRIVATE)
    yield keep


def _take(
    archive: Archive, listed: Sequence[SeriesRecord], drawn: InstanceRecord, series: str | None, folder: Path
) -> _Taken:
    contours_path = retrieve_instance(archive, drawn, folder / drawn.series_uid)
    images = choose_images(listed, series, referenced_series(contours_path))
    say(f"Assessing {drawn.label} on {images.label}.")
    images_path = folder / images.series_uid
    with progress("Taking") as report:
        retrieve_series(archive, images.study_uid, images.series_uid, images_path, report)
    return _Taken(drawn, contours_path, images, images_path)


def _assess(
    archive: Archive, taken: _Taken, how: _How, output: Path | None, form: Format
) -> tuple[Path, ...]:
    """Assess what was taken, print it, and write it where a folder was named; the DICOM files among these."""
    reading = CaseReading(how.naming)
    image = reading.image(taken.images_path)
    drawn = reading.contours(taken.contours_path, Canvas.of(image))
    if how.structures:
        drawn = select(drawn, how.structures)
    with progress("Assessing") as report:
        result = assess_contours(image, drawn, how.model, how.levels, progress=report)
    settings = {
        "accept": how.levels.accept,
        "reject": how.levels.reject,
        "structures": list(how.structures),
        **how.naming.settings(),
    }
    root = archive.address.url
    inputs = [
        InputFile(root + taken.images.place, image_input(taken.images_path, image).sha256),
        InputFile(root + taken.contours.place, contours_input(taken.contours_path).sha256),
    ]
    provenance = Provenance.of(inputs, settings, result.model)
    left_out = [replace(one, source=root + taken.contours.place) for one in reading.left_out]
    document = assessment_document(result, provenance, left_out)
    written: tuple[Path, ...] = ()
    if output is not None:
        save_assessment(output, result, image, drawn, provenance, document)
        source = source_series(taken.images_path)
        written = save_assessment_dicom(output, result, image, drawn, source, taken.contours_path)
    print_result(
        form,
        table=lambda console: print_assessment(console, result),
        document=document,
        rows=assessment_rows(result),
    )
    return written
