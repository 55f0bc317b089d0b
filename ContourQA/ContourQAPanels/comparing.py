"""Comparing: one comparison, from segmentation nodes to figures that are those of the whole image."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.case import RASTERIZED_TAG, Contour
from ContourQALib.errors import StructureError
from ContourQALib.metrics.comparison_setup import ComparisonSetup, set_up
from ContourQALib.metrics.pairing import Source, gathered
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.segmentations import contour_of, segments_of
from ContourQALib.names import match, normalize
from ContourQALib.worker_requests import Compared, CompareRequest
from ContourQAPanels.assessed import sameContour

if TYPE_CHECKING:
    from ContourQALib.geometry import Grid
    from ContourQAPanels.session import Session


@dataclass(frozen=True, eq=False)
class PanelCompared(Compared):
    """A comparison with what the report needs beside the figures.

    Attributes:
        pairs: (reference, test) contours in the order of `comparisons`, as they were when compared.
        tolerance_mm: tolerance of surface Dice.
    """

    pairs: tuple[tuple[Contour, Contour], ...] = ()
    tolerance_mm: float = 0.0


class Comparing:
    """A comparison of nodes on its way.

    Args:
        session: what the panels share.
        reference: the segmentation held to be right.
        others: the segmentations to judge.
    """

    def __init__(self, session: Session, reference: Any, others: Sequence[Any]) -> None:
        self._session = session
        self.nodes = named(reference, others)
        self._toleranceMm = session.parameterNode.toleranceMm
        self._setup: ComparisonSetup | None = None
        self.rasterized: dict[tuple[str, str], str] = {}  # by normalized structure and source
        self.assessed: list[Contour] = []  # what was compared of the segmentation that was assessed

    def prepare(self) -> Generator[None, None, CompareRequest]:
        """The request, prepared segment by segment.

        Raises:
            ContourQAError: a node is gone or cannot be used, or nothing can be compared.
        """
        sources = []
        grid = wholeGrid(self._session, next(iter(self.nodes.values())))
        for name, node in self.nodes.items():
            contours: list[Contour] = []
            for segment in segments_of(self._still(name, node)):
                contour = contour_of(self._still(name, node), segment.id, grid)
                how = contour.tags.get(RASTERIZED_TAG)
                if how:
                    self.rasterized[normalize(contour.name), name] = how
                contours.append(contour)
                yield
            if not contours:
                raise SceneError(
                    _("Segmentation {name} has no segments; choose another one.").format(name=name)
                )
            if node is self._session.parameterNode.segmentation:
                self.assessed = contours
            sources.append(Source(name, tuple(contours)))
        self._setup = yield from set_up(sources[0], sources[1:], grid)
        return CompareRequest(self._setup.reference, self._setup.tests, tolerance_mm=self._toleranceMm)

    def stillThere(self) -> bool:
        """Whether every node is in the scene."""
        return all(self._session.live(node) is not None for node in self.nodes.values())

    @property
    def outside(self) -> tuple[tuple[str, str], ...]:
        """(source, structure) of what lies wholly outside the reference's space."""
        return self._setup.outside if self._setup else ()

    def finished(self, answer: Any) -> PanelCompared:
        """The figures of the whole image, from the worker's answer."""
        assert self._setup is not None, "the worker answers a request that was prepared"
        comparisons = self._setup.restored(answer.comparisons)
        return PanelCompared(
            comparisons,
            gathered(self._setup.completed(answer.unmatched)),
            self._setup.pairs_of(comparisons),
            self._toleranceMm,
        )

    def _still(self, name: str, node: Any) -> Any:
        if self._session.live(node) is None:
            raise SceneError(
                _("Segmentation {name} was removed while it was compared; nothing was changed.").format(
                    name=name
                )
            )
        return node


def wholeGrid(session: Session, reference: Any) -> Grid | None:
    """The grid of the image that a reference was drawn on, where polygons become voxels; None without one.

    Args:
        session: what the panels share.
        reference: vtkMRMLSegmentationNode.
    """
    role = reference.GetReferenceImageGeometryReferenceRole()
    volume = reference.GetNodeReference(role) or session.parameterNode.inputVolume
    if volume is None or volume.GetImageData() is None:
        return None
    from ContourQALib.mrml.volumes import grid_of_volume

    return grid_of_volume(volume)


def named(reference: Any, others: Sequence[Any]) -> dict[str, Any]:
    """The nodes by names that tell them apart, the reference first."""
    nodes: dict[str, Any] = {}
    for node in (reference, *others):
        name, number = node.GetName() or _("segmentation"), 1
        wanted = name
        while name in nodes:
            number += 1
            name = f"{wanted} ({number})"
        nodes[name] = node
    return nodes


def segmentOf(node: Any, structure: str) -> Any:
    """The segment of a structure, in any spelling; None where a segmentation has none, or several.

    Args:
        node: vtkMRMLSegmentationNode.
        structure: the structure's name.
    """
    segments = segments_of(node)
    try:
        found = match([structure], [segment.name for segment in segments]).pairs
    except StructureError:
        return None
    return next((segment for segment in segments if found and segment.name == found[0][1]), None)


def predictedDice(session: Session, work: Comparing, comparisons: Sequence[Any]) -> dict | None:
    """Predicted Dice by (structure, test) of the very contours that were assessed; None where none was.

    A contour that was edited since has none: the prediction is of another one than the figures beside it.
    """
    assessed, segmentation = session.assessed, session.parameterNode.segmentation
    if assessed is None or segmentation is None or segmentation.GetID() != assessed.segmentationId:
        return None
    known = {
        normalize(one.structure): one.dice
        for segmentId, one in zip(assessed.segmentIds, assessed.assessment.structures, strict=True)
        if one.dice is not None
        and any(sameContour(drawn, assessed.contours.get(segmentId)) for drawn in work.assessed)
    }
    found = {
        (one.structure, one.test): known[normalize(one.structure)]
        for one in comparisons
        if work.nodes.get(one.test) is segmentation and normalize(one.structure) in known
    }
    return found or None
