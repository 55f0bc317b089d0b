"""Turns: the changed view is drawn at once, what it only touches a little later, and everything is drawn."""

from __future__ import annotations

import asyncio

import pytest

from ContourQALib.workstation.views import turns
from ContourQALib.workstation.views.turns import PoliteRendering, Turns


class Drawn:
    """Two views that take turns, and the order of their pictures."""

    def __init__(self) -> None:
        self.order: list[str] = []
        shared = Turns()
        self.axial = PoliteRendering(shared, lambda: self.order.append("axial"))
        self.coronal = PoliteRendering(shared, lambda: self.order.append("coronal"))


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()


def run(work) -> None:
    asyncio.run(work)


def test_the_changed_view_comes_first_and_the_others_follow(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.coronal.schedule_render()
        drawn.axial.schedule_render()
        assert drawn.order == ["axial", "axial"]
        await asyncio.sleep(turns.HEAD_START_S * 2)
        assert drawn.order == ["axial", "axial", "coronal"]

    run(change())


def test_what_waits_is_drawn_once(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        for _ in range(4):
            drawn.coronal.schedule_render()
        await asyncio.sleep(turns.HEAD_START_S * 2)
        assert drawn.order.count("coronal") == 1

    run(change())


def test_a_view_that_changes_itself_waits_no_longer(drawn: Drawn) -> None:
    async def change() -> None:
        drawn.axial.hurry()
        drawn.coronal.schedule_render()
        drawn.coronal.hurry()
        assert drawn.order == ["axial", "coronal"]
        await asyncio.sleep(turns.HEAD_START_S * 2)
        assert drawn.order == ["axial", "coronal"]

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
