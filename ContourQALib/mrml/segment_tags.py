"""Tags of a segment: terminology, status and what else programs note about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADING = "Tags:\n"


def tags_of(segment: Any) -> dict[str, str]:
    """All tags of a vtkSegment.

    Its interface tells the value of a key but not which keys there are; its description lists them, and each
    candidate is asked for.
    """
    from vtkmodules.vtkCommonCore import reference

    _, _, listed = str(segment).rpartition(HEADING)
    tags = {}
    for line in listed.splitlines():
        key = line.strip()
        while key and not segment.HasTag(key):  # values and keys may hold colons
            key = key.rpartition(":")[0].strip()
        value = reference("")
        if key and segment.GetTag(key, value):
            tags[key] = str(value)
    return tags


def set_tags(segment: Any, tags: Mapping[str, str]) -> None:
    """Set tags of a vtkSegment; others that it has stay."""
    for key, value in tags.items():
        segment.SetTag(key, value)
