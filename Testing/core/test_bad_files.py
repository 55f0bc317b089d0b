"""What no reader may believe: each is refused with one sentence that names the file."""

from __future__ import annotations

import gzip
import os
import random
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from ContourQALib.case import Contour
from ContourQALib.errors import ContourQAError, FormatError, GeometryError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.segmentation import read_segmentation, write_segmentation
from ContourQALib.geometry import Grid

VALUES = (np.arange(5 * 6 * 7).reshape(5, 6, 7) % 3).astype(np.int16)
SINGLE_FILES = [".nii", ".nii.gz", ".nrrd", ".mha"]
READERS = {"contours": read_contours, "image": read_image, "probability": read_probability}

Reader = Callable[[Path], object]


def written(path: Path, values: np.ndarray = VALUES, compress: bool = False) -> Path:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([1.0, 2.0, 3.0][: image.GetDimension()] + [1.0] * (image.GetDimension() - 3))
    sitk.WriteImage(image, str(path), useCompression=compress)
    return path


def refused(
    path: Path, reader: Reader = read_contours, says: str = "", kind: type[ContourQAError] = ContourQAError
) -> str:
    """The sentence with which `reader` refuses `path`."""
    with pytest.raises(kind) as raised:
        reader(path)
    sentence = str(raised.value)
    assert str(path) in sentence
    assert says in sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    assert ". " not in sentence.replace(str(path), "")  # one sentence, not two
    return sentence


def replaced(path: Path, old: bytes, new: bytes) -> Path:
    """The file with the text `old` of its header exchanged."""
    raw = path.read_bytes()
    assert raw.count(old) == 1
    path.write_bytes(raw.replace(old, new))
    return path


