"""ComparisonView: what was compared, as table, chart, sentences and outlines of the page."""

from __future__ import annotations

from typing import Any

from ContourQALib.case import Contour
from ContourQALib.metrics.compare import Comparison
from ContourQALib.mrml.views import center_of, place_of_difference
from ContourQALib.names import normalize
from ContourQALib.report.wording import comparison_notes
from ContourQALib.workstation.charts.plotly_figure import PlotlyFigure
from ContourQALib.workstation.compare.case_comparison import CaseComparison
from ContourQALib.workstation.compare.case_source import CaseSource, Kind, sources_of
from ContourQALib.workstation.compare.compare_scene import CompareScene
from ContourQALib.workstation.compare.compare_state import NAMESPACE, Typed
from ContourQALib.workstation.compare.comparing import Comparing
from ContourQALib.workstation.compare.figure_rows import TableSettings, missing_text, table_rows
from ContourQALib.workstation.compare.predicted import Predicted, predicted_dice
from ContourQALib.workstation.compare.slice_chart import empty_chart, slice_chart
from ContourQALib.workstation.compare.slice_numbers import SliceNumbers
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.session import Session

CHART = f"{NAMESPACE}_chart"
"""State variable of the chart."""


class ComparisonView:
    """Shows a comparison; `active` says whether its page is in sight and may draw in the views.

    Args:
        session: what the pages share.
        typed: the page's values.
        comparing: holds what was compared.
    """

    def __init__(self, session: Session, typed: Typed, comparing: Comparing) -> None:
        self._session, self._typed, self._comparing = session, typed, comparing
        self.scene = CompareScene(session.scene)
        self.active = False
        self.sources: tuple[CaseSource, ...] = ()
        self._numbers: SliceNumbers | None = None
        self._predicted: dict[tuple[str, str], Predicted] = {}
        self._put_chart(empty_chart(""))

    @property
    def reference(self) -> CaseSource | None:
        """The source that the others are measured against."""
        return self.source(self._typed.data.reference)

    @property
    def tests(self) -> tuple[CaseSource, ...]:
        """The other sources."""
        return tuple(one for one in self.sources if one.name != self._typed.data.reference)

    @property
    def shown(self) -> tuple[CaseSource, ...]:
        """Those of the others that the reader wants to see."""
        return tuple(one for one in self.tests if one.name in self._typed.data.shown)

    @property
    def reviewed(self) -> str:
        """Name of the contours under review."""
        return next((one.name for one in self.sources if one.kind is Kind.REVIEWED), "")

    @property
    def edited(self) -> frozenset[str]:
        """Structures whose contours under review were changed, normalized."""
        case = self._session.case
        return frozenset(map(normalize, case.edited)) if case is not None else frozenset()

    def source(self, name: str) -> CaseSource | None:
        """A source by its name."""
        return next((one for one in self.sources if one.name == name), None)

    def take(self, case: OpenCase) -> None:
        """Speak of another case."""
        self.sources = sources_of(case.entry)
        data = self._typed.data
        data.sources = [
            {"name": one.name, "title": one.title, "color": one.look.color} for one in self.sources
        ]
        known = next((one.name for one in self.sources if one.kind is Kind.REFERENCE), "")
        self._typed.data.hidden, data.filter = [], ""
        self.refer_to(known if len(self.sources) > 1 else "")

    def refer_to(self, reference: str) -> None:
        """Measure against another source."""
        data = self._typed.data
        data.reference = reference
        data.shown = [one.name for one in self.tests] if reference else []
        data.test = data.shown[0] if data.shown else ""
        data.differences = len(data.shown) == 2

    def forget(self) -> None:
        """Let go of the case."""
        self.scene.leave()
        self.sources, self._numbers, self._predicted = (), None, {}
        data = self._typed.data
        data.sources, data.shown, data.hidden, data.groups, data.told, data.all_rows = (
            [],
            [],
            [],
            [],
            [],
            [],
        )
        data.reference = data.structure = data.test = ""
        data.all_shown = False
        self._put_chart(empty_chart(""))

    def show(self) -> None:
        """Show everything anew."""
        result, data = self._comparing.result, self._typed.data
        if result is not None and data.structure not in result.structures:
            spelled = result.spelled(self._session.structure) if self._session.structure else ""
            data.structure = spelled or next(iter(result.structures), "")
        self.show_rows()
        self.show_structure()

    def show_rows(self) -> None:
        """Show the table."""
        case, result, reference = self._session.case, self._comparing.result, self.reference
        data = self._typed.data
        if case is None or result is None or reference is None:
            self._predicted, data.groups = {}, []
            return
        self._predicted = {}
        if not self._comparing.is_outdated:
            self._predicted = predicted_dice(case, result, reference, self.tests, self._session.call_first)
        how = TableSettings(self.shown, data.differences, data.filter or "", data.sort, data.descending)
        short = {key: one.short for key, one in self._predicted.items()}
        data.groups = table_rows(result, how, reference, short, self.edited)

    def show_structure(self) -> None:
        """Show the chosen structure: sentences, chart, and, while the page is in sight, the views."""
        case, result, data = self._session.case, self._comparing.result, self._typed.data
        if case is None or result is None or data.structure not in result.structures:
            data.told, self._numbers = [], None
            self._put_chart(empty_chart("Nothing has been compared yet." if self.sources else ""))
            self.scene.clear()
            return
        data.told = self._sentences(result, data.structure, data.test)
        self._numbers = self._numbers_of(case, result, data.structure)
        self.show_slice()
        self.draw()

    def show_slice(self) -> None:
        """Show the chart with a line at the slice that the views show."""
        result, data = self._comparing.result, self._typed.data
        if result is None or self._numbers is None:
            self._put_chart(empty_chart(f"{data.structure} was not compared." if data.structure else ""))
            return
        k = self._session.views.slice_index()
        here = None if k is None else self._numbers.of_image(k)
        looks = {one.name: one.look for one in self.shown}
        compared = [(one, looks[one.test]) for one in result.of(data.structure) if one.test in looks]
        numbered = "image" if self._numbers.are_the_images else "reference"
        self._put_chart(slice_chart(compared, data.figure, here, numbered))

    def draw(self) -> None:
        """Draw outlines and the difference as the switches say."""
        case, result, data = self._session.case, self._comparing.result, self._typed.data
        if not self.active or case is None or result is None:
            return
        self.scene.enter(case)
        wanted = {data.reference, *data.shown} - set(data.hidden)
        drawn = result.drawn(data.structure)
        contours = {one: drawn[one.name] for one in self.sources if one.name in wanted & drawn.keys()}
        self.scene.show(case, contours, data.reference)
        pair = self._pair(result) if data.marked else None
        self.scene.mark(case, pair, data.opacity / 100)

    def to_largest_difference(self) -> None:
        """Bring the place in sight where the chosen source differs most from the reference."""
        result, data = self._comparing.result, self._typed.data
        pair = self._pair(result) if result is not None else None
        if pair is None:
            drawn = result.drawn(data.structure).values() if result is not None else ()
            place = next((center_of(contour) for contour in drawn if contour.mask.any()), None)
        else:
            place = place_of_difference(*pair)
        if place is not None:
            self._session.views.jump_to_ras(place)

    def to_slice(self, k: int) -> None:
        """Bring a slice of the chart in sight."""
        if self._numbers is not None:
            self._session.views.jump_to_ras(self._numbers.place(k), center=False)

    def _pair(self, result: CaseComparison) -> tuple[Contour, Contour] | None:
        """Reference and test contour whose difference is asked for."""
        return result.pairs.get((self._typed.data.structure, self._typed.data.test))

    def _numbers_of(self, case: OpenCase, result: CaseComparison, structure: str) -> SliceNumbers | None:
        compared = result.of(structure)
        if not compared:
            return None
        contours = [c for one in compared for c in result.pairs[structure, one.test]]
        drawn = next((contour for contour in contours if contour.mask.any()), None)
        return SliceNumbers(drawn, result.grids[structure], case.image.grid) if drawn is not None else None

    def _sentences(self, result: CaseComparison, structure: str, test: str) -> list[str]:
        """What to know of the chosen row beside its figures."""
        one = result.find(structure, test)
        if one is None:
            return [missing_text(result, structure, test, self._typed.data.reference)] if test else []
        notes = [note + "." for note in comparison_notes(one)]
        return [*self._prediction(one), *notes]

    def _prediction(self, one: Comparison) -> list[str]:
        known = self._predicted.get((one.structure, one.test))
        return [known.sentence(one.dice)] if known is not None else []

    def _put_chart(self, figure: PlotlyFigure) -> None:
        with self._session.state as state:
            chart: dict[str, Any] = figure.to_plotly_json()
            if state[CHART] != chart:
                state[CHART] = chart
