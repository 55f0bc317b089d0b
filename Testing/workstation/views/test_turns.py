"""Turns: the changed view is drawn at once, what it only touches a little later, hidden ones not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from ContourQALib.workstation.views import turns
from ContourQALib.workstation.views.turns import PoliteRendering, Turns


class Drawn:
    """Three views that take turns, and the order of their pictures."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.seen = True
        self._turns = Turns()
        self.axial, self.coronal, self.surfaces = (
            self._view(name, patience_s) for name, patience_s in (("axial", 0), ("coronal", 0), ("3D", 0.1))
        )

    def _view(self, name: str, patience_s: float) -> PoliteRendering:
        view = PoliteRendering(self._turns, lambda: self.order.append(name), lambda: self.seen, patience_s)
        return view


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


async def wait(longer_s: float = 0.0) -> None:
    await asyncio.sleep(turns.HEAD_START_S * 2 + longer_s)


def test_the_others_follow_when_the_changed_view_was_drawn(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.coronal.schedule_render()
        drawn.axial.schedule_render()
        assert drawn.order == ["axial", "axial"]
        drawn.axial.drawn()
        await wait(turns.LONGEST_TURN_S)
        assert drawn.order == ["axial", "axial", "coronal"]

    run(change())


def test_they_wait_for_the_end_of_its_drawing(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        await wait()
        drawn.coronal.schedule_render()
        await wait()
        assert drawn.order == ["axial"]
        drawn.axial.drawn()
        drawn.coronal.schedule_render()
        await wait(turns.LONGEST_TURN_S)
        assert drawn.order == ["axial", "coronal"]

    run(change())


def test_a_view_that_is_never_drawn_is_not_waited_for(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.coronal.schedule_render()
        await wait(turns.LONGEST_TURN_S)
        assert drawn.order == ["axial", "coronal"]

    run(change())


def test_what_waits_is_drawn_once(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.axial.drawn()
        for _ in range(4):
            drawn.coronal.schedule_render()
        await wait()
        assert drawn.order.count("coronal") == 1

    run(change())


def test_surfaces_wait_until_the_slices_rest(drawn: Drawn) -> None:
    async def change() -> None:
        for _ in range(5):
            drawn.axial.hurry()
            drawn.axial.drawn()
            drawn.surfaces.schedule_render()
            await asyncio.sleep(0.06)
        assert "3D" not in drawn.order
        await wait(0.1)
        assert drawn.order == ["axial"] * 5 + ["3D"]

    run(change())


def test_a_change_of_the_surfaces_keeps_no_slice_waiting(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.surfaces.hurry()
        drawn.axial.hurry()
        assert drawn.order == ["3D", "axial"]

    run(change())


def test_what_is_drawn_while_it_waits_is_not_drawn_again(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.coronal.schedule_render()
        drawn.coronal.drawn()  # an earlier request was met now, with all changes
        drawn.axial.drawn()
        await wait(turns.LONGEST_TURN_S)
        assert drawn.order == ["axial"]

    run(change())


def test_of_two_that_change_the_first_is_first(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.coronal.hurry()
        assert drawn.order == ["axial"]
        drawn.axial.drawn()
        await wait(turns.LONGEST_TURN_S)
        assert drawn.order == ["axial", "coronal"]

    run(change())


def test_a_view_that_changes_itself_later_waits_no_longer(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.axial.drawn()
        drawn.coronal.schedule_render()
        drawn.coronal.hurry()
        assert drawn.order == ["axial", "coronal"]
        await wait()
        assert drawn.order == ["axial", "coronal"]

    run(change())


def test_what_nobody_sees_is_not_drawn(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.seen = False
        drawn.axial.hurry()
        drawn.coronal.schedule_render()
        await wait()
        assert drawn.order == []
        drawn.seen = True
        drawn.coronal.schedule_render()
        assert drawn.order == ["coronal"]

    run(change())


def test_without_a_change_nobody_waits(drawn: Drawn) -> None:
    async def draw() -> None:
        drawn.coronal.schedule_render()
        assert drawn.order == ["coronal"]

    run(draw())


def test_without_an_event_loop_nobody_waits(drawn: Drawn) -> None:
    drawn.axial.hurry()
    drawn.coronal.schedule_render()
    assert drawn.order == ["axial", "coronal"]
