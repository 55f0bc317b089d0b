"""SegmentLayer: segments look as Slicer draws them, to the pixel, and follow every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.geometry import Grid
from ContourQALib.mrml import segmentations
from ContourQALib.mrml.frames import matrix_of
from ContourQALib.mrml.outlines import display_of, outline
from ContourQALib.mrml.segment_patches import write_patch
from view_images import OBLIQUE, image, show

RED, GREEN, BLUE = (1.0, 0.1, 0.1), (0.1, 1.0, 0.1), (0.1, 0.1, 1.0)

TIED = 0.002
"""Share of pixels whose middle lies right between two voxels: which one is nearer is rounding there."""


def ball(grid: Grid, name: str, color: tuple[float, float, float], shift: float, radius: float) -> Contour:
    k, j, i = np.indices(grid.shape)
    middle = (np.array(grid.shape) - 1) / 2 + (0, shift, shift)
    step = np.array(grid.spacing_kji)
    far = sum(((n - m) * mm) ** 2 for n, m, mm in zip((k, j, i), middle, step, strict=True))
    return Contour(far <= radius**2, grid, name, color)


class Shown:
    """Three overlapping balls in the views."""

    def __init__(self, views: Any, an_image: Image) -> None:
        show(views, an_image)
        grid = an_image.grid
        self.views, self.scene, self.grid = views, views.app.scene, grid
        near = min(n * mm for n, mm in zip(grid.size, grid.spacing, strict=True))
        self.contours = [
            ball(grid, name, color, shift, near * share)
            for name, color, shift, share in (("A", RED, -4, 0.3), ("B", GREEN, 3, 0.35), ("C", BLUE, 0, 0.1))
        ]
        self.node = segmentations.add_segmentation(self.scene, self.contours, "Balls", views.volume)
        self.display = display_of(self.node)
        outline(self.display)
        self.ids = {segment.name: segment.id for segment in segmentations.segments_of(self.node)}

    def picture(self, view: Any) -> np.ndarray:
        """What a view shows, uint8 (rows, columns, 3)."""
        from trame_rca.utils import VtkWindow

        pixels, _, _ = VtkWindow(view.render_window()).img_cols_rows
        return pixels[..., :3].astype(int)

    def has(self, color: tuple[float, float, float], view: Any = None) -> int:
        """How many pixels are of a color."""
        wanted = np.round(255 * np.array(color))
        return int((abs(self.picture(view or self.views.axial) - wanted).max(axis=-1) <= 1).sum())


@pytest.fixture
def balls(views: Any) -> Iterator[Callable[..., Shown]]:
    made: list[Shown] = []

    def make(an_image: Image | None = None) -> Shown:
        made.append(Shown(views, image() if an_image is None else an_image))
        return made[-1]

    yield make
    for one in made:
        one.scene.RemoveNode(one.node)


def by_slicer(shown: Shown, view: Any) -> np.ndarray:
    """The picture with Slicer's own drawing in the place of ours."""
    elsewhere = shown.display.GetNthViewNodeID(0)
    shown.display.RemoveAllViewNodeIDs()
    segments = shown.views._segments
    segments._segments, segments.version = (), segments.version + 1
    picture = shown.picture(view)
    shown.display.AddViewNodeID(elsewhere)
    return picture


@pytest.mark.parametrize("direction", [image().grid.direction, OBLIQUE])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_outlines_are_where_slicer_draws_them(
    balls: Callable[..., Shown], direction: tuple[float, ...], width: int
) -> None:
    shown = balls(image(direction))
    shown.display.SetSliceIntersectionThickness(width)
    for view in shown.views.slices:
        view.get_view_node().SetFieldOfView(*(1.013 * mm for mm in view.get_view_node().GetFieldOfView()))
        ours, theirs = shown.picture(view), by_slicer(shown, view)
        colored = np.ptp(theirs, axis=-1) > 50
        assert colored.sum() > 100
        assert (ours != theirs).any(axis=-1).mean() < TIED * width


def test_outlines_are_where_slicer_draws_them_on_planes_off_the_labelmap(
    balls: Callable[..., Shown],
) -> None:
    shown = balls()
    node = shown.views.axial.get_view_node()
    matrix = node.GetSliceToRAS()
    turn = np.array([[0.8, 0, 0.6], [0.36, 0.8, -0.48], [-0.48, 0.6, 0.64]])
    middle = [matrix.GetElement(n, 3) for n in range(3)]
    node.SetSliceToRASByNTP(*turn[:, 2], *turn[:, 0], *middle, 0)
    ours, theirs = shown.picture(shown.views.axial), by_slicer(shown, shown.views.axial)
    assert (np.ptp(theirs, axis=-1) > 50).sum() > 100
    assert (ours != theirs).any(axis=-1).mean() < TIED


