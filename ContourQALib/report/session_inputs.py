"""What a session's report was made from: voxels that may never have been a file, by their SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from ContourQALib.metrics.domain import cropped
from ContourQALib.report.provenance import InputFile
from ContourQALib.report.session_report import SessionReport


def inputs_of(report: SessionReport) -> tuple[InputFile, ...]:
    """The image, contours and maps of a report, each with the SHA-256 of its voxels.

    What is on screen may never have been saved, or have been changed since: so the voxels are hashed and not
    a file. They are taken in K, J, I order, little-endian; a contour's are those of its own box, one byte
    each, so that the margin around it does not count.
    """
    return tuple(dict.fromkeys(_inputs(report)))


def _inputs(report: SessionReport) -> Iterator[InputFile]:
    if report.image is not None:
        yield _input(report.image.name, report.image.values)
    for contour in report.contours:
        yield _input(f"assessed contour {contour.name}", cropped(contour).mask)
    for found, pair in zip(report.comparisons, report.pairs, strict=bool(report.pairs)):
        for source, contour in zip((found.reference, found.test), pair, strict=True):
            yield _input(f"{source}: {contour.name}", cropped(contour).mask)
    for probability in report.probabilities:
        yield _input(probability.name, probability.values)


def _input(name: str, values: np.ndarray) -> InputFile:
    plain = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    voxels = "×".join(map(str, plain.shape))
    return InputFile(f"voxels of {name} ({voxels}, {values.dtype})", hashlib.sha256(plain.data).hexdigest())
