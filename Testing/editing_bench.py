"""What tests of editing and deciding do with a workstation: open a case, draw, let the event loop run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from trame.app import get_server

from ContourQALib.workstation.application import Workstation
from ContourQALib.workstation.editing.stroke_editing import Tool
from ContourQALib.workstation.settings import Settings
from one_worker import lend_worker

LIMIT_S = 60
UP = np.array([0.0, 0.0, 1.0])
LEFT = np.array([1.0, 0.0, 0.0])


class EditingBench:
    """A workstation without a browser, on an event loop of its own."""

    def __init__(self, settings: Settings) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        server = get_server(f"editing-{id(self.loop)}", client_type="vue3")
        server.state.ready()
        self.station = Workstation(settings, server)
        self.session = self.station.session
        lend_worker(self.session)
        self.panel = self.station.pages["review"].deciding
        self.tools = self.station.pages["review"].editing

    @property
    def case(self) -> Any:
        return self.session.case

    @property
    def message(self) -> str:
        return self.session.state.shell_message["text"]

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, LIMIT_S))

    def call(self, do: Callable[..., Any], *arguments: Any) -> Any:
        """Call something as a click does."""

        async def called() -> Any:
            with self.session.state:
                return do(*arguments)

        return self.run(called())

    def wait(self, condition: Callable[[], Any]) -> None:
        async def until() -> None:
            while not condition():
                await asyncio.sleep(0.01)

        self.run(until())

    def open(self, name: str, structure: str, *, again: bool = True) -> None:
        """Open a case as it is in its files, whatever was drawn before; not again where it is open."""
        if self.case is not None:
            self.call(self.session.strokes.settle)
            for edited in tuple(self.case.edited):
                self.call(self.session.strokes.back_to_file, edited)
            self.call(self.session.strokes.settle)
        if again or self.case is None or self.case.entry.name != name:
            self.run(self.session.open_case(name))
        self.call(self.session.show_page, "review")
        self.call(self.session.select_structure, structure)
        self.call(self.session.strokes.use, Tool.NONE)

    def assessed(self) -> None:
        """Wait until everything that is shown is assessed."""
        self.wait(lambda: self.case.assessment and not any(self.case.awaited.values()))

    def middle(self, structure: str) -> np.ndarray:
        """A point on a slice that the structure lies on, LPS mm, in the middle of its box."""
        grid = self.case.contour(structure).grid
        return grid.index_to_world(np.array(grid.size) // 2)

    def stroke(self, tool: Tool, start: np.ndarray, *way: np.ndarray, diameter_mm: float = 20.0) -> None:
        """Draw on the selected structure, from a point along others."""

        def drawn() -> None:
            strokes = self.session.strokes
            strokes.use(tool)
            strokes.set_brush(diameter_mm=diameter_mm, ball=False)
            strokes.press(start, UP)
            for point in way:
                strokes.move(point, UP)
            strokes.release()

        self.call(drawn)

    def masks(self) -> dict[str, np.ndarray]:
        grid = self.case.image.grid
        return {name: self.case.contour(name).on(grid).mask for name in self.case.structures}

    def close(self) -> None:
        self.station.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
        asyncio.set_event_loop(None)


@contextmanager
def opened(cases: Path, results: Path, **settings: Any) -> Iterator[EditingBench]:
    """A workstation on a folder of cases; closed afterwards."""
    bench = EditingBench(Settings(results=results, source=cases, model="pelvis-phantom", **settings))
    try:
        yield bench
    finally:
        bench.close()
