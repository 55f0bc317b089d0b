"""LabelNaming: how the labels of contour files become structures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ContourQALib.case import Contour, SeriesIdentity
from ContourQALib.errors import SettingError
from ContourQALib.formats.color_table import read_color_table
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.label_text import parse_labels
from ContourQALib.geometry import Grid


@dataclass(frozen=True)
class LabelNaming:
    """How the labels of every contour file of a command, or of a workstation, become structures.

    Attributes:
        labels: the text of --labels, such as "1=anterior,2=posterior".
        merge: the name that all labels are merged under.
        color_table: a file that names labels.
    """

    labels: str | None = None
    merge: str | None = None
    color_table: Path | None = None

    def read(
        self,
        path: Path,
        each: Callable[[Contour], Contour] | None = None,
        grid: Grid | None = None,
        series: SeriesIdentity | None = None,
        on_left_out: Callable[[LeftOutRoi], None] | None = None,
    ) -> tuple[Contour, ...]:
        """The contours of a file; see `read_contours` for the arguments and the errors."""
        labels = parse_labels(self.labels) if self.labels else None
        return read_contours(path, labels, self.merge, self.color_table, each, grid, series, on_left_out)

    def check(self) -> None:
        """See that it can be used, so that what is wrong with it is told once and not for every file.

        Raises:
            SettingError: labels that cannot be understood, or labels and merge together.
            FormatError: a color table that cannot be read.
        """
        if self.labels and self.merge:
            raise SettingError(f"Labels can be named or merged into {self.merge}, not both; choose one.")
        if self.labels:
            parse_labels(self.labels)
        if self.color_table:
            read_color_table(self.color_table)

    def settings(self) -> dict[str, str]:
        """What was set, for provenance."""
        named = {"labels": self.labels, "merge": self.merge, "color_table": self.color_table}
        return {name: str(value) for name, value in named.items() if value is not None}
