"""Lesson: what a contour error is called in class, how it is dosed, and what to notice about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

from ContourQALib.perturbation import ERRORS, ContourError, find_error

MOVED, SURFACE, PARTS, NONSENSE = "Moved or stretched", "Surface", "Parts lost or added", "No contour at all"
"""What errors are grouped by."""

_STEPS = {"mm": 0.5, "degrees": 1.0, "fraction": 0.01, "slices": 1.0, "switch": 1.0}
_FAR_MM = 30.0
_FAR_STEP_MM = 1.0


@dataclass(frozen=True)
class Lesson:
    """One kind of contour error as a teacher speaks of it.

    Attributes:
        error: its name in `perturbation.ERRORS`.
        title: what the list of errors shows.
        group: the heading that it stands under.
        notice: one sentence, what a learner should see in the figures.
    """

    error: str
    title: str
    group: str
    notice: str

    @property
    def kind(self) -> ContourError:
        """The contour error itself."""
        return find_error(self.error)

    @property
    def highest(self) -> float:
        """The gravest severity that the slider offers, in the error's unit."""
        return max(self.kind.severities)

    @property
    def step(self) -> float:
        """From one severity of the slider to the next: half a millimeter, a slice, a degree, one percent."""
        if self.kind.unit == "mm" and self.highest > _FAR_MM:
            return _FAR_STEP_MM
        return _STEPS[self.kind.unit]

    def severity(self, value: float) -> float:
        """The severity of the slider that is nearest to a number, between 0 and `highest`."""
        steps = round(min(max(float(value), 0.0), self.highest) / self.step)
        return round(steps * self.step, 6)

    def words(self, severity: float) -> str:
        """A severity as people say it: "6 mm", "3 slices", "20 %"."""
        unit = self.kind.unit
        if unit == "fraction":
            return f"{100 * severity:.0f} %"
        if unit == "switch":
            return "on" if severity else "off"
        if unit == "slices" and severity == 1:
            return "1 slice"
        if unit == "degrees" and severity == 1:
            return "1 degree"
        return f"{severity:g} {unit}"


