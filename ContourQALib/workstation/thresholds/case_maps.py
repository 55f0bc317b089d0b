"""CaseMaps: the probability maps of a case, and the references that they can be swept against."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.errors import GeometryError, StructureError
from ContourQALib.formats.file_type import stem_of
from ContourQALib.metrics.domain import counting_grid, cropped, is_outside
from ContourQALib.mrml.threshold_contour import FLOOR, cut, likely_part
from ContourQALib.names import match
from ContourQALib.thresholds.sensitivity import HALF
from ContourQALib.thresholds.sweep import check_probabilities
from ContourQALib.workstation.cases.case_files import CaseFiles


@dataclass(frozen=True, eq=False)
class CaseMaps:
    """What can be looked at of a case.

    Attributes:
        maps: in the case's order.
        titles: of the maps, unlike each other: the structure, and the file where several are of one.
        references: the reference's contours.
    """

    maps: tuple[ProbabilityMap, ...]
    titles: tuple[str, ...]
    references: tuple[Contour, ...]

    @classmethod
    def read(cls, files: CaseFiles) -> CaseMaps:
        """Read them; blocks.

        Raises:
            ContourQAError: a file cannot be read.
        """
        maps = files.probabilities()
        named = Counter(one.name for one in maps)
        titles = tuple(
            f"{one.name} ({stem_of(one.path)})" if named[one.name] > 1 and one.path else one.name
            for one in maps
        )
        return cls(maps, titles, files.reference())

    def place_of(self, structure: str) -> int | None:
        """Place of the first map of a structure; None where there is none."""
        return next((n for n, one in enumerate(self.maps) if one.name == structure), None)

    def reference_of(self, structure: str) -> str:
        """The reference's spelling of a structure; "" where it has none of that name."""
        try:
            pairs = match([one.name for one in self.references], [structure]).pairs
        except StructureError:  # two that mean the same: the reader chooses
            return ""
        return pairs[0][0] if pairs else ""

    def reference(self, name: str) -> Contour | None:
        """The reference's contour of this name; None where there is none."""
        return next((one for one in self.references if one.name == name), None)


@dataclass(frozen=True, eq=False)
class Subject:
    """One map and what it is swept against.

    Attributes:
        probability: the map, as it was read.
        part: the part of it where it is at least `FLOOR`.
        half: the contour at 0.5, cut to its box.
        reference: on the grid that counts; None where there is none.
    """

    probability: ProbabilityMap
    part: ProbabilityMap
    half: Contour
    reference: Contour | None

    @classmethod
    def prepare(cls, probability: ProbabilityMap, drawn: Contour | None) -> Subject:
        """Cut the map to what matters and place the reference; blocks.

        Raises:
            SettingError: the map holds values that are no probabilities.
            GeometryError: the reference lies wholly outside of the map.
        """
        check_probabilities(probability.values, probability.name)
        reference = None
        if drawn is not None:
            grid = counting_grid(drawn, probability.grid)
            if is_outside(drawn, probability.grid):
                raise GeometryError(
                    f"{drawn.name} of the reference lies wholly outside of the map of {probability.name}; "
                    "is it another patient's?"
                )
            # the reference's grid counts: cut to its own box it would hide what lies beyond it
            reference = drawn.on(grid)
        part = likely_part(probability, FLOOR)
        return cls(probability, part, cropped(cut(part, HALF)), reference)
