"""Four views of a scene, without a page and without a session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

from view_images import image, show

SIZES = ((600, 700), (300, 200), (300, 200), (300, 200))
"""Of the views, pixels, as a browser would have them."""


@pytest.fixture(scope="module")
def all_views() -> Iterator[Any]:
    """One CaseViews for a file's tests: views take half a second to make."""
    from trame.app import get_server
    from trame_slicer.core import SlicerApp

    from ContourQALib.workstation.views.case_views import CaseViews

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    made = CaseViews(SlicerApp(), get_server(f"views-{os.getpid()}-{id(loop)}", client_type="vue3"))
    yield made
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def views(all_views: Any) -> Iterator[Any]:
    """The views in the browser's sizes, with nothing in them before and after the test."""
    for view, (width, height) in zip(all_views.all, SIZES, strict=True):
        view.interactor().UpdateSize(width, height)
    yield all_views
    volume = all_views.volume
    all_views.show_volume(None)
    all_views.arrange("one large")
    if volume is not None:
        all_views.app.scene.RemoveNode(volume)


@pytest.fixture
def shown(views: Any) -> Any:
    """The views with an image along the patient's axes."""
    show(views, image())
    return views
