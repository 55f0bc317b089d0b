"""CaseSurfaces: every structure of the open case in 3D, the selected one opaque and colored by its errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from trame_server.state import State
from undo_stack import Signal, SignalContainer

from ContourQALib.mrml import segmentations, surfaces, volumes
from ContourQALib.phantom import Phantom, pelvis
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.error_map import ErrorMap
from ContourQALib.quality.predict import assess
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.views.case_surfaces import SLICES_FIRST_S, CaseSurfaces

SURFACES = "vtkMRMLModelNode"


class Views(SignalContainer):
    """Stands in for the four views: which volume they show, and whether the 3D view was fitted."""

    volume_changed = Signal()

    def __init__(self) -> None:
        self.volume: Any = None
        self.fitted = 0

    def show_volume(self, volume: Any) -> None:
        self.volume = volume
        self.volume_changed()

    def refit(self, _name: str) -> None:
        self.fitted += 1

    def in_three_d(self) -> AbstractContextManager[None]:
        return nullcontext()


class Hiding(SignalContainer):
    """Stands in for the mode that hides scores."""

    changed = Signal()
    on = False

    def hides(self, _case: str, _structure: str) -> bool:
        return self.on


class Stage(SignalContainer):
    """Stands in for the session, on a real scene; nobody assesses anything."""

    case_opened = Signal(OpenCase)
    case_closing = Signal(OpenCase)
    assessed = Signal(OpenCase)
    structure_selected = Signal(str)
    edited = Signal(str)
    page_changed = Signal(str)

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.views, self.call_first, self.state = Views(), Hiding(), State()
        self.case: OpenCase | None = None
        self.structure, self.page = "", "review"
        self.loop = asyncio.new_event_loop()
        self.surfaces = CaseSurfaces(cast(Session, self))

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work)

    def select_structure(self, name: str) -> None:
        self.structure = name
        self.structure_selected(name)

    def open(self, phantom: Phantom) -> None:
        volume = volumes.add_volume(self.scene, phantom.image, "Image")
        node = segmentations.add_segmentation(self.scene, phantom.vendor, "Contours", volume)
        files = CaseFiles(CaseEntry("phantom", "phantom", None, ()))
        self.case = OpenCase(files, phantom.image, volume, node)
        self.views.show_volume(volume)
        self.case_opened(self.case)
        self.select_structure(self.case.structures[0])

    def close(self) -> None:
        case, self.case = self.case, None
        assert case is not None
        self.case_closing(case)

    def do(self, signal: Callable[..., Any], *values: Any) -> None:
        """Emit a signal, or call what emits some, on the event loop, and wait until all is made."""

        async def emit() -> None:
            signal(*values)
            while self.surfaces.is_busy:
                await asyncio.sleep(0.005)

        self.loop.run_until_complete(asyncio.wait_for(emit(), 60))


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return pelvis((64, 64, 32))


@pytest.fixture
def opened(phantom: Phantom) -> Iterator[Stage]:
    """A case whose surfaces are made."""
    from trame_slicer.core import SlicerApp

    stage = Stage(SlicerApp().scene)
    stage.do(stage.open, phantom)
    yield stage
    stage.loop.close()


def models(stage: Stage) -> list[Any]:
    """Surfaces in the scene that are none of the slices' own."""
    nodes = (stage.scene.GetNthNodeByClass(n, SURFACES) for n in range(100))
    return [node for node in nodes if node is not None and (node.GetName() or "").endswith(" surface")]


def opacities(stage: Stage) -> dict[str, float]:
    names = stage.case.structures
    displays = {name: stage.surfaces.node(name).GetDisplayNode() for name in names}
    return {name: one.GetOpacity() if one.GetVisibility() else 0.0 for name, one in displays.items()}


def assessed(stage: Stage, structure: str) -> ErrorMap:
    """Let it be known of a structure that all of it is probably wrong."""
    case = stage.case
    contour = case.contour(structure)
    box = [slice(0, n) for n in contour.grid.shape]
    wrong = np.full(contour.mask.shape, 0.8, np.float32)
    error = ErrorMap.of_box(wrong, box, contour.mask, contour.grid)
    found = _assessment(case, structure, error)
    case.assessment = found

    stage.do(stage.assessed, case)
    return error


def _assessment(case: Any, structure: str, error: ErrorMap) -> Assessment:
    found = assess(case.image, [case.contour(structure)])
    return replace(found, structures=(replace(found.structures[0], error=error),))


def test_every_structure_has_a_surface_where_its_contour_is(opened: Stage) -> None:
    case = opened.case
    assert len(models(opened)) == len(case.structures)
    for name in case.structures:
        contour = case.contour(name)
        middle = contour.grid.index_to_world((np.asarray(contour.grid.size) - 1) / 2) * (-1, -1, 1)
        bounds = np.reshape(opened.surfaces.node(name).GetPolyData().GetBounds(), (3, 2))
        assert bounds.mean(axis=1) == pytest.approx(middle, abs=max(contour.grid.spacing))


