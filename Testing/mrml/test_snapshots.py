"""Snapshots: outlines where the contours are, in the middle, and the user's scene not touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.mrml import frames, outlines, overlays, segmentations, snapshots, volumes
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.outlines import Role
from ContourQALib.mrml.overlay_colors import show_with_colors
from ContourQALib.mrml.slice_camera import SliceCamera

SIZE = (160, 120)
GRID = Grid((40, 30, 20), (2.0, 2.0, 3.0), (-30.0, -50.0, 100.0))
BOX = ((6, 14), (8, 22), (10, 30))
"""Spans of the contour along K, J, I."""
ROTATED = Grid(GRID.size, GRID.spacing, (5.0, 5.0, 5.0), (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0))


@pytest.fixture(scope="module")
def camera(slicer: Any) -> Iterator[SliceCamera]:
    with SliceCamera(SIZE) as camera:
        yield camera


def mask(shape: tuple[int, ...], spans: tuple[tuple[int, int], ...] = BOX) -> np.ndarray:
    found = np.zeros(shape, bool)
    found[tuple(slice(*s) for s in spans)] = True
    return found


def middle(grid: Grid) -> np.ndarray:
    """RAS of the middle of the box, on the centers of voxels."""
    index = [(a + b) // 2 for a, b in BOX[::-1]]
    return frames.lps_to_ras(grid.index_to_world(index))


def add_volume(scene: Any, grid: Grid = GRID) -> Any:
    """A gray ramp along I from -1000 to 1000."""
    values = np.broadcast_to(np.linspace(-1000, 1000, grid.size[0]), grid.shape).astype(np.float32)
    node = volumes.add_volume(scene, Image(values, grid), "CT")
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(2000, 0)
    return node


def add_contour(scene: Any, role: Role = Role.REFERENCE, grid: Grid = GRID, name: str = "CTV") -> Any:
    node = segmentations.add_segmentation(scene, [Contour(mask(grid.shape), grid, name)], role.value)
    outlines.style(node, role)
    return node


def pixels(png: bytes) -> np.ndarray:
    """(rows from the top, columns, 3) uint8 of a PNG."""
    from io import BytesIO

    from matplotlib.image import imread

    return np.round(255 * imread(BytesIO(png), "png")[..., :3]).astype(np.uint8)


def of_color(picture: np.ndarray, color: tuple[float, ...]) -> np.ndarray:
    """bool (rows, columns): pixels of a color; 3 of 255 for the rounding of two color maps."""
    return (np.abs(picture.astype(int) - np.round(255 * np.array(color))) <= 3).all(axis=-1)


def bounds(found: np.ndarray) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of the pixels, as shares of the picture."""
    rows, columns = np.nonzero(found)
    height, width = found.shape
    return columns.min() / width, (columns.max() + 1) / width, rows.min() / height, (rows.max() + 1) / height


@pytest.mark.parametrize(
    ("orientation", "across_mm", "down_mm"),
    [("axial", 40.0, 28.0), ("coronal", 40.0, 24.0), ("sagittal", 28.0, 24.0)],
)
def test_the_outline_is_where_the_contour_is(
    scene: Any, camera: SliceCamera, orientation: Any, across_mm: float, down_mm: float
) -> None:
    node = add_contour(scene)

    png = camera.take(add_volume(scene), [node], middle(GRID), orientation, field_of_view_mm=60)

    red = of_color(pixels(png), Role.REFERENCE.color)
    left, right, top, bottom = bounds(red)
    pixel_mm = 60 / min(SIZE)
    # Two pixels: the outline's width and rounding of where a voxel's edge falls
    assert (right - left) * SIZE[0] * pixel_mm == pytest.approx(across_mm, abs=2 * pixel_mm)
    assert (bottom - top) * SIZE[1] * pixel_mm == pytest.approx(down_mm, abs=2 * pixel_mm)
    rows, columns = np.nonzero(red)
    inside = red[rows.min() + 6 : rows.max() - 5, columns.min() + 6 : columns.max() - 5]
    assert not inside.any(), "an outline, not a filling"


