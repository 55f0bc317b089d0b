"""Every code of our structured reports: the standard's where there is one, else those of 99CONTOURQA.

DICOM, SNOMED CT and UCUM know no Dice coefficient, no surface distance and no prediction interval; for those
PS3.16 section 8.2 has a private designator, which begins with 99 and is declared in the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.verdict import Verdict

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept

SCHEME = "99CONTOURQA"
SCHEME_NAME = "ContourQA: predicted quality of contours"
SCHEME_ORGANIZATION = "ContourQA"


@dataclass(frozen=True)
class Concept:
    """A coded concept: what PS3.3 table 8.8-1 asks of a code.

    Attributes:
        value: Code Value, up to 16 characters.
        meaning: Code Meaning, up to 64 characters, what a reader sees.
        scheme: Coding Scheme Designator.
    """

    value: str
    meaning: str
    scheme: str = SCHEME

    def coded(self) -> CodedConcept:
        """The same for highdicom."""
        from highdicom.sr import CodedConcept

        return CodedConcept(self.value, self.scheme, self.meaning)

    @property
    def key(self) -> tuple[str, str]:
        """Value and scheme, which alone say what is meant (PS3.3 section 8.1)."""
        return self.value, self.scheme


NO_UNITS = Concept("1", "no units", "UCUM")
MILLIMETER = Concept("mm", "mm", "UCUM")
CUBIC_CENTIMETER = Concept("cm3", "cubic centimeter", "UCUM")
SECOND = Concept("s", "second", "UCUM")
PATIENTS = Concept("{patients}", "patients", "UCUM")
SLICES = Concept("{slices}", "slices", "UCUM")
PIXELS = Concept("{pixels}", "pixels", "UCUM")

YES = Concept("373066001", "Yes", "SCT")
NO = Concept("373067005", "No", "SCT")
UNDETERMINED = Concept("373068000", "Undetermined", "SCT")

NOT_ATTEMPTED = Concept("114007", "Measurement not attempted", "DCM")
NOT_A_NUMBER = Concept("114000", "Not a number", "DCM")
NEGATIVE_INFINITY = Concept("114001", "Negative Infinity", "DCM")
POSITIVE_INFINITY = Concept("114002", "Positive Infinity", "DCM")
"""CID 42: what stands where there is no number."""

IMAGING_PROCEDURE = Concept("363679005", "Imaging procedure", "SCT")
DEVICE = Concept("121007", "Device", "DCM")
SOURCE = Concept("260753009", "Source", "SCT")
COMMENT = Concept("121106", "Comment", "DCM")
QUALITATIVE_EVALUATIONS = Concept("C0034375", "Qualitative Evaluations", "UMLS")
IMAGING_MEASUREMENTS = Concept("126010", "Imaging Measurements", "DCM")
MEASUREMENT_GROUP = Concept("125007", "Measurement Group", "DCM")
TRACKING_IDENTIFIER = Concept("112039", "Tracking Identifier", "DCM")
TRACKING_UID = Concept("112040", "Tracking Unique Identifier", "DCM")
ALGORITHM_NAME = Concept("111001", "Algorithm Name", "DCM")
ALGORITHM_VERSION = Concept("111003", "Algorithm Version", "DCM")
REFERENCED_SEGMENT = Concept("121191", "Referenced Segment", "DCM")
SOURCE_SERIES = Concept("121232", "Source series for segmentation", "DCM")
VISUAL_EXPLANATION = Concept("130401", "Visual explanation", "DCM")
ROI_IDENTIFIER = Concept("130489", "Referenced Region of Interest Identifier", "DCM")
IMAGE_LIBRARY = Concept("111028", "Image Library", "DCM")
IMAGE_LIBRARY_GROUP = Concept("126200", "Image Library Group", "DCM")
MODALITY = Concept("121139", "Modality", "DCM")
FRAME_OF_REFERENCE = Concept("112227", "Frame of Reference UID", "DCM")
SERIES_UID = Concept("112002", "Series Instance UID", "DCM")
PIXEL_ROWS = Concept("110910", "Pixel Data Rows", "DCM")
PIXEL_COLUMNS = Concept("110911", "Pixel Data Columns", "DCM")
HORIZONTAL_SPACING = Concept("111026", "Horizontal Pixel Spacing", "DCM")
VERTICAL_SPACING = Concept("111066", "Vertical Pixel Spacing", "DCM")
SLICE_SPACING = Concept("112226", "Spacing between slices", "DCM")

VOLUME = Concept("118565006", "Volume", "SCT")
PREDICTED_DICE = Concept("PRED-DICE", "Predicted Dice coefficient")
PREDICTED_HD95 = Concept("PRED-HD95", "Predicted Hausdorff distance, 95th percentile")
PREDICTED_MSD = Concept("PRED-MSD", "Predicted mean surface distance")
DICE_LOW = Concept("DICE-LOW", "Predicted Dice coefficient, lower bound")
DICE_HIGH = Concept("DICE-HIGH", "Predicted Dice coefficient, upper bound")
HD95_LOW = Concept("HD95-LOW", "Predicted Hausdorff distance, 95th percentile, lower bound")
HD95_HIGH = Concept("HD95-HIGH", "Predicted Hausdorff distance, 95th percentile, upper bound")
MSD_LOW = Concept("MSD-LOW", "Predicted mean surface distance, lower bound")
MSD_HIGH = Concept("MSD-HIGH", "Predicted mean surface distance, upper bound")
INTERVAL_LEVEL = Concept("INTERVAL-LEVEL", "Probability that the truth is between the bounds")
INTERVAL_CASES = Concept("INTERVAL-CASES", "Patients behind the bounds")
DICE_AT_LEAST = Concept("DICE-AT-LEAST", "One-sided lower bound of the Dice coefficient")
EXPECTED_DICE = Concept("EXPECTED-DICE", "Dice coefficient expected from the probability map")
AGREEMENT_DICE = Concept("AGREEMENT-DICE", "Dice coefficient with the second segmentation")
POLYGONS_VOLUME = Concept("POLYGONS-VOLUME", "Volume that the polygons enclose by themselves")
LOST_VOLUME = Concept("LOST-VOLUME", "Volume of the contour outside the image")
SLICES_LISTED = Concept("SLICES-LISTED", "Slices to look at first")
SLICE_ERROR = Concept("SLICE-ERROR", "Predicted volume of wrong voxels in a slice")
SLICE_INDEX = Concept("SLICE-INDEX", "Index of the slice, the first being 0")
ACCEPT_LEVEL = Concept("ACCEPT-LEVEL", "Dice coefficient that is acceptable, at least")
REJECT_LEVEL = Concept("REJECT-LEVEL", "Dice coefficient below which a contour is rejected")
ELAPSED = Concept("ELAPSED", "Time that the assessment took")

VERDICT = Concept("VERDICT", "Verdict of the program, not of a reader")
VERDICTS = {
    Verdict.ACCEPT: Concept("ACCEPT", "Accept: predicted to be acceptable"),
    Verdict.REVIEW: Concept("REVIEW", "Review: a reader decides"),
    Verdict.REJECT: Concept("REJECT", "Reject: predicted to need correction"),
}
STATUS = Concept("STATUS", "Status of the contour")
STATUSES = {status: Concept(status.value.upper(), status.value.replace("_", " ")) for status in Status}
INSIDE_TRAINING_RANGE = Concept("INSIDE-RANGE", "Inside the training range of the model")
RESAMPLED = Concept("RESAMPLED", "Contour was interpolated to the grid of the image")
REASON = Concept("REASON", "Reason of the verdict")
RANGE_REASON = Concept("RANGE-REASON", "About the training range of the model")
INTERVAL_REASON = Concept("INTERVAL-REASON", "Why there are no bounds")
RASTERIZED = Concept("RASTERIZED", "How the contour became a mask")
REMARKS = Concept("REMARKS", "What to know of the contour as it was drawn")
STANDARD_NAME = Concept("STANDARD-NAME", "Name of the structure by TG-263")
SPELLED = Concept("SPELLED", "Name of the structure in the source")
STRUCTURE_SET = Concept("STRUCTURE-SET", "Structure set that the contour came from")
MODEL = Concept("MODEL", "Model that was asked")
MODEL_VERSION = Concept("MODEL-VERSION", "Version of the model")
LICENSE = Concept("LICENSE", "License of the model")
MODEL_STATUS = Concept("MODEL-STATUS", "Status of the model")
TEACHING_ONLY = Concept("TEACHING-ONLY", "Model learned from simulated images, not from patients")
