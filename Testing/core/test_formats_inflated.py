"""Compressed voxels are inflated once, and are those that ITK reads."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.formats.images import read_image
from ContourQALib.formats.volume import read_volume

SIZE = (5, 4, 3)
"""I, J, K."""

NAMES = {
    "i1": "int8", "u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "u4": "uint",
    "i8": "longlong", "u8": "ulonglong", "f4": "float", "f8": "double",
}  # fmt: skip


def nrrd(path: Path, values: np.ndarray, type_: str, *more: str, sizes: str, kinds: str, axes: str) -> Path:
    """A gzip NRRD whose bytes are those of `values` as they lie."""
    lines = [
        "NRRD0004",
        f"type: {type_}",
        f"dimension: {len(sizes.split())}",
        "space: right-anterior-superior",
    ]
    lines += [f"sizes: {sizes}", f"space directions: {axes}", f"kinds: {kinds}", "space origin: (7,8,9)"]
    lines += ["encoding: gzip", *more]
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + gzip.compress(values.tobytes()))
    return path


def volume(path: Path, values: np.ndarray, type_: str, *more: str) -> Path:
    sizes, kinds = " ".join(map(str, SIZE)), "domain domain domain"
    return nrrd(path, values, type_, *more, sizes=sizes, kinds=kinds, axes="(2,0,0) (0,0,3) (0,-4,0)")


def by_itk(path: Path) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def numbers(code: str) -> np.ndarray:
    """Values of a type, its lowest and highest among them."""
    values = np.random.default_rng(3).integers(0, 256, (3, 4, 5), np.uint8).astype(code)
    if code[-2] != "f":
        values.flat[:2] = np.iinfo(code).min, np.iinfo(code).max
    return values


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", NAMES)
def test_values_of_every_type_and_byte_order_are_those_of_itk(tmp_path: Path, code: str, order: str) -> None:
    values = numbers(order + code)
    endian = f"endian: {'little' if order == '<' else 'big'}"
    path = volume(tmp_path / "image.nrrd", values, NAMES[code], endian)
    read = read_image(path).values
    assert np.array_equal(read, values)
    assert np.array_equal(read, by_itk(path))
    assert read.dtype == by_itk(path).dtype == np.dtype(code)


@pytest.mark.parametrize("skip", ["byte skip: 6", "byteskip: 6"])
def test_what_a_header_skips_is_no_voxel(tmp_path: Path, skip: str) -> None:
    values = numbers("<i2")
    padded = np.concatenate([np.array([9, 9, 9], "<i2"), values.ravel()])
    path = volume(tmp_path / "image.nrrd", padded, "short", "endian: little", skip)
    assert np.array_equal(by_itk(path), values)
    assert np.array_equal(read_image(path).values, values)


@pytest.mark.parametrize("last", [False, True])
def test_layers_are_found_along_whichever_axis_they_lie(tmp_path: Path, last: bool) -> None:
    layers = np.random.default_rng(4).integers(0, 3, (3, 4, 5, 2), np.uint8)  # K, J, I, layer
    axes, sizes, kinds = "(2,0,0) (0,3,0) (0,0,4)", "5 4 3", "domain domain domain"
    if last:
        stored = np.ascontiguousarray(np.moveaxis(layers, -1, 0))
        axes, sizes, kinds = f"{axes} none", f"{sizes} 2", f"{kinds} list"
    else:
        stored = layers
        axes, sizes, kinds = f"none {axes}", f"2 {sizes}", f"list {kinds}"
    path = nrrd(tmp_path / "a.nrrd", stored, "uchar", sizes=sizes, kinds=kinds, axes=axes)
    assert np.array_equal(read_volume(path, layers=True).values, layers)


def test_gzip_voxels_are_inflated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import SimpleITK as sitk

    values = numbers("<i2")
    path = volume(tmp_path / "image.nrrd", values, "short", "endian: little")
    monkeypatch.setattr(sitk, "ReadImage", None)
    monkeypatch.setattr(sitk.ImageFileReader, "Execute", None)
    assert np.array_equal(read_image(path).values, values)


@pytest.mark.parametrize("suffix", [".mha", ".nii.gz", ".nrrd"])
def test_voxels_outlive_what_read_them_and_may_be_written(tmp_path: Path, suffix: str) -> None:
    import SimpleITK as sitk

    values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(sitk.GetImageFromArray(values), str(path), suffix == ".nii.gz")
    read = read_image(path).values
    others = [read_image(path).values for _ in range(50)]  # would take memory that was given back
    for other in others:
        other[:] = -1
    assert np.array_equal(read, values)