def test_the_structure_is_in_the_middle_with_its_surroundings(scene: Any, camera: SliceCamera) -> None:
    png = camera.take(add_volume(scene), [add_contour(scene)], middle(GRID))

    left, right, top, bottom = bounds(of_color(pixels(png), Role.REFERENCE.color))
    # The middle of an even number of voxels lies half of one beside the center
    assert (left + right) / 2 == pytest.approx(0.5, abs=0.03)
    assert (top + bottom) / 2 == pytest.approx(0.5, abs=0.03)
    assert 0.3 < right - left < 0.8


def test_the_patients_right_is_on_the_left_and_anterior_on_top(scene: Any, camera: SliceCamera) -> None:
    """The ramp runs along I, to the patient's left; the mark lies at the anterior end of J."""
    volume = add_volume(scene)
    anterior = Contour(mask(GRID.shape, ((6, 14), (8, 11), (10, 30))), GRID, "anterior")
    node = segmentations.add_segmentation(scene, [anterior], "mark")
    outlines.style(node, Role.VPM)

    picture = pixels(camera.take(volume, [node], middle(GRID), field_of_view_mm=50))

    gray = picture[60].mean(axis=1)
    assert gray[-10:].mean() > gray[:10].mean() + 20
    assert bounds(of_color(picture, Role.VPM.color))[3] < 0.5


def test_an_oblique_image_is_shown_along_its_own_slices(scene: Any, camera: SliceCamera) -> None:
    png = camera.take(
        add_volume(scene, ROTATED), [add_contour(scene, grid=ROTATED)], middle(ROTATED), field_of_view_mm=60
    )

    red = of_color(pixels(png), Role.REFERENCE.color)
    rows, columns = np.nonzero(red)
    straight = red[:, columns.min() : columns.min() + 3].any(axis=1).sum()
    assert straight > 0.9 * (rows.max() - rows.min()), "edges of voxels run along the picture's"


