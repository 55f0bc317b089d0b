"""DICOM files made on the spot: image series, enhanced images and structure sets of one made-up patient.

UIDs follow from what a test names, so that two runs write the same files. Everything of the patient and every
free text is one of the words of `SECRETS`, which no message may hold (`tells_nothing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    generate_uid,
)
from pydicom.valuerep import format_number_as_ds

from ContourQALib.geometry import Grid

PATIENT_NAME = "Sample^Patient"
PATIENT_ID = "ID-77345"
BIRTH_DATE = "19431105"
FREE_TEXT = "Freely typed words"
SECRETS = ("Sample^", "^Patient", PATIENT_ID, BIRTH_DATE, FREE_TEXT)
"""What must stand in no error, log or progress text."""

STORAGE = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
}
ENHANCED = {"CT": EnhancedCTImageStorage, "MR": EnhancedMRImageStorage}


def tells_nothing(text: str) -> bool:
    """Whether a message holds nothing of the patient and no free text."""
    return not any(secret in text for secret in SECRETS)


def uid(*parts: object) -> UID:
    """The UID that follows from some words."""
    return generate_uid(entropy_srcs=[str(part) for part in parts])


def small_grid(slices: int = 5, rows: int = 8, columns: int = 9) -> Grid:
    """A small axial grid; three sizes and three spacings, so that a swapped axis shows."""
    return Grid((columns, rows, slices), (1.5, 2.0, 3.0), (-10.0, -20.0, 30.0))


def small_values(grid: Grid, dtype: Any = np.int16) -> np.ndarray:
    """Numbers that are all different on a small grid."""
    return np.arange(np.prod(grid.shape)).reshape(grid.shape).astype(dtype)


def write_series(
    folder: Path,
    values: np.ndarray,
    grid: Grid,
    modality: str = "CT",
    *,
    series_uid: str | None = None,
    study_uid: str | None = None,
    frame_uid: str | None = None,
    patient_id: str = PATIENT_ID,
    slope: float = 1.0,
    intercept: float = 0.0,
    transfer_syntax: str | None = None,
    names: Sequence[str] | None = None,
    series_number: int = 3,
) -> list[Dataset]:
    """Write one file for each slice.

    Args:
        folder: made where it is missing.
        values: (K, J, I) as stored: uint8, uint16 or int16.
        grid: where they lie.
        modality: "CT", "MR" or "PT".
        series_uid: else one that follows from the folder's name and the modality.
        study_uid: else one that follows from the patient.
        frame_uid: else one that follows from the study.
        patient_id: another one is another patient.
        slope: rescale slope.
        intercept: rescale intercept.
        transfer_syntax: a compressed one (RLE, JPEG-LS), else explicit little endian.
        names: file names in the order of K, else 0000.dcm, 0001.dcm …
        series_number: Series Number.

    Returns:
        the datasets as written, in the order of K.
    """
    folder.mkdir(parents=True, exist_ok=True)
    study_uid = study_uid or uid("study", patient_id)
    series_uid = series_uid or uid("series", study_uid, folder.name, modality)
    written = []
    for k, plane in enumerate(values):
        sample = _new(STORAGE[modality], uid("instance", series_uid, k), patient_id)
        _in_series(sample, modality, study_uid, series_uid, frame_uid, series_number)
        sample.InstanceNumber = k + 1
        sample.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        sample.ImagePositionPatient = _ds(grid.index_to_world((0, 0, k)))
        sample.ImageOrientationPatient = _ds(grid.axes.T[:2].ravel())
        sample.PixelSpacing = _ds((grid.spacing[1], grid.spacing[0]))
        sample.SliceThickness = _ds([grid.spacing[2]])[0]
        sample.PatientPosition, sample.AcquisitionNumber = "HFS", 1
        if modality == "CT":
            sample.KVP = "120"
        if modality != "MR":  # PS3.3 C.8.3.1: the MR Image module has no rescale
            sample.RescaleSlope, sample.RescaleIntercept = _ds((slope, intercept))
        if modality == "PT":
            sample.Units = "BQML"
        _put_pixels(sample, plane)
        if transfer_syntax is not None:
            sample.compress(transfer_syntax, generate_instance_uid=False)
        sample.save_as(folder / (names[k] if names else f"{k:04d}.dcm"), enforce_file_format=True)
        written.append(sample)
    return written


def write_enhanced(
    path: Path,
    values: np.ndarray,
    grid: Grid,
    modality: str = "CT",
    *,
    order: Sequence[int] | None = None,
    rescale: Sequence[tuple[float, float]] | None = None,
    shared: bool = False,
) -> Dataset:
    """Write one multi-frame file (PS3.3 A.36, A.38).

    Args:
        path: the file.
        values: (K, J, I) as stored.
        grid: where they lie.
        modality: "CT" or "MR".
        order: which slice each frame holds, else in the order of K.
        rescale: slope and intercept of each frame, in the order of frames; else 1 and 0.
        shared: whether orientation and spacing stand in the shared groups rather than with every frame.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    order = list(range(len(values))) if order is None else list(order)
    sample = _new(ENHANCED[modality], uid("enhanced", path.name), PATIENT_ID)
    _in_series(sample, modality, uid("study", PATIENT_ID), uid("series", path.name), None, 4)
    sample.InstanceNumber = 1
    sample.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    sample.NumberOfFrames = len(order)
    common, frames = Dataset(), []
    for frame, k in enumerate(order):
        group, position, value = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = _ds(grid.index_to_world((0, 0, k)))
        group.PlanePositionSequence = [position]
        slope, intercept = rescale[frame] if rescale else (1.0, 0.0)
        value.RescaleSlope, value.RescaleIntercept = _ds((slope, intercept))
        value.RescaleType = "HU" if modality == "CT" else "US"
        group.PixelValueTransformationSequence = [value]
        if not shared:
            _put_lattice(group, grid)
        frames.append(group)
    if shared:
        _put_lattice(common, grid)
    sample.SharedFunctionalGroupsSequence = [common]
    sample.PerFrameFunctionalGroupsSequence = frames
    _put_pixels(sample, values[order])
    sample.save_as(path, enforce_file_format=True)
    return sample


