"""What is taken from an archive: files exactly as it keeps them, complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.errors import NotThereError, PacsError, PassingError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.records import InstanceRecord
from ContourQALib.pacs.searching import find_instances

Report = Callable[[int, int, str], None]
"""Told how many of how many are done, and of what."""

ARRIVING = "arriving.dcm"
"""A file whose instance is not known before it is complete."""


def retrieve_series(
    archive: Archive, study_uid: str, series_uid: str, folder: Path, report: Report | None = None
) -> tuple[Path, ...]:
    """Take all files of a series.

    The series is asked for at once; what is missing then, because the connection broke or a file is damaged,
    is asked for one by one.

    Args:
        archive: whom to ask.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        folder: where to; files are named by their SOP Instance UID. Made where it is missing.
        report: progress.

    Returns:
        The files, in the order in which the archive lists its instances.

    Raises:
        NotThereError: the archive does not hold the series.
        PacsError: it does not answer, or not every file it lists could be taken.
        OutputError: the folder cannot be written.
    """
    listed = {one.instance_uid: one.place for one in find_instances(archive, study_uid, series_uid)}
    if not listed:
        raise NotThereError(f"{archive.address.url} holds no series {series_uid} of study {study_uid}.")
    output_folder(folder)
    taken: dict[str, Path] = {}

    def take(path: str) -> None:
        for file in _arriving(archive, path, folder):
            if file is not None and file.series_uid == series_uid:
                taken[file.instance_uid] = _kept(file)
                if report is not None:
                    report(len(taken), len(listed), "files")

    with suppress(PassingError, NotThereError):
        take(f"/studies/{study_uid}/series/{series_uid}")
    for instance_uid, place in listed.items():
        if instance_uid not in taken:
            with suppress(NotThereError):
                archive.patiently(partial(take, place))
    missing = [uid for uid in listed if uid not in taken]
    if missing:
        raise PacsError(
            f"{archive.address.url} lists {len(listed)} files of series {series_uid} and gives no "
            f"readable file for {len(missing)} of them, the first {missing[0]}; ask its administrator to "
            "check the series."
        )
    return tuple(taken[uid] for uid in [*listed, *(uid for uid in taken if uid not in listed)])


def retrieve_instance(archive: Archive, wanted: InstanceRecord, folder: Path) -> Path:
    """Take one file.

    Returns:
        The file, named by its SOP Instance UID.

    Raises:
        PacsError: the archive does not answer, or gives another file or a damaged one.
        OutputError: the folder cannot be written.
    """
    output_folder(folder)
    taken: list[Path] = []

    def take() -> None:
        for file in _arriving(archive, wanted.place, folder):
            if file is not None and file.instance_uid == wanted.instance_uid:
                taken.append(_kept(file))

    archive.patiently(take)
    if not taken:
        raise PacsError(
            f"{archive.address.url} gives no readable file for instance {wanted.instance_uid}; ask its "
            "administrator to check it."
        )
    return taken[-1]


def _arriving(archive: Archive, path: str, folder: Path) -> Iterator[InstanceFile | None]:
    """Each file under a path when it is complete, under a passing name; None for one that cannot be read."""
    for pieces in archive.files(path):
        passing = folder / ARRIVING
        with write_atomically(passing) as temporary, open(temporary, "wb") as file:
            for piece in pieces:
                file.write(piece)
        try:
            yield InstanceFile.read(passing)
        except FormatError:
            yield None
        finally:
            passing.unlink(missing_ok=True)


def _kept(file: InstanceFile) -> Path:
    return file.path.replace(file.path.with_name(f"{file.instance_uid}.dcm"))
