"""Training cases: all labels merged, axes in one order, intensity regimes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from contourqa_training.cases import load_case, patients_of
from ContourQALib.errors import FormatError
from files_on_disk import write
from training_cases import SHAPE, training_case, write_cases

PATIENTS = ["p_1", "p_2"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cases(tmp_path / "data", PATIENTS)


def test_cases_come_back_as_written(folder: Path) -> None:
    for seed, patient in enumerate(PATIENTS):
        case = load_case(folder, patient, "ball")
        expected = training_case(patient, seed)
        assert np.array_equal(case.image.values, expected.image.values)
        assert np.array_equal(case.reference.mask, expected.reference.mask)
        assert case.reference.name == "ball"


def test_all_labels_are_one_structure(folder: Path) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:8, 5:9, 5:9], labels[8:12, 5:9, 5:9] = 1, 2
    write(folder / "labels/p_1.nii.gz", labels)
    assert np.array_equal(load_case(folder, "p_1", "ball").reference.mask, labels > 0)


def test_axes_are_turned_to_the_standard(folder: Path) -> None:
    expected = load_case(folder, "p_1", "ball")
    for part in ("images", "labels"):
        path = str(folder / part / "p_1.nii.gz")
        sitk.WriteImage(sitk.DICOMOrient(sitk.ReadImage(path), "SAR"), path)
    found = load_case(folder, "p_1", "ball")
    assert np.array_equal(found.image.values, expected.image.values)
    assert np.array_equal(found.reference.mask, expected.reference.mask)


@pytest.mark.parametrize(
    ("highest", "regime"),
    [(112, "8-bit"), (255, "8-bit"), (853, "float"), (9999, "float"), (5.4e5, "scaled")],
)
def test_the_regime_is_told_by_the_largest_intensity(folder: Path, highest: float, regime: str) -> None:
    values = np.zeros(SHAPE, np.float32)
    values[0, 0, 0] = highest
    write(folder / "images/p_1.nii.gz", values)
    assert load_case(folder, "p_1", "ball").regime == regime


def test_patients_of_a_folder(folder: Path, tmp_path: Path) -> None:
    assert patients_of(folder) == PATIENTS
    with pytest.raises(FormatError, match="nowhere"):
        patients_of(tmp_path / "nowhere")


def test_a_missing_label_file_is_named(folder: Path) -> None:
    (folder / "labels/p_2.nii.gz").unlink()
    with pytest.raises(FormatError, match=r"p_2\.nii\.gz"):
        load_case(folder, "p_2", "ball")
