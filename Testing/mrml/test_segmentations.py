"""Segments become contours and contours segments, however Slicer keeps them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import scenes
from ContourQALib.case import Contour, Image
from ContourQALib.errors import StructureError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid, Relation
from ContourQALib.mrml import segmentations, volumes
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.rasterizing import BINARY_LABELMAP

TERMINOLOGY = (
    "Segmentation category and type - 3D Slicer General Anatomy list~SCT^85756007^Tissue~SCT^85756007^Tissue"
    "~^^~Anatomic codes - DICOM master list~^^~^^"
)


def overlapping(grid: Grid) -> list[Contour]:
    """Two that overlap, one beside them, and an empty one."""
    first, second, apart, empty = (np.zeros(grid.shape, bool) for _ in range(4))
    first[: grid.shape[0] // 2 + 1, 1:5, 2:6] = True
    second[:, 3:7, 3:8] = True
    second[0, 3, 3] = False  # not a box
    apart[0, 0, 8] = True
    tags = {"Segmentation.Status": "inprogress", "TerminologyEntry": TERMINOLOGY, "our: own": "a:b|ü"}
    return [
        Contour(first, grid, "GTV links: ü", (1.0, 0.2, 0.0), tags),
        Contour(second, grid, "rectum", (0.4, 0.6, 0.8)),
        Contour(apart, grid, "=odd|na\\me ~ % 骨", (0.0, 1.0, 1.0)),
        Contour(empty, grid, "empty", (0.6, 0.0, 1.0)),
    ]


def seen_by_slicer(slicer, node, segment_id: str) -> set[tuple[float, ...]]:
    """RAS positions of a segment's voxels by Slicer's own copy of it, its parent transform applied."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    copy = slicer.vtkOrientedImageData()
    assert node.GetBinaryLabelmapRepresentation(segment_id, copy)
    if copy.IsEmpty():
        return set()
    extent = np.array(copy.GetExtent()).reshape(3, 2)
    values = vtk_to_numpy(copy.GetPointData().GetScalars()).reshape(copy.GetDimensions()[::-1])
    copy.GetImageToWorldMatrix(to_node := vtkMatrix4x4())
    rows = [[to_node.GetElement(r, c) for c in range(4)] for r in range(4)]
    points = scenes.moved(rows, np.argwhere(values)[:, ::-1] + extent[:, 0])
    world = []
    for point in points:
        node.TransformPointToWorld(point, ras := [0.0] * 3)
        world.append(ras)
    return scenes.places(np.array(world).reshape(-1, 3))


@pytest.mark.parametrize("name", scenes.GRIDS)
def test_contours_go_into_the_scene_and_back(slicer, scene, name):
    contours = overlapping(scenes.GRIDS[name])
    node = segmentations.add_segmentation(scene, contours, "Observer")
    assert node.GetName() == "Observer"
    listed = segmentations.segments_of(node)
    assert [segment.name for segment in listed] == [contour.name for contour in contours]
    assert [segment.status for segment in listed] == ["inprogress"] + ["notstarted"] * 3
    back = list(segmentations.contours_of(node))
    for segment, contour, again in zip(listed, contours, back, strict=True):
        assert seen_by_slicer(slicer, node, segment.id) == scenes.places_of(contour.mask, contour.grid)
        assert again.name == contour.name
        assert again.color == pytest.approx(contour.color)
        assert again.tags == {"TerminologyEntry": TERMINOLOGY} | dict(contour.tags)  # Slicer's own default
        placed = again.on(contour.grid)
        assert not placed.resampled
        assert np.array_equal(placed.mask, contour.mask)


@st.composite
def masks(draw: st.DrawFn) -> Contour:
    """Any mask on any grid."""
    i, j, k = (draw(st.integers(1, 5)) for _ in range(3))
    spacing = tuple(draw(st.floats(0.3, 6.0)) for _ in range(3))
    origin = tuple(draw(st.floats(-300.0, 300.0)) for _ in range(3))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    axes, _ = np.linalg.qr(random.normal(size=(3, 3)))
    mask = random.random((k, j, i)) < draw(st.sampled_from((0.0, 0.1, 0.5, 1.0)))
    return Contour(mask, Grid((i, j, k), spacing, origin, tuple(axes.ravel())), "any")


