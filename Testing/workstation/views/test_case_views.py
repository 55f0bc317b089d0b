"""CaseViews: image slices and nothing between them, all in sight until the reader zooms, and gestures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from vtkmodules.vtkCommonDataModel import vtkPolyData

from ContourQALib.mrml.frames import lps_to_ras, numbers_of
from ContourQALib.workstation.views import case_views
from ContourQALib.workstation.views.slice_place import place_of
from view_images import OBLIQUE, SAGITTAL, SIZE, SPACING, image, show

SLICES = ("Red", "Green", "Yellow")


def in_sight(view: Any, grid: Any) -> bool:
    """Whether every corner of the image lies within the view's borders, seen along its normal."""
    to_view = np.linalg.inv(numbers_of(view.get_view_node().GetXYToRAS()))
    i, j, k = ((0, n - 1) for n in grid.size)
    corners = lps_to_ras(grid.index_to_world([(x, y, z) for x in i for y in j for z in k]))
    at = (to_view[:3, :3] @ corners.T).T + to_view[:3, 3]
    size = view.get_view_node().GetDimensions()[:2]
    return bool((at[:, :2] >= 0).all() and (at[:, :2] <= size).all())


def drag(view: Any, button: str, by: tuple[int, int], *, ctrl: bool = False) -> None:
    interactor = view.interactor()

    def at(x: int, y: int) -> None:
        interactor.SetEventInformation(x, y, int(ctrl), 0)

    at(150, 100)
    interactor.InvokeEvent("EnterEvent")
    interactor.InvokeEvent("MouseMoveEvent")
    interactor.InvokeEvent(f"{button}ButtonPressEvent")
    at(150 + by[0], 100 + by[1])
    interactor.InvokeEvent("MouseMoveEvent")
    interactor.InvokeEvent(f"{button}ButtonReleaseEvent")


@pytest.mark.parametrize("direction", [image().grid.direction, OBLIQUE, SAGITTAL])
def test_every_view_shows_all_of_a_slice_of_the_image(views: Any, direction: tuple[float, ...]) -> None:
    an_image = image(direction)
    show(views, an_image)
    assert {views.place(name).axis for name in SLICES} == {0, 1, 2}
    for name in SLICES:
        place = views.place(name)
        assert place.index == pytest.approx(place.nearest, abs=1e-3)
        assert in_sight(views.view(name), an_image.grid)


def test_k_is_that_of_the_view_along_k_whichever_it_is(views: Any) -> None:
    show(views, image(SAGITTAL))
    views.set_slice_index(7)
    assert views.slice_index() == 7
    assert views.place("Yellow").axis == 2
    assert views.place("Yellow").nearest == 7


def test_a_place_is_worked_out_once_for_each_change(views: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Any] = []
    monkeypatch.setattr(case_views, "place_of", lambda *given: counted.append(given) or place_of(*given))
    show(views, image())
    counted.clear()
    node = views.axial.get_view_node()
    for change in (
        lambda: views.step("Red", 2),
        lambda: node.SetSliceOffset(node.GetSliceOffset() + 4.2),
        lambda: show(views, image(SAGITTAL)),
    ):
        change()
        assert views.place("Red") == views.place("Red") == place_of(node.GetSliceToRAS(), views._grid)
    counted.clear()
    assert views.place("Red") is views.place("Red")
    assert not counted


def test_steps_are_one_slice_and_end_at_the_image(shown: Any) -> None:
    heard: list[int] = []
    shown.slice_changed.connect(heard.append)
    shown.set_slice_index(SIZE[2] - 2)
    heard.clear()
    for _ in range(3):
        shown.step("Red", 1)
    assert heard == [SIZE[2] - 1]
    shown.step("Red", -10)
    assert shown.slice_index() == SIZE[2] - 11
    shown.slice_changed.disconnect(heard.append)


def test_a_jump_between_slices_ends_on_one(shown: Any) -> None:
    k = 11
    x, y, z = shown_point = lps_to_ras(image().grid.index_to_world((20.3, 25.4, k + 0.4)))
    shown.jump_to_ras((x, y, z))
    assert [shown.place(name).nearest for name in SLICES] == [k, 25, 20]
    for name in SLICES:
        assert shown.place(name).index == pytest.approx(shown.place(name).nearest, abs=1e-3)
    assert shown_point[2] != pytest.approx(shown.place("Red").position_mm)


def test_a_jump_moves_what_shows_everything_not_at_all_and_centers_what_was_zoomed(shown: Any) -> None:
    x, y, z = (float(mm) for mm in lps_to_ras(image().grid.index_to_world((5, 8, 4))))
    middle = numbers_of(shown.axial.get_view_node().GetSliceToRAS())[:2, 3]
    shown.jump_to_ras((x, y, z))
    assert numbers_of(shown.axial.get_view_node().GetSliceToRAS())[:2, 3] == pytest.approx(middle)
    shown.axial.zoom_in()
    shown.jump_to_ras((x, y, z))
    assert numbers_of(shown.axial.get_view_node().GetSliceToRAS())[:2, 3] == pytest.approx((x, y))


def test_another_size_fits_again_and_stays_on_the_slice(shown: Any) -> None:
    shown.set_slice_index(9)
    heard: list[int] = []
    shown.slice_changed.connect(heard.append)
    shown.axial.interactor().UpdateSize(200, 500)
    assert in_sight(shown.axial, image().grid)
    assert shown.slice_index() == 9
    assert heard == []  # pages hear of no slice that was passed through
    shown.slice_changed.disconnect(heard.append)