def test_a_sagittal_scan_is_shown_in_axial_slices_of_the_patient(scene: Any, camera: SliceCamera) -> None:
    """I runs to the back, J down and K to the left."""
    grid = Grid(
        (40, 30, 20), (2.0, 1.0, 3.0), (5.0, 5.0, 5.0), (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
    )
    back = Contour(mask(grid.shape, (BOX[0], BOX[1], (25, 30))), grid, "back")
    node = segmentations.add_segmentation(scene, [back], "mark")
    outlines.style(node, Role.LFT)

    png = camera.take(
        add_volume(scene, grid), [add_contour(scene, grid=grid), node], middle(grid), field_of_view_mm=60
    )

    picture, pixel_mm = pixels(png), 60 / min(SIZE)
    marked = of_color(picture, Role.LFT.color)
    left, right, top, bottom = bounds(marked | of_color(picture, Role.REFERENCE.color))
    assert (right - left) * SIZE[0] * pixel_mm == pytest.approx(8 * 3, abs=2 * pixel_mm)
    assert (bottom - top) * SIZE[1] * pixel_mm == pytest.approx(20 * 2, abs=2 * pixel_mm)
    assert bounds(marked)[2] > 0.5, "the back is at the bottom"


def test_parent_transforms_are_applied(slicer: Any, scene: Any, camera: SliceCamera) -> None:
    volume, node = add_volume(scene), add_contour(scene)
    still = camera.take(volume, [node], middle(GRID))
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    matrix = np.eye(4)
    matrix[:3, 3] = (30, -20, 10)
    transform.SetMatrixTransformToParent(frames.matrix_of(matrix))
    for moved in (volume, node):
        moved.SetAndObserveTransformNodeID(transform.GetID())

    png = camera.take(volume, [node], np.add(middle(GRID), (30, -20, 10)))

    np.testing.assert_array_equal(pixels(png), pixels(still))


def test_window_and_level_are_those_of_the_display(scene: Any, camera: SliceCamera) -> None:
    volume = add_volume(scene)
    wide = pixels(camera.take(volume, [], middle(GRID), field_of_view_mm=40)).astype(int)
    volume.GetDisplayNode().SetWindowLevel(100, 2000)

    dark = pixels(camera.take(volume, [], middle(GRID), field_of_view_mm=40))

    assert wide[60, -10:].mean() > 120
    assert dark.max() == 0


def test_a_volume_is_shown_in_its_own_colors(scene: Any, camera: SliceCamera) -> None:
    """The ramp from 0 to 1 along I, in the colors of probabilities of error, transparent below a fifth."""
    values = np.broadcast_to(np.linspace(0, 1, GRID.size[0]), GRID.shape).astype(np.float32)
    volume = volumes.add_volume(scene, Image(values, GRID), "errors")
    show_with_colors(scene, volume, 0.2, 1.0)

    row = pixels(camera.take(volume, [], middle(GRID), field_of_view_mm=60))[SIZE[1] // 2].astype(int)

    assert (row[:20] == 0).all(), "transparent above black"
    shown = row[row.any(axis=1)]
    pale, dark = shown[:4].mean(axis=0), shown[-4:].mean(axis=0)
    assert pale[0] > 230
    assert pale[1] > 180
    assert dark[0] > 140
    assert dark[1] < 30


def test_a_volume_without_display_is_windowed_by_its_values(scene: Any, camera: SliceCamera) -> None:
    volume = add_volume(scene)
    scene.RemoveNode(volume.GetDisplayNode())
    assert volume.GetDisplayNode() is None

    picture = pixels(camera.take(volume, [], middle(GRID), field_of_view_mm=78))

    assert volume.GetDisplayNode() is None
    assert picture.max() - picture.min() > 200
    assert picture.mean() > 30


def test_models_are_drawn_in_their_colors_above_each_other(scene: Any, camera: SliceCamera) -> None:
    smaller = Contour(mask(GRID.shape, ((6, 14), (10, 20), (13, 27))), GRID, "CTV")
    lft = segmentations.add_segmentation(scene, [smaller], "LFT")
    outlines.style(lft)

    picture = pixels(camera.take(add_volume(scene), [add_contour(scene), lft], middle(GRID)))

    outer = bounds(of_color(picture, Role.REFERENCE.color))
    inner = bounds(of_color(picture, Role.LFT.color))
    assert outer[0] < inner[0] < inner[1] < outer[1]


def test_overlays_are_filled(scene: Any, camera: SliceCamera) -> None:
    reference = Contour(mask(GRID.shape), GRID, "CTV")
    test = Contour(mask(GRID.shape, (BOX[0], BOX[1], (10, 24))), GRID, "CTV")
    node = overlays.show_differences(scene, [(reference, test)], opacity=1.0)

    picture = pixels(camera.take(add_volume(scene), [node], middle(GRID), field_of_view_mm=60))

    blue = of_color(picture, outlines.LEFT_OUT_COLOR)
    left, right, top, bottom = bounds(blue)
    pixel_mm = 60 / min(SIZE)
    # A pixel whose center lies on the edge between two voxels may show either
    assert (right - left) * SIZE[0] * pixel_mm == pytest.approx(6 * 2, abs=pixel_mm)
    assert (bottom - top) * SIZE[1] * pixel_mm == pytest.approx(14 * 2, abs=pixel_mm)
    assert blue.sum() == round((right - left) * SIZE[0]) * round((bottom - top) * SIZE[1]), "filled"
    assert not of_color(picture, outlines.TOO_MUCH_COLOR).any()


def test_structures_are_chosen_by_name_and_hidden_ones_stay_hidden(scene: Any, camera: SliceCamera) -> None:
    contours = [
        Contour(mask(GRID.shape), GRID, "CTV", (1.0, 0.0, 0.0)),
        Contour(mask(GRID.shape, (BOX[0], (10, 20), (13, 27))), GRID, "Rectum", (0.0, 1.0, 0.0)),
    ]
    volume = add_volume(scene)
    node = segmentations.add_segmentation(scene, contours, "organs")
    node.GetDisplayNode().SetVisibility(False)  # the whole of it, for the moment

    def seen(*structures: str) -> tuple[bool, bool]:
        picture = pixels(camera.take(volume, [node], middle(GRID), structures=structures))
        return bool(of_color(picture, (1, 0, 0)).any()), bool(of_color(picture, (0, 1, 0)).any())

    assert seen() == (True, True)
    assert seen("Rectum") == (False, True)
    ctv = node.GetSegmentation().GetSegmentIdBySegmentName("CTV")
    node.GetDisplayNode().SetSegmentVisibility(ctv, False)
    assert seen() == (False, True)
    assert seen("CTV") == (True, False)


def test_the_scene_is_not_touched(scene: Any) -> None:
    volume, node = add_volume(scene), add_contour(scene)
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    things = [
        scene,
        *nodes,
        node.GetSegmentation(),
        node.GetSegmentation().GetNthSegment(0),
        volume.GetImageData(),
    ]
    before = [thing.GetMTime() for thing in things]
    told = []
    for thing in things:
        thing.AddObserver("AnyEvent", lambda _, event: told.append(event))

    png = snapshots.take(scene, volume, [node], middle(GRID), size=(64, 64))

    assert pixels(png).shape == (64, 64, 3)
    assert told == []
    assert [thing.GetMTime() for thing in things] == before
    assert scene.GetNumberOfNodes() == len(nodes)


def test_a_camera_keeps_nothing_of_what_it_saw(scene: Any, camera: SliceCamera) -> None:
    volume, node = add_volume(scene), add_contour(scene)
    image = volume.GetImageData()
    counts = image.GetReferenceCount(), node.GetSegmentation().GetReferenceCount()

    for _ in range(3):
        camera.take(volume, [node], middle(GRID))

    assert (image.GetReferenceCount(), node.GetSegmentation().GetReferenceCount()) == counts


def test_a_kept_camera_takes_the_same_picture_as_a_new_one(scene: Any, camera: SliceCamera) -> None:
    volume, node = add_volume(scene), add_contour(scene)
    camera.take(volume, [], middle(GRID), "coronal")

    kept = snapshots.take(scene, volume, [node], middle(GRID), camera=camera)
    new = snapshots.take(scene, volume, [node], middle(GRID), size=SIZE)

    np.testing.assert_array_equal(pixels(kept), pixels(new))


def test_what_cannot_be_shown_is_refused_in_a_sentence(slicer: Any, scene: Any, camera: SliceCamera) -> None:
    volume = add_volume(scene)
    with pytest.raises(SettingError, match="axial"):
        camera.take(volume, [], middle(GRID), "oblique")
    with pytest.raises(SceneError, match="no image"):
        camera.take(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"), [], middle(GRID))
    with pytest.raises(SceneError, match="There is no volume"):
        snapshots.take(scene, None, [], middle(GRID), camera=camera)
    scene.RemoveNode(volume)
    with pytest.raises(SceneError, match="not in the scene"):
        snapshots.take(scene, volume, [], middle(GRID), camera=camera)
    with pytest.raises(SettingError, match="pixels"):
        SliceCamera((0, 10))
    again = add_volume(scene)
    assert pixels(camera.take(again, [], middle(GRID))).max() > 0, "a camera goes on after a refusal"


def test_a_closed_camera_says_so(scene: Any) -> None:
    camera = SliceCamera((32, 32))
    camera.close()
    camera.close()
    with pytest.raises(SettingError, match="closed"):
        camera.take(add_volume(scene), [], middle(GRID))
