"""What an open case holds in memory, and that nothing of a closed one stays."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from undo_stack import Signal

from ContourQALib.case import Contour, Image
from ContourQALib.mrml import volumes
from ContourQALib.workstation import free_memory
from ContourQALib.workstation.free_memory import FreeMemory
from ContourQALib.workstation.settings import Settings

MODEL = "pelvis-phantom"


@pytest.fixture(scope="module")
def alive() -> Callable[[type], list[Any]]:
    """Lists the living objects of a type that were made since; what others left alive is out of its sight."""

    def of(kind: type) -> list[Any]:
        gc.collect()
        return [one for one in gc.get_objects() if type(one) is kind]

    gc.collect()
    gc.freeze()
    return of


@pytest.fixture(scope="module")
def opened(alive: Any, module_bench: Callable[..., Any], phantom_cases: Path, tmp_path_factory) -> Any:
    results = tmp_path_factory.mktemp("results")
    made = module_bench(Settings(source=phantom_cases, results=results, model=MODEL))
    made.session.read_ahead.close()  # what is held of the next case has tests of its own
    open_case(made, 0)
    return made


def open_case(bench: Any, n: int) -> None:
    """Open a case, and wait until all of it is assessed and drawn."""
    session, surfaces = bench.session, bench.station.shell.view_area.surfaces
    bench.run(session.open_case(session.cases[n].name))
    case = session.case
    bench.wait(lambda: case.assessment is not None and not any(map(case.is_awaited, case.structures)))
    bench.wait(lambda: surfaces.is_complete and not surfaces.is_busy and not session.tasks.busy)


def node_classes(bench: Any) -> Counter[str]:
    scene = bench.session.scene
    return Counter(scene.GetNthNode(n).GetClassName() for n in range(scene.GetNumberOfNodes()))


def test_no_contour_holds_a_mask_of_the_whole_image(opened: Any, alive: Any) -> None:
    case = opened.session.case
    held = alive(Contour)
    assert {one.name for one in held} >= set(case.structures)
    assert max(one.mask.size for one in held) < 0.5 * case.image.values.size  # the bowel's box is the largest


def test_the_volume_shows_the_memory_of_the_image(opened: Any) -> None:
    case = opened.session.case
    assert np.shares_memory(volumes.image_of(case.volume).values, case.image.values)


def test_nothing_of_a_case_stays_when_others_are_opened(opened: Any, alive: Any) -> None:
    open_case(opened, 1)
    nodes, images, contours = node_classes(opened), len(alive(Image)), len(alive(Contour))
    closed = []
    for n in (0, 1):
        closed.append(weakref.ref(opened.session.case))
        closed.append(weakref.ref(opened.session.case.image.values))
        open_case(opened, n)
    assert node_classes(opened) == nodes
    assert (len(alive(Image)), len(alive(Contour))) == (images, contours)
    assert [one() for one in closed] == [None] * len(closed)


def test_free_memory_goes_back_once_nothing_has_happened_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[int] = []
    monkeypatch.setattr(free_memory, "_trimmer", lambda: trimmed.append)
    monkeypatch.setattr(free_memory, "REST_S", 0.05)
    opened, assessed = Signal(), Signal(str)

    async def live() -> None:
        memory = FreeMemory(opened, assessed)
        opened()
        assessed("CTV")
        assert not trimmed
        await asyncio.sleep(0.2)
        assert trimmed == [0]
        opened()
        memory.close()
        await asyncio.sleep(0.2)
        assert trimmed == [0]

    asyncio.run(live())


def test_the_c_library_takes_the_call() -> None:
    trim = free_memory._trimmer()
    if trim is None:
        pytest.skip("another C library than glibc")
    assert trim(0) in (0, 1)


POOLS = """
import ctypes, re, sys, threading
from ContourQALib.workstation.free_memory import share_arenas
libc = ctypes.CDLL(None)
libc.fopen.restype = libc.malloc.restype = ctypes.c_void_p
if sys.argv[2] == "shared":
    share_arenas()
together = threading.Barrier(8)
def work():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(len(re.findall("<heap", open(sys.argv[1]).read())))
"""


def test_threads_share_their_pools_of_memory(tmp_path: Path) -> None:
    if free_memory._trimmer() is None:
        pytest.skip("another C library than glibc")
    count = {}
    for how in ("each its own", "shared"):
        command = [sys.executable, "-c", POOLS, str(tmp_path / "pools.xml"), how]
        count[how] = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert count["shared"] <= free_memory.MOST_ARENAS < count["each its own"]
