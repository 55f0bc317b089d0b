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


@contextmanager
def write_atomically(path: str | PathLike[str]) -> Iterator[Path]:
    """Give a temporary file beside `path` to write to, and move it there when the block ends well.

    The temporary name keeps the extension, by which ITK chooses the format. It is removed when the block
    raises.

    Example:
        with write_atomically("report.json") as temporary:
            temporary.write_text("{}")

    Raises:
        OutputError: the folder is missing, a file or not writable, `path` is a folder, or the disk is full.
    """
    path = Path(path)
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
        os.replace(temporary, path)
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


def _explained(path: Path, error: OSError) -> OutputError:
    if error.errno in FULL:
        return OutputError(f"{path} cannot be written because the disk is full; free some space.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return OutputError(
            f"{path} cannot be written because its folder is not writable; choose another folder."
        )
    return OutputError(f"{path} cannot be written ({error.strerror or error}); choose another place.")
