"""What a command line names: images to show below contours, and maps with the structures they are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ContourQALib.case import Image
from ContourQALib.commands.printing import say
from ContourQALib.errors import ContourQAError, StructureError
from ContourQALib.formats.images import read_image
from ContourQALib.thresholds.map_names import MapFile, match_maps


def readable_image(path: str | Path | None) -> Image | None:
    """The image, or None with a message: a picture's background must not cost a cohort its report."""
    if path is None:
        return None
    try:
        return read_image(path)
    except ContourQAError as error:
        say(f"No image below the outlines: {error}")
        return None


def match_map_files(
    texts: Sequence[str], structures: Sequence[str], source: Path
) -> tuple[tuple[MapFile, str], ...]:
    """The maps that --probability names, each with the structure it is of; others are told and left out.

    Args:
        texts: "PATH" or "NAME=PATH".
        structures: names of the contours that maps can be of.
        source: the contours' file, for the message.

    Raises:
        StructureError: no map is of any contour, or one could be of several.
    """
    maps = list(dict.fromkeys(map(MapFile.parse, texts)))
    if not maps:
        return ()
    found = match_maps(maps, structures)
    if not found.pairs:
        raise StructureError(
            f"No map is named like a structure of {source} ({', '.join(structures)}); say which with "
            f"--probability NAME={maps[0].path}."
        )
    if found.unmatched_maps:
        say(f"Not used, of no structure here: {', '.join(str(one.path) for one in found.unmatched_maps)}.")
    return found.pairs