def patched(path: Path, offset: int, values: bytes) -> Path:
    """The NIfTI file, compressed or not, with bytes of its header exchanged."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        raw = bytearray(file.read())
    raw[offset : offset + len(values)] = values
    with opened(path, "wb") as file:
        file.write(raw)
    return path


# --- files that are not there or not what their name says


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_missing_file(tmp_path, reader):
    refused(tmp_path / "no.nii.gz", reader, "does not exist", FormatError)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_folder(tmp_path, reader):
    (tmp_path / "folder.nrrd").mkdir()
    refused(tmp_path / "folder.nrrd", reader, "is a folder", FormatError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(tmp_path):
    path = written(tmp_path / "x.nrrd")
    path.chmod(0)
    refused(path, says="permission", kind=FormatError)


def test_permission_is_asked_for_where_the_system_refuses(tmp_path, monkeypatch):
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path / "x.nrrd")
    monkeypatch.setattr(Path, "open", denied)
    refused(path, says="permission", kind=FormatError)


def test_a_name_that_no_system_takes():
    refused(Path("a\0b.nii"), kind=FormatError)


@pytest.mark.parametrize("name", ["x.txt", "x.dcm", "x.hdr", "x", "nii.gz", "x.nii.zip"])
def test_another_kind_of_file(tmp_path, name):
    (tmp_path / name).write_bytes(b"anything")
    assert ".nii.gz" in refused(tmp_path / name, says="of a kind that cannot be read", kind=FormatError)


@pytest.mark.parametrize("extension", [".nii", ".nii.gz", ".nrrd", ".seg.nrrd", ".nhdr", ".mha", ".mhd"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"This is a note about the patient.\n" * 40, bytes(4096), gzip.compress(b"a note")],
    ids=["empty", "a byte", "text", "zeros", "packed text"],
)
def test_bytes_of_something_else(tmp_path, extension, content):
    path = tmp_path / f"x{extension}"
    path.write_bytes(content)
    for reader in READERS.values():
        refused(path, reader, kind=FormatError)


# --- files that end early


@pytest.mark.parametrize("extension", SINGLE_FILES)
@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_file_cut_short(tmp_path, extension, compress, kept):
    noise = np.random.default_rng(0).integers(0, 3, (9, 10, 11)).astype(np.int16)
    path = written(tmp_path / f"x{extension}", noise, compress)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * kept)])
    for reader in READERS.values():
        refused(path, reader, kind=FormatError)


def test_a_whole_gzip_with_too_few_voxels(tmp_path):
    path = written(tmp_path / "x.nii.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    refused(path, says="truncated", kind=FormatError)


def test_a_whole_gzip_with_too_few_voxels_in_nrrd(tmp_path):
    path = written(tmp_path / "x.nrrd", compress=True)
    head, data = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(head + b"\n\n" + gzip.compress(gzip.decompress(data)[:-1]))
    refused(path, says="truncated", kind=FormatError)


@pytest.mark.parametrize("extension", [".nii.gz", ".nrrd", ".mha"])
def test_compressed_data_whose_checksum_is_wrong(tmp_path, extension):
    path = written(tmp_path / f"x{extension}", np.zeros_like(VALUES), compress=True)
    raw = bytearray(path.read_bytes())
    raw[-5 if extension != ".mha" else -1] ^= 1  # the last byte of gzip's CRC-32, and of zlib's Adler-32
    path.write_bytes(raw)
    refused(path, says="damaged", kind=FormatError)


@pytest.mark.parametrize(("header", "data"), [(".mhd", ".raw"), (".nhdr", ".raw"), (".nhdr", ".raw.gz")])
@pytest.mark.parametrize("harm", ["missing", "short"])
def test_a_separate_data_file_that_is_missing_or_short(tmp_path, header, data, harm):
    path = written(tmp_path / f"x{header}", compress=data.endswith("gz"))
    voxels = path.with_name(f"x{data}")
    raw = voxels.read_bytes()
    voxels.unlink()
    if harm == "short":
        voxels.write_bytes(raw[:-10])
    sentence = refused(path, kind=FormatError)
    assert (voxels.name in sentence) == (harm == "missing")


def test_a_header_that_announces_more_than_a_machine_holds_is_refused_at_once(tmp_path):
    nrrd = replaced(written(tmp_path / "x.nrrd", compress=True), b"sizes: 7 6 5", b"sizes: 99999 99999 99999")
    refused(nrrd, says="truncated", kind=FormatError)
    mha = replaced(written(tmp_path / "x.mha"), b"DimSize = 7 6 5", b"DimSize = 99999 99999 99999")
    refused(mha, says="truncated", kind=FormatError)
    nifti = patched(written(tmp_path / "x.nii.gz"), 42, struct.pack("<3h", 32767, 32767, 32767))
    refused(nifti, says="truncated", kind=FormatError)


def test_voxels_written_as_text(tmp_path):
    path = replaced(written(tmp_path / "x.mha"), b"BinaryData = True", b"BinaryData = False")
    refused(path, says="as text", kind=FormatError)


# --- files that hold something else than one number per voxel


@pytest.mark.parametrize("extension", SINGLE_FILES)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_several_volumes(tmp_path, extension, reader):
    volumes = sitk.JoinSeries([sitk.GetImageFromArray(VALUES)] * 4)
    sitk.WriteImage(volumes, str(tmp_path / f"x{extension}"))
    refused(tmp_path / f"x{extension}", reader, "4D with 4 volumes", FormatError)


@pytest.mark.parametrize("extension", SINGLE_FILES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_color_and_vectors(tmp_path, extension, dtype):
    vectors = sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), dtype), isVector=True)
    sitk.WriteImage(vectors, str(tmp_path / f"x{extension}"))
    for reader in READERS.values():
        refused(tmp_path / f"x{extension}", reader, "3 values per voxel", FormatError)


@pytest.mark.parametrize("extension", [".nii", ".nii.gz", ".nrrd"])
def test_complex_numbers(tmp_path, extension):
    sitk.WriteImage(sitk.Image([4, 5, 6], sitk.sitkComplexFloat32), str(tmp_path / f"x{extension}"))
    for reader in READERS.values():
        refused(tmp_path / f"x{extension}", reader, "complex", FormatError)


@pytest.mark.parametrize("extension", SINGLE_FILES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_that_are_no_numbers(tmp_path, extension, value, dtype):
    values = np.zeros((4, 5, 6), dtype)
    values[1, 2, 3] = value
    for reader in READERS.values():
        refused(written(tmp_path / f"x{extension}", values), reader, "NaN or infinite", FormatError)


# --- impossible geometry: ITK turns a spacing of zero into one and a negative one into its absolute value


@pytest.mark.parametrize("extension", [".nii", ".nii.gz"])
@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("mm", [0.0, -1.0, float("nan"), float("inf"), -1e-40])
def test_nifti_spacing(tmp_path, extension, axis, mm):
    path = patched(written(tmp_path / f"x{extension}"), 76 + 4 * axis, struct.pack("<f", mm))
    for reader in READERS.values():
        refused(path, reader, "positive in every direction", GeometryError)


@pytest.mark.parametrize("vector", ["(0,0,0)", "(nan,0,0)", "(inf,0,0)"])
def test_nrrd_space_directions(tmp_path, vector):
    path = replaced(written(tmp_path / "x.nrrd"), b"directions: (1,0,0)", f"directions: {vector}".encode())
    refused(path, says="positive in every direction", kind=GeometryError)


def test_nrrd_axis_outside_space(tmp_path):
    path = replaced(written(tmp_path / "x.nrrd"), b"directions: (1,0,0)", b"directions: none")
    refused(path, kind=FormatError)


@pytest.mark.parametrize("mm", ["0", "-1", "nan", "inf"])
def test_nrrd_spacings(tmp_path, mm):
    (tmp_path / "x.nrrd").write_bytes(
        f"NRRD0001\ntype: uint8\ndimension: 3\nsizes: 2 2 2\nspacings: 1 {mm} 1\nencoding: raw\n\n".encode()
        + bytes(8)
    )
    refused(tmp_path / "x.nrrd", says="positive in every direction", kind=GeometryError)


@pytest.mark.parametrize("mm", ["0", "-1", "nan", "inf"])
def test_metaimage_spacing(tmp_path, mm):
    old, new = b"ElementSpacing = 1 2 3", f"ElementSpacing = 1 {mm} 3".encode()
    path = replaced(written(tmp_path / "x.mha"), old, new)
    refused(path, says="positive in every direction", kind=GeometryError)


def test_sheared_axes(tmp_path):
    shear = replaced(written(tmp_path / "x.nrrd"), b"(0,2,0)", b"(1,2,0)")
    refused(shear, says="perpendicular", kind=GeometryError)
    matrix = b"TransformMatrix = 1 0 0 0 1 0 0 0 1"
    shear = replaced(written(tmp_path / "x.mha"), matrix, matrix.replace(b"0 1 0", b"0.6 0.8 0"))
    refused(shear, says="perpendicular", kind=GeometryError)
    # the sform's first row: x also grows along j
    shear = patched(written(tmp_path / "x.nii.gz"), 252, struct.pack("<2h", 0, 1))
    shear = patched(shear, 280, struct.pack("<4f", 1, 1.5, 0, 0))
    refused(shear, says="perpendicular", kind=GeometryError)


@pytest.mark.parametrize("extension", [".nii", ".nii.gz"])
def test_nifti_voxel_sizes_that_the_only_matrix_contradicts(tmp_path, extension):
    path = patched(written(tmp_path / f"x{extension}"), 252, struct.pack("<2h", 0, 1))
    assert read_image(path).grid.spacing == (1.0, 2.0, 3.0)
    patched(path, 40, struct.pack("<h", 4))  # one volume of a 4D file
    assert read_image(path).grid.spacing == (1.0, 2.0, 3.0)
    patched(path, 296, struct.pack("<4f", 0, -4, 0, 0))
    refused(path, says="orientation matrix", kind=GeometryError)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_position_that_is_no_number(tmp_path, value):
    nifti = patched(written(tmp_path / "x.nii.gz"), 268, struct.pack("<f", value))  # qoffset_x
    refused(nifti, kind=GeometryError)
    mha = replaced(written(tmp_path / "x.mha"), b"Offset = 0 0 0", f"Offset = {value} 0 0".encode())
    refused(mha, kind=GeometryError)


# --- values that are no contour and no probability


def as_float(value: float) -> np.ndarray:
    values = np.zeros((4, 5, 6), np.float32)
    values[1, 2, 3] = value
    return values


def test_a_probability_map_given_as_a_contour(tmp_path):
    path = written(tmp_path / "x.nii.gz", as_float(0.7))
    refused(path, says="probability map", kind=FormatError)
    refused(path, lambda p: read_contours(p, merge="organ"), "probability map", FormatError)


@pytest.mark.parametrize("value", [1.5, -0.5, 2.0001])
def test_fractional_labels(tmp_path, value):
    refused(written(tmp_path / "x.nii.gz", as_float(value)), says="fractional", kind=FormatError)


@pytest.mark.parametrize("value", [-1, -1000])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_negative_labels(tmp_path, value, dtype):
    path = written(tmp_path / "x.nrrd", as_float(value).astype(dtype))
    refused(path, says="negative", kind=FormatError)
    refused(path, lambda p: read_contours(p, merge="organ"), "negative", FormatError)


def test_an_image_given_as_a_contour(tmp_path):
    image = np.arange(1500, dtype=np.int16).reshape(10, 10, 15)
    refused(written(tmp_path / "x.nrrd", image), says="image instead of a contour", kind=FormatError)


@pytest.mark.parametrize("value", [1.01, -0.01, 100, 255, -4.2])
def test_probabilities_outside_zero_to_one(tmp_path, value):
    path = written(tmp_path / "x.nii.gz", as_float(value))
    refused(path, read_probability, "between 0 and 1", FormatError)


# --- segmentations whose description is broken


@pytest.fixture
def segmentation(tmp_path: Path) -> Path:
    """Two segments that overlap, so in two layers."""
    grid = Grid((6, 5, 4), (1.0, 2.0, 3.0))
    first, second = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    first[1:3, 1:3, 1:4] = second[2:4, 2:4, 2:5] = True
    path = tmp_path / "x.seg.nrrd"
    write_segmentation([Contour(first, grid, "one"), Contour(second, grid, "two")], path)
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Segment1_Layer:=1\n", ""),
        ("Segment1_Layer:=1", "Segment1_Layer:=2"),
        ("Segment1_Layer:=1", "Segment1_Layer:=-1"),
        ("Segment1_Layer:=1", "Segment1_Layer:=one"),
        ("Segment1_LabelValue:=1\n", ""),
        ("Segment1_LabelValue:=1", "Segment1_LabelValue:=0"),
        ("Segment1_LabelValue:=1", "Segment1_LabelValue:=-1"),
        ("Segment1_LabelValue:=1", "Segment1_LabelValue:=1.5"),
        ("Segment1_Color:=", "Segment1_Color:=red "),
        ("Segment1_Color:=", "Segment1_Color:=1 1 1 "),
        ("Segment1_Color:=", "Segment1_Color:=25"),
    ],
)
def test_a_segment_whose_description_is_broken(segmentation, old, new):
    replaced(segmentation, old.encode(), new.encode())
    for reader in (read_contours, read_segmentation):
        refused(segmentation, reader, "describes its segment 1", FormatError)


def test_fractional_segments(segmentation):
    old = b"MasterRepresentation:=Binary labelmap"
    replaced(segmentation, old, b"MasterRepresentation:=Fractional labelmap")
    refused(segmentation, says="fractional", kind=FormatError)


def test_a_label_map_read_as_a_segmentation(tmp_path):
    refused(written(tmp_path / "x.seg.nrrd"), read_segmentation, "describes no segments", FormatError)


def test_segments_read_as_an_image(segmentation):
    refused(segmentation, read_image, "2 values per voxel", FormatError)


# --- any harm at all


HARMS = 60  # for each format; with 20 000 for each nothing else was found


@pytest.mark.parametrize(
    "name",
    ["x.nii", "x.nii.gz", "x.nrrd", "packed.nrrd", "x.nhdr", "x.mha", "packed.mha", "x.mhd", "x.seg.nrrd"],
)
def test_random_harm_gives_a_result_or_a_sentence(tmp_path, segmentation, name):
    path = tmp_path / name
    if path != segmentation:
        written(path, VALUES, compress=name.startswith("packed"))
    whole = path.read_bytes()
    for seed in range(HARMS):
        path.write_bytes(harmed(whole, random.Random(seed)))
        for reader in READERS.values():
            with suppress(ContourQAError):
                reader(path)


def harmed(whole: bytes, chance: random.Random) -> bytes:
    """The bytes with some exchanged, put in, taken out or cut off, mostly in the header."""
    raw = bytearray(whole)
    place = chance.randrange(min(len(raw), chance.choice([60, 360, len(raw)])))
    match chance.randrange(5):
        case 0:
            del raw[place:]
        case 1:
            raw[place] = chance.choice([0, 1, 127, 128, 255])
        case 2:
            raw[place] = ord(chance.choice("0123456789-.e nN()\n\r,:=#%/"))
        case 3:
            raw[place:place] = chance.choice([b"9", b"-", b"99999", b"nan", b"1e400", b"\n", b"\0", b" "])
        case 4:
            del raw[place : place + chance.randrange(1, 20)]
    return bytes(raw)
