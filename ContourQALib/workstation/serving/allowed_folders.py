"""Allowed folders: what this workstation may read, and nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ContourQALib.workstation.errors import AccessError


class AllowedFolders:
    """The folders, and single files, that were named when the workstation was started.

    Symbolic links and `..` are followed before a path is judged, so that neither a link inside a folder nor a
    line of a manifest leads out of it.

    Args:
        folders: folders or files; what they link to is what is allowed.

    Example:
        AllowedFolders([Path("cases")]).check(Path("cases/7/image.nrrd"))
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(dict.fromkeys(_followed(folder) for folder in folders))

    def check(self, path: Path) -> Path:
        """The path to open, absolute and with its links followed; it need not exist.

        Raises:
            AccessError: it lies outside the folders, or is no path at all.
        """
        followed = _followed(path)
        if not any(followed.is_relative_to(folder) for folder in self.folders):
            raise AccessError(
                f"{path} lies outside the folders that this workstation was given; "
                "start it with --folder and the folder of that file."
            )
        return followed


def _followed(path: Path) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a NUL byte
        raise AccessError(f"{str(path)!r} cannot be followed to a file; name another.") from error
