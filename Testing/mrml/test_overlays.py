"""Overlays: the right voxels in the right color, updated in place, nothing left after a failure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.errors import SettingError
from ContourQALib.geometry import Grid
from ContourQALib.mrml import outlines, overlays, segmentations, volumes
from ContourQALib.quality.error_map import ErrorMap

GRID = Grid((8, 7, 6), (1.0, 2.0, 3.0), (10.0, -5.0, 2.0))
PART = Grid((4, 4, 4), GRID.spacing, tuple(GRID.index_to_world((2, 1, 1))), GRID.direction)
"""The box that a network saw, on the lattice of `GRID`."""


def block(grid: Grid, *span: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(grid.shape, bool)
    mask[tuple(slice(*s) for s in span)] = True
    return mask


def contour(name: str, *span: tuple[int, int]) -> Contour:
    return Contour(block(GRID, *span), GRID, name)


@pytest.fixture
def error() -> ErrorMap:
    mask = block(PART, (1, 3), (1, 3), (1, 3))
    probability = np.full(PART.shape, 0.1, np.float32)
    probability[1, 1, 1] = 0.9  # inside: too much
    probability[0, 0, :2] = (0.7, 0.5)  # outside: one left out, one as likely right as wrong
    return ErrorMap(probability, mask, PART, (1, 1, 2))


def voxels(node: Any, name: str) -> set[tuple[int, int, int]]:
    """(k, j, i) on `GRID` of the voxels of a segment."""
    (found,) = [s for s in segmentations.segments_of(node) if s.name == name]
    placed = segmentations.contour_of(node, found.id).on(GRID)
    return {tuple(int(n) for n in index) for index in np.argwhere(placed.mask)}


def node_ids(scene: Any) -> set[str]:
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def test_errors_are_two_segments_of_the_marked_voxels(scene: Any, error: ErrorMap) -> None:
    node = overlays.show_errors(scene, {"CTV": error})

    assert voxels(node, "CTV too much") == {(2, 2, 3)}
    assert voxels(node, "CTV left out") == {(1, 1, 2)}


def test_errors_are_fillings_in_the_reports_colors(scene: Any, error: ErrorMap) -> None:
    node = overlays.show_errors(scene, {"CTV": error}, opacity=0.4)

    display = node.GetDisplayNode()
    colors = {s.name: s.color for s in segmentations.segments_of(node)}
    assert colors["CTV too much"] == pytest.approx(outlines.TOO_MUCH_COLOR)
    assert colors["CTV left out"] == pytest.approx(outlines.LEFT_OUT_COLOR)
    assert display.GetOpacity2DFill() == pytest.approx(0.4)
    assert display.GetVisibility2DFill()
    assert not display.GetVisibility2DOutline()


def test_an_overlay_is_updated_in_place(scene: Any, error: ErrorMap) -> None:
    node = overlays.show_errors(scene, {"CTV": error, "Rectum": error})
    before = node_ids(scene)
    nothing = ErrorMap(np.zeros_like(error.probability), error.mask, PART, error.corner)

    again = overlays.show_errors(scene, {"CTV": nothing, "Bladder": error}, node)

    assert again is node
    assert node_ids(scene) == before
    assert [s.name for s in segmentations.segments_of(node)] == [
        "CTV too much",
        "CTV left out",
        "Bladder too much",
        "Bladder left out",
    ]
    assert voxels(node, "CTV too much") == set()
    assert voxels(node, "Bladder left out") == {(1, 1, 2)}


def test_an_overlay_that_fails_leaves_the_scene_as_it_was(
    scene: Any, error: ErrorMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = overlays.show_errors(scene, {"CTV": error})
    before = node_ids(scene)

    def refuse(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(segmentations, "set_segment", refuse)
    with pytest.raises(MemoryError):
        overlays.show_errors(scene, {"CTV": error, "Bladder": error}, node)
    monkeypatch.setattr(segmentations, "add_segment", refuse)
    with pytest.raises(MemoryError):
        overlays.show_errors(scene, {"Bladder": error})

    assert node_ids(scene) == before
    assert voxels(node, "CTV too much") == {(2, 2, 3)}


def test_opacity_is_checked_and_set(scene: Any, error: ErrorMap) -> None:
    node = overlays.show_errors(scene, {"CTV": error})
    overlays.set_opacity(node, 0.25)
    assert node.GetDisplayNode().GetOpacity2DFill() == pytest.approx(0.25)
    with pytest.raises(SettingError, match="between 0 and 1"):
        overlays.set_opacity(node, 1.2)


def test_differences_of_contours_on_grids_of_their_own(scene: Any) -> None:
    reference = contour("CTV", (1, 3), (1, 3), (1, 3))
    drawn = Contour(np.ones((2, 2, 2), bool), PART_OF_TEST, "CTV")

    node = overlays.show_differences(scene, [(reference, drawn)])

    truth = {(k, j, i) for k in (1, 2) for j in (1, 2) for i in (1, 2)}
    test = {(k, j, i) for k in (1, 2) for j in (1, 2) for i in (2, 3)}
    assert voxels(node, "CTV too much") == test - truth
    assert voxels(node, "CTV left out") == truth - test


PART_OF_TEST = Grid((2, 2, 2), GRID.spacing, tuple(GRID.index_to_world((2, 1, 1))), GRID.direction)


def test_several_tests_of_one_structure_have_segments_of_their_own(scene: Any) -> None:
    reference = contour("CTV", (1, 3), (1, 3), (1, 3))
    tests = [contour("VPM", (1, 3), (1, 3), (1, 4)), contour("LFT", (1, 3), (1, 3), (1, 2))]

    node = overlays.show_differences(scene, [(reference, test) for test in tests])

    names = [s.name for s in segmentations.segments_of(node)]
    assert names == ["CTV VPM too much", "CTV VPM left out", "CTV LFT too much", "CTV LFT left out"]
    labeled = overlays.show_differences(scene, [(reference, reference)] * 2, labels=("first", "second"))
    assert [s.name for s in segmentations.segments_of(labeled)][::2] == [
        "CTV first too much",
        "CTV second too much",
    ]
    same_name = overlays.show_differences(scene, [(reference, reference), (reference, tests[0])])
    assert len({s.name for s in segmentations.segments_of(same_name)}) == 4


def test_the_error_volume_has_the_window_of_a_probability_and_more_than_one_color(
    scene: Any, error: ErrorMap
) -> None:
    node = overlays.show_error_volume(scene, error)

    display = node.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == pytest.approx((0, 1))
    assert display.GetApplyThreshold()
    assert 0 < display.GetLowerThreshold() < 0.1
    table = display.GetColorNode().GetLookupTable()
    colors = []
    for p in (0.1, 0.5, 0.9):
        rgb = [0.0] * 3
        table.GetColor(p * 255, rgb)
        colors.append(rgb)
    steps = np.linalg.norm(np.diff(colors, axis=0), axis=1)
    assert steps.min() > 0.2, "probabilities must be told apart by their colors"
    brightness = np.array(colors) @ (0.299, 0.587, 0.114)
    assert (np.diff(brightness) < 0).all(), "darker is more, in gray as well"


def test_the_error_volume_lies_where_the_map_does(scene: Any, error: ErrorMap) -> None:
    boxed = volumes.image_of(overlays.show_error_volume(scene, error))
    whole = volumes.image_of(overlays.show_error_volume(scene, error, GRID))

    assert boxed.values.shape == PART.shape
    np.testing.assert_array_equal(boxed.values, error.probability)
    assert whole.values.shape == GRID.shape
    assert whole.values[2, 2, 3] == np.float32(0.9)
    assert whole.values[0].max() == 0
    for image, index in ((boxed, (1, 1, 1)), (whole, (3, 2, 2))):
        # one micrometer: matrices of MRML are doubles
        np.testing.assert_allclose(
            image.grid.index_to_world(index), GRID.index_to_world((3, 2, 2)), atol=1e-3
        )


def test_the_error_volume_is_updated_in_place_with_one_color_node(scene: Any, error: ErrorMap) -> None:
    node = overlays.show_error_volume(scene, error)
    before = node_ids(scene)

    assert overlays.show_error_volume(scene, error, GRID, node) is node

    assert node_ids(scene) == before
    assert volumes.image_of(node).values.shape == GRID.shape


def test_disagreement_is_the_share_of_the_minority(scene: Any) -> None:
    observers = [
        contour("CTV", (1, 3), (1, 3), (1, 3)),
        contour("CTV", (1, 3), (1, 3), (1, 4)),
        contour("CTV", (1, 3), (1, 3), (2, 4)),
    ]

    node = overlays.show_disagreement(scene, observers)

    image = volumes.image_of(node)
    assert image.values.shape == GRID.shape
    third = np.float32(1 / 3)
    expected = np.zeros(GRID.shape, np.float32)
    expected[1:3, 1:3, 1] = third  # two of three
    expected[1:3, 1:3, 3] = third  # two of three
    np.testing.assert_allclose(image.values, expected, rtol=1e-6)  # rounding of float32
    assert node.GetDisplayNode().GetWindowLevelMax() == pytest.approx(0.5)
    assert node.GetDisplayNode().GetLowerThreshold() < third


def test_one_contour_disagrees_with_nobody(scene: Any) -> None:
    before = node_ids(scene)
    with pytest.raises(SettingError, match="at least two"):
        overlays.show_disagreement(scene, [contour("CTV", (1, 3), (1, 3), (1, 3))])
    assert node_ids(scene) == before


def test_showing_an_overlay_can_be_undone(scene: Any, error: ErrorMap) -> None:
    scene.SetUndoOn()
    before = node_ids(scene)

    overlays.show_errors(scene, {"CTV": error})
    scene.Undo()

    assert node_ids(scene) == before
