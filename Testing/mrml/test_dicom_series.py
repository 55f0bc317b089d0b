"""Which DICOM series a volume came from, as the scene remembers it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Image, SeriesIdentity
from ContourQALib.geometry import Grid
from ContourQALib.mrml import volumes
from ContourQALib.mrml.dicom_series import INSTANCES_ATTRIBUTE, series_of
from ContourQALib.quality.modality import modality_of

GRID = Grid((4, 3, 2), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))


@pytest.fixture
def volume(scene: Any) -> Any:
    """Values that look like CT to whoever must guess."""
    return volumes.add_volume(scene, Image(np.full(GRID.shape, -900, np.int16), GRID), "5: T1")


def as_loaded(slicer: Any, volume: Any) -> None:
    """What Slicer's scalar volume plugin leaves behind: patient, study and series, and the instances."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(volume.GetScene())
    named = slicer.vtkMRMLSubjectHierarchyConstants
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Sample^Patient")
    study = hierarchy.CreateStudyItem(patient, "a study")
    hierarchy.SetItemUID(study, named.GetDICOMUIDName(), "1.2.3")
    item = hierarchy.CreateItem(study, volume)
    hierarchy.SetItemUID(item, named.GetDICOMUIDName(), "1.2.3.4")
    hierarchy.SetItemAttribute(item, "DICOM.Modality", "MR")
    hierarchy.SetItemAttribute(item, "DICOM.FrameOfReferenceUID", "1.2.9")
    volume.SetAttribute(INSTANCES_ATTRIBUTE, "1.2.3.4.1 1.2.3.4.2")


def test_a_volume_from_dicom_knows_its_series_and_its_modality_is_not_guessed(slicer, volume):
    assert modality_of(volumes.image_of(volume)) == "CT"
    as_loaded(slicer, volume)
    image = volumes.image_of(volume)
    assert image.series == SeriesIdentity("1.2.3", "1.2.3.4", "1.2.9", "MR", ("1.2.3.4.1", "1.2.3.4.2"))
    assert modality_of(image) == "MR"


def test_a_volume_of_a_series_without_study_or_modality_is_told_apart_by_its_values(slicer, volume):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(volume.GetScene())
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), volume)
    hierarchy.SetItemUID(item, slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMUIDName(), "1.2.3.4")
    image = volumes.image_of(volume)
    assert image.series == SeriesIdentity("", "1.2.3.4", "", "", ())
    assert modality_of(image) == "CT"


def test_other_volumes_have_none(slicer, volume):
    assert series_of(volume) is None
    as_loaded(slicer, volume)
    copy = volume.GetScene().AddNewNodeByClass("vtkMRMLScalarVolumeNode", "cropped")
    copy.CopyContent(volume)
    assert series_of(copy) is None
    assert series_of(slicer.vtkMRMLScalarVolumeNode()) is None, "no scene"