def write_structure_set(
    path: Path,
    datasets: Sequence[Dataset],
    rois: Mapping[str, Sequence[np.ndarray]],
    *,
    kinds: Mapping[str, str] | None = None,
    frame_uid: str | None = None,
    refer: bool = True,
) -> Dataset:
    """Write an RTSTRUCT (PS3.3 C.8.8.5, C.8.8.6).

    Args:
        path: the file.
        datasets: the image slices that it refers to, as `write_series` gave them.
        rois: contours (N, 3) LPS mm of each structure.
        kinds: Contour Geometric Type of the structures whose contours are not CLOSED_PLANAR.
        frame_uid: another frame of reference than the images'.
        refer: whether contours name the slice nearest to them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    image = datasets[0]
    frame_uid = frame_uid or image.FrameOfReferenceUID
    sample = _new(RTStructureSetStorage, uid("structures", path.name), image.PatientID)
    _in_series(sample, "RTSTRUCT", image.StudyInstanceUID, uid("structure series", path.name), frame_uid, 9)
    del sample.FrameOfReferenceUID, sample.PositionReferenceIndicator  # the structures' references say it
    sample.OperatorsName = ""
    sample.StructureSetLabel = "Sample"
    sample.StructureSetDate, sample.StructureSetTime = "20200102", "030405"
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    series.ContourImageSequence = [_reference(slice_) for slice_ in datasets]
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = image.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = frame_uid
    frame.RTReferencedStudySequence = [study]
    sample.ReferencedFrameOfReferenceSequence = [frame]
    sample.StructureSetROISequence, sample.ROIContourSequence, sample.RTROIObservationsSequence = [], [], []
    for number, (name, contours) in enumerate(rois.items(), start=1):
        roi, drawn, observation = Dataset(), Dataset(), Dataset()
        roi.ROINumber = drawn.ReferencedROINumber = observation.ReferencedROINumber = number
        roi.ReferencedFrameOfReferenceUID, roi.ROIName = frame_uid, name
        roi.ROIGenerationAlgorithm = "MANUAL"
        observation.ObservationNumber = number
        observation.RTROIInterpretedType, observation.ROIInterpreter = "ORGAN", ""
        drawn.ROIDisplayColor = [255, 40 * number % 256, 0]
        kind = (kinds or {}).get(name, "CLOSED_PLANAR")
        drawn.ContourSequence = [_contour(points, kind, datasets if refer else ()) for points in contours]
        sample.StructureSetROISequence.append(roi)
        sample.ROIContourSequence.append(drawn)
        sample.RTROIObservationsSequence.append(observation)
    sample.save_as(path, enforce_file_format=True)
    return sample


def disk_contours(
    grid: Grid, center_index: Sequence[float], radius_mm: float, slices: Sequence[int], points: int = 60
) -> list[np.ndarray]:
    """Circles around (i, j) on slices of a grid: an array (points, 3) LPS mm for each slice."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    circle = np.outer(np.cos(angle), grid.axes[:, 0]) + np.outer(np.sin(angle), grid.axes[:, 1])
    return [grid.index_to_world((*center_index[:2], k)) + radius_mm * circle for k in slices]