@given(contour=masks())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mask_on_any_grid_comes_back_without_interpolation(scene, contour):
    node = segmentations.add_segmentation(scene, [contour], "law")
    (again,) = segmentations.contours_of(node)
    assert again.volume_cc == pytest.approx(contour.volume_cc, abs=1e-12)
    placed = again.on(contour.grid)
    assert not placed.resampled
    assert np.array_equal(placed.mask, contour.mask)
    if contour.mask.any():  # cropped to its own box
        shadows = [again.mask.any(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
        assert all(shadow[0] and shadow[-1] for shadow in shadows)
    scene.RemoveNode(node)


def layer(dtype=np.uint8) -> np.ndarray:
    """Three labels in one array, (K, J, I)."""
    values = np.zeros((5, 6, 7), dtype)
    values[1:3, 2:5, 1:4] = 3
    values[3, 0, 6] = 7
    values[4, 5, :] = 1
    return values


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("first", [(0, 0, 0), (4, -3, 12)], ids=["from 0", "from elsewhere"])
@pytest.mark.parametrize("name", ["anisotropic", "oblique", "flipped"])
def test_segments_of_a_shared_layer_are_told_apart(slicer, scene, name, first, dtype):
    rows = scenes.to_ras(scenes.GRIDS[name])
    shared = scenes.labelmap(layer(dtype), rows, first)
    node = scenes.segmentation(scene, shared, {"a": 3, "b": 7, "c": 1, "missing": 4})
    assert node.GetSegmentation().GetNumberOfLayers() == 1
    for id_, label in {"a": 3, "b": 7, "c": 1}.items():
        contour = segmentations.contour_of(node, id_)
        index = np.argwhere(layer() == label)[:, ::-1] + first
        assert scenes.places_of(contour.mask, contour.grid) == scenes.places(scenes.moved(rows, index))
        assert contour.mask.sum() == len(index)
        assert scenes.places_of(contour.mask, contour.grid) == seen_by_slicer(slicer, node, id_)
    assert segmentations.contour_of(node, "a").mask.shape == (2, 3, 3)
    missing = segmentations.contour_of(node, "missing")
    assert missing.mask.shape == (1, 1, 1)
    assert not missing.mask.any()


def test_an_empty_segment_is_one_empty_voxel_on_the_reference_lattice(scene):
    grid = scenes.GRIDS["oblique"]
    ct = volumes.add_volume(scene, Image(np.zeros(grid.shape, np.int16), grid), "CT")
    node = segmentations.add_segmentation(scene, [], "new", ct)
    id_ = node.GetSegmentation().AddEmptySegment("", "heart")
    contour = segmentations.contour_of(node, id_)
    assert (contour.mask.shape, contour.mask.any()) == ((1, 1, 1), False)
    assert contour.grid.relation_to(grid) is Relation.LATTICE
    assert contour.on(grid).volume_cc == 0


MOVE = [[0.0, -1.0, 0.0, 12.0], [1.0, 0.0, 0.0, -7.0], [0.0, 0.0, 1.0, 40.0], [0.0, 0.0, 0.0, 1.0]]
SCALE = np.diag([2.0, 2.0, 2.0, 1.0])
SHEAR = [[1.0, 0.2, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]


@pytest.mark.parametrize("rows", [MOVE, SCALE], ids=["turned", "scaled"])
def test_the_contour_lies_where_the_transform_shows_the_segment(slicer, scene, rows):
    contours = overlapping(scenes.GRIDS["oblique"])
    node = segmentations.add_segmentation(scene, contours, "moved")
    node.SetAndObserveTransformNodeID(scenes.transform(scene, rows).GetID())
    for segment, before in zip(segmentations.segments_of(node), contours, strict=True):
        contour = segmentations.contour_of(node, segment.id)
        places = scenes.places_of(contour.mask, contour.grid)
        assert places == seen_by_slicer(slicer, node, segment.id)
        assert contour.volume_cc == pytest.approx(before.volume_cc * np.linalg.det(np.array(rows)[:3, :3]))


@pytest.mark.parametrize("rows", [MOVE, SCALE], ids=["turned", "scaled"])
def test_a_segment_is_set_where_the_contour_is_although_a_transform_moves_the_node(slicer, scene, rows):
    contours = overlapping(scenes.GRIDS["oblique"])
    node = segmentations.add_segmentation(scene, contours, "moved")
    node.SetAndObserveTransformNodeID(scenes.transform(scene, rows).GetID())
    id_ = segmentations.segments_of(node)[0].id
    wanted = overlapping(scenes.GRIDS["anisotropic"])[1]
    segmentations.set_segment(node, id_, wanted)
    assert seen_by_slicer(slicer, node, id_) == scenes.places_of(wanted.mask, wanted.grid)
    again = segmentations.contour_of(node, id_)
    assert scenes.places_of(again.mask, again.grid) == scenes.places_of(wanted.mask, wanted.grid)
    assert again.name == contours[0].name


def refused(node, transform, sentence: str) -> str:
    """ID of the first segment of a node that no contour can be read of or written to."""
    node.SetAndObserveTransformNodeID(transform.GetID())
    id_ = segmentations.segments_of(node)[0].id
    with pytest.raises(SceneError, match=sentence):
        segmentations.contour_of(node, id_)
    with pytest.raises(SceneError, match=sentence):
        segmentations.set_segment(node, id_, overlapping(scenes.GRIDS["plain"])[1])
    return id_


def test_a_transform_that_is_not_linear_is_refused_and_hardening_it_helps(slicer, scene):
    node = segmentations.add_segmentation(scene, overlapping(scenes.GRIDS["plain"]), "bent")
    id_ = refused(node, scenes.bending(scene), r"bent is moved .* not linear; harden the transform first\.$")
    node.HardenTransform()
    contour = segmentations.contour_of(node, id_)
    assert contour.mask.any()
    assert scenes.places_of(contour.mask, contour.grid) == seen_by_slicer(slicer, node, id_)


def test_a_transform_that_shears_is_refused_and_a_labelmap_on_the_images_grid_helps(slicer, scene):
    grid = Grid((30, 30, 20), origin=(-10.0, -10.0, -5.0))
    ct = volumes.add_volume(scene, Image(np.zeros(grid.shape, np.int16), grid), "CT")
    node = segmentations.add_segmentation(scene, overlapping(scenes.GRIDS["plain"]), "sheared")
    transform = scenes.transform(scene, SHEAR)
    sentence = r"sheared .*axes that are not perpendicular.*; export it to a labelmap on the image's grid"
    id_ = refused(node, transform, sentence)
    # hardening would not help: Slicer then shears the labelmaps' own axes
    node.HardenTransform()
    with pytest.raises(SceneError, match=sentence):
        segmentations.contour_of(node, id_)
    labels = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    assert logic.ExportSegmentsToLabelmapNode(node, [id_], labels, ct)
    resampled = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert logic.ImportLabelmapToSegmentationNode(labels, resampled)
    (contour,) = segmentations.contours_of(resampled)
    assert contour.volume_cc == pytest.approx(overlapping(scenes.GRIDS["plain"])[0].volume_cc, rel=0.2)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_replaced_segment_leaves_those_of_its_layer_alone(slicer, scene, number):
    grid = scenes.GRIDS["oblique"]
    values = np.zeros(grid.shape, np.uint8)
    values[1:3, 2:5, 1:4], values[3, 0, 6], values[4, 5, :] = 3, 7, 1
    node = scenes.segmentation(scene, scenes.labelmap(values, scenes.to_ras(grid)), {"a": 3, "b": 7, "c": 1})
    others = {id_: seen_by_slicer(slicer, node, id_) for id_ in ("b", "c")}
    wanted = overlapping(grid)[number]  # overlaps b and c, or not, or is empty
    segmentations.set_segment(node, "a", wanted)
    assert seen_by_slicer(slicer, node, "a") == scenes.places_of(wanted.mask, grid)
    assert {id_: seen_by_slicer(slicer, node, id_) for id_ in others} == others


def test_a_segment_of_a_cropped_contour_is_stored_on_the_lattice_of_the_image(slicer, scene):
    grid = scenes.GRIDS["oblique"]
    ct = volumes.add_volume(scene, Image(np.zeros(grid.shape, np.int16), grid), "CT")
    node = segmentations.add_segmentation(scene, overlapping(grid), "first", ct)
    cropped = list(segmentations.contours_of(node))
    again = segmentations.add_segmentation(scene, cropped, "again", ct)
    copy = again.GetBinaryLabelmapInternalRepresentation(segmentations.segments_of(again)[1].id)
    assert copy.GetExtent() == (3, 7, 3, 6, 0, 6)
    # so that Slicer merges the segments without interpolation, over the image's own extent
    merged = slicer.vtkOrientedImageData()
    assert again.GenerateMergedLabelmapForAllSegments(
        merged, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
    )
    assert merged.GetDimensions() == grid.size


def test_replacing_a_segment_tells_the_views_and_remakes_its_surface_alone(slicer, scene):
    grid = Grid((20, 20, 20))
    shape = np.zeros(grid.shape, bool)
    shape[4:16, 4:16, 4:16] = True
    node = segmentations.add_segmentation(
        scene, [Contour(shape, grid, "a"), Contour(shape, grid, "b")], "surfaces"
    )
    assert node.CreateClosedSurfaceRepresentation()
    a, b = (segment.id for segment in segmentations.segments_of(node))
    before = node.GetClosedSurfaceInternalRepresentation(b)
    told = []
    node.AddObserver(slicer.vtkSegmentation.SourceRepresentationModified, lambda *_: told.append(1))
    smaller = shape.copy()
    smaller[:10] = False
    segmentations.set_segment(node, a, Contour(smaller, grid, "a"))
    assert told
    assert node.GetClosedSurfaceInternalRepresentation(b) is before
    assert node.GetClosedSurfaceInternalRepresentation(a).GetBounds()[4] > 8


def test_slicer_writes_the_file_that_our_reader_reads_as_the_same_contours(slicer, scene, tmp_path):
    contours = overlapping(scenes.GRIDS["oblique"])
    node = segmentations.add_segmentation(scene, contours, "ours")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "ours.seg.nrrd"))
    assert storage.WriteData(node) == 1
    read = read_contours(tmp_path / "ours.seg.nrrd")
    for file, contour in zip(read, segmentations.contours_of(node), strict=True):
        assert file.name == contour.name
        assert scenes.places_of(file.mask, file.grid) == scenes.places_of(contour.mask, contour.grid)
        assert file.tags["TerminologyEntry"] == contour.tags["TerminologyEntry"]


def test_the_file_that_we_write_is_read_by_slicer_as_the_same_contours(slicer, scene, tmp_path):
    contours = overlapping(scenes.GRIDS["flipped"])
    write_segmentation(contours, tmp_path / "file.seg.nrrd")
    storage = slicer.vtkMRMLSegmentationStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "file.seg.nrrd"))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(node) == 1
    for contour, again in zip(contours, segmentations.contours_of(node), strict=True):
        assert again.name == contour.name
        assert np.array_equal(again.on(contour.grid).mask, contour.mask)


