"""Volumes of a scene are images and probability maps, or are refused with a sentence."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData

import scenes
from ContourQALib.case import Image
from ContourQALib.formats.images import read_image, write_image
from ContourQALib.geometry import Grid
from ContourQALib.mrml import volumes
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.scene_change import remove_node

ROUNDING_MM = 1e-9  # doubles, some hundred mm from the origin


def numbered(grid: Grid, dtype: str = "int16") -> np.ndarray:
    """Values that tell every voxel from every other one."""
    return np.arange(np.prod(grid.size)).reshape(grid.shape).astype(dtype)


def assert_same_grid(grid: Grid, expected: Grid) -> None:
    assert grid.size == expected.size
    for name in ("spacing", "origin", "direction"):
        assert getattr(grid, name) == pytest.approx(getattr(expected, name), abs=ROUNDING_MM)


@pytest.mark.parametrize("name", scenes.GRIDS)
def test_a_volume_is_an_image_where_the_node_shows_it(scene, name):
    grid = scenes.GRIDS[name]
    values = numbered(grid)
    image = volumes.image_of(scenes.volume(scene, values, scenes.to_ras(grid)))
    assert image.name == "CT"
    assert np.array_equal(image.values, values)
    assert_same_grid(image.grid, grid)


@pytest.mark.parametrize("name", scenes.GRIDS)
def test_an_image_goes_into_the_scene_and_back(scene, name):
    grid = scenes.GRIDS[name]
    node = volumes.add_volume(scene, Image(numbered(grid, "float32"), grid), "Dose")
    assert node.GetName() == "Dose"
    assert node.GetDisplayNode() is not None
    again = volumes.image_of(node)
    assert np.array_equal(again.values, numbered(grid, "float32"))
    assert again.values.dtype == np.float32
    assert_same_grid(again.grid, grid)


def test_a_shared_image_is_shown_from_its_own_memory_which_lives_as_long_as_the_volume(scene):
    grid = next(iter(scenes.GRIDS.values()))
    values = numbered(grid)
    node = volumes.add_volume(scene, Image(values, grid), "CT", share=True)
    assert np.shares_memory(volumes.image_of(node).values, values)
    alive = weakref.ref(values)
    expected = values.copy()
    del values
    gc.collect()
    assert np.array_equal(volumes.image_of(node).values, expected)
    taken = vtkImageData()
    taken.ShallowCopy(node.GetImageData())  # as a pipeline may hold it beyond the node
    remove_node(scene, node)
    del node
    gc.collect()
    assert np.array_equal(vtk_to_numpy(taken.GetPointData().GetScalars()), expected.ravel())
    del taken
    gc.collect()
    assert alive() is None


def test_a_new_volume_shows_its_range_as_slicer_would_choose_it(scene):
    values = np.random.default_rng(0).normal(40.0, 300.0, (30, 40, 50))
    values[0, 0, 0] = 1e6  # metal
    ours = volumes.add_volume(scene, Image(values, Grid.for_shape(values.shape)), "CT").GetDisplayNode()
    assert not ours.GetAutoWindowLevel()
    low, high = np.sort(values.ravel())[[60, -61]]  # a thousandth at either side
    assert ours.GetWindowLevelMin() == pytest.approx(low, rel=0.02)
    assert ours.GetWindowLevelMax() == pytest.approx(high, rel=0.02)


def test_a_new_volume_shows_what_is_said(scene):
    image = Image(np.zeros((2, 2, 2), np.int16), Grid((2, 2, 2)))
    display = volumes.add_volume(scene, image, "CT", shown=(-160, 240)).GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (400, 40, 0)


@pytest.mark.parametrize("value", [0.0, np.nan], ids=["one value", "no number"])
def test_a_new_volume_without_a_range_has_a_window_all_the_same(scene, value):
    node = volumes.add_volume(scene, Image(np.full((2, 2, 2), value), Grid((2, 2, 2))), "map")
    assert node.GetDisplayNode().GetWindow() == 1.0


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "uint16", "int32", "float16", "float32", "float64"]
)
def test_every_type_of_voxel_keeps_its_values(scene, dtype):
    grid = scenes.GRIDS["plain"]
    values = numbered(grid, "int64") % 2 if dtype == "bool" else numbered(grid, "int64") % 200
    node = volumes.add_volume(scene, Image(values.astype(dtype), grid), "any")
    assert np.array_equal(volumes.image_of(node).values, values)


@pytest.mark.parametrize("name", ["anisotropic", "oblique", "flipped"])
def test_slicer_writes_the_file_that_our_reader_reads_as_the_same_image(slicer, scene, tmp_path, name):
    grid = scenes.GRIDS[name]
    node = volumes.add_volume(scene, Image(numbered(grid), grid), "CT")
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "CT.nrrd"))
    assert storage.WriteData(node) == 1
    read = read_image(tmp_path / "CT.nrrd")
    image = volumes.image_of(node)
    assert np.array_equal(read.values, image.values)
    assert read.grid.relation_to(image.grid).value == "same"


@pytest.mark.parametrize("name", ["anisotropic", "oblique", "flipped"])
def test_slicer_reads_the_file_that_we_write_as_the_same_image(slicer, scene, tmp_path, name):
    image = Image(numbered(scenes.GRIDS[name]), scenes.GRIDS[name])
    write_image(image, tmp_path / "CT.nrrd")
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(tmp_path / "CT.nrrd"))
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    assert storage.ReadData(node) == 1
    assert np.array_equal(volumes.image_of(node).values, image.values)
    assert volumes.image_of(node).grid.relation_to(image.grid).value == "same"


def test_no_voxel_is_copied_and_none_can_be_changed_through_the_image(scene):
    from vtkmodules.util.numpy_support import vtk_to_numpy

    node = scenes.volume(scene, np.zeros((4, 3, 2), np.int16), np.eye(4))
    image = volumes.image_of(node)
    memory = vtk_to_numpy(node.GetImageData().GetPointData().GetScalars())
    assert np.shares_memory(image.values, memory)
    assert not image.values.flags.writeable
    assert memory.flags.writeable


def test_the_image_outlives_its_node(scene):
    values = np.arange(2**20, dtype=np.int32).reshape(64, 128, 128)
    node = scenes.volume(scene, values, np.eye(4))
    image = volumes.image_of(node)
    remove_node(scene, node)
    del node
    other = np.full_like(values, -1)  # takes memory that was freed, if any was
    assert np.array_equal(image.values, values)
    assert other.min() == -1


MOVES = {
    "shifted": [[1, 0, 0, 5.5], [0, 1, 0, -3], [0, 0, 1, 40], [0, 0, 0, 1]],
    "turned": [[*row, shift] for row, shift in zip(scenes.TURN.T.tolist(), (9, -8, 7), strict=True)]
    + [[0, 0, 0, 1]],
    "scaled": [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]],
    "mirrored": [[-1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("name", ["anisotropic", "oblique"])
def test_a_linear_transform_goes_into_the_grid(scene, move, name):
    grid = scenes.GRIDS[name]
    node = scenes.volume(scene, numbered(grid), scenes.to_ras(grid))
    node.SetAndObserveTransformNodeID(scenes.transform(scene, MOVES[move]).GetID())
    image = volumes.image_of(node)
    assert np.array_equal(image.values, numbered(grid))
    index = np.argwhere(image.values >= 0)[:, ::-1]
    shown = scenes.moved(MOVES[move], scenes.moved(scenes.to_ras(grid), index))
    assert scenes.places(shown) == scenes.places_of(image.values >= 0, image.grid)


SHEAR = [[1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_a_transform_that_shears_is_refused_with_what_to_do(scene):
    node = scenes.volume(scene, np.zeros((2, 2, 2), np.int16), np.eye(4))
    node.SetAndObserveTransformNodeID(scenes.transform(scene, SHEAR).GetID())
    with pytest.raises(
        SceneError, match=r"^Volume CT has, moved by its transform, axes .*; resample it .*\.$"
    ):
        volumes.image_of(node)


def test_a_transform_that_is_not_linear_is_refused_with_what_to_do(scene):
    node = scenes.volume(scene, np.zeros((2, 2, 2), np.int16), np.eye(4))
    node.SetAndObserveTransformNodeID(scenes.bending(scene).GetID())
    with pytest.raises(SceneError, match=r"not linear; harden the transform first\.$"):
        volumes.image_of(node)


def test_a_hardened_volume_with_sheared_axes_is_refused(scene):
    node = scenes.volume(scene, np.zeros((2, 2, 2), np.int16), SHEAR)
    with pytest.raises(SceneError, match=r"^Volume CT has axes that are not perpendicular .*; resample it"):
        volumes.image_of(node)


def empty(scene):
    return scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")


def without_voxels(scene):
    from vtkmodules.vtkCommonDataModel import vtkImageData

    node = empty(scene)
    node.SetAndObserveImageData(vtkImageData())
    return node


def colors(scene):
    return scenes.volume(scene, np.zeros((2, 2, 2, 3), np.uint8), np.eye(4), "vtkMRMLVectorVolumeNode")


def series(scene):
    return scenes.volume(scene, np.zeros((2, 2, 2, 9), np.int16), np.eye(4))


def label_map(scene):
    return scenes.volume(scene, np.zeros((2, 2, 2), np.int16), np.eye(4), "vtkMRMLLabelMapVolumeNode")


def not_numbers(scene):
    return scenes.volume(scene, np.full((2, 2, 2), np.nan, np.float32), np.eye(4))


def infinite(scene):
    return scenes.volume(scene, np.array([[[0.0, np.inf]]]), np.eye(4))


def frame_of_a_sequence(scene):
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "4D")
    for n in range(3):
        frame = scenes.volume(scene, np.full((2, 2, 2), n, np.int16), np.eye(4))
        sequence.SetDataNodeAtValue(frame, str(n))
        scene.RemoveNode(frame)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "Browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    return browser.AddProxyNode(
        scenes.volume(scene, np.zeros((2, 2, 2), np.int16), np.eye(4)), sequence, False
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda scene: None, "no volume"),
        (lambda scene: scene.AddNewNodeByClass("vtkMRMLModelNode", "Skull"), "Skull is not a volume"),
        (empty, "holds no image"),
        (without_voxels, "holds no image"),
        (colors, "3 values per voxel"),
        (series, "9 values per voxel"),
        (frame_of_a_sequence, "3 frames of a 4D sequence"),
        (label_map, "label map"),
        (not_numbers, "NaN"),
        (infinite, "infinite"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_what_is_no_image_is_refused_in_one_sentence(scene, make, sentence):
    with pytest.raises(SceneError, match=sentence) as refused:
        volumes.image_of(make(scene))
    assert str(refused.value).endswith(".")


def test_a_sequence_of_one_frame_is_a_volume(scene):
    node = frame_of_a_sequence(scene)
    sequence = scene.GetFirstNodeByClass("vtkMRMLSequenceNode")
    for value in ("1", "2"):
        sequence.RemoveDataNodeAtValue(value)
    assert volumes.image_of(node).values.shape == (2, 2, 2)


def test_a_probability_map_is_float32_between_0_and_1(scene):
    values = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 3, 2)
    node = scenes.volume(scene, values, np.eye(4))
    probability = volumes.probability_of(node, "parotid")
    assert probability.name == "parotid"
    assert np.array_equal(probability.values, values)
    assert volumes.probability_of(node).name == "CT"


def test_rounding_beyond_0_and_1_is_cut_off(scene):
    values = np.array([[[-1e-6, 0.5, 1 + 1e-6]]])
    probability = volumes.probability_of(scenes.volume(scene, values, np.eye(4)))
    assert probability.values.tolist() == [[[0.0, 0.5, 1.0]]]


@pytest.mark.parametrize("values", [[0, 255], [0, 100], [-3.2, 4.1]], ids=["8 bits", "percent", "logits"])
def test_what_is_no_probability_is_refused_with_a_hint(scene, values):
    node = scenes.volume(scene, np.array([[values]]), np.eye(4))
    with pytest.raises(SceneError, match=r"Volume CT holds values from .* divide percent by 100"):
        volumes.probability_of(node)