def _new(storage: UID, instance_uid: str, patient_id: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = storage, instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    sample = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    sample.SpecificCharacterSet = "ISO_IR 192"
    sample.SOPClassUID, sample.SOPInstanceUID = storage, instance_uid
    sample.PatientName, sample.PatientID = PATIENT_NAME, patient_id
    sample.PatientBirthDate, sample.PatientSex = BIRTH_DATE, "O"
    sample.StudyDate, sample.StudyTime, sample.StudyID = "20200102", "030405", "1"
    sample.AccessionNumber, sample.ReferringPhysicianName = "", ""
    sample.StudyDescription = sample.SeriesDescription = FREE_TEXT
    sample.Manufacturer = "None"
    return sample


def _in_series(
    sample: Dataset, modality: str, study_uid: str, series_uid: str, frame_uid: str | None, number: int
) -> None:
    sample.Modality, sample.SeriesNumber = modality, number
    sample.StudyInstanceUID, sample.SeriesInstanceUID = study_uid, series_uid
    sample.FrameOfReferenceUID = frame_uid or uid("frame", study_uid)
    sample.PositionReferenceIndicator = ""


def _put_lattice(group: Dataset, grid: Grid) -> None:
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = _ds(grid.axes.T[:2].ravel())
    measures.PixelSpacing = _ds((grid.spacing[1], grid.spacing[0]))
    measures.SliceThickness = _ds([grid.spacing[2]])[0]
    group.PlaneOrientationSequence, group.PixelMeasuresSequence = [orientation], [measures]


def _put_pixels(sample: Dataset, values: np.ndarray) -> None:
    sample.SamplesPerPixel, sample.PhotometricInterpretation = 1, "MONOCHROME2"
    sample.Rows, sample.Columns = values.shape[-2:]
    bits = 8 * values.dtype.itemsize
    sample.BitsAllocated = sample.BitsStored = bits
    sample.HighBit, sample.PixelRepresentation = bits - 1, int(values.dtype.kind == "i")
    data = np.ascontiguousarray(values).tobytes()
    sample.PixelData = data + b"\0" * (len(data) % 2)
    sample["PixelData"].VR = "OB" if bits == 8 else "OW"


def _contour(points: np.ndarray, kind: str, datasets: Sequence[Dataset]) -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
    contour.ContourData = _ds(np.ravel(points))
    if datasets:
        row, column = np.reshape(datasets[0].ImageOrientationPatient, (2, 3)).astype(float)
        normal = np.cross(row, column)
        level = np.mean(points, axis=0) @ normal
        nearest = min(datasets, key=lambda one: abs(np.dot(one.ImagePositionPatient, normal) - level))
        contour.ContourImageSequence = [_reference(nearest)]
    return contour


def _reference(instance: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = instance.SOPClassUID
    reference.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return reference


def _ds(numbers: Any) -> list[str]:
    """Numbers in the 16 characters that a decimal string has (PS3.5 6.2)."""
    return [format_number_as_ds(float(number)) for number in numbers]