def test_another_size_leaves_a_zoomed_view_its_zoom(shown: Any) -> None:
    shown.axial.zoom_in()
    node = shown.axial.get_view_node()
    before = node.GetFieldOfView()[0] / node.GetDimensions()[0]
    shown.axial.interactor().UpdateSize(300, 350)
    shown.axial.interactor().InvokeEvent("WindowResizeEvent")  # as trame-slicer does
    assert not in_sight(shown.axial, image().grid)
    shown.fit()
    assert in_sight(shown.axial, image().grid)
    assert before > 0


def test_one_view_alone_and_back(shown: Any) -> None:
    heard: list[str] = []
    shown.layout_changed.connect(heard.append)
    shown.arrange("four alike")
    shown.maximize("Green")
    shown.maximize("Green")
    assert heard == ["four alike", "Green alone", "four alike"]
    shown.layout_changed.disconnect(heard.append)


def test_the_wheel_goes_one_slice(shown: Any) -> None:
    shown.set_slice_index(10)
    interactor = shown.axial.interactor()
    interactor.SetEventInformation(300, 350)
    interactor.InvokeEvent("EnterEvent")
    interactor.InvokeEvent("MouseMoveEvent")
    interactor.InvokeEvent("MouseWheelForwardEvent")
    assert shown.slice_index() == 11
    interactor.InvokeEvent("MouseWheelBackwardEvent")
    interactor.InvokeEvent("MouseWheelBackwardEvent")
    assert shown.slice_index() == 9


def test_shift_and_move_link_the_views(shown: Any) -> None:
    interactor = shown.axial.interactor()
    before = [shown.place(name).nearest for name in ("Green", "Yellow")]
    interactor.SetEventInformation(300, 350, 0, 1)
    interactor.InvokeEvent("EnterEvent")
    interactor.SetEventInformation(390, 260, 0, 1)
    interactor.InvokeEvent("MouseMoveEvent")
    x, y = (numbers_of(shown.axial.get_view_node().GetXYToRAS()) @ (390, 260, 0, 1))[:2]
    i, j, _ = image().grid.world_to_index((-x, -y, 0))
    assert [shown.place(name).nearest for name in ("Green", "Yellow")] == [round(j), round(i)] != before


def test_ctrl_drag_changes_the_gray_scale_and_a_plain_one_does_not(shown: Any) -> None:
    shown.set_window(200, 50)
    drag(shown.axial, "Left", (50, 20))
    assert shown.window() == (200, 50)
    drag(shown.axial, "Left", (50, 20), ctrl=True)
    assert shown.window() == pytest.approx((250, 70))
    drag(shown.axial, "Left", (-5000, 0), ctrl=True)
    assert shown.window()[0] > 0


def test_the_right_button_zooms(shown: Any) -> None:
    before = shown.axial.get_view_node().GetFieldOfView()[0]
    drag(shown.axial, "Right", (0, 60))
    assert shown.axial.get_view_node().GetFieldOfView()[0] != pytest.approx(before)


@pytest.mark.parametrize("key", ["v", "r", "g", "Right", "bracketleft"])
def test_keys_of_mrml_do_nothing(shown: Any, key: str) -> None:
    node, interactor = shown.axial.get_view_node(), shown.axial.interactor()
    shown.axial.zoom_in()
    before = node.GetSliceVisible(), node.GetFieldOfView(), shown.slice_index(), shown.volume
    interactor.InvokeEvent("EnterEvent")
    interactor.SetKeyEventInformation(0, 0, key[0], 0, key)
    interactor.InvokeEvent("KeyPressEvent")
    interactor.InvokeEvent("CharEvent")
    assert (node.GetSliceVisible(), node.GetFieldOfView(), shown.slice_index(), shown.volume) == before


def test_nothing_shown_answers_nothing(views: Any) -> None:
    assert views.slice_index() is None
    assert views.window() is None
    assert views.place("Red") is None
    views.step("Red", 1)
    views.set_slice_index(3)
    views.set_window(10, 5)


def test_a_processor_draws_neither_samples_nor_layers(views: Any) -> None:
    assert [view.render_window().GetMultiSamples() for view in views.all] == [0, 0, 0, 0]
    assert not views.three_d.renderer().GetUseDepthPeeling()
    assert not views.three_d.get_view_node().GetUseDepthPeeling()


def test_spacing_is_that_of_the_image(shown: Any) -> None:
    first = shown.place("Red").position_mm
    shown.step("Red", 1)
    assert shown.place("Red").position_mm - first == pytest.approx(SPACING[2])


def test_models_are_drawn_in_3d_alone_where_that_is_said(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    for view in shown.all:
        name = view.get_singleton_tag()
        monkeypatch.setattr(view._scheduled_render, "_draw", lambda name=name: asked.add(name))
    scene = shown.app.scene

    def add() -> Any:
        node = scene.AddNewNodeByClass("vtkMRMLModelNode")
        node.CreateDefaultDisplayNodes()
        node.SetAndObservePolyData(vtkPolyData())
        return node

    nodes = [add()]
    assert asked & set(SLICES), "else there is nothing to leave out"
    asked.clear()
    with shown.in_three_d():
        nodes.append(add())
    assert not asked & set(SLICES)
    for node in nodes:
        scene.RemoveNode(node)
