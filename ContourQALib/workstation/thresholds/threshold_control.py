"""ThresholdControl: from what the reader chooses to contours on the image and figures beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from undo_stack import Signal, SignalContainer

from ContourQALib.errors import ContourQAError
from ContourQALib.mrml.views import center_of
from ContourQALib.report.threshold_readings import EXPECTED, best_of
from ContourQALib.thresholds.recommendation import Recommendation
from ContourQALib.worker_requests import SweepRequest, Swept
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.latest_only import LatestOnly
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.thresholds import threshold_chart as charts
from ContourQALib.workstation.thresholds import threshold_figures as figures
from ContourQALib.workstation.thresholds.advice import Advice, told
from ContourQALib.workstation.thresholds.case_maps import CaseMaps, Subject
from ContourQALib.workstation.thresholds.threshold_scene import ThresholdScene
from ContourQALib.workstation.thresholds.threshold_state import NAMESPACE, Typed

STEP_DIGITS = 4
"""Of a threshold: a slider's hundredths come as 0.30000000000000004."""

Choice = tuple[int, str]
"""Place of a map among the case's, and name of the reference's contour; "" for none."""


class ThresholdControl(SignalContainer):
    """Reads a case's maps when the page is first shown, sweeps the chosen one and follows the slider.

    Args:
        session: what the pages share.
        scene: shows the contours.
        typed: the page's values.
    """

    charted = Signal(PlotlyFigure)
    """The curves are others, or are to be shown in another way."""

    def __init__(self, session: Session, scene: ThresholdScene, typed: Typed) -> None:
        self._session, self._scene, self._typed = session, scene, typed
        self._case: OpenCase | None = None
        self._maps: CaseMaps | None = None
        self._choice: Choice | None = None
        self._subjects: dict[Choice, Subject] = {}
        self._swept: dict[Choice, Swept] = {}
        self._advice = Advice()
        self._working: asyncio.Task[Any] | None = None
        self._sweeping: dict[Choice, asyncio.Task[Any]] = {}
        self._slider: LatestOnly[float] = LatestOnly(self._cut, session.start)

    @property
    def subject(self) -> Subject | None:
        """What is looked at; None until it is read."""
        return self._subjects.get(self._choice) if self._choice is not None else None

    @property
    def swept(self) -> Swept | None:
        """Its figures; None until they are known."""
        return self._swept.get(self._choice) if self._choice is not None else None

    @property
    def threshold(self) -> float:
        """The current one."""
        return min(max(round(float(self._typed.data.value), STEP_DIGITS), 0.0), 1.0)

    @property
    def hides(self) -> bool:
        """Whether no figure may be shown before the reader has decided on the structure."""
        case, subject = self._session.case, self.subject
        if case is None or subject is None or subject.probability.name not in case.structures:
            return False
        return self._session.call_first.hides(case.entry.name, subject.probability.name)

    def enter(self) -> None:
        """Show the open case's maps."""
        case = self._session.case
        if case is None:
            return
        if case is not self._case or self._maps is None:
            self.leave()
            self._case = case
            self._begin(self._read(case))
        elif self._maps.maps:
            self.follow(self._session.structure)
            data = self._typed.data
            self.choose(int(data.map), data.reference, again=True)

    def leave(self) -> None:
        """Take what is shown out of the scene; what was found is kept."""
        self._stop()
        self._slider.forget()
        self._scene.clear()

    def forget(self) -> None:
        """The case closes: let go of all of it."""
        self.leave()
        for task in self._sweeping.values():
            task.cancel()
        self._case = self._maps = self._choice = None
        self._subjects.clear()
        self._swept.clear()
        data = self._typed.data
        data.maps, data.references = [], []
        data.missing = ""
        self.show_figures()

    def follow(self, structure: str) -> None:
        """Choose the map of a structure, where there is one and another is shown."""
        if self._maps is None or not self._maps.maps:
            return
        shown = self._maps.maps[int(self._typed.data.map)].name
        place = self._maps.place_of(structure)
        if place is not None and structure != shown:
            self._typed.data.map = place
            self._typed.data.reference = self._maps.reference_of(structure)

    def choose_map(self, place: int) -> None:
        """Look at another map, against the reference of its structure, and select that."""
        if self._maps is None or self._choice is None or place == self._choice[0]:
            return
        name = self._maps.maps[place].name
        self._typed.data.reference = self._maps.reference_of(name)
        self.choose(place, self._typed.data.reference)
        if self._case is not None and name in self._case.structures and name != self._session.structure:
            self._session.select_structure(name)

    def choose_reference(self, name: str) -> None:
        """Look at the same map against another contour of the reference, or none."""
        if self._choice is not None and name != self._choice[1]:
            self.choose(self._choice[0], name)

    def choose(self, place: int, reference: str, *, again: bool = False) -> None:
        """Show a map against a contour of the reference, and sweep it; what was under way ends."""
        choice = (int(place), reference)
        if choice == self._choice and not again:
            return
        self._stop()
        self._choice = choice
        self.show_figures()
        if self._session.page == NAMESPACE and self._case is not None:
            self._begin(self._look(self._case, choice))

    def move(self) -> None:
        """Follow the slider: the contour, then the figures; values passed meanwhile are left out."""
        if self.subject is not None:
            self._slider.ask(self.threshold)

    def go_to_best(self) -> None:
        """Move to the best threshold by the chosen figure."""
        if self._typed.data.best is not None:
            self._typed.data.value = self._typed.data.best

    def recommended(self) -> Recommendation | None:
        """The recommendation for the chosen map by the chosen figure."""
        subject = self.subject
        if subject is None:
            return None
        found = self._advice.on(subject.probability.name, self._typed.data.by)
        return found[0] if found else None

    def show_figures(self) -> None:
        """Bring chart, tables and sentences up to date."""
        data, swept, subject = self._typed.data, self.swept, self.subject
        hidden = self.hides
        data.hidden = (
            f"Your call first: decide on {subject.probability.name} in Review, then its figures are shown."
            if hidden and subject is not None
            else ""
        )
        data.swept = swept is not None and not hidden
        if subject is None or swept is None or hidden:
            data.rows, data.losses, data.notes, data.advice = [], [], [], ""
            data.best = data.recommended = None
            return
        name = subject.probability.name
        found = self._advice.on(name, data.by)
        best = best_of(swept, data.by if swept.analysis is not None else EXPECTED)
        data.best = best.threshold if best else None
        data.recommended = found[0].threshold if found else None
        data.advice = told(name, data.by, found, swept)
        data.losses = figures.losses_of(swept)
        data.kinds = charts.kinds_of(swept)
        if data.kind not in data.kinds:
            data.kind = data.kinds[0]
        self._read_out()
        self.draw()

    def draw(self) -> None:
        """Draw the chart as it is asked for."""
        swept, data = self.swept, self._typed.data
        if swept is None or self.hides or data.kind not in charts.kinds_of(swept):
            return
        looks = charts.curves_of(swept, data.kind)
        data.curves = [
            {"figure": look.figure, "title": look.title, "color": look.color, "dashes": look.dashes}
            for look in looks
        ]
        shown = [look.figure for look in looks if look.figure in data.shown]
        data.axis = list(charts.axis_of(swept, shown, data.zoomed))
        self.charted(
            charts.chart_of(swept, data.kind, shown, zoomed=data.zoomed, recommended=self.recommended())
        )

    def _read_out(self) -> None:
        """The figures at the current threshold."""
        swept, data = self.swept, self._typed.data
        if swept is None or self.hides:
            return
        data.rows = figures.rows_of(swept, self.threshold)
        flagged = figures.now_flagged(swept, self.threshold)
        notes = [*([flagged] if flagged else []), *figures.notes_of(swept)]
        if notes != data.notes:
            data.notes = notes

    async def _cut(self, threshold: float) -> None:
        await self._scene.cut(threshold)
        with self._session.state:
            self._read_out()
        # one turn of the event loop for what the slider has said meanwhile, and for drawing the views
        await asyncio.sleep(0)

    async def _read(self, case: OpenCase) -> None:
        data, folders = self._typed.data, self._folders()
        with self._session.state:
            data.loading, data.missing = True, ""
        try:
            maps = await asyncio.to_thread(CaseMaps.read, case.files)
            self._advice = await asyncio.to_thread(Advice.read, folders)
        except ContourQAError as error:
            with self._session.state:
                data.missing = str(error)
            return
        finally:
            with self._session.state:
                data.loading = False
        if case is not self._case:
            return
        self._maps = maps
        for problem in self._advice.problems:
            self._session.tell(problem, "warning")
        with self._session.state:
            self._list(case, maps)

    def _list(self, case: OpenCase, maps: CaseMaps) -> None:
        data = self._typed.data
        data.maps = [{"title": title, "value": place} for place, title in enumerate(maps.titles)]
        names = [one.name for one in maps.references]
        data.references = [{"title": name, "value": name} for name in names]
        data.references = [*data.references, {"title": "No reference", "value": ""}]
        if not maps.maps:
            data.missing = (
                f"Case {case.entry.name} has no probability maps: put them beside its contours, named like "
                "probability_CTV.nrrd, or name them in the column probability of its manifest."
            )
            return
        place = maps.place_of(self._session.structure) or 0
        data.map, data.reference = place, maps.reference_of(maps.maps[place].name)
        self.choose(place, data.reference)

    async def _look(self, case: OpenCase, choice: Choice) -> None:
        """Show a map, then find its figures."""
        assert self._maps is not None, "read before anything can be chosen"
        probability, drawn = self._maps.maps[choice[0]], self._maps.reference(choice[1])
        subject = self._subjects.get(choice)
        if subject is None:
            self._say(f"Reading the map of {probability.name}")
            try:
                subject = await asyncio.to_thread(Subject.prepare, probability, drawn)
            finally:
                self._say("")
            self._subjects[choice] = subject
        with self._session.state:
            self._show(case, subject)
            self.show_figures()
        await self._scene.cut(self.threshold)
        if choice not in self._swept and choice not in self._sweeping:
            self._sweeping[choice] = self._session.start(self._sweep(choice, subject))

    async def _sweep(self, choice: Choice, subject: Subject) -> None:
        """Find a map's figures; goes on while another map or page is shown, which may come back to it."""
        try:
            self._say(f"Measuring {subject.probability.name} at every threshold")
            request = SweepRequest(subject.probability, subject.reference)
            self._swept[choice] = await self._session.tasks.ask(request)
        finally:
            self._sweeping.pop(choice, None)
            if not self._sweeping:
                self._say("")
        if choice == self._choice:
            with self._session.state:
                self.show_figures()

    def _show(self, case: OpenCase, subject: Subject) -> None:
        data, name = self._typed.data, subject.probability.name
        self._scene.show(subject)
        self._scene.show_half(data.half_shown)
        self._scene.show_reference(data.reference_shown)
        self._scene.show_map(data.map_opacity / 100 if data.map_shown else 0.0)
        missing = f"Case {case.entry.name} has no contour of {name} to replace."
        data.refused = "" if name in case.structures else missing
        if name != self._session.structure and subject.half.mask.any():
            self._session.views.jump_to_ras(center_of(subject.half))

    def _say(self, text: str) -> None:
        with self._session.state:
            self._typed.data.busy = text

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._working = self._session.start(work)

    def _stop(self) -> None:
        task, self._working = self._working, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _folders(self) -> tuple[Path, ...]:
        """Where recommendations may lie; those that were named count before those beside the cases."""
        settings = self._session.settings
        return (*settings.folders, *settings.readable, settings.results)
