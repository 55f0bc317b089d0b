"""Files out, in one step: under the final name lies the whole file or nothing new."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

from ContourQALib.errors import OutputError
from ContourQALib.formats.file_type import extension_of

LEFTOVER = re.compile(r"\.[0-9a-f]{16}(\..+)?")
"""Names of temporary files."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


WITHOUT_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK}
"""What a file system answers that knows no second name of a file, as on memory sticks and some networks."""


class TakenError(OutputError):
    """Under the name of a file that must not be written over lies something already."""


@contextmanager
def write_atomically(path: str | PathLike[str], overwrite: bool = True) -> Iterator[Path]:
    """Give a temporary file beside `path` to write to, and move it there when the block ends well.

    The temporary name keeps the extension, by which ITK chooses the format. It is removed when the block
    raises.

    Args:
        path: the final name.
        overwrite: False never replaces what lies there, not even what another program puts there meanwhile,
            and the file is on the disk, not only in the system's memory, when the block has ended.

    Example:
        with write_atomically("report.json") as temporary:
            temporary.write_text("{}")

    Raises:
        TakenError: something lies under the name, and `overwrite` is False.
        OutputError: the folder is missing, a file or not writable, `path` is a folder, or the disk is full.
    """
    path = Path(path)
    if not overwrite and os.path.lexists(path):
        raise _taken(path)
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file to write.")
    if not path.parent.is_dir():
        reason = "is a file, not a folder" if path.parent.exists() else "does not exist"
        raise OutputError(f"{path} cannot be written because {path.parent} {reason}; choose another folder.")
    extension = extension_of(path) or path.suffix
    temporary = path.with_name(f".{secrets.token_hex(8)}{extension}")
    try:
        temporary.touch()  # a folder that is not writable shows here, in Python's words and not in ITK's
        yield temporary
        if overwrite:
            os.replace(temporary, path)
        else:
            _sync(temporary)
            _move_where_free(temporary, path)
            _sync(path.parent)
    except OSError as error:
        raise _explained(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def output_folder(path: str | PathLike[str]) -> Path:
    """The folder `path`, made with its parents where it is missing and found writable.

    Raises:
        OutputError: it or a parent is a file, or it is not writable.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".{secrets.token_hex(8)}"
        probe.touch()
        probe.unlink()
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(
            f"{path} cannot be a folder because it or a parent is a file; choose another."
        ) from error
    except OSError as error:
        raise _explained(path, error) from error
    return path


def remove_leftovers(folder: str | PathLike[str]) -> None:
    """Remove the temporary files that programs killed while writing left in a folder; it may be missing.

    Nobody else may be writing there.
    """
    for left in Path(folder).glob(".*"):
        if LEFTOVER.fullmatch(left.name):
            with suppress(OSError):
                left.unlink()


def _move_where_free(temporary: Path, path: Path) -> None:
    """Move a file to a name that must be free; `os.replace` would not ask.

    Raises:
        TakenError: it is not.
    """
    try:
        try:
            os.link(temporary, path)  # its first name is removed with the temporary files
        except OSError as error:
            if error.errno not in WITHOUT_LINKS:
                raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # nobody else takes it now
            try:
                os.replace(temporary, path)
            except OSError:
                path.unlink()
                raise
    except FileExistsError as error:
        raise _taken(path) from error


def _sync(path: Path) -> None:
    """See that a file, or a folder's list of names, is on the disk; Windows does so with names by itself."""
    if path.is_dir() and os.name == "nt":
        return
    # Windows syncs only what is open for writing, and other systems open no folder for writing
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _taken(path: Path) -> TakenError:
    return TakenError(f"{path} is there already and is not written over; choose another name.")


def _explained(path: Path, error: OSError) -> OutputError:
    if error.errno in FULL:
        return OutputError(f"{path} cannot be written because the disk is full; free some space.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return OutputError(
            f"{path} cannot be written because its folder is not writable; choose another folder."
        )
    return OutputError(f"{path} cannot be written ({error.strerror or error}); choose another place.")
