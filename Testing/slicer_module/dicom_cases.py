"""A volume that Slicer loaded from DICOM: the files, what the scene remembers of them, and the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.geometry import Grid
from ContourQALib.mrml.dicom_series import INSTANCES_ATTRIBUTE
from dicom_samples import write_series


@dataclass(frozen=True)
class LoadedSeries:
    """Files of a series.

    Attributes:
        folder: where they lie.
        study_uid: Study Instance UID.
        series_uid: Series Instance UID.
        frame_uid: Frame of Reference UID.
        files: by SOP Instance UID, in the order of K.
    """

    folder: Path
    study_uid: str
    series_uid: str
    frame_uid: str
    files: Mapping[str, Path]


def write_loaded_series(folder: Path, values: np.ndarray, grid: Grid) -> LoadedSeries:
    """Write the files of a CT."""
    datasets = write_series(folder, values, grid)
    first = datasets[0]
    return LoadedSeries(
        folder,
        str(first.StudyInstanceUID),
        str(first.SeriesInstanceUID),
        str(first.FrameOfReferenceUID),
        {str(one.SOPInstanceUID): folder / f"{k:04d}.dcm" for k, one in enumerate(datasets)},
    )


def mark_as_loaded(volume: Any, series: LoadedSeries) -> None:
    """Leave behind what Slicer's scalar volume plugin does.

    By DICOMPlugin.addSeriesInSubjectHierarchy and DICOMScalarVolumePlugin.setVolumeNodeProperties of Slicer
    5.10, 5.12 and the main branch.
    """
    import slicer

    scene = volume.GetScene()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    named = slicer.vtkMRMLSubjectHierarchyConstants
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "Sample^Patient")
    study = hierarchy.CreateStudyItem(patient, "a study")
    hierarchy.SetItemUID(study, named.GetDICOMUIDName(), series.study_uid)
    item = hierarchy.CreateItem(study, volume)
    hierarchy.SetItemUID(item, named.GetDICOMUIDName(), series.series_uid)
    hierarchy.SetItemAttribute(item, named.GetDICOMSeriesModalityAttributeName(), "CT")
    hierarchy.SetItemAttribute(item, named.GetDICOMFrameOfReferenceUIDAttributeName(), series.frame_uid)
    volume.SetAttribute(INSTANCES_ATTRIBUTE, " ".join(series.files))
