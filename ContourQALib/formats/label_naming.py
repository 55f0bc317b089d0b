"""LabelNaming: how the labels and names of contour files become structures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

from ContourQALib.case import STANDARD_TAG, Contour, Drawn, ProbabilityMap, SeriesIdentity
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.formats.color_table import read_color_table
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.contour_object import contour_object
from ContourQALib.formats.dicom.recognizing import Kind, names_dicom
from ContourQALib.formats.dicom.structure_contours import read_structure_shares
from ContourQALib.formats.dicom.structure_set import LeftOutRoi
from ContourQALib.formats.label_text import parse_labels
from ContourQALib.geometry import Grid
from ContourQALib.vocabulary import DEFAULT, Vocabulary, read_name_table


@dataclass(frozen=True)
class LabelNaming:
    """How the labels of every contour file of a command, or of a workstation, become structures.

    Attributes:
        labels: the text of --labels, such as "1=anterior,2=posterior".
        merge: the name that all labels are merged under.
        color_table: a file that names labels.
        names: a user's table of names (`vocabulary.read_name_table`). What it knows beyond the program is
            called by its standard name, wherever it is read; `Contour.spelled` has the file's.
    """

    labels: str | None = None
    merge: str | None = None
    color_table: Path | None = None
    names: Path | None = None

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
        drawn = read_contours(path, labels, self.merge, self.color_table, each, grid, series, on_left_out)
        return self._named(drawn, path)

    def read_shares(
        self,
        path: Path,
        grid: Grid,
        series: SeriesIdentity | None = None,
        each: Callable[[ProbabilityMap], ProbabilityMap] | None = None,
        on_left_out: Callable[[LeftOutRoi], None] | None = None,
    ) -> tuple[ProbabilityMap, ...]:
        """The share of each voxel that is inside polygons; see `read_structure_shares`.

        Raises:
            SettingError: the file holds no polygons, or structures are to be merged.
            ContourQAError: as of `read_structure_shares`.
        """
        if self.merge:
            raise SettingError("Shares of voxels are not merged; leave out --merge.")
        file, kind = contour_object(path) if names_dicom(path) else (path, None)
        if kind is not Kind.STRUCTURE_SET:
            raise SettingError(
                f"{path} holds no polygons, of which alone shares of voxels are known; name an RTSTRUCT."
            )
        return self._named(read_structure_shares(file, grid, series, each, on_left_out), path)

    def _named(self, drawn: tuple[Drawn, ...], path: Path) -> tuple[Drawn, ...]:
        """Structures of a file as the table of names calls them."""
        if self.names is None:
            return drawn
        named = tuple(self._called(one) for one in drawn)
        times = Counter(contour.name for contour in named)
        twice = [one for one in named if times[one.name] > 1]
        if twice:
            spelled = " and ".join(one.spelled or one.name for one in twice)
            raise StructureError(
                f"{path} holds {spelled}, which {self.names} calls {twice[0].name}; remove one of them there."
            )
        return named

    def _called(self, drawn: Drawn) -> Drawn:
        official = self.official_name(drawn.name)
        called = drawn.called(self.structure(drawn.name))
        return replace(called, tags={**called.tags, STANDARD_TAG: official}) if official else called

    def official_name(self, name: str) -> str | None:
        """The TG-263 name that the table of names gives a structure; None where it gives none.

        Raises:
            FormatError: the table cannot be read.
        """
        return None if self.names is None else self._own(self.names).official_name(name)

    def structure(self, name: str) -> str:
        """What a structure of this name is called here: another name only where the table of names says so.

        Raises:
            FormatError: the table cannot be read.
        """
        if self.names is None:
            return name
        own = self._own(self.names)
        standard = own.standard_name(name)
        return name if standard is None or own.key(name) == DEFAULT.key(name) else standard

    def _own(self, names: Path) -> Vocabulary:
        return _vocabulary(names, names.stat().st_mtime_ns if names.is_file() else 0)

    def check(self) -> None:
        """See that it can be used, so that what is wrong with it is told once and not for every file.

        Raises:
            SettingError: labels that cannot be understood, or labels and merge together.
            FormatError: a color table or a table of names that cannot be read.
        """
        if self.labels and self.merge:
            raise SettingError(f"Labels can be named or merged into {self.merge}, not both; choose one.")
        if self.labels:
            parse_labels(self.labels)
        if self.color_table:
            read_color_table(self.color_table)
        if self.names:
            read_name_table(self.names)

    def check_used(self, paths: Iterable[Path | None]) -> None:
        """See that labels are named in one file at least: structures of DICOM have names of their own.

        Args:
            paths: the files of contours that are to be read; None for one that was not given.

        Raises:
            SettingError: --labels or --color-table was given, and all files are DICOM.
        """
        options = {"--labels": self.labels, "--color-table": self.color_table}
        given = [option for option, value in options.items() if value]
        files = [path for path in dict.fromkeys(paths) if path is not None] if given else []
        if files and all(map(names_dicom, files)):
            raise SettingError(
                f"{' and '.join(given)} can name nothing in {files[0]}: structures of DICOM have names, not "
                "labels; give them others by --names."
            )

    def settings(self) -> dict[str, str]:
        """What was set, for provenance."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: str(value) for name, value in named.items() if value is not None}


@lru_cache(maxsize=4)
def _vocabulary(path: Path, changed_ns: int) -> Vocabulary:
    """A table of names, read again when it was changed."""
    return read_name_table(path)
