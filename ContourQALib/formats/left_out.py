"""LeftOutStructure: what a contour file names and does not contour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOutStructure:
    """A region that a file lists and that is no contour: an isocenter, a name without any points.

    Attributes:
        structure: its name, as its source spells it.
        source: the file, as the user named it.
        reason: why.
    """

    structure: str
    source: str
    reason: str
