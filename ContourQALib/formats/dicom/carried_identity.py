"""CarriedIdentity: what a new DICOM object takes over of patient and study, without telling anyone else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.reading import quietly

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

HELD_BACK = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""What highdicom takes from a source image and checks: a name of one word or a date with dots it quotes in a
warning. All are of type 2 (PS3.3 C.7.1.1, C.7.2.1): empty where the source lacks them.
"""

LARGE = ("PixelData", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")

CHARACTER_SET = "ISO_IR 192"
"""Unicode in UTF-8: the source's own set may lack the letters of our texts."""


def require_highdicom() -> None:
    """See that DICOM can be written here.

    Raises:
        FormatError: highdicom is not installed.
    """
    try:
        import highdicom  # noqa: F401 - whether it is there
    except ImportError as error:
        raise FormatError(
            "Writing DICOM needs highdicom, which is not installed here: pip install highdicom."
        ) from error


@dataclass(frozen=True, eq=False)
class CarriedIdentity:
    """Header of a source image in the two parts that writing needs.

    Attributes:
        header: for the constructor of a highdicom object, as one of its source images; decoded, with
            `HELD_BACK` empty.
        held_back: the rest, for `complete`.
    """

    header: Dataset
    held_back: Dataset

    @classmethod
    def of(cls, dataset: Dataset) -> CarriedIdentity:
        """The identity that an image's dataset holds; the dataset stays as it is."""
        from copy import deepcopy

        from pydicom.dataset import Dataset

        header, held_back = Dataset(), Dataset()
        with quietly():
            for element in dataset:
                if element.keyword not in LARGE:
                    header.add(deepcopy(element))
            header.decode()
        header.remove_private_tags()
        header.SpecificCharacterSet = CHARACTER_SET
        for keyword in HELD_BACK:
            if keyword in header:
                held_back[keyword] = header[keyword]
                del header[keyword]
            setattr(header, keyword, "")
        return cls(header, held_back)

    def complete(self, document: Dataset) -> None:
        """Put what was held back into the finished object."""
        for element in self.held_back:
            document.add(element)
