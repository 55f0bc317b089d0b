"""Reporting: one report, from the session's results and pictures of the views to the worker's request."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml import snapshots, views
from ContourQALib.mrml.slice_camera import SliceCamera
from ContourQALib.report.session_report import SessionReport, Snapshot
from ContourQALib.report.wording import dice_text
from ContourQALib.worker_requests import ReportRequest
from ContourQAPanels.comparing import named, segmentOf

if TYPE_CHECKING:
    from ContourQALib.case import Contour, Image
    from ContourQALib.quality.assessment import Assessment
    from ContourQAPanels.session import Session

MOST_SNAPSHOTS = 12
"""Pictures take about a tenth of a second each, and nobody looks at more."""

PICTURE_PIXELS = (560, 560)

GRAVITY = {"reject": 0, "review": 1, "accept": 2}
"""What is to be looked at is pictured first."""

MARGIN_MM = 40.0
"""A picture shows this much around a contour, all sides together."""


@dataclass(frozen=True)
class ReportParts:
    """Which parts the report is to have."""

    assessment: bool = True
    comparison: bool = True
    thresholds: bool = True
    snapshots: bool = True


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture to take: of which contour, where, what its caption says, and which segments it shows."""

    nodes: tuple[Any, ...]
    contour: Contour
    ras: tuple[float, float, float]
    caption: str
    structures: tuple[str, ...]


class Reporting:
    """A report on its way.

    Args:
        session: what the panels share.
        folder: where the report goes.
        title: its heading.
        parts: what it has.
    """

    def __init__(self, session: Session, folder: Path, title: str, parts: ReportParts) -> None:
        self._session, self._folder, self._title, self._parts = session, folder, title, parts
        self.changed: list[str] = []
        """Structures whose contours are not those that were assessed; the page shows those that were."""

    def prepare(self) -> Generator[None, None, ReportRequest]:
        """The request, prepared contour by contour and picture by picture.

        Raises:
            ContourQAError: a node cannot be used, or there is nothing to report.
        """
        session, parts = self._session, self._parts
        volume = session.live(session.parameterNode.inputVolume)
        image = session.imageOf(volume) if volume is not None else None
        yield
        assessed = session.assessed if parts.assessment else None
        assessment = assessed.assessment if assessed is not None else None
        contours: tuple[Contour, ...] = ()
        if assessed is not None:
            contours = tuple(assessed.contours[one] for one in assessed.segmentIds)
            node = session.live(session.parameterNode.segmentation)
            self.changed = yield from assessed.changedIn(node, image.grid if image is not None else None)
        compared = session.compared if parts.comparison else None
        swept = session.swept if parts.thresholds else None
        shots: list[Snapshot] = []
        if parts.snapshots and volume is not None:
            wanted = [*self._assessedShots(assessment, contours, image), *self._comparedShots(compared)]
            shots = yield from self._take(volume, wanted[:MOST_SNAPSHOTS])
        sweeps = (swept.analysis,) if swept is not None and swept.analysis is not None else ()
        return ReportRequest(
            self._folder,
            SessionReport(
                self._title,
                image,
                assessment,
                contours,
                compared.comparisons if compared is not None else (),
                compared.unmatched if compared is not None else (),
                getattr(compared, "pairs", ()),
                sweeps,
                (swept.probability,) if sweeps and getattr(swept, "probability", None) else (),
                tuple(shots),
                self._settings(),
            ),
        )

    def _settings(self) -> dict[str, Any]:
        node = self._session.parameterNode
        settings: dict[str, Any] = {}
        if self._parts.assessment and self._session.assessment is not None:
            levels = self._session.assessment.levels
            settings |= {"accept_level": levels.accept, "reject_level": levels.reject}
            settings |= {"model": node.modelName or "automatic", "device": node.device}
            settings |= {"edited_since_assessed": list(self.changed)} if self.changed else {}
        if self._parts.comparison and self._session.compared is not None:
            settings["tolerance_mm"] = getattr(self._session.compared, "tolerance_mm", node.toleranceMm)
        return settings

    def _assessedShots(
        self, assessment: Assessment | None, contours: tuple[Contour, ...], image: Image | None
    ) -> Iterator[Shot]:
        node = self._session.live(self._session.parameterNode.segmentation)
        if assessment is None or image is None or node is None:
            return
        drawn = zip(assessment.structures, contours, strict=True)
        for one, contour in sorted(drawn, key=lambda pair: GRAVITY[pair[0].verdict.value]):
            if not contour.mask.any():
                continue
            told = _("{structure}: {verdict}").format(structure=one.structure, verdict=one.verdict.value)
            if one.dice is not None:
                told += _(", predicted Dice {dice}").format(dice=f"{one.dice:.2f}")
            if one.slices:
                index = one.slices[0].index
                ras = views.slice_center(contour, index, image.grid)
                told += _(", slice {index} to look at first").format(index=index)
            else:
                ras = views.center_of(contour)
            yield Shot((node,), contour, ras, told, (one.structure,))

    def _comparedShots(self, compared: Any) -> Iterator[Shot]:
        """One picture a compared structure, with every segmentation's outline."""
        node = self._session.parameterNode
        reference = self._session.live(node.referenceSegmentation)
        if compared is None or reference is None:
            return
        others = [one for one in node.otherSegmentations or [] if self._session.live(one) is not None]
        nodes = tuple(named(reference, [one for one in others if one is not reference]).values())
        shown: set[str] = set()
        for (drawn, _test), found in zip(getattr(compared, "pairs", ()), compared.comparisons, strict=False):
            if found.structure in shown or not drawn.mask.any():
                continue
            shown.add(found.structure)
            scores = ", ".join(
                f"{one.test} {dice_text(one.dice)}"
                for one in compared.comparisons
                if one.structure == found.structure
            )
            told = _("{structure} of {names}; Dice: {scores}").format(
                structure=found.structure, names=", ".join(one.GetName() for one in nodes), scores=scores
            )
            segments = [segmentOf(one, found.structure) for one in nodes]
            spelled = tuple(dict.fromkeys(one.name for one in segments if one is not None))
            yield Shot(nodes, drawn, views.center_of(drawn), told, spelled)

    def _take(self, volume: Any, wanted: list[Shot]) -> Generator[None, None, list[Snapshot]]:
        """The pictures, one a step; a picture that cannot be taken is left out."""
        taken: list[Snapshot] = []
        if not wanted:
            return taken
        yield
        try:
            opened = SliceCamera(PICTURE_PIXELS)
        except ContourQAError:
            return taken
        with opened as camera:
            for shot in wanted:
                yield
                nodes = [node for node in shot.nodes if self._session.live(node) is not None]
                grid = shot.contour.grid
                extent_mm = max(n * mm for n, mm in zip(grid.size[:2], grid.spacing[:2], strict=True))
                try:
                    png = snapshots.take(
                        self._session.scene,
                        volume,
                        nodes,
                        shot.ras,
                        structures=shot.structures,
                        field_of_view_mm=extent_mm + MARGIN_MM,
                        camera=camera,
                    )
                except ContourQAError:
                    continue
                taken.append(Snapshot(png, shot.caption))
        return taken
