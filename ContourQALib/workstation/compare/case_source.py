"""CaseSource: whose contours of a case can be compared, and how each is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ContourQALib.case import Contour
from ContourQALib.metrics.pairing import Source
from ContourQALib.report.outlines import ASSESSED, REFERENCE, Look, looks_of_tests
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.open_case import OpenCase

REFERENCE_NAME = "Reference"
REVIEWED_NAME = "Under review"
"""Name of the contours under review where nothing says whose they are."""


class Kind(StrEnum):
    """What contours are to their case."""

    REFERENCE = "reference"
    REVIEWED = "reviewed"
    MODEL = "model"


@dataclass(frozen=True)
class CaseSource:
    """Contours of a case by one hand.

    Attributes:
        name: as tables and files call it, unlike that of any other source of the case.
        kind: what they are to the case.
        look: color and line style; the same wherever they are shown.
        key: the model's name in the case; "" for others.
    """

    name: str
    kind: Kind
    look: Look
    key: str = ""

    @property
    def title(self) -> str:
        """The name, and that its contours are those under review."""
        if self.kind is not Kind.REVIEWED or self.name.startswith(REVIEWED_NAME):
            return self.name
        return f"{self.name} (under review)"


def sources_of(entry: CaseEntry) -> tuple[CaseSource, ...]:
    """Whose contours a case has: the reference, those under review, then the other models."""
    wanted = [(entry.assessed or REVIEWED_NAME, Kind.REVIEWED, "")]
    wanted += [(name, Kind.MODEL, name) for name in entry.models]
    taken = [REFERENCE_NAME]
    names = [_distinct(name, taken) for name, _, _ in wanted]
    looks = looks_of_tests(names)
    if not entry.assessed:
        looks[0] = ASSESSED
        looks[1:] = looks_of_tests(names[1:])
    reference = [CaseSource(REFERENCE_NAME, Kind.REFERENCE, REFERENCE)] if entry.reference else []
    others = [
        CaseSource(name, kind, look, key)
        for name, look, (_, kind, key) in zip(names, looks, wanted, strict=True)
    ]
    return (*reference, *others)


async def read_source(case: OpenCase, source: CaseSource) -> Source:
    """The contours of a source, each on the lattice that it was drawn on.

    Those under review are as they are in the scene where they were edited, else as in their file.

    Raises:
        ContourQAError: a file cannot be read.
    """
    contours = await asyncio.to_thread(_read, case.files, source)
    if source.kind is Kind.REVIEWED:
        contours = tuple(
            case.contour(contour.name) if contour.name in case.edited else contour for contour in contours
        )
    return Source(source.name, contours)


def _read(files: CaseFiles, source: CaseSource) -> tuple[Contour, ...]:
    if source.kind is Kind.REFERENCE:
        return files.reference()
    if source.kind is Kind.MODEL:
        return files.models()[source.key]
    return files.contours()


def _distinct(name: str, taken: list[str]) -> str:
    """The name, with a number behind it where it is taken; it is taken from then on."""
    found = next(one for one in _numbered(name) if one.casefold() not in map(str.casefold, taken))
    taken.append(found)
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name} ({number})"
        number += 1
