"""CaseEntry: one case that can be opened, by its files; nothing of them is read yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ContourQALib.formats.dicom.image_series import ImageSeries


@dataclass(frozen=True)
class StructureFile:
    """A file of contours or of probabilities.

    Attributes:
        path: the file.
        structure: the one structure of it that is meant; "" for all of them.
    """

    path: Path
    structure: str = ""


@dataclass(frozen=True)
class CaseEntry:
    """One case of a worklist.

    Attributes:
        name: unlike that of any other case of the list.
        patient: whose case it is.
        image: what the contours were drawn on, of DICOM a folder or a file; None where none was found.
        contours: what is to be assessed.
        reference: contours held to be right.
        models: other models' contours, by the model's name.
        probabilities: maps that the assessed contours were cut from.
        problem: one sentence that says why the case cannot be opened; None where it can.
        assessed: the model whose contours are assessed, "VPM"; "" where nothing says whose they are.
        series: which files of the folder `image` are the image; None where that is to be found out.
        series_wanted: which DICOM series that is, by UID or number; "" for the one that contours refer to.
    """

    name: str
    patient: str
    image: Path | None
    contours: tuple[StructureFile, ...]
    reference: tuple[StructureFile, ...] = ()
    models: Mapping[str, tuple[StructureFile, ...]] = field(default_factory=dict)
    probabilities: tuple[StructureFile, ...] = ()
    problem: str | None = None
    assessed: str = ""
    series: ImageSeries | None = None
    series_wanted: str = ""

    @property
    def files(self) -> tuple[tuple[str, StructureFile], ...]:
        """Every file of the case with what it is to it: "image", "contours", …, or "model NAME"."""
        named = [
            ("image", (StructureFile(self.image),) if self.image else ()),
            ("contours", self.contours),
            ("reference", self.reference),
            *((f"model {name}", files) for name, files in self.models.items()),
            ("probability", self.probabilities),
        ]
        return tuple((role, file) for role, files in named for file in files)
