"""Scenes of the real MRML, as the slicer-core wheel brings it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def slicer() -> Any:
    import slicer

    return slicer


@pytest.fixture
def scene(slicer: Any) -> Iterator[Any]:
    scene = slicer.vtkMRMLScene()
    segmentations = slicer.vtkSlicerSegmentationsModuleLogic()
    segmentations.SetMRMLScene(scene)  # before any segment: empty ones cannot be made without it
    sequences = slicer.vtkSlicerSequencesLogic()
    sequences.SetMRMLScene(scene)  # registers the nodes of 4D sequences
    yield scene
    for logic in (segmentations, sequences):
        logic.SetMRMLScene(None)
    scene.Clear(True)
