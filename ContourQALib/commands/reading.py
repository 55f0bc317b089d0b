"""Images that a command line names, to show below contours."""

from __future__ import annotations

from pathlib import Path

from ContourQALib.case import Image
from ContourQALib.commands.printing import say
from ContourQALib.errors import ContourQAError
from ContourQALib.formats.images import read_image


def readable_image(path: str | Path | None) -> Image | None:
    """The image, or None with a message: a picture's background must not cost a cohort its report."""
    if path is None:
        return None
    try:
        return read_image(path)
    except ContourQAError as error:
        say(f"No image below the outlines: {error}")
        return None
