"""CohortPage: what a cohort's report says of several models, and the way from each point to its case."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from ContourQALib.errors import ContourQAError
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.names import normalize
from ContourQALib.workstation.cohort.cohort_charts import hidden, paired_chart, spread_chart
from ContourQALib.workstation.cohort.cohort_making import CohortMaking
from ContourQALib.workstation.cohort.cohort_report import METRICS, CohortReport, read_cohort_report
from ContourQALib.workstation.cohort.cohort_rows import rows_of_tests, worst_rows
from ContourQALib.workstation.cohort.cohort_state import NAMESPACE, cohort_state
from ContourQALib.workstation.cohort.cohort_widgets import CohortWidgets
from ContourQALib.workstation.cohort.report_route import ReportRoute
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.settings import Settings

NEEDED = ("structure", "reference")
"""Columns of a manifest that a cohort is made of, beside "case" and the models'."""

FOLDER = "cohort"
"""In the results folder, for reports that are made here."""

LOOK_S = 0.5
NO_MANIFEST = "The worklist is no manifest: a cohort needs a CSV with case, structure, reference and models."
NO_MODELS = "The manifest names no model's contours beside the known columns; a cohort compares at least two."


class CohortPage:
    """The Cohort page.

    Args:
        session: what the pages share.
    """

    name = NAMESPACE
    title = "Cohort"
    icon = "mdi-chart-box-outline"
    needs_case = False
    uses_views = False

    def __init__(self, session: Session) -> None:
        self._session = session
        self.typed = cohort_state(session.state)
        self._report: CohortReport | None = None
        self._making: CohortMaking | None = None
        self._task: asyncio.Task[Any] | None = None
        self._rows = 0
        self.widgets = CohortWidgets(self.typed.name, self.make, self.cancel, self.open_case)
        names = self.typed.name
        self.typed.bind_changes(
            {
                (
                    names.metric,
                    names.dataset,
                    names.structure,
                    names.first,
                    names.second,
                    names.chart,
                ): self._on_choice
            }
        )
        ReportRoute(lambda: self._report.page if self._report else None).install(session.server)
        session.closing.connect(self._on_closing)
        self._find()

    def build(self) -> None:
        """Make the widgets, inside the container that is open."""
        self.widgets.build()
        self._draw()

    def show(self, report: CohortReport) -> None:
        """Show a report from its first dataset and its first two models on."""
        self._report = report
        data = self.typed.data
        with self._session.state:
            data.there, data.has_page = True, report.page is not None
            data.models = list(report.models)
            data.metrics = [{"title": title, "value": name} for name, title in METRICS.items()]
            data.datasets = _items("All datasets", report.datasets)
            data.structures = _items("All structures", report.structures)
            data.first, data.second = report.models[0], report.models[-1]
            data.dataset = data.structure = ""
            self._draw()

    async def make(self) -> None:
        """Make the report of the worklist's manifest, or go on with one that was stopped."""
        source = self._session.settings.source
        if source is None or self._task is not None:
            return
        self._making = CohortMaking(source, self._session.settings.results / FOLDER)
        self._task = self._session.start(self._make(self._making))

    def cancel(self) -> None:
        """Stop making it; what is measured stays."""
        if self._task is not None:
            self._task.cancel()

    async def open_case(self, place: list[str]) -> None:
        """Open the case of a point at its structure, on the compare page.

        Args:
            place: case and structure, as the report names them.
        """
        case, structure = place
        session = self._session
        if all(entry.name != case for entry in session.cases):
            session.tell(
                f"Case {case} of this cohort is not in the worklist, which has the cases to open.", "warning"
            )
            return
        session.start(self._open(case, structure))

    async def _open(self, case: str, structure: str) -> None:
        session = self._session
        if session.case is None or session.case.entry.name != case:
            await session.open_case(case)
        opened = session.case
        if opened is None or opened.entry.name != case:
            return  # another one was opened meanwhile, or this one waits for a choice about unsaved edits
        session.show_page("compare")
        wanted = normalize(structure)
        found = next((name for name in opened.structures if normalize(name) == wanted), "")
        if found:
            session.select_structure(found)
        else:
            session.tell(f"Case {case} has no contour {structure} under review.", "warning")

    async def _make(self, making: CohortMaking) -> None:
        watching = asyncio.ensure_future(self._watch(making))
        try:
            await asyncio.to_thread(_check_readable, self._session.settings)
            folder = await making.run()
            report = await asyncio.to_thread(read_cohort_report, folder)
        finally:
            watching.cancel()
            self._task = None
            with self._session.state:
                self.typed.data.making = False
        self.show(report)

    async def _watch(self, making: CohortMaking) -> None:
        data = self.typed.data
        while True:
            done = making.done
            with self._session.state:
                data.making = True
                data.step = (
                    f"{done} of {self._rows} structures" if done < self._rows else "writing the report"
                )
                data.percent = 100 * done / max(self._rows, 1)
            await asyncio.sleep(LOOK_S)

    def _find(self) -> None:
        """The report that the command line names, or the one that was made here before."""
        settings, data = self._session.settings, self.typed.data
        self._look_at_manifest(settings)
        places = [settings.cohort] if settings.cohort else [settings.results / FOLDER]
        for place in places:
            try:
                self.show(read_cohort_report(place))
            except ContourQAError as error:
                if settings.cohort:
                    data.why_not = str(error)

    def _look_at_manifest(self, settings: Settings) -> None:
        data, source = self.typed.data, settings.source
        if source is None or source.is_dir():
            data.why_not = NO_MANIFEST
            return
        with suppress(ContourQAError):
            listed = read_manifest(source, NEEDED)
            self._rows = len(listed.rows)
            data.can_make = len(listed.models) > 1
            data.why_not = "" if data.can_make else NO_MODELS
            return
        data.why_not = NO_MANIFEST

    def _on_choice(self, *_: Any) -> None:
        with self._session.state:
            self._draw()

    def _draw(self) -> None:
        report, data = self._report, self.typed.data
        if report is None:
            return
        metric, first, second = data.metric, data.first, data.second
        chosen = metric, data.dataset, data.structure
        if data.chart == "paired":
            self.widgets.draw(paired_chart(report, *chosen, first, second))
            left_out = hidden(report, *chosen, (first, second))
        else:
            self.widgets.draw(spread_chart(report, *chosen))
            left_out = hidden(report, *chosen, report.models)
        data.tests = rows_of_tests(report, metric, data.dataset, first, second)
        data.worst = worst_rows(report, *chosen, second)
        data.told = f"{len(left_out)} without a point: the figure is undefined." if left_out else ""

    def _on_closing(self) -> None:
        if self._making is not None:
            self._making.kill()


def _check_readable(settings: Settings) -> None:
    """See that the manifest names no file outside of the folders that may be read: the command reads all.

    Raises:
        AccessError: it names one.
        FormatError: the manifest cannot be read.
    """
    if settings.source is None:
        return
    allowed = AllowedFolders(settings.readable)
    for row in read_manifest(settings.source, NEEDED).rows:
        for path in (*row.files.values(), *row.models.values()):
            allowed.check(path)


def _items(every: str, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Choices of a menu, the first for all of them; none where there is only one."""
    if len(names) < 2:
        return []
    return [{"title": every, "value": ""}, *({"title": name or "(no name)", "value": name} for name in names)]
