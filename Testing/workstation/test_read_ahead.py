"""The next case is read while the open one is looked at, and is there when it is opened."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import ContourQAError, FormatError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.workstation import process_memory, read_ahead
from ContourQALib.workstation.cases import case_files
from ContourQALib.workstation.settings import Settings

SIZE = (16, 16, 8)


@pytest.fixture(scope="module")
def started(module_bench: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A workstation with the cases a, b and c, which nobody assesses: their order is that of the folder."""
    folder = tmp_path_factory.mktemp("ahead")
    grid = Grid(SIZE, (2.0, 2.0, 3.0))
    mask = np.zeros(grid.shape, bool)
    mask[2:6, 4:12, 4:12] = True
    for name in "abc":
        (folder / "cases" / name).mkdir(parents=True)
        values = np.arange(mask.size, dtype=np.int16).reshape(grid.shape)
        write_image(Image(values, grid, "image"), folder / "cases" / name / "image.nrrd")
        write_segmentation([Contour(mask, grid, "CTV")], folder / "cases" / name / "contours.seg.nrrd")
    made = module_bench(Settings(source=folder / "cases", results=folder / "results"))
    made.session.assess = lambda structures=(): made.session.assessing(made.session.case)
    return made


@pytest.fixture
def desk(started: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, nothing open and nothing held; it reads ahead without delay and has memory enough."""
    monkeypatch.setattr(read_ahead, "REST_S", 0.01)
    monkeypatch.setattr(process_memory, "process_mb", lambda: process_memory.MOST_MB / 2)
    started.session.close_case()
    hear(started, started.session.worklist_changed)
    started.wait(lambda: started.session.read_ahead.held is None, 20)
    started.session.tell("")
    return started


@pytest.fixture
def reads(desk: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cases whose image is read, in their order."""
    log: list[str] = []
    read = case_files.read_image

    def counted(path: Path, *others: Any) -> Any:
        log.append(Path(path).parent.name)
        return read(path, *others)

    monkeypatch.setattr(case_files, "read_image", counted)
    return log


def opened(desk: Any, name: str) -> Any:
    desk.run(desk.session.open_case(name))
    return desk.session.case


def held(desk: Any, name: str) -> Any:
    """Wait until a case is read ahead, image and contours."""
    ahead = desk.session.read_ahead
    desk.wait(lambda: ahead.held is not None and ahead.held.entry.name == name, 20)
    files = ahead.held
    desk.wait(lambda: len(files.states()) == 2, 20)
    return files


def hear(desk: Any, signal: Any, *said: Any) -> None:
    """Let those who listen hear a signal, on the event loop."""

    async def emit() -> None:
        signal(*said)

    desk.run(emit())


def settle(desk: Any) -> None:
    """Let the workstation do what it would do soon."""
    desk.run(asyncio.sleep(0.1))


def test_the_next_case_is_opened_without_reading_a_file(desk: Any, reads: list[str]) -> None:
    opened(desk, "a")
    files = held(desk, "b")
    image = files.image()
    case = opened(desk, "b")
    assert case.files is files
    assert case.image is image
    assert reads == ["a", "b"]
    held(desk, "c")
    assert reads == ["a", "b", "c"]


def test_a_file_that_was_changed_meanwhile_is_read_anew(desk: Any, reads: list[str]) -> None:
    opened(desk, "a")
    files = held(desk, "b")
    os.utime(files.entry.image, (0, 0))
    case = opened(desk, "b")
    assert case.files is not files
    assert not case.files.changed()
    assert reads == ["a", "b", "b"]


def test_a_file_that_is_gone_meanwhile_is_told_of(desk: Any) -> None:
    opened(desk, "a")
    image = held(desk, "b").entry.image
    aside = image.rename(image.with_suffix(".aside"))
    try:
        with pytest.raises(ContourQAError, match="image"):
            opened(desk, "b")
    finally:
        aside.rename(image)
    assert desk.session.case.entry.name == "a"


def test_another_case_than_the_next_lets_go_of_it(desk: Any, reads: list[str]) -> None:
    opened(desk, "a")
    gone = weakref.ref(held(desk, "b").image())
    opened(desk, "c")
    settle(desk)
    desk.wait(lambda: gone() is None, 20)
    assert desk.session.read_ahead.held is None  # the last one has no next
    assert reads == ["a", "b", "c"]


def test_a_case_that_comes_next_meanwhile_takes_its_place(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(desk, "a")
    gone = weakref.ref(held(desk, "b").image())
    monkeypatch.setattr(desk.session, "cases_to_open", lambda: ("a", "c", "b"))
    hear(desk, desk.session.worklist_changed)
    held(desk, "c")
    desk.wait(lambda: gone() is None, 20)


def test_nothing_is_read_while_the_reader_waits(desk: Any, reads: list[str]) -> None:
    desk.session.assess = lambda structures=(): desk.session.case.awaited.update(["CTV"])
    try:
        case = opened(desk, "a")
    finally:
        desk.session.assess = lambda structures=(): desk.session.assessing(desk.session.case)
    settle(desk)
    assert reads == ["a"]
    case.awaited.subtract(["CTV"])
    held(desk, "b")


def test_a_case_that_is_opened_while_it_is_read_is_read_once(
    desk: Any, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on, read = threading.Event(), case_files.read_image

    def slow(path: Path, *others: Any) -> Any:
        if Path(path).parent.name == "b":
            may_go_on.wait(20)
        return read(path, *others)

    monkeypatch.setattr(case_files, "read_image", slow)
    opened(desk, "a")
    desk.wait(lambda: desk.session.read_ahead.held is not None and desk.session.read_ahead.held.states(), 20)
    opening = desk.loop.create_task(desk.session.open_case("b"))
    settle(desk)  # the event loop goes on
    assert not opening.done()
    may_go_on.set()
    desk.run(opening)
    assert desk.session.case.entry.name == "b"
    assert reads == ["a", "b"]


@pytest.mark.parametrize("error", [FormatError("image.nrrd is damaged; export it again."), MemoryError()])
def test_what_is_wrong_with_a_case_is_told_when_it_is_opened(
    desk: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    read = case_files.read_image
    tried = []

    def broken(path: Path, *others: Any) -> Any:
        if Path(path).parent.name != "b":
            return read(path, *others)
        tried.append(path)
        raise error

    monkeypatch.setattr(case_files, "read_image", broken)
    opened(desk, "a")
    desk.wait(lambda: tried, 20)
    hear(desk, desk.session.worklist_changed)
    settle(desk)
    assert len(tried) == 1  # not again and again
    assert desk.state.shell_message["text"] == ""
    with pytest.raises(type(error)):
        opened(desk, "b")
    assert desk.session.case.entry.name == "a"


def test_nothing_is_read_until_there_is_room_for_another_image(
    desk: Any, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image_mb = np.prod(SIZE) * 2 / 2**20
    monkeypatch.setattr(process_memory, "process_mb", lambda: process_memory.MOST_MB - image_mb / 2)
    opened(desk, "a")
    settle(desk)
    assert reads == ["a"]
    monkeypatch.setattr(process_memory, "process_mb", lambda: process_memory.MOST_MB - 2 * image_mb)
    held(desk, "b")


def test_what_is_held_goes_when_the_room_is_needed(
    desk: Any, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(desk, "a")
    gone = weakref.ref(held(desk, "b").image())
    settle(desk)
    monkeypatch.setattr(process_memory, "process_mb", lambda: process_memory.MOST_MB + 1)
    hear(desk, desk.session.page_changed, "teach")
    desk.wait(lambda: desk.session.read_ahead.held is None, 20)
    monkeypatch.setattr(process_memory, "process_mb", lambda: process_memory.MOST_MB / 2)
    hear(desk, desk.session.worklist_changed)
    settle(desk)
    desk.wait(lambda: gone() is None, 20)
    assert reads == ["a", "b"]  # not again and again, until another case is opened


def test_after_closing_nothing_is_held_nor_read(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = read_ahead.ReadAhead(started.session)
    monkeypatch.setattr(read_ahead, "REST_S", 0.01)
    opened(started, "a")
    started.wait(lambda: ahead.held is not None, 20)
    ahead.close()
    assert ahead.held is None
    hear(started, started.session.worklist_changed)
    settle(started)
    assert ahead.held is None


def test_linux_says_what_this_process_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    if not process_memory.ROLLUP.exists():
        pytest.skip("no Linux")
    now = process_memory.process_mb()
    assert now is not None
    assert 10 < now < 100_000
    assert not process_memory.has_room(1e6)
    monkeypatch.setattr(process_memory, "ROLLUP", Path("nowhere"))
    assert process_memory.has_room(1e6)