def test_a_segment_that_is_gone_is_named(scene):
    node = segmentations.add_segmentation(scene, overlapping(scenes.GRIDS["plain"]), "Case")
    with pytest.raises(StructureError, match="Segmentation Case holds no segment gone"):
        segmentations.contour_of(node, "gone")
    with pytest.raises(StructureError, match="Segmentation Case holds no segment gone"):
        segmentations.set_segment(node, "gone", overlapping(scenes.GRIDS["plain"])[0])


@pytest.mark.parametrize("kind", [None, "vtkMRMLScalarVolumeNode"])
def test_what_is_no_segmentation_is_refused(scene, kind):
    node = scene.AddNewNodeByClass(kind) if kind else None
    with pytest.raises(SceneError, match="choose one"):
        segmentations.segments_of(node)


def test_contours_come_one_by_one(scene):
    node = segmentations.add_segmentation(scene, overlapping(scenes.GRIDS["plain"]), "Case")
    ids = [segment.id for segment in segmentations.segments_of(node)]
    lazily = segmentations.contours_of(node, [ids[1], "gone", ids[0]])
    assert next(lazily).name == "rectum"
    with pytest.raises(StructureError):
        next(lazily)


def test_names_of_representations_are_slicers_own(slicer):
    assert slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName() == BINARY_LABELMAP
    assert slicer.vtkSlicerSegmentationsModuleLogic.GetStatusTagName() == segmentations.STATUS_TAG