_ALL = (
    Lesson(
        "shift",
        "Shifted",
        MOVED,
        "All figures get worse together while the volume stays the same: whoever checks volumes sees "
        "nothing.",
    ),
    Lesson(
        "shift-fraction",
        "Shifted far",
        MOVED,
        "Where the contour no longer meets the organ Dice stays at 0, however far it is; HD95 goes on "
        "growing.",
    ),
    Lesson(
        "rotate",
        "Turned",
        MOVED,
        "The middle stays right and the ends go wrong; the rounder the organ, the less is to be seen of it.",
    ),
    Lesson(
        "scale",
        "Too large or too small",
        MOVED,
        "Volume goes with the cube of the size: 10 % wider is a third more volume, and Dice falls faster "
        "than the outline seems to move.",
    ),
    Lesson(
        "wrong-spacing",
        "Wrong slice spacing",
        MOVED,
        "Counted from the first slice the error adds up: an organ far from it is moved more than it is "
        "stretched.",
    ),
    Lesson(
        "swap-left-right",
        "Left and right swapped",
        MOVED,
        "An organ in the midline hardly changes; a femoral head is on the wrong side altogether, and the "
        "model may well like it there.",
    ),
    Lesson(
        "wrong-organ",
        "Wrong organ",
        MOVED,
        "Volume and smoothness are as they should be: only the image shows that it is the wrong place, "
        "and a model underrates how wrong.",
    ),
    Lesson(
        "dilate",
        "Too generous",
        SURFACE,
        "Every point of the surface is off by the same few mm, so MSD and HD95 lie close together; a "
        "small organ pays for it with more Dice than a large one.",
    ),
    Lesson(
        "erode",
        "Too tight",
        SURFACE,
        "As too generous, until a thin part is gone altogether: then HD95 jumps.",
    ),
    Lesson(
        "bulge",
        "A bulge",
        SURFACE,
        "One place is wrong: Dice and MSD average it away, and HD95 does not see what is less than a "
        "twentieth of the surface.",
    ),
    Lesson(
        "dent",
        "A dent",
        SURFACE,
        "A hollow of a centimeter hardly moves Dice or HD95; it is found by looking at slices, not at "
        "figures.",
    ),
    Lesson(
        "smooth",
        "Over-smoothed",
        SURFACE,
        "Corners and thin ends go first and the bulk stays: surface Dice falls long before Dice does.",
    ),
    Lesson(
        "staircase",
        "In blocks",
        SURFACE,
        "Nearly every point is off by a little: surface Dice falls at once, Dice slowly, and HD95 is "
        "about half a block.",
    ),
    Lesson(
        "noise",
        "Ragged surface",
        SURFACE,
        "HD95 stays at one voxel however ragged it gets; MSD and surface Dice tell how much of it there is.",
    ),
    Lesson(
        "missing-slices",
        "Slices missing at an end",
        PARTS,
        "End slices are small, so Dice hardly moves; the largest distance grows by a slice with each that"
        " is missing.",
    ),
    Lesson(
        "missing-slice-inside",
        "A gap between slices",
        PARTS,
        "Large slices are lost and Dice stays high; the coronal view shows the gap at once, and a rule "
        "sees two parts instead of one.",
    ),
    Lesson(
        "extra-slices",
        "Contoured beyond the end",
        PARTS,
        "The figure that moves least is Dice: a few small slices too many are nothing in volume, and all "
        "the way in distance.",
    ),
    Lesson(
        "slab-drop",
        "A slab missing",
        PARTS,
        "Dice falls with the share that is lost, while HD95 is large from the first: the cut faces lie "
        "deep inside.",
    ),
    Lesson(
        "truncated",
        "Cut off at one side",
        PARTS,
        "As where a field of view ends: HD95 grows with what is cut off, Dice falls slowly first and "
        "quickly later.",
    ),
    Lesson(
        "island",
        "An island beside it",
        PARTS,
        "A speck far away: Dice hardly notices, and HD95 jumps as soon as the speck has a twentieth of "
        "the surface.",
    ),
    Lesson(
        "hole",
        "A cavity inside",
        PARTS,
        "From outside, in 3D, the contour is perfect; only a slice through the cavity shows it.",
    ),
    Lesson(
        "empty",
        "Empty",
        NONSENSE,
        "Dice is 0 and a distance to nothing is infinite; no score of a model is needed, a rule sees it.",
    ),
    Lesson(
        "full",
        "Everything",
        NONSENSE,
        "All of the organ is inside and Dice is nearly 0; the model, which never saw such a thing, may "
        "praise it: a rule has to catch it.",
    ),
    Lesson(
        "binary-noise",
        "Noise",
        NONSENSE,
        "No model has learned from this; what it says then is worth nothing, and the rules have to catch it.",
    ),
)

LESSONS: Mapping[str, Lesson] = MappingProxyType({lesson.error: lesson for lesson in _ALL})
"""A lesson for each contour error, by the error's name, in the order of `perturbation.ERRORS`."""

assert list(LESSONS) == list(ERRORS), "a contour error is without its lesson"


def lesson_items(errors: Collection[str]) -> list[dict[str, Any]]:
    """Items of a select: the lessons of these errors, below the headings of their groups."""
    wanted = [lesson for lesson in LESSONS.values() if lesson.error in errors]
    items: list[dict[str, Any]] = []
    for group, lessons in groupby(wanted, key=lambda lesson: lesson.group):
        items.append({"type": "subheader", "title": group})
        items += [
            {
                "title": lesson.title,
                "value": lesson.error,
                "props": {"subtitle": lesson.kind.description, "lines": "three", "density": "compact"},
            }
            for lesson in lessons
        ]
    return items
