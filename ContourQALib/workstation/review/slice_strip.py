"""SliceStrip: the slices of the selected structure, with the predicted error volume of each."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.report.outlines import LEFT_OUT, TOO_MUCH
from ContourQALib.report.wording import number
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.findings import Finding, Findings
from ContourQALib.workstation.review.review_state import Typed
from ContourQALib.workstation.review.slice_bars import HEIGHT, SliceBars, extent_on, slice_bars
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import MUTED, testid

NUMBERED = 5
"""So many of the slices to look at first carry their rank; the others are colored alone."""

GO = "review_slice"
"""The page asks for a slice by this trigger and leaves it to the server to say which one is shown: were it to
write that too, a click that crosses the server's own move would leave it at a slice that no view shows."""

MEANING = "Below, red: probably too much; above it, blue: probably left out."
"""Which is which, also for those who do not tell the colors apart."""


class SliceStrip:
    """A bar a slice; a click or a drag shows the slice.

    Args:
        session: what the pages share.
        findings: what may be shown.
        typed: the page's values.
    """

    def __init__(self, session: Session, findings: Findings, typed: Typed) -> None:
        self._session, self._findings, self._typed = session, findings, typed
        self._listed: tuple[int, ...] = ()
        self._place = -1
        self._drawn: tuple[Any, ...] = ()
        findings.changed.connect(self.update)
        session.structure_selected.connect(self._on_selected)
        session.case_closing.connect(self._on_closing)
        session.views.slice_changed.connect(self._on_slice_shown)
        session.controller.trigger(GO)(self.show)

    @property
    def listed(self) -> tuple[int, ...]:
        """K of the slices to look at first, the worst first."""
        return self._listed

    def build(self) -> None:
        """Make the widgets."""
        names = self._typed.name
        strip, k = names.strip, names.slice
        at = f"{strip}.first + Math.min({strip}.count - 1, Math.max(0, Math.floor($event.offsetX / "
        at += f"$event.currentTarget.clientWidth * {strip}.count)))"
        go = f"trigger('{GO}', [{at}])"
        with html.Div(classes="cqa-review-strip"):
            with html.Div(classes="cqa-review-strip-head"):
                html.B("Slices")
                html.Span(f"{{{{ {strip}.text }}}}", classes="cqa-muted", **testid("review-strip-text"))
                v3.VSpacer()
                self._stepper("previous", self.previous, "mdi-skip-previous", "p")
                html.Span(
                    f"{{{{ {names.place} }}}}",
                    v_if=(f"{strip}.listed",),
                    classes="cqa-muted",
                    **testid("review-place"),
                )
                self._stepper("next", self.next, "mdi-skip-next", "n")
            with html.Div(
                v_if=(f"{strip}.count",),
                classes="cqa-review-bars",
                title=(f"'Slice ' + {k} + ' is shown; click or drag to go to another. ' + {strip}.meaning",),
                v_on_pointerdown=f"$event.currentTarget.setPointerCapture($event.pointerId); {go}",
                v_on_pointermove=f"$event.buttons & 1 && {go}",
                **testid("review-strip"),
            ):
                html.Svg(
                    f'<path :d="{strip}.over" :fill="{strip}.color" opacity="0.45"/>'
                    f'<path :d="{strip}.under" fill="{LEFT_OUT.color}" opacity="0.45"/>'
                    f'<path :d="{strip}.overListed" :fill="{strip}.color"/>'
                    f'<path :d="{strip}.underListed" fill="{LEFT_OUT.color}"/>',
                    raw_attrs=[
                        f':viewBox="`0 0 ${{{strip}.count}} {HEIGHT:g}`"',
                        'preserveAspectRatio="none"',
                    ],
                )
                html.Div(
                    v_show=(f"{k} >= {strip}.first && {k} < {strip}.first + {strip}.count",),
                    classes="cqa-review-here",
                    style=(
                        f"{{left: 100 * ({k} - {strip}.first) / {strip}.count + '%', "
                        f"width: 'max(2px, ' + 100 / {strip}.count + '%)'}}",
                    ),
                )
                html.Span(
                    "{{ mark.rank }}",
                    v_for=f"mark in {strip}.marks",
                    key=("mark.k",),
                    style=("{left: mark.at + '%'}",),
                    classes="cqa-review-rank",
                )
            with html.Div(v_if=(f"{strip}.count",), classes="cqa-review-axis"):
                html.Span(f"{{{{ {strip}.first }}}}")
                html.Span(f"slice {{{{ {k} }}}}", **testid("review-slice"))
                html.Span(f"{{{{ {strip}.first + {strip}.count - 1 }}}}")

    def update(self) -> None:
        """Draw what is known now; where nothing changed the page gets nothing."""
        case, structure = self._session.case, self._session.structure
        if case is None or not structure:
            self._listed, self._drawn = (), ()
            self._typed.data.strip = {}
            return
        finding = self._findings.of(structure)
        wanted = (structure, id(finding.found), finding.awaited, finding.hidden)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        bars = slice_bars(finding.found, extent_on(case.contour(structure), case.image.grid))
        self._listed = tuple(one.index for one in bars.listed)
        self._typed.data.strip = drawing_of(bars, finding)
        self._show_place()

    def show(self, k: int) -> None:
        """Show slice K of the image."""
        if self._session.case is not None and k != self._session.views.slice_index():
            self._session.show_slice(int(k))

    def next(self) -> None:
        """Show the next of the slices to look at first."""
        self._step(1)

    def previous(self) -> None:
        """Show the one before it."""
        self._step(-1)

    def _stepper(self, which: str, action: object, icon: str, key: str) -> None:
        v3.VBtn(
            icon=icon,
            size="x-small",
            variant="tonal",
            disabled=(f"!{self._typed.name.strip}.listed",),
            title=f"{which.capitalize()} of the slices to look at first ({key})",
            click=action,
            **testid(f"review-{which}-slice"),
        )

    def _step(self, by: int) -> None:
        if not self._listed:
            return
        here = self._session.views.slice_index()
        if self._place >= 0 and here in self._listed:  # the first step goes to the worst, wherever one is
            self._place = self._listed.index(here)
        self._place = min(max(self._place + by, 0), len(self._listed) - 1)
        self._show_place()
        self._session.show_slice(self._listed[self._place])

    def _show_place(self) -> None:
        count = len(self._listed)
        self._typed.data.place = f"{self._place + 1} of {count}" if self._place >= 0 else f"{count} to see"

    def _on_selected(self, _structure: str) -> None:
        self._place = -1
        self._drawn = ()
        self.update()

    def _on_closing(self, _case: OpenCase) -> None:
        self._listed, self._drawn, self._place = (), (), -1
        self._typed.data.strip = {}

    def _on_slice_shown(self, k: int) -> None:
        with self._session.state:
            self._typed.data.slice = k


