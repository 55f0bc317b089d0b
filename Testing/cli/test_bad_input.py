"""Bad input: exit code 2, one sentence, no traceback, nothing under the final name."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from bundles import write_bundle
from command_line import assessing, comparing, one_sentence
from files_on_disk import BALL, SHAPE, write


def missing(folder: Path) -> Path:
    return folder / "nowhere.nii.gz"


def folder_as_file(folder: Path) -> Path:
    return folder


def unreadable(folder: Path) -> Path:
    path = folder / "noise.nrrd"
    path.write_bytes(bytes(range(256)) * 8)
    return path


def truncated(folder: Path) -> Path:
    whole = write(folder / "whole.nii.gz", BALL).read_bytes()
    path = folder / "truncated.nii.gz"
    path.write_bytes(whole[: len(whole) // 2])
    return path


def truncated_inside(folder: Path) -> Path:
    """A whole gzip file of too few voxels."""
    data = gzip.decompress(write(folder / "whole.nii.gz", BALL).read_bytes())
    path = folder / "short.nii.gz"
    path.write_bytes(gzip.compress(data[: len(data) // 2]))
    return path


def text_named_nifti(folder: Path) -> Path:
    path = folder / "text.nii"
    path.write_text("this is not an image\n" * 40)
    return path


def four_dimensions(folder: Path) -> Path:
    path = folder / "four.nii.gz"
    sitk.WriteImage(sitk.JoinSeries([sitk.GetImageFromArray(BALL)] * 3), str(path))
    return path


def color(folder: Path) -> Path:
    path = folder / "color.mha"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((*SHAPE, 3), np.uint8), isVector=True), str(path))
    return path


def complex_values(folder: Path) -> Path:
    path = folder / "complex.nii"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones(SHAPE, np.complex64)), str(path))
    return path


def zero_spacing(folder: Path) -> Path:
    path = write(folder / "spacing.mha", BALL)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"ElementSpacing = 1 1 1", b"ElementSpacing = 1 0 1"))
    return path


def negative_spacing(folder: Path) -> Path:
    path = folder / "negative.nii"
    write(path, BALL)
    data = bytearray(path.read_bytes())
    data[80:84] = np.float32(-1).tobytes()  # pixdim[1]
    path.write_bytes(data)
    return path


UNREADABLE = [
    missing,
    folder_as_file,
    unreadable,
    truncated,
    truncated_inside,
    text_named_nifti,
    four_dimensions,
    color,
    complex_values,
    zero_spacing,
    negative_spacing,
]


@pytest.mark.parametrize("make", UNREADABLE)
def test_contours_that_cannot_be_read(contourqa, files, make):
    path = make(files.folder)
    one_sentence(contourqa(*comparing(files.reference, path)), path.name)


@pytest.mark.parametrize("make", UNREADABLE)
def test_an_image_that_cannot_be_read(contourqa, files, make):
    path = make(files.folder)
    one_sentence(contourqa(*assessing(path, files.reference)), path.name)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(contourqa, files, value):
    values = np.full(SHAPE, 5, np.float32)
    values[3, 4, 5] = value
    path = write(files.folder / "values.nrrd", values)
    one_sentence(contourqa(*assessing(path, files.reference)), path.name)
    one_sentence(contourqa(*comparing(files.reference, path)), path.name)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (BALL.astype(np.float32) * 0.7, "probability"),
        (BALL.astype(np.int16) * -1, "negative"),
        (BALL.astype(np.float32) * 2.5, "fractional"),
    ],
)
def test_values_that_are_no_labels(contourqa, files, values, says):
    path = write(files.folder / "labels.nrrd", values)
    one_sentence(contourqa(*comparing(files.reference, path)), path.name, says)


def test_contours_of_another_place(contourqa, files):
    far = write(files.folder / "far.nrrd", BALL, origin=(900, 0, 0))
    one_sentence(contourqa(*comparing(files.reference, far)), "far.nrrd", "in common")
    one_sentence(contourqa(*assessing(files.image, far)), "far.nrrd", "in common")


def test_a_structure_that_is_not_there(contourqa, files):
    named = ("--labels", "1=Prostate")
    compared = contourqa(*comparing(files.reference, files.test), *named, "--structure", "Rectum")
    one_sentence(compared, "Rectum", "Prostate")
    assessed = contourqa(*assessing(files.image, files.test), *named, "--structure", "Rectum")
    one_sentence(assessed, "Rectum", "Prostate")


@pytest.mark.parametrize("text", ["1", "x=a", "0=a", "1=a,1=b", "=", "1="])
def test_labels_that_name_nothing(contourqa, files, text):
    one_sentence(contourqa(*assessing(files.image, files.test), "--labels", text), text)


def test_an_unknown_model(contourqa, files):
    one_sentence(
        contourqa(*assessing(files.image, files.test), "--model", "nonesuch"),
        "nonesuch",
        "hippocampus-t1",
    )


def test_damaged_weights(contourqa, files, tmp_path):
    folder = write_bundle(tmp_path / "toy")
    content = bytearray((folder / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(content)
    arguments = ("--image", files.image, "--contours", files.test, "--merge", "ball")
    one_sentence(contourqa("assess", *arguments, "--model", folder), "damaged", "hash")


@pytest.mark.parametrize(("option", "value"), [("--accept", "1.5"), ("--reject", "0.9"), ("--accept", "nan")])
def test_impossible_levels(contourqa, files, option, value):
    one_sentence(contourqa(*assessing(files.image, files.test), option, value), "level")


def test_a_reference_is_needed_unless_observers_are_compared(contourqa, files):
    one_sentence(contourqa("compare", "--test", files.test), "--reference")
    both = ("--pairwise", "--consensus", "staple")
    one_sentence(contourqa("compare", "--test", files.test, *both), "--pairwise")
    one_sentence(contourqa("compare", "--test", files.test, "--pairwise"), "two")


def test_an_output_folder_that_is_a_file(contourqa, files, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    one_sentence(contourqa(*comparing(files.reference, files.test), "-o", taken), "taken")
    one_sentence(contourqa(*assessing(files.image, files.test), "-o", taken), "taken")
    assert taken.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc, which nobody can write to")
def test_an_output_folder_that_is_not_writable(contourqa, files):
    arguments = (*comparing(files.reference, files.test), "-o", "/proc/contourqa")
    one_sentence(contourqa(*arguments), "/proc/contourqa")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_leaves_nothing_under_the_final_name(contourqa, files, tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = os.replace

    def full(source, target):
        Path(source).write_bytes(b"")
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(os, "replace", full)
    outcome = contourqa(*comparing(files.reference, files.test), "-o", out)
    monkeypatch.setattr(os, "replace", real)
    one_sentence(outcome, "disk is full")
    assert list(out.iterdir()) == []
    shutil.rmtree(out)


def test_a_fault_of_ours_is_one_sentence_and_exit_code_one(contourqa, files, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("x")

    monkeypatch.setattr("ContourQALib.commands.assess_one.assess", broken)
    outcome = contourqa(*assessing(files.image, files.test))
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert "ZeroDivisionError" in outcome.err


def test_a_wrong_option_is_exit_code_two(contourqa):
    assert contourqa("compare", "--nonesuch").code == 2
