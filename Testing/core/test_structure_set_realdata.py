"""Structure sets of three patients give the masks that their publishers made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import RASTERIZED_TAG
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.dicom.structure_contours import read_structures
from ContourQALib.formats.dicom.structure_set import read_structure_set
from ContourQALib.geometry import Relation

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize("patient", ["STS_001", "STS_010", "STS_030"])
@pytest.mark.parametrize("image", ["CT", "MR_T1"])
def test_the_mask_is_the_publishers_own(data: Path, patient: str, image: str) -> None:
    (publishers,) = read_contours(data / "dicom" / "sarcoma_nifti" / patient / f"{image}_mask.nii.gz")
    (ours,) = read_structures(
        data / "dicom" / "sarcoma" / patient / image / "mask" / "RS.dcm", publishers.grid
    )
    # Docs/decisions/structure-sets.md: the same rule, and no voxel's center lies on a contour.
    np.testing.assert_array_equal(ours.mask, publishers.mask)
    assert ours.name == f"GTV_Mass_{image}"


def test_the_series_beside_a_structure_set_is_the_one_it_was_drawn_on(data: Path) -> None:
    path = data / "dicom" / "sarcoma" / "STS_010" / "MR_T1" / "mask" / "RS.dcm"
    (publishers,) = read_contours(data / "dicom" / "sarcoma_nifti" / "STS_010" / "MR_T1_mask.nii.gz")
    (found,) = read_structures(path)
    assert found.grid.relation_to(publishers.grid) is Relation.SAME
    np.testing.assert_array_equal(found.mask, publishers.mask)
    # The publishers gave the images new UIDs and left those that contours name as they were.
    assert found.tags[RASTERIZED_TAG].endswith(
        "; 27 of 27 contours refer to images that are not in the series, used by position"
    )


def test_what_a_structure_set_says_of_its_structure(data: Path) -> None:
    found = read_structure_set(data / "dicom" / "sarcoma" / "STS_001" / "MR_T1" / "mask" / "RS.dcm")
    (mass,) = found.structures
    assert (len(mass.contours), sum(len(one.points_mm) for one in mass.contours)) == (32, 20982)
    assert mass.color == (1.0, 0.0, 0.0)
    assert (mass.tags["DICOM.RTROIInterpretedType"], mass.tags["DICOM.ROIObservationLabel"]) == (
        "GTV",
        "GTV_Mass",
    )
    assert (len(found.series_uids), found.left_out) == (1, ())
