"""`contourqa pacs assess`: a study's contours taken from an archive, assessed, and the results sent back."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.assess_one import CaseToAssess, assess_one
from ContourQALib.commands.fail_on import FailOnOption, leave
from ContourQALib.commands.how_to_assess import HowToAssess
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
from ContourQALib.commands.printing import progress, say
from ContourQALib.commands.saving import check_folder
from ContourQALib.errors import SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.output import output_folder
from ContourQALib.formats.references import referenced_series
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.choosing import choose_contours, choose_images
from ContourQALib.pacs.errors import NotThereError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.records import InstanceRecord, SeriesRecord
from ContourQALib.pacs.retrieving import retrieve_instance, retrieve_series
from ContourQALib.pacs.searching import check_uid, find_series
from ContourQALib.quality.verdict import Levels
from ContourQALib.thresholds.map_names import MapFile

PRIVATE = 0o700
"""Patients' images are for nobody's eyes but the user's."""

UID_OR_END = re.compile(r"[0-9.]+")
"""What a UID or the end of one looks like, and hardly any file's name."""


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
    probability: Annotated[
        list[str] | None,
        typer.Option(
            "--probability",
            metavar="[NAME=]UID|PATH",
            help="Probability map that a contour was cut from: a SEG of the study, or a file; repeatable.",
        ),
    ] = None,
    second: Annotated[
        str | None,
        typer.Option(
            "--second",
            metavar="UID|PATH",
            help="A second segmentation of the same structures: an RTSTRUCT or SEG of the study, or a file.",
        ),
    ] = None,
    fail_on: FailOnOption = None,
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
    how = HowToAssess.of(LabelNaming(merge=merge, names=names), accept, reject, model, structure)
    if output is not None:
        check_folder(output)
    archive: Archive = context.obj.open()
    listed = find_series(archive, study)
    if not listed:
        raise NotThereError(f"{archive.address.url} holds no study {study}; copy its UID from a query.")
    drawn = choose_contours(archive, listed, contours)
    with _place(keep) as folder:
        taking = _Taking(archive, listed, folder)
        contours_path = taking.contours(drawn)
        maps = [taking.map_named(text) for text in probability or ()]
        other = taking.named(second, "--second") if second is not None else None
        images_path = taking.images(drawn, contours_path, series)
        case = CaseToAssess(images_path, contours_path, None, maps, other, taking.origins)
        result, written = assess_one(case, how, form, output, dicom=True)
    if send:
        send_and_tell(archive, [InstanceFile.read(path) for path in written])
    elif written:
        sending = ["contourqa", "pacs", "--url", archive.address.url, "send", *map(str, written)]
        say(f"Nothing was sent. To send: {shlex.join(sending)}")
    leave([one.verdict for one in result.structures], fail_on)


@dataclass(frozen=True)
class _Taking:
    """Takes objects of a study into a folder.

    Attributes:
        archive: whom to ask.
        listed: series of the study.
        folder: where files go, each into one of its series.
        origins: where in the archive each file or folder came from.
    """

    archive: Archive
    listed: Sequence[SeriesRecord]
    folder: Path
    origins: dict[Path, str] = field(default_factory=dict)

    def contours(self, wanted: InstanceRecord) -> Path:
        """The file of an RTSTRUCT or SEG."""
        path = retrieve_instance(self.archive, wanted, self.folder / wanted.series_uid)
        self.origins[path] = self.archive.address.url + wanted.place
        return path

    def named(self, text: str, option: str) -> Path:
        """The file of an RTSTRUCT or SEG that is named by its UID, or the end of it; else the path it is.

        Raises:
            SettingError: the study holds none of that UID, or several; or there is no such path.
        """
        path = Path(text)
        if path.exists():
            return path
        if not UID_OR_END.fullmatch(text):
            raise SettingError(
                f"{option} {text} is neither a file nor the UID of an RTSTRUCT or SEG of the study; name one."
            )
        return self.contours(choose_contours(self.archive, self.listed, text, option))

    def map_named(self, text: str) -> str:
        """What --probability says, with the path of a SEG that was named by UID."""
        said = MapFile.parse(text)
        path = self.named(str(said.path), "--probability")
        return str(path) if said.structure is None else f"{said.structure}={path}"

    def images(self, drawn: InstanceRecord, contours: Path, wanted: str | None) -> Path:
        """The folder of the series that is wanted, else of the one that contours refer to."""
        images = choose_images(self.listed, wanted, referenced_series(contours))
        say(f"Assessing {drawn.label} on {images.label}.")
        path = self.folder / images.series_uid
        with progress("Taking") as report:
            retrieve_series(self.archive, images.study_uid, images.series_uid, path, report)
        self.origins[path] = self.archive.address.url + images.place
        return path


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
