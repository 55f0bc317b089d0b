"""3D Slicer's own storage node reads what we write and writes what we read: the oracle for .seg.nrrd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.formats.color_table import read_color_table
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.segmentation import read_segmentation, write_segmentation
from ContourQALib.geometry import Grid, Relation

# An axis order and flip, and a turn about all axes: what goes wrong where RAS and LPS are mixed up.
TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]) @ np.array(
    [[1.0, 0.0, 0.0], [0.0, 0.96, -0.28], [0.0, 0.28, 0.96]]
)
FLIP = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
GRIDS = {
    "plain": Grid((9, 8, 7)),
    "anisotropic": Grid((9, 8, 7), (0.9, 1.2, 3.0), (-120.5, 33.25, 700.0)),
    "oblique": Grid((9, 8, 7), (0.9, 1.2, 3.0), (-120.5, 33.25, -70.0), tuple(TURN.ravel())),
    "flipped": Grid((9, 8, 7), (0.9, 1.2, 3.0), (12.0, -33.25, 7.0), tuple(FLIP.ravel())),
    "one slice": Grid((9, 8, 1), (0.9, 1.2, 3.0), (1.0, 2.0, 3.0)),
}
POSITION_DIGITS = 4  # mm: Slicer keeps doubles and writes 17 digits; half a voxel is 0.45 mm at the least
TAGS = {
    "Segmentation.Status": "inprogress",
    "TerminologyEntry": "Segmentation category and type - 3D Slicer General Anatomy list"
    "~SCT^85756007^Tissue~SCT^85756007^Tissue~^^~Anatomic codes - DICOM master list~^^~^^",
}


@pytest.fixture(scope="module")
def slicer() -> Any:
    import slicer

    return slicer


@pytest.fixture
def scene(slicer: Any) -> Iterator[Any]:
    scene = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSegmentationsModuleLogic()
    logic.SetMRMLScene(scene)  # before any segment: empty ones cannot be made without it
    yield scene
    logic.SetMRMLScene(None)
    scene.Clear(True)


def structures(grid: Grid) -> list[Contour]:
    """Two that overlap, one beside them, and an empty one; colors are such that 8 bits hold them."""
    first, second, apart, empty = (np.zeros(grid.shape, bool) for _ in range(4))
    first[: grid.shape[0] // 2 + 1, 1:5, 2:6] = True
    second[:, 3:7, 3:8] = True
    second[0, 3, 3] = False  # not a box
    apart[0, 0, 8] = True  # shares a layer with the first
    return [
        Contour(first, grid, "GTV (primary) links: ü", (1.0, 0.2, 0.0), TAGS),
        Contour(second, grid, "rectum", (0.4, 0.6, 0.8)),
        Contour(apart, grid, "=odd|na\\me ~ % 骨", (0.0, 1.0, 1.0)),
        Contour(empty, grid, "empty", (0.6, 0.0, 1.0)),
    ]


def points(mask: np.ndarray, grid: Grid) -> set[tuple[float, ...]]:
    """LPS positions of the voxels of a mask: the same set whatever extent the mask is stored with."""
    world = grid.index_to_world(np.argwhere(mask)[:, ::-1])
    return {tuple(p) for p in np.round(world, POSITION_DIGITS) + 0.0}


def slicer_reads(slicer: Any, scene: Any, path: Path) -> list[SimpleNamespace]:
    storage = slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(node) == 1
    segmentation = node.GetSegmentation()
    return [described(slicer, node, segmentation, n) for n in range(segmentation.GetNumberOfSegments())]


def described(slicer: Any, node: Any, segmentation: Any, number: int) -> SimpleNamespace:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import reference
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    segment = segmentation.GetNthSegment(number)
    labelmap = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(segmentation.GetNthSegmentID(number), labelmap)
    matrix = vtkMatrix4x4()
    labelmap.GetImageToWorldMatrix(matrix)
    to_ras = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
    extent = np.array(labelmap.GetExtent()).reshape(3, 2)
    world: set[tuple[float, ...]] = set()
    if (extent[:, 0] <= extent[:, 1]).all():
        size = extent[:, 1] - extent[:, 0] + 1
        values = vtk_to_numpy(labelmap.GetPointData().GetScalars()).reshape(size[::-1])
        index = np.argwhere(values)[:, ::-1] + extent[:, 0]
        ras = index @ to_ras[:3, :3].T + to_ras[:3, 3]
        world = {tuple(p) for p in np.round(ras * [-1, -1, 1], POSITION_DIGITS) + 0.0}
    tags = {}
    for key in TAGS:
        value = reference("")
        if segment.GetTag(key, value):
            tags[key] = str(value)
    return SimpleNamespace(name=segment.GetName(), color=segment.GetColor(), points=world, tags=tags)


def slicer_writes(slicer: Any, scene: Any, contours: list[Contour], path: Path, crop: bool) -> None:
    storage = slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    storage.SetCropToMinimumExtent(crop)
    assert storage.WriteData(segmentation_node(slicer, scene, contours)) == 1


def segmentation_node(slicer: Any, scene: Any, contours: list[Contour]) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    grid = contours[0].grid
    to_ras = np.eye(4)
    to_ras[:3, :3] = np.diag([-1, -1, 1]) @ grid.axes @ np.diag(grid.spacing)
    to_ras[:3, 3] = np.diag([-1, -1, 1]) @ grid.origin
    matrix = vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, to_ras[row, column])
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    for contour in contours:
        labelmap = slicer.vtkOrientedImageData()
        labelmap.SetDimensions(grid.size)
        labelmap.SetImageToWorldMatrix(matrix)
        labelmap.GetPointData().SetScalars(numpy_to_vtk(contour.mask.astype(np.uint8).ravel(), deep=True))
        node.AddSegmentFromBinaryLabelmapRepresentation(labelmap, contour.name, contour.color)
        segments = node.GetSegmentation()
        segment = segments.GetNthSegment(segments.GetNumberOfSegments() - 1)
        for key, value in contour.tags.items():
            segment.SetTag(key, value)
    return node


@pytest.mark.parametrize("name", GRIDS)
def test_slicer_reads_the_segments_that_we_write(slicer, scene, tmp_path, name):
    contours = structures(GRIDS[name])
    write_segmentation(contours, tmp_path / "ours.seg.nrrd")
    read = slicer_reads(slicer, scene, tmp_path / "ours.seg.nrrd")
    assert [segment.name for segment in read] == [contour.name for contour in contours]
    for segment, contour in zip(read, contours, strict=True):
        assert segment.points == points(contour.mask, contour.grid)
        assert segment.color == pytest.approx(contour.color, abs=1e-6)  # six digits in the file
        # Slicer gives segments without a terminology its own default
        assert {key: segment.tags[key] for key in contour.tags} == dict(contour.tags)


@pytest.mark.parametrize("crop", [False, True], ids=["whole", "cropped"])
@pytest.mark.parametrize("name", GRIDS)
def test_we_read_the_segments_that_slicer_writes(slicer, scene, tmp_path, name, crop):
    contours = structures(GRIDS[name])
    slicer_writes(slicer, scene, contours, tmp_path / "theirs.seg.nrrd", crop)
    read = read_contours(tmp_path / "theirs.seg.nrrd")
    assert [contour.name for contour in read] == [contour.name for contour in contours]
    for got, contour in zip(read, contours, strict=True):
        assert points(got.mask, got.grid) == points(contour.mask, contour.grid)
        assert got.color == pytest.approx(contour.color, abs=1e-6)  # Slicer writes six digits
        assert {key: got.tags.get(key) for key in contour.tags} == dict(contour.tags)


@pytest.mark.parametrize("name", ["anisotropic", "oblique", "flipped"])
def test_a_file_that_slicer_cropped_is_padded_to_the_image_without_resampling(slicer, scene, tmp_path, name):
    grid = GRIDS[name]
    small = np.zeros(grid.shape, bool)
    small[2:4, 3:6, 4:6] = True
    slicer_writes(slicer, scene, [Contour(small, grid, "small", (1.0, 0, 0))], tmp_path / "c.seg.nrrd", True)
    (read,) = read_segmentation(tmp_path / "c.seg.nrrd")
    assert read.mask.shape == (2, 3, 2)
    assert read.grid.relation_to(grid) is Relation.LATTICE
    padded = read.on(grid)
    assert not padded.resampled
    assert padded.lost_cc == 0
    assert np.array_equal(padded.mask, small)


def test_what_slicer_wrote_goes_through_us_and_back_unchanged(slicer, scene, tmp_path):
    contours = structures(GRIDS["oblique"])
    slicer_writes(slicer, scene, contours, tmp_path / "theirs.seg.nrrd", False)
    write_segmentation(read_segmentation(tmp_path / "theirs.seg.nrrd"), tmp_path / "ours.seg.nrrd")
    first = slicer_reads(slicer, scene, tmp_path / "theirs.seg.nrrd")
    second = slicer_reads(slicer, scene, tmp_path / "ours.seg.nrrd")
    assert first == second


@pytest.mark.parametrize("extension", ["ctbl", "txt", "csv"])
def test_color_tables_that_slicer_writes_name_our_labels(slicer, scene, tmp_path, extension):
    table = scene.AddNewNodeByClass("vtkMRMLColorTableNode")
    table.SetTypeToUser()
    table.SetNumberOfColors(4)
    table.SetColor(0, "Background", 0, 0, 0, 0)
    table.SetColor(1, "left parotid", 1.0, 0.0, 0.2, 1.0)
    table.SetColor(3, "Rückenmark", 0.0, 0.4, 1.0, 1.0)
    storage = slicer.vtkMRMLColorTableStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / f"colors.{extension}"))
    assert storage.WriteData(table) == 1
    entries = read_color_table(tmp_path / f"colors.{extension}")
    # but for CSV Slicer writes spaces as underscores, which the matching of names does not tell apart
    assert {label: entry.name.replace("_", " ") for label, entry in entries.items()} == {
        1: "left parotid",
        3: "Rückenmark",
    }
    assert [entry.color for entry in entries.values()] == [(1.0, 0.0, 0.2), (0.0, 0.4, 1.0)]


@pytest.mark.parametrize("extension", ["nrrd", "nii.gz"])
def test_a_label_map_that_slicer_exports_has_its_names_in_the_table_beside_it(
    slicer, scene, tmp_path, extension
):
    from vtkmodules.vtkCommonCore import vtkStringArray

    first, _, apart, _ = structures(GRIDS["oblique"])  # a label map holds no overlap
    node = segmentation_node(slicer, scene, [first, apart])
    node.SetName("Case")
    node.CreateDefaultDisplayNodes()
    ids = vtkStringArray()
    node.GetSegmentation().GetSegmentIDs(ids)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.ExportSegmentsBinaryLabelmapRepresentationToFiles(str(tmp_path), node, ids, extension)
    read = read_contours(tmp_path / f"Case.{extension}")
    assert [contour.name for contour in read] == [first.name, apart.name]
    for got, contour in zip(read, (first, apart), strict=True):
        assert points(got.mask, got.grid) == points(contour.mask, contour.grid)
        assert got.color == pytest.approx(contour.color, abs=1 / 510)  # eight bits
