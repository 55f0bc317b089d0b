"""`contourqa pacs send`: DICOM files to an archive, none of them twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.printing import progress, say
from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.recognizing import files_below
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.errors import PacsError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.sending import Outcome, Sent
from ContourQALib.pacs.sending import send as send_files

LISTED = 20
"""Files that an answer names one by one."""


def send(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE|FOLDER...", help="DICOM files, or folders of them.")
    ],
) -> None:
    """Send DICOM files to an archive.

    What the archive has already is not sent again, so that a run that broke off can be repeated.
    """
    files = list(_instances(paths))
    send_and_tell(context.obj.open(), files)


def send_and_tell(archive: Archive, files: Sequence[InstanceFile]) -> None:
    """Send files and say what became of them.

    Raises:
        PacsError: not all of them are in the archive now; the sentence names those.
    """
    with progress("Sending") as report:
        results = send_files(archive, files, report)
    count = Counter(one.outcome for one in results)
    for one in results:
        if one.arrived and one.reason:
            say(f"{one.file.instance_uid}: {one.reason}.")
    there = f", {count[Outcome.ALREADY_THERE]} were there already" if count[Outcome.ALREADY_THERE] else ""
    say(f"{archive.address.url} stored {count[Outcome.STORED]} of {len(results)} files{there}.")
    missing = [one for one in results if not one.arrived]
    if missing:
        raise PacsError(
            f"{len(missing)} of {len(results)} files are not known to be in the archive: "
            f"{'; '.join(map(_line, missing[:LISTED]))}"
            + (f"; and {len(missing) - LISTED} more" if len(missing) > LISTED else "")
            + "; send again, what is there already is left out."
        )


def _line(one: Sent) -> str:
    return f"{one.file.instance_uid} {one.outcome}" + (f" ({one.reason.rstrip('.')})" if one.reason else "")


def _instances(paths: Iterable[Path]) -> Iterable[InstanceFile]:
    """The instances of files, and those in folders; what else lies in a folder is told.

    Raises:
        FormatError: a file that was named is no DICOM file, or a folder holds none.
    """
    for path in paths:
        if not path.is_dir():
            yield InstanceFile.read(path)
            continue
        found = 0
        for file in files_below(path):
            try:
                yield InstanceFile.read(file)
                found += 1
            except FormatError as error:
                say(f"Not sent: {error}")
        if not found:
            raise FormatError(f"{path} holds no DICOM files; name files, or a folder of them.")
