"""What is written comes back; SimpleITK is the oracle for values and geometry."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.case import Contour, Image
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image, write_image
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.segmentation import read_segmentation, write_segmentation
from ContourQALib.geometry import Grid, Relation, to_sitk

EXTENSIONS = [".nii", ".nii.gz", ".nrrd", ".mha"]
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]

coordinate = st.floats(-500, 500)
spacing = st.floats(0.2, 6)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids of few voxels, one slice among them, turned about any axis and mirrored or not."""
    size = (draw(st.integers(1, 6)), draw(st.integers(1, 5)), draw(st.integers(1, 4)))
    a, b, c = (draw(st.floats(-3.2, 3.2)) for _ in range(3))
    turn = sitk.Euler3DTransform((0, 0, 0), a, b, c).GetMatrix()
    axes = np.reshape(turn, (3, 3)) * [draw(st.sampled_from([1, -1])), 1, 1]
    vectors = [(draw(s), draw(s), draw(s)) for s in (spacing, coordinate)]
    return Grid(size, vectors[0], vectors[1], tuple(axes.ravel()))


# Without surrogates, which no file holds, and control characters, which no name needs.
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)
# Colors are written with six digits; those of 8 bits are what users pick.
colors = st.none() | st.tuples(*[st.integers(0, 255).map(lambda v: round(v / 255, 6))] * 3)


@st.composite
def contours_on_one_grid(draw: st.DrawFn) -> list[Contour]:
    grid = draw(grids())
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return [
        Contour(random.random(grid.shape) < share, grid, draw(names), draw(colors))
        for share in draw(st.lists(st.sampled_from([0.0, 0.2, 0.6, 1.0]), min_size=1, max_size=4))
    ]


