"""A small patient whom several observers contoured, a probability map, and a worker that answers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ContourQALib.case import Contour, Image
from ContourQALib.worker_answers import Answers
from slicer_module.fake_worker import FakeWorker
from slicer_module.quality_cases import GRID, ball

REFERENCE = {"Parotid_L": (8, 12, 12), "Brainstem": (15, 20, 28), "Cord": (22, 26, 12)}
VPM = {"parotid left": (8, 13, 14), "Brainstem": (16, 20, 28), "Heart": (22, 8, 30)}
LFT = {"LeftParotid": (8, 12, 13), "BRAINSTEM": (15, 20, 28)}
"""Middle of each ball, (k, j, i); names as the observers spell them."""


@dataclass(frozen=True)
class Observers:
    """The nodes of the patient."""

    volume: Any
    reference: Any
    vpm: Any
    lft: Any
    probability: Any


def contours(centers: Mapping[str, tuple[int, int, int]]) -> list[Contour]:
    """A ball for each name, on the image's whole grid."""
    return [Contour(ball(center), GRID, name) for name, center in centers.items()]


def probability_values() -> np.ndarray:
    """Of Brainstem: sure in the middle, doubtful towards and beyond its edge, a tenth in the haze around."""
    at = REFERENCE["Brainstem"]
    return (0.1 * ball(at, 18.0) + 0.3 * ball(at, 11.0) + 0.3 * ball(at, 9.0) + 0.25 * ball(at, 7.0)).astype(
        np.float32
    )


def add_observers(scene: Any) -> Observers:
    """The patient's nodes."""
    from ContourQALib.mrml.segmentations import add_segmentation
    from ContourQALib.mrml.volumes import add_volume

    values = np.random.default_rng(0).normal(0, 200, GRID.shape).astype(np.int16)
    volume = add_volume(scene, Image(values, GRID), "CT")
    nodes = [
        add_segmentation(scene, contours(drawn), name, volume)
        for name, drawn in (("RS", REFERENCE), ("VPM", VPM), ("LFT", LFT))
    ]
    return Observers(volume, *nodes, add_volume(scene, Image(probability_values(), GRID), "P Brainstem"))


def answering(**further: Any) -> FakeWorker:
    """A worker that computes what the real one would, in this process; `further` answers take precedence."""
    answers = Answers()

    def compute(request: Any) -> Any:
        return answers.answer(request, lambda done, total, what: None)

    names = ("AssessRequest", "CompareRequest", "SweepRequest", "ReportRequest")
    return FakeWorker({**dict.fromkeys(names, compute), **further}, steps=1)


def nodes_of(scene: Any) -> set[str]:
    """IDs of every node."""
    return {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}


def column_of(table: Any, title: str) -> list[str]:
    """The texts below a heading of a QTableWidget."""
    heads = [table.horizontalHeaderItem(n).text() for n in range(table.columnCount)]
    column = heads.index(title)
    return [table.item(row, column).text() for row in range(table.rowCount)]


def heads_of(table: Any) -> list[str]:
    """The headings of a QTableWidget."""
    return [table.horizontalHeaderItem(n).text() for n in range(table.columnCount)]


def position(scene: Any) -> np.ndarray:
    """Where the slice views look, RAS mm."""
    from ContourQALib.mrml.frames import numbers_of

    return numbers_of(scene.GetFirstNodeByClass("vtkMRMLSliceNode").GetSliceToRAS())[:3, 3]