def drawing_of(bars: SliceBars, finding: Finding) -> dict[str, Any]:
    """The strip as plain values for the page: paths, ranks and one sentence."""
    count = max(bars.count, 1)
    marks = [
        {"k": one.index, "rank": rank, "at": round(100 * (one.index - bars.first + 0.5) / count, 2)}
        for rank, one in enumerate(bars.listed[:NUMBERED], start=1)
    ]
    return {
        "first": bars.first,
        "count": bars.count,
        "listed": len(bars.listed),
        "marks": marks,
        "text": _text(bars, finding),
        "meaning": MEANING if bars.is_complete else "",
        "color": TOO_MUCH.color if bars.is_complete else MUTED,
        **bars.paths(),
    }


def _text(bars: SliceBars, finding: Finding) -> str:
    if finding.hidden:
        return "your call first"
    if finding.found is None:
        return "being assessed …" if finding.awaited else "not assessed"
    if bars.listed:
        worst = bars.listed[0]
        volume = number(worst.error_volume_cc, ".1f" if worst.error_volume_cc >= 0.1 else ".2g")
        more = "" if bars.is_complete else ", the others follow"
        return f"worst: {worst.index}, {volume} cc probably wrong{more}"
    return "no slice stands out" if finding.is_located else "no model tells where errors are"
