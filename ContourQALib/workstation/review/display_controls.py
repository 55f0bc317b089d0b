"""DisplayControls: how errors, contours and the image are drawn."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.mrml.outlines import display_of
from ContourQALib.mrml.overlay_colors import CERTAIN, SEEN, STOPS
from ContourQALib.report.outlines import LEFT_OUT, TOO_MUCH
from ContourQALib.workstation.open_case import OpenCase
from ContourQALib.workstation.review.review_state import BOTH, FILLED, MARKS, OUTLINES, PROBABILITY, Typed
from ContourQALib.workstation.review.window_presets import WindowPreset, presets_of
from ContourQALib.workstation.session import Session
from ContourQALib.workstation.theme import testid, typed_number

FILL_OPACITY = 0.35
"""Of filled contours: tissue must stay visible below."""

WIDEST = 6

PRESET_TIP = "(name.includes('\u2013') ? 'Between these percentiles of the values; key ' : 'Key ') + (at + 1)"


class DisplayControls:
    """Switches of the error overlay, the contours and the gray scale.

    Args:
        session: what the pages share.
        typed: the page's values.
    """

    def __init__(self, session: Session, typed: Typed) -> None:
        self._session, self._typed = session, typed
        self._presets: tuple[WindowPreset, ...] = ()
        self._observed: tuple[Any, int] | None = None
        names = typed.name
        typed.bind_changes(
            {(names.contours_shown, names.contours_look, names.contours_width): self._on_contours}
        )
        session.case_opened.connect(self._on_opened)
        session.case_closing.connect(self._on_closing)

    @property
    def presets(self) -> tuple[WindowPreset, ...]:
        """The gray scales of the open case; () until its image was looked at."""
        return self._presets

    def build(self) -> None:
        """Make the widgets."""
        with html.Div(classes="cqa-review-display"):
            self._errors_line()
            self._contours_line()
            self._window_line()

    def toggle_errors(self) -> None:
        """Show or hide the predicted errors."""
        self._typed.data.errors_shown = not self._typed.data.errors_shown

    def toggle_contours(self) -> None:
        """Show or hide the contours in the slice views."""
        self._typed.data.contours_shown = not self._typed.data.contours_shown

    def use_preset(self, number: int) -> None:
        """Use a gray scale by its place in the list, from 0; one that is not there is passed over."""
        if 0 <= number < len(self._presets):
            preset = self._presets[number]
            self._session.views.set_window(preset.width, preset.level)
            self._show_window()

    def set_window(self, width: Any, level: Any) -> None:
        """Use a gray scale that was typed; what is no number, or no width, changes nothing."""
        if _is_number(width) and _is_number(level) and width > 0:
            self._session.views.set_window(float(width), float(level))
        self._show_window()

    def apply_contours(self) -> None:
        """Draw the open case's contours as the switches say."""
        case, data = self._session.case, self._typed.data
        if case is None:
            return
        display = display_of(case.contours)
        was_modifying = display.StartModify()
        try:
            display.SetVisibility2D(data.contours_shown)
            display.SetVisibility2DOutline(data.contours_look != FILLED)
            display.SetVisibility2DFill(data.contours_look != OUTLINES)
            display.SetOpacity2DFill(FILL_OPACITY)
            display.SetSliceIntersectionThickness(int(data.contours_width))
        finally:
            display.EndModify(was_modifying)

    def _errors_line(self) -> None:
        names = self._typed.name
        with html.Div(classes="cqa-review-line"):
            _toggle(
                "mdi-alert-circle-outline", "Errors", names.errors_shown, "Predicted errors (o)", "errors"
            )
            with html.Div(v_if=(names.errors_shown,), classes="cqa-review-choices"):
                _choices(
                    names.errors_look,
                    {
                        MARKS: ("marked", "Voxels more likely wrong than right"),
                        PROBABILITY: ("how likely", "The probability of error, from yellow to dark red"),
                    },
                    "errors",
                )
                _slider(names.errors_opacity, 10, 100, "Opacity of the errors", "errors-opacity")
                with html.Label(
                    v_if=(f"{names.errors_look} === '{MARKS}'",), title="Of all structures, not of one alone"
                ):
                    html.Input(type="checkbox", v_model=(names.errors_all,), **testid("review-errors-all"))
                    html.Span("all")
        with html.Div(v_if=(names.errors_shown,), classes="cqa-review-legend"):
            html.Span(
                f"{{{{ {names.errors_note} }}}}", v_if=(names.errors_note,), **testid("review-errors-note")
            )
            with html.Template(v_else_if=(f"{names.errors_look} === '{MARKS}'",)):
                for look, text in ((TOO_MUCH, "probably too much"), (LEFT_OUT, "probably left out")):
                    html.I(style=f"background: {look.color}")
                    html.Span(text)
            with html.Template(v_else=True):
                html.Span(f"{SEEN:g}")
                html.I(classes="cqa-review-scale", style=f"background: {_scale()}")
                html.Span(f"{CERTAIN:g}, probability of error")

    def _contours_line(self) -> None:
        names = self._typed.name
        with html.Div(classes="cqa-review-line"):
            _toggle("mdi-vector-polyline", "Contours", names.contours_shown, "Contours (c)", "contours")
            with html.Div(v_if=(names.contours_shown,), classes="cqa-review-choices"):
                _choices(
                    names.contours_look,
                    {
                        OUTLINES: ("outlined", "Outlines alone"),
                        FILLED: ("filled", "Filled, without outlines"),
                        BOTH: ("both", "Outlined and filled"),
                    },
                    "contours",
                )
                _slider(names.contours_width, 1, WIDEST, "Width of the outlines, pixels", "contours-width")

    def _window_line(self) -> None:
        names = self._typed.name
        with html.Div(classes="cqa-review-line"):
            v3.VIcon("mdi-contrast-circle", size=16, title="Window and level")
            with html.Div(classes="cqa-review-choices"):
                html.Button(
                    "{{ name }}",
                    v_for=f"(name, at) in {names.presets}",
                    key=("name",),
                    type="button",
                    title=(PRESET_TIP,),
                    click=(self.use_preset, "[at]"),
                    **testid("`review-preset-${at + 1}`"),
                )
            typed = "Number($event.target.value)"
            for title, name, args in (
                ("Width", names.width, f"[{typed}, {names.level}]"),
                ("Level", names.level, f"[{names.width}, {typed}]"),
            ):
                with html.Label(title=title):
                    html.Span(title[0])
                    html.Input(
                        change=(self.set_window, args), **typed_number(f"review-{title.lower()}", name)
                    )

    def _on_opened(self, case: OpenCase) -> None:
        self.apply_contours()
        self._observe(case)
        self._show_window()
        self._session.start(self._find_presets(case))

    def _on_closing(self, _case: OpenCase) -> None:
        if self._observed is not None:
            display, tag = self._observed
            display.RemoveObserver(tag)
        self._observed = None
        self._presets = ()
        self._typed.data.presets = []

    def _on_contours(self, *_: Any) -> None:
        self.apply_contours()

    def _observe(self, case: OpenCase) -> None:
        """The gray scale is changed by other pages and tools too."""
        display = case.volume.GetDisplayNode()
        self._observed = (display, display.AddObserver("ModifiedEvent", self._on_window_shown))

    def _on_window_shown(self, *_: Any) -> None:
        with self._session.state:
            self._show_window()

    def _show_window(self) -> None:
        case = self._session.case
        if case is not None:
            display = case.volume.GetDisplayNode()
            self._typed.data.width, self._typed.data.level = display.GetWindow(), display.GetLevel()

    async def _find_presets(self, case: OpenCase) -> None:
        presets = await asyncio.to_thread(presets_of, case.image)
        if case is self._session.case:
            self._presets = presets
            with self._session.state:
                self._typed.data.presets = [preset.name for preset in presets]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _scale() -> str:
    """The overlay's colors from the first probability that is seen to certainty, as CSS."""
    stops = (
        f"rgb({255 * red:.0f} {255 * green:.0f} {255 * blue:.0f}) {100 * (at - SEEN) / (CERTAIN - SEEN):.0f}%"
        for at, (red, green, blue) in STOPS
    )
    return f"linear-gradient(to right, {', '.join(stops)})"


def _toggle(icon: str, title: str, name: str, tip: str, what: str) -> None:
    with html.Button(
        type="button",
        classes=(f"['cqa-review-toggle', {name} && 'cqa-review-on']",),
        click=f"{name} = !{name}",
        title=tip,
        **testid(f"review-{what}"),
    ):
        v3.VIcon(icon, size=16)
        html.Span(title)


def _choices(name: str, choices: dict[str, tuple[str, str]], what: str) -> None:
    for value, (text, tip) in choices.items():
        html.Button(
            text,
            type="button",
            classes=(f"{name} === '{value}' ? 'cqa-review-on' : ''",),
            click=f"{name} = '{value}'",
            title=tip,
            **testid(f"review-{what}-{value}"),
        )


def _slider(name: str, low: int, high: int, tip: str, what: str) -> None:
    html.Input(
        type="range",
        min=low,
        max=high,
        v_model_number=(name,),
        title=tip,
        **testid(f"review-{what}"),
    )
