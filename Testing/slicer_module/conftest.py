"""Fixtures for the module's tests: the application's stand-ins, a scene, the panel, and its user.

Nothing of Qt is imported before a test asks for it; after each test file everything is as it was, so that the
other folders' tests meet the bare `slicer` package.
"""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).parents[2] / "ContourQA" / "ContourQA.py"
PICTURES = "CONTOURQA_PICTURES"
"""Environment variable: a folder for the pictures that tests take (else the test's own temporary one)."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Lets fixtures know whether their test failed."""
    report = yield
    item.failed = report.failed or getattr(item, "failed", False)
    return report


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The stand-ins for the application (`StandIns`), for the tests of one file."""
    from slicer_module.standins import StandIns

    stand_ins = StandIns(tmp_path_factory.mktemp("settings"))
    gc.collect()
    gc.freeze()  # so that looking for what a panel left behind does not go through all packages, test by test
    yield stand_ins
    stand_ins.uninstall()


@pytest.fixture
def slot_errors(application: Any) -> Iterator[list[BaseException]]:
    """Exceptions in slots, timers and observers; a test that expects one takes it out of this list."""
    application.errors.clear()
    application.dialogs.clear()
    yield application.errors
    assert not application.errors, f"Exceptions were printed: {application.errors!r}"


@pytest.fixture
def dialogs(application: Any, slot_errors: list[BaseException]) -> Any:
    """What the user is told and asked, and the answers that the test prepares."""
    return application.dialogs


@pytest.fixture
def application_scene(application: Any, slot_errors: list[BaseException]) -> Iterator[Any]:
    """A fresh scene with the services of the application (`ApplicationScene`)."""
    from slicer_module.standins.scenes import ApplicationScene

    fresh = ApplicationScene()
    application.use_scene(fresh)
    yield fresh
    application.forget_modules()
    application.use_scene(None)
    fresh.close()


@pytest.fixture
def scene(application_scene: Any) -> Any:
    """A fresh scene, as `slicer.mrmlScene`."""
    return application_scene.scene


@pytest.fixture
def save_and_reload(application_scene: Any, tmp_path: Path) -> Callable[[], None]:
    """Writes the scene to an .mrb file, closes it and reads the file again."""
    return lambda: application_scene.save_and_reload(tmp_path / "scene.mrb")


@pytest.fixture
def load_module(request: pytest.FixtureRequest, application: Any, scene: Any) -> Iterator[Callable[..., Any]]:
    """Loads a scripted module by its path and shows it; afterwards nothing of its panel may be left."""
    loaded, before = [], set(_children())

    def load(path: Path) -> Any:
        module = application.load_module(path)
        loaded.append(module)
        representation = module.widgetRepresentation()
        representation.enter()
        return representation.self()

    yield load
    from slicer_module.standins.connections import release_stopped_timers

    request.node.funcargs.clear()  # pytest's own hold on the panel, which would hide others'
    for module in loaded:
        widget = module._representation.self() if module._representation is not None else None
        left = weakref.ref(widget) if widget is not None else (lambda: None)
        del widget
        module.unload()
        release_stopped_timers()
        gc.collect()
        if not getattr(request.node, "failed", False):  # a traceback holds everything
            assert left() is None, f"Still held after cleanup: {_holders(left())}"
    assert set(_children()) <= before, "A process is left"


@pytest.fixture
def module_widget(load_module: Callable[..., Any]) -> Any:
    """The panel of ContourQA, set up and entered."""
    return load_module(MODULE)


@pytest.fixture
def click(application: Any) -> Callable[..., None]:
    """Clicks a widget, or a cell of a table; fails where a user could not click."""
    from slicer_module import user

    return user.click


@pytest.fixture
def wait_until(application: Any) -> Callable[..., Any]:
    """Lets events pass until a condition holds; fails after a time (5 s unless told)."""
    from slicer_module import user

    return user.wait_until


@pytest.fixture
def screenshot(application: Any, tmp_path: Path) -> Callable[..., Path]:
    """Saves a widget's picture under a name; gives the path."""
    from slicer_module import user

    folder = Path(os.environ.get(PICTURES) or tmp_path)
    return lambda widget, name, size=None: user.take_picture(widget, folder / f"{name}.png", size)


@pytest.fixture
def stalls(application: Any) -> Any:
    """Measures, in a `with` block, for how long the event loop stood still at most (`longest_ms`)."""
    from slicer_module import user

    return user.StallMonitor()


def _holders(left: Any) -> list[str]:
    holders = [each for each in gc.get_referrers(left) if type(each).__name__ not in ("frame", "generator")]
    return [f"{type(each).__name__}: {repr(each)[:200]}" for each in holders][:8]


def _children() -> list[str]:
    found = []
    for task in Path("/proc/self/task").glob("*/children"):  # empty where there is no /proc
        found += task.read_text().split()
    return [each for each in found if _is_worker(each)]


def _is_worker(pid: str) -> bool:
    try:
        return b"ContourQALib" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
