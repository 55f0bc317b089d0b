"""What each figure means: the status of a comparison and the definitions every exported table carries.

The choices are METRICS.md section 1's; where the field uses one name for several figures (HD95, surface
distance) each has a name of its own here.
"""

from enum import StrEnum

DEFAULT_TOLERANCE_MM = 2.0
"""Tolerance of surface Dice where none is given, mm."""


class Status(StrEnum):
    """Whether a result's numbers are defined, and if not, why."""

    OK = "ok"
    BOTH_EMPTY = "both_empty"
    REFERENCE_EMPTY = "reference_empty"
    TEST_EMPTY = "test_empty"
    EMPTY = "empty"
    FULL = "full"
    UNMATCHED = "unmatched"
    FAILED = "failed"


REASONS = {
    Status.BOTH_EMPTY: "both contours are empty: nothing is defined",
    Status.REFERENCE_EMPTY: "the reference contour is empty: Dice is 0 and distances are undefined",
    Status.TEST_EMPTY: "the test contour is empty: Dice is 0 and distances are undefined",
}
"""The reason given for undefined numbers, by status."""

FULL_REFERENCE = "specificity is undefined: the reference fills its whole grid"
"""The only figure that two non-empty contours can leave undefined, and why."""

DEFINITIONS = {
    "surface": "voxels of a mask with at least one 6-neighbor outside it; outside the grid is background; "
    "distances are between voxel centers, exact, in mm",
    "dice": "2|G∩T| / (|G|+|T|) of the voxels of reference G and test T",
    "sensitivity": "TP / (TP+FN), over the whole reference grid",
    "specificity": "TN / (TN+FP), over the whole reference grid; it depends on the size of that grid",
    "precision": "TP / (TP+FP), over the whole reference grid",
    "volume_error_percent": "100 (V_test - V_reference) / V_reference; positive is over-contoured",
    "hd_mm": "Hausdorff distance: the largest surface distance of both directions",
    "hd95_mm": "larger of the two directed 95th percentiles, linear interpolation (MONAI, nnU-Net)",
    "hd95_pooled_mm": "95th percentile of both directed distance sets pooled (MedPy; Geng 2024, eq. 2)",
    "hd95_slicerrt_mm": "mean of the two directed order statistics of zero-based rank "
    "max(0, floor(0.95 n - 1)) (what SlicerRT's Segment Comparison calls 95%)",
    "msd_mm": "mean of both directed distance sets pooled (ASSD; Bice 2021, eq. 7)",
    "masd_mm": "mean of the two directed mean distances",
    "surface_dice": "share of both surfaces' voxels within tolerance_mm of the other surface, by voxel count",
    "empty": "one contour empty: Dice and surface Dice 0, distances undefined; both empty: all undefined",
    "touches_edge": "the reference or the test contour has a voxel on the edge of the grid",
    "resampled": "the test contour lay on another lattice and was interpolated to the reference's grid",
}
"""Each figure's definition in a sentence, as written into reports and JSON."""


def comparison_status(reference_voxels: int, test_voxels: int) -> Status:
    """Status of comparing two masks with these voxel counts."""
    if not reference_voxels:
        return Status.REFERENCE_EMPTY if test_voxels else Status.BOTH_EMPTY
    return Status.OK if test_voxels else Status.TEST_EMPTY