@settings(max_examples=80, deadline=None)  # the first example imports SimpleITK
@given(contours_on_one_grid())
def test_segments_come_back_with_masks_names_colors_and_place(contours):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.seg.nrrd"
        write_segmentation(contours, path)
        read = read_segmentation(path)
    assert [contour.name for contour in read] == [contour.name for contour in contours]
    for got, contour in zip(read, contours, strict=True):
        assert np.array_equal(got.mask, contour.mask)
        assert got.grid.relation_to(contour.grid) is Relation.SAME
        assert got.color is not None
        if contour.color:
            assert got.color == pytest.approx(contour.color, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(grids(), st.sampled_from(EXTENSIONS), st.sampled_from(TYPES), st.integers(0, 2**32))
def test_images_come_back_and_simpleitk_sees_the_same(grid, extension, dtype, seed):
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    # ITK keeps whole numbers of 64 bits only up to the exact range of doubles where NIfTI scales them
    whole = random.integers(0 if kind.kind == "u" else -100, 127, grid.shape)
    values = (whole * 0.37 if kind.kind == "f" else whole).astype(kind)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"case{extension}"
        write_image(Image(values, grid), path)
        image = read_image(path)
        oracle = sitk.ReadImage(str(path))
    assert image.name == "case"
    assert image.values.dtype == kind
    assert np.array_equal(image.values, values)
    assert np.array_equal(sitk.GetArrayFromImage(oracle), values)
    assert image.grid.relation_to(grid) is Relation.SAME
    assert oracle.GetSpacing() == image.grid.spacing
    assert oracle.GetOrigin() == image.grid.origin
    assert oracle.GetDirection() == image.grid.direction


@pytest.mark.parametrize("extension", [".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd"])
@pytest.mark.parametrize("compress", [False, True], ids=["plain", "compressed"])
def test_files_of_simpleitk_are_read_in_every_format(tmp_path, extension, compress):
    grid = Grid((5, 4, 3), (0.5, 1.5, 3.0), (-10.0, 20.0, 30.5), (0, 1, 0, -1, 0, 0, 0, 0, 1))
    values = np.arange(60, dtype=np.int16).reshape(grid.shape) - 30
    path = tmp_path / f"case.one{extension}"
    sitk.WriteImage(to_sitk(values, grid), str(path), useCompression=compress)
    image = read_image(path)
    assert image.name == "case.one"
    assert image.path == path
    assert np.array_equal(image.values, values)
    assert image.grid.relation_to(grid) is Relation.SAME


@pytest.mark.parametrize("name", ["CASE.NII", "CASE.NII.GZ", "CASE.NRRD", "CASE.MHA", "Case.Seg.Nrrd"])
def test_extensions_in_capitals_are_known(tmp_path, name):
    grid = Grid((5, 4, 3), (0.5, 1.5, 3.0))
    mask = np.ones(grid.shape, bool)
    plain = tmp_path / name.lower()
    if ".seg." in name.lower():
        write_segmentation([Contour(mask, grid, "all")], plain)
    else:
        write_image(Image(mask, grid), plain)
    plain.rename(tmp_path / name)
    (contour,) = read_contours(tmp_path / name)
    assert contour.mask.all()


@pytest.mark.parametrize("extension", [".nrrd", ".mha", ".nii"])
def test_a_2d_image_becomes_one_slice(tmp_path, extension):
    image = sitk.GetImageFromArray(np.arange(12, dtype=np.int16).reshape(3, 4))
    image.SetSpacing((0.5, 2.0))
    image.SetOrigin((7.0, -8.0))
    sitk.WriteImage(image, str(tmp_path / f"flat{extension}"))
    read = read_image(tmp_path / f"flat{extension}")
    assert read.values.shape == (1, 3, 4)
    assert read.grid.spacing[:2] == (0.5, 2.0)
    assert read.grid.origin[:2] == (7.0, -8.0)


def test_one_volume_of_a_4d_file_is_a_volume(tmp_path):
    image = sitk.JoinSeries([sitk.GetImageFromArray(np.ones((3, 4, 5), np.int16))])
    for extension in (".nii.gz", ".nrrd", ".mha"):
        sitk.WriteImage(image, str(tmp_path / f"one{extension}"))
        assert read_image(tmp_path / f"one{extension}").values.shape == (3, 4, 5)


def test_values_scaled_by_a_nifti_header_are_read_as_meant(tmp_path):
    path = tmp_path / "scaled.nii"
    sitk.WriteImage(sitk.GetImageFromArray(np.array([[[0, 50, 100]]], np.uint8)), str(path))
    raw = bytearray(path.read_bytes())
    raw[112:120] = np.array([0.01, 0.0], "<f4").tobytes()  # scl_slope, scl_inter
    path.write_bytes(raw)
    assert read_probability(path).values.ravel() == pytest.approx([0.0, 0.5, 1.0])


def test_bool_and_half_precision_are_written_as_the_next_type_that_files_know(tmp_path):
    grid = Grid((2, 1, 1))
    for dtype, expected in (("bool", np.uint8), ("float16", np.float32)):
        write_image(Image(np.array([[[0, 1]]], dtype), grid), tmp_path / "x.nii.gz")
        image = read_image(tmp_path / "x.nii.gz")
        assert image.values.dtype == expected
        assert image.values.ravel().tolist() == [0, 1]


@settings(max_examples=25, deadline=None)
@given(grids(), st.sampled_from(EXTENSIONS), st.integers(0, 2**32))
def test_probability_maps_come_back_as_float32(grid, extension, seed):
    values = np.random.default_rng(seed).random(grid.shape, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"bladder{extension}"
        write_image(Image(values, grid), path)
        unnamed, named = read_probability(path), read_probability(path, "Bladder")
    assert (unnamed.name, named.name) == ("bladder", "Bladder")
    assert unnamed.values.dtype == np.float32
    assert np.array_equal(unnamed.values, values)


def test_probabilities_just_outside_through_rounding_are_clipped(tmp_path):
    write_image(Image(np.array([[[-1e-6, 1 + 1e-6]]]), Grid((2, 1, 1))), tmp_path / "p.nrrd")
    assert read_probability(tmp_path / "p.nrrd").values.ravel().tolist() == [0.0, 1.0]


def test_what_was_read_may_be_changed_and_outlives_its_file(tmp_path):
    write_image(Image(np.zeros((1, 2, 3), np.int16), Grid((3, 2, 1))), tmp_path / "x.nrrd")
    image = read_image(tmp_path / "x.nrrd")
    (tmp_path / "x.nrrd").unlink()
    image.values[0, 0, 0] = 7
    assert image.values.sum() == 7


def test_contours_that_share_no_voxel_share_a_layer(tmp_path):
    grid = Grid((6, 1, 1))
    masks = [np.zeros(grid.shape, bool) for _ in range(3)]
    masks[0][..., :2] = masks[1][..., 2:4] = masks[2][..., 1:3] = True
    write_segmentation([Contour(m, grid, str(n)) for n, m in enumerate(masks)], tmp_path / "x.seg.nrrd")
    # ITK keeps layers as the components of a vector
    assert sitk.ReadImage(str(tmp_path / "x.seg.nrrd")).GetNumberOfComponentsPerPixel() == 2


def test_more_segments_than_a_byte_counts_come_back(tmp_path):
    grid = Grid((300, 1, 1))
    contours = [Contour(np.eye(300, dtype=bool)[n].reshape(grid.shape), grid, f"s{n}") for n in range(300)]
    write_segmentation(contours, tmp_path / "x.seg.nrrd")
    for n, contour in enumerate(read_segmentation(tmp_path / "x.seg.nrrd")):
        assert contour.name == f"s{n}"
        assert np.flatnonzero(contour.mask).tolist() == [n]


def test_generated_colors_differ(tmp_path):
    grid = Grid((2, 1, 1))
    contours = [Contour(np.zeros(grid.shape, bool), grid, str(n)) for n in range(40)]
    write_segmentation(contours, tmp_path / "x.seg.nrrd")
    assert len({contour.color for contour in read_segmentation(tmp_path / "x.seg.nrrd")}) == 40


def test_equal_contours_are_written_as_equal_bytes(tmp_path):
    grid = Grid((4, 3, 2))
    contour = Contour(np.ones(grid.shape, bool), grid, "x")
    for name in ("a", "b"):
        write_segmentation([contour], tmp_path / f"{name}.seg.nrrd")
    assert (tmp_path / "a.seg.nrrd").read_bytes() == (tmp_path / "b.seg.nrrd").read_bytes()
