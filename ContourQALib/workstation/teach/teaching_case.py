"""TeachingCase: an image with contours held to be right, to be spoiled on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ContourQALib.case import Contour, Image
from ContourQALib.errors import StructureError
from ContourQALib.metrics.domain import cropped
from ContourQALib.perturbation import perturb
from ContourQALib.phantom import pelvis
from ContourQALib.workstation.teach.lessons import LESSONS

PHANTOM_MODEL = "pelvis-phantom"
"""The model that learned from phantoms; it says nothing of a patient."""


FILLING = ("full", "binary-noise")
MANY_VOXELS = 4_000_000
"""These errors fill the image; in one with more voxels their surfaces take minutes to measure."""


@dataclass(frozen=True)
class Dose:
    """A contour error, how much of it, and which of its kind.

    Attributes:
        error: a name in `perturbation.ERRORS`.
        severity: in the error's unit.
        seed: of its direction or place.
    """

    error: str
    severity: float
    seed: int = 0

    @property
    def words(self) -> str:
        """As people say it: "shifted, 6 mm"."""
        lesson = LESSONS[self.error]
        return f"{lesson.title}, {lesson.words(self.severity)}"


@dataclass(frozen=True, eq=False)
class TeachingCase:
    """What is taught with.

    Attributes:
        name: as the page shows it.
        image: what the contours were drawn on; the same object for as long as it is taught with.
        reference: the contours held to be right, on the image's lattice, each cut to its box.
        model: whom to ask for predictions; None takes the bundled model that fits.
    """

    name: str
    image: Image
    reference: tuple[Contour, ...]
    model: str | None = None

    @property
    def structures(self) -> tuple[str, ...]:
        """Names of the structures that are not empty: of nothing nothing can be spoiled."""
        return tuple(contour.name for contour in self.reference if contour.mask.any())

    @property
    def errors(self) -> tuple[str, ...]:
        """Names of the errors to spoil it with, all but those that would take minutes to measure."""
        large = self.image.values.size > MANY_VOXELS
        return tuple(error for error in LESSONS if not (large and error in FILLING))

    def contour(self, structure: str) -> Contour:
        """The reference's contour of a structure.

        Raises:
            StructureError: there is none of that name.
        """
        found = next((contour for contour in self.reference if contour.name == structure), None)
        if found is None:
            names = ", ".join(self.structures) or "no structure"
            raise StructureError(f"The reference of {self.name} has no {structure}; it has {names}.")
        return found

    def spoiled(self, structure: str, dose: Dose) -> Contour:
        """The reference's contour with an error, cut to its own box; takes some 20 ms, seldom half a second.

        All are made on the image's grid, since some concern all of it: mirrored through its middle, counted
        from its first slice.

        Raises:
            StructureError: there is no such structure.
            SettingError: a severity that the error does not have.
        """
        reference = self.contour(structure).on(self.image.grid)
        return cropped(perturb(reference, dose.error, dose.severity, dose.seed))


def phantom_case(seed: int = 0) -> TeachingCase:
    """The pelvis phantom of a seed: no patient, no file; takes about a second.

    Raises:
        SettingError: a negative seed.
    """
    drawn = pelvis(seed=seed)
    reference = tuple(cropped(contour) for contour in drawn.reference)
    return TeachingCase(f"Phantom {seed}", drawn.image, reference, PHANTOM_MODEL)


def reference_case(
    name: str, image: Image, reference: Sequence[Contour], model: str | None = None
) -> TeachingCase:
    """A case that has a reference.

    Args:
        name: the case's.
        image: what the contours were drawn on.
        reference: the contours held to be right.
        model: whom to ask for predictions.

    Raises:
        GeometryError: a contour lies wholly outside the image.
    """
    placed = (contour.on(image.grid) for contour in reference)
    return TeachingCase(name, image, tuple(cropped(contour) for contour in placed), model)