def test_a_filling_lets_the_image_be_seen(balls: Callable[..., Shown]) -> None:
    shown = balls()
    display = shown.display
    display.SetVisibility(False)
    before = shown.picture(shown.views.axial)
    display.SetVisibility(True)
    display.SetVisibility2DOutline(False)
    display.SetVisibility2DFill(True)
    display.SetOpacity2DFill(0.5)
    for name in ("B", "C"):
        display.SetSegmentVisibility(shown.ids[name], False)
    display.SetSegmentOpacity2DFill(shown.ids["A"], 0.5)
    after = shown.picture(shown.views.axial)
    filled = (after != before).any(axis=-1)
    assert filled.sum() > 500
    mixed = 0.75 * before + 0.25 * 255 * np.array(RED)
    assert abs(after - mixed)[filled].max() <= 2


def test_hidden_structures_stay_hidden(balls: Callable[..., Shown]) -> None:
    shown = balls()
    assert shown.has(RED)
    assert shown.has(GREEN)
    shown.display.SetSegmentVisibility(shown.ids["A"], False)
    assert not shown.has(RED)
    assert shown.has(GREEN)
    for hide in (shown.display.SetVisibility2D, shown.display.SetVisibility, shown.display.SetOpacity):
        hide(0)
        assert not shown.has(GREEN)
        hide(1)
        assert shown.has(GREEN)


def test_colors_of_a_role_come_and_go(balls: Callable[..., Shown]) -> None:
    shown = balls()
    amber = (1.0, 0.8, 0.2)
    shown.display.SetSegmentOverrideColor(shown.ids["B"], *amber)
    assert shown.has(amber)
    assert not shown.has(GREEN)
    shown.display.UnsetSegmentOverrideColor(shown.ids["B"])
    assert not shown.has(amber)


def test_a_stroke_is_seen_at_once(balls: Callable[..., Shown]) -> None:
    shown = balls()
    before = shown.has(BLUE)
    k = shown.views.slice_index()
    scheduled: list[str] = []
    shown.views.axial.set_scheduled_render(_Heard(scheduled))
    patch = np.ones((1, 6, 6), bool)
    write_patch(shown.node, shown.ids["C"], (2, 2, k), patch)
    assert scheduled
    assert shown.has(BLUE) > before + 10
    write_patch(shown.node, shown.ids["C"], (2, 2, k), ~patch)
    assert shown.has(BLUE) == before


def test_another_contour_another_place_and_none(balls: Callable[..., Shown]) -> None:
    shown = balls()
    small = ball(shown.grid, "B", GREEN, 3, 4.0)
    before = shown.has(GREEN)
    segmentations.set_segment(shown.node, shown.ids["B"], small)
    assert 0 < shown.has(GREEN) < before
    segmentations.set_segment(shown.node, shown.ids["B"], replace(small, mask=np.zeros_like(small.mask)))
    assert not shown.has(GREEN)
    shown.node.GetSegmentation().RemoveSegment(shown.ids["A"])
    assert not shown.has(RED)
    assert shown.has(BLUE)
    shown.scene.RemoveNode(shown.node)
    assert not shown.has(BLUE)
    shown.scene.AddNode(shown.node)


def test_segments_that_share_a_layer_look_as_before(balls: Callable[..., Shown]) -> None:
    shown = balls()
    apart = replace(shown.contours[0], mask=shown.contours[0].mask & ~shown.contours[1].mask)
    segmentations.set_segment(shown.node, shown.ids["A"], apart)
    before = shown.picture(shown.views.axial)
    shown.node.GetSegmentation().CollapseBinaryLabelmaps(False)
    assert shown.node.GetSegmentation().GetNumberOfLayers() < 3
    assert (shown.picture(shown.views.axial) == before).all()


def test_a_transform_moves_them(balls: Callable[..., Shown]) -> None:
    import slicer

    shown = balls()
    before = shown.picture(shown.views.axial)
    transform = slicer.vtkMRMLLinearTransformNode()
    shown.scene.AddNode(transform)
    moved = np.eye(4)
    moved[:3, 3] = (-8.1, 3.2, 0.0)
    transform.SetMatrixTransformToParent(matrix_of(moved))
    shown.node.SetAndObserveTransformNodeID(transform.GetID())
    ours, theirs = shown.picture(shown.views.axial), by_slicer(shown, shown.views.axial)
    shown.scene.RemoveNode(transform)
    assert (ours != before).any(axis=-1).mean() > 5 * TIED
    assert (ours != theirs).any(axis=-1).mean() < TIED


class _Heard:
    """Stands in for a schedule of pictures: notes that one was asked for."""

    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def schedule_render(self) -> None:
        self._heard.append("axial")

    def did_render(self) -> None: ...

    def set_abstract_view(self, _view: Any) -> None: ...