def test_only_the_selected_structure_is_opaque(opened: Stage) -> None:
    for name in opened.case.structures[:2]:
        opened.do(opened.select_structure, name)
        shown = opacities(opened)
        assert shown.pop(name) == 1
        assert all(0 < opacity < 0.5 for opacity in shown.values())


def test_only_the_selected_structure_is_fine(opened: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surfaces, "COARSE_VOXELS", 500)
    first, second = opened.case.structures[:2]
    triangles = []
    for selected in (first, second, first):
        opened.do(opened.select_structure, selected)
        made = (opened.surfaces.node(name).GetPolyData() for name in (first, second))
        triangles.append([surface.GetNumberOfPolys() for surface in made])
    assert triangles[2][0] > 2 * triangles[1][0]
    assert triangles[1][1] > 2 * triangles[2][1]


def test_the_next_case_has_its_surfaces_when_one_was_left_while_they_were_made(
    opened: Stage, phantom: Phantom
) -> None:
    def change_twice() -> None:
        opened.close()
        opened.open(phantom)
        opened.close()
        opened.open(phantom)

    opened.do(change_twice)
    assert len(models(opened)) == len(opened.case.structures)


def test_errors_color_the_selected_structure(opened: Stage) -> None:
    name, other = opened.case.structures[:2]
    opened.select_structure(name)
    assessed(opened, name)
    display = opened.surfaces.node(name).GetDisplayNode()
    assert display.GetScalarVisibility()
    assert opened.surfaces.node(name).GetPolyData().GetPointData().HasArray(surfaces.ERRORS)
    opened.select_structure(other)
    assert not display.GetScalarVisibility()


def test_predicted_errors_are_shown_on_the_review_page_alone(opened: Stage) -> None:
    name = opened.case.structures[0]
    opened.select_structure(name)
    assessed(opened, name)
    display = opened.surfaces.node(name).GetDisplayNode()
    for page, colored in (("compare", False), ("thresholds", False), ("teach", False), ("review", True)):
        opened.page = page
        opened.page_changed(page)
        assert bool(display.GetScalarVisibility()) is colored
        assert display.GetOpacity() == 1


def test_a_hidden_score_shows_no_colors_and_comes_back(opened: Stage) -> None:
    name = opened.case.structures[0]
    opened.select_structure(name)
    assessed(opened, name)
    surface = opened.surfaces.node(name)

    for hidden in (True, False):
        opened.call_first.on = hidden
        opened.do(opened.call_first.changed)
        assert bool(surface.GetDisplayNode().GetScalarVisibility()) is not hidden
        assert bool(surface.GetPolyData().GetPointData().HasArray(surfaces.ERRORS)) is not hidden


def test_an_edit_changes_the_surface_and_no_other(opened: Stage) -> None:
    case = opened.case
    name, other = case.structures[:2]
    before, kept = opened.surfaces.node(name).GetPolyData(), opened.surfaces.node(other).GetPolyData()
    contour = case.contour(name)
    half = contour.mask.copy()
    half[: len(half) // 2] = False
    segmentations.set_segment(case.contours, case.segment_ids[name], replace(contour, mask=half))

    opened.do(opened.edited, name)
    after = opened.surfaces.node(name).GetPolyData()
    assert after.GetBounds()[4] > before.GetBounds()[4] + contour.grid.spacing[2]
    assert opened.surfaces.node(other).GetPolyData() is kept
    assert len(models(opened)) == len(case.structures)


def test_an_emptied_structure_has_no_surface(opened: Stage) -> None:
    case = opened.case
    name = case.structures[0]
    contour = case.contour(name)
    nothing = replace(contour, mask=np.zeros_like(contour.mask))
    segmentations.set_segment(case.contours, case.segment_ids[name], nothing)

    opened.do(opened.edited, name)
    assert opened.surfaces.node(name) is None
    assert len(models(opened)) == len(case.structures) - 1


def test_another_image_in_the_views_hides_them_until_it_is_gone(opened: Stage) -> None:
    views, case = opened.views, opened.case
    views.show_volume(None)
    assert not any(opacities(opened).values())
    views.show_volume(case.volume)
    assert all(opacities(opened).values())


def test_a_closed_case_leaves_no_surface(opened: Stage) -> None:
    opened.close()
    assert models(opened) == []
    assert not opened.state.views_making


def test_a_case_closed_while_they_are_made_leaves_none_either(opened: Stage, phantom: Phantom) -> None:
    opened.close()

    async def open_and_close() -> None:
        opened.open(phantom)
        await asyncio.sleep(SLICES_FIRST_S + 0.02)
        assert opened.surfaces.is_busy
        opened.close()

    opened.loop.run_until_complete(open_and_close())
    opened.do(lambda: None)
    assert models(opened) == []


def test_the_view_is_fitted_while_they_come(opened: Stage) -> None:
    assert opened.case is not None
    assert opened.views.fitted == len(opened.case.structures)
