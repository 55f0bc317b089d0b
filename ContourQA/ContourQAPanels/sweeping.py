"""Sweeping: one sweep over the thresholds of a map, from nodes to the worker's request."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.errors import GeometryError
from ContourQALib.metrics.domain import counting_grid, is_outside
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.segmentations import contour_of
from ContourQALib.mrml.volumes import probability_of
from ContourQALib.worker_requests import SweepRequest, Swept

if TYPE_CHECKING:
    from ContourQAPanels.session import Session


@dataclass(frozen=True, eq=False)
class PanelSwept(Swept):
    """A sweep with the map it is of, for the report."""

    probability: ProbabilityMap | None = None


@dataclass(frozen=True)
class SweepInputs:
    """What is swept: IDs of the nodes and of the segment; "" where there is none."""

    volumeId: str
    referenceId: str = ""
    segmentId: str = ""

    @classmethod
    def of(cls, session: Session) -> SweepInputs | None:
        """What is chosen; None without a volume."""
        node = session.parameterNode
        volume = session.live(node.probabilityVolume) if node is not None else None
        if volume is None:
            return None
        reference = session.live(node.thresholdReference)
        if reference is None or not node.thresholdSegment:
            return cls(volume.GetID())
        return cls(volume.GetID(), reference.GetID(), node.thresholdSegment)


class Maps:
    """Probability maps of volumes; the same arrays while the voxels stay, so that they are sent once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._image: Image | None = None
        self._map: ProbabilityMap | None = None

    def of(self, volume: Any, structure: str) -> ProbabilityMap:
        """The map of a volume, by the structure's name.

        Raises:
            ContourQAError: the volume holds no probabilities.
        """
        image = self._session.imageOf(volume)
        if self._map is None or image is not self._image:
            self._map, self._image = probability_of(volume, structure), image
        return self._map if self._map.name == structure else replace(self._map, name=structure)

    def forget(self) -> None:
        """Let go of the voxels."""
        self._image = self._map = None


class Sweeping:
    """A sweep of nodes on its way.

    Args:
        session: what the panels share.
        inputs: what to sweep.
        maps: gives the map.
        structure: the map's name.
    """

    def __init__(self, session: Session, inputs: SweepInputs, maps: Maps, structure: str) -> None:
        self._session, self._maps = session, maps
        self.inputs, self.structure = inputs, structure
        self.probability: ProbabilityMap | None = None
        self.rasterized: str | None = None  # how the reference became a mask, where it was none

    def prepare(self) -> Generator[None, None, SweepRequest]:
        """The request, prepared in steps.

        Raises:
            ContourQAError: a node is gone or cannot be used, or map and reference lie apart.
        """
        self._session.imageOf(self._node(self.inputs.volumeId))  # looks at every voxel, as the next one does
        yield
        self.probability = self._maps.of(self._node(self.inputs.volumeId), self.structure)
        yield
        reference: Contour | None = None
        if self.inputs.referenceId:
            node = self._node(self.inputs.referenceId)
            drawn = contour_of(node, self.inputs.segmentId, self.probability.grid)
            self.rasterized = drawn.rasterized
            yield
            grid = counting_grid(drawn, self.probability.grid)
            if is_outside(drawn, self.probability.grid):
                raise GeometryError(
                    _(
                        "{structure} of {segmentation} lies wholly outside the probability map: another "
                        "patient, or a missing transform?"
                    ).format(structure=drawn.name, segmentation=node.GetName())
                )
            # The reference's grid counts: cut to its own box it would hide what lies beyond it.
            reference = drawn.on(grid)
            yield
        tolerance = self._session.parameterNode.toleranceMm
        return SweepRequest(self.probability, reference, tolerance_mm=tolerance)

    def stillThere(self) -> bool:
        """Whether the nodes are in the scene."""
        ids = (self.inputs.volumeId, self.inputs.referenceId)
        return all(self._session.scene.GetNodeByID(id_) is not None for id_ in ids if id_)

    def finished(self, answer: Any) -> PanelSwept:
        """The worker's answer with its map."""
        return PanelSwept(answer.analysis, answer.expected, self.probability)

    def _node(self, nodeId: str) -> Any:
        node = self._session.scene.GetNodeByID(nodeId)
        if node is None:
            raise SceneError(_("A node was removed while it was swept; nothing was changed."))
        return node
