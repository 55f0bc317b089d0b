"""The DICOM series that a volume of the scene was loaded from, as the scene itself remembers it."""

from __future__ import annotations

from typing import Any

from ContourQALib.case import SeriesIdentity

INSTANCES_ATTRIBUTE = "DICOM.instanceUIDs"
"""Attribute of a volume node: the SOP Instance UIDs that it was read from, a space between them."""


def series_of(volume_node: Any) -> SeriesIdentity | None:
    """The series of a volume that 3D Slicer loaded from DICOM; None where the scene does not say it.

    Slicer's DICOM plugins note the series in the subject hierarchy, with the study above it, and the
    instances on the node. No database is asked, so that a scene that was saved and loaded elsewhere knows it
    too. A volume that was made from another one (cropped, resampled, cloned) has none.

    Args:
        volume_node: vtkMRMLScalarVolumeNode.
    """
    import slicer

    scene = volume_node.GetScene()
    # the hierarchy's own way to find it would make one where there is none
    hierarchy: Any = None if scene is None else scene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    item = hierarchy.GetItemByDataNode(volume_node) if hierarchy is not None else 0
    if not item:
        return None
    named = slicer.vtkMRMLSubjectHierarchyConstants
    series_uid = hierarchy.GetItemUID(item, named.GetDICOMUIDName())
    if not series_uid:
        return None
    study = hierarchy.GetItemAncestorAtLevel(item, named.GetDICOMLevelStudy())
    return SeriesIdentity(
        study_uid=hierarchy.GetItemUID(study, named.GetDICOMUIDName()) if study else "",
        series_uid=series_uid,
        frame_uid=hierarchy.GetItemAttribute(item, named.GetDICOMFrameOfReferenceUIDAttributeName()),
        modality=hierarchy.GetItemAttribute(item, named.GetDICOMSeriesModalityAttributeName()),
        instance_uids=tuple((volume_node.GetAttribute(INSTANCES_ATTRIBUTE) or "").split()),
    )
