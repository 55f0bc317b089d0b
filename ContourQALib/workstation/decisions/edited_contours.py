"""Edited contours as files: beside the original, and never over anything."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.errors import GeometryError, StructureError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.file_type import stem_of
from ContourQALib.formats.output import TakenError
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.names import is_nameless
from ContourQALib.workstation.decisions.contour_hash import hash_contour

EDITED_TAG = "ContourQA.Edited"
"""Tag of a segment whose voxels a reader changed; its value is "true"."""

RESAMPLED_TAG = "ContourQA.Resampled"
"""Tag of a segment that was interpolated to the image's voxels; its value is "true"."""

LOST_TAG = "ContourQA.OutsideImageCc"
"""Tag of a segment of which a part lies outside of the image and is in the original alone; its volume, cc."""

_ENDING = re.compile(r"\.edited-\d+$")
_FILE = re.compile(r"\.edited-\d+\.seg\.nrrd$", re.IGNORECASE)


def is_edited_file(path: str | PathLike[str]) -> bool:
    """Whether a name is one that `save_edited` gives: such a file belongs to the one beside it."""
    return _FILE.search(Path(path).name) is not None


def save_edited(
    original: Path,
    contours: Sequence[Contour],
    image_grid: Grid,
    *,
    before: Sequence[Contour] | None = None,
    folder: Path | None = None,
) -> Path:
    """Save a file's structures, the edited ones replaced, as NAME.edited-N.seg.nrrd.

    N is the first number from 1 that is free, also where another viewer saves at the same moment. Structures
    that were not edited keep their voxels, names, colors and tags; what differs from the original carries
    `EDITED_TAG`. All lie on the image's grid. The file is on the disk when this returns, which takes up to a
    second for a large image: from an event loop, call it in a thread.

    Args:
        original: the file that was edited, of any kind that is read; it is not opened for writing.
        contours: the edited structures, or all of the file; those of `before` of the same names are replaced,
            further ones follow.
        image_grid: the image's grid.
        before: the file's structures as they were read, called as `contours` are; by default the file is read
            again, which of polygons (RTSTRUCT) needs their image beside them.
        folder: where to save; by default beside the original.

    Returns:
        The file that was written.

    Raises:
        OutputError: the folder is missing or not writable, or the disk is full; give another `folder`.
        GeometryError: an edited contour lies wholly outside of the image.
        StructureError: a name stands for several structures, or there is nothing to save.
        FormatError: the original cannot be read.
    """
    before = _named_alike(read_contours(original) if before is None else before, contours)
    placed = [contour.on(image_grid) for contour in contours]
    segments = _replaced(original, [_on_image(contour, image_grid) for contour in before], placed)
    return _written(segments, original, original.parent if folder is None else folder)


def _named_alike(read: Sequence[Contour], contours: Sequence[Contour]) -> Sequence[Contour]:
    """The only structure of a file that names none is the one that was edited, whatever it is called."""
    if len(read) == len(contours) == 1 and is_nameless(read[0].name):
        return [replace(read[0], name=contours[0].name)]
    return read


def _on_image(contour: Contour, grid: Grid) -> Contour:
    """A contour that nobody edited on the image's grid; one wholly outside does not stop the others."""
    try:
        return contour.on(grid)
    except GeometryError:
        nothing = np.zeros(grid.shape, bool)
        return replace(contour, mask=nothing, grid=grid, lost_cc=contour.lost_cc + contour.volume_cc)


def _replaced(original: Path, before: Sequence[Contour], after: Sequence[Contour]) -> list[Contour]:
    """The segments to write: those before, in order, each replaced by its namesake, then further ones."""
    there, given = Counter(contour.name for contour in before), Counter(contour.name for contour in after)
    for name in given:
        if given[name] > 1 or there[name] > 1:
            raise StructureError(
                f"{original} has several structures called {name}; rename all but one, then edit them."
            )
    edited = {contour.name: contour for contour in after}
    segments = []
    for old in before:
        new = edited.pop(old.name, None)
        if new is None:
            segments.append(_tagged(old, edited=False))
            continue
        whole = replace(
            new,
            color=new.color or old.color,
            tags={**old.tags, **new.tags},
            resampled=new.resampled or old.resampled,
            lost_cc=max(new.lost_cc, old.lost_cc),
        )
        segments.append(_tagged(whole, edited=hash_contour(new) != hash_contour(old)))
    return segments + [_tagged(new, edited=True) for new in edited.values()]


def _tagged(contour: Contour, *, edited: bool) -> Contour:
    tags = dict(contour.tags)
    if edited:
        tags[EDITED_TAG] = "true"
    if contour.resampled:
        tags[RESAMPLED_TAG] = "true"
    if contour.lost_cc:
        tags[LOST_TAG] = f"{contour.lost_cc:.3f}"
    return replace(contour, tags=tags)


def _written(segments: Sequence[Contour], original: Path, folder: Path) -> Path:
    stem = _ENDING.sub("", stem_of(original))
    number = 0
    while True:
        number += 1
        path = folder / f"{stem}.edited-{number}.seg.nrrd"
        if os.path.lexists(path):
            continue
        try:
            write_segmentation(segments, path, overwrite=False)
        except TakenError:  # another viewer was faster
            continue
        return path
