"""The widgets over a view: what is seen in it, a slider through the slices, and its buttons."""

from __future__ import annotations

from typing import Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from ContourQALib.workstation.theme import testid
from ContourQALib.workstation.views.arrangements import TITLES

MAXIMIZE, FIT = "views_maximize", "views_fit"
"""Triggers of the page, with the name of a view."""

EDGES = ("left", "right", "top", "bottom")


def place_variable(name: str) -> str:
    """State variable with what is said of a slice view: see `ViewControls`."""
    return f"views_{name.lower()}"


def index_variable(name: str) -> str:
    """State variable with the index of a slice view's slice."""
    return f"views_{name.lower()}_index"


def slice_widgets(_server: Any, name: str, _view: Any) -> None:
    """Widgets over a slice view; without an image there are none."""
    place, index = place_variable(name), index_variable(name)
    with html.Div(classes="cqa-view", raw_attrs=[f'data-view="{name}"']):
        with html.Div(v_if=(f"{place}.axis",), classes="cqa-view-said"):
            with html.Div(classes="cqa-view-title", **testid(f"view-{name.lower()}-title")):
                html.Span(TITLES[name], classes="cqa-view-name")
                html.Span(f"{{{{ {place}.axis }}}} {{{{ {index} }}}} / {{{{ {place}.last }}}}")
                html.Span(f"{{{{ {place}.position }}}}", classes="cqa-view-position")
            for edge in EDGES:
                html.Span(f"{{{{ {place}.{edge} }}}}", classes=f"cqa-view-letter cqa-view-{edge}")
            html.Input(
                type="range",
                min=0,
                max=(f"{place}.last",),
                value=(index,),
                classes="cqa-view-slider",
                raw_attrs=[
                    f'aria-label="Slice of the {TITLES[name].lower()} view"',
                    *testid(f"view-{name.lower()}-slider")["raw_attrs"],
                ],
            )
        _buttons(name)


def three_d_widgets(_server: Any, name: str, _view: Any) -> None:
    """Widgets over a 3D view."""
    with html.Div(classes="cqa-view", raw_attrs=[f'data-view="{name}"']):
        with html.Div(classes="cqa-view-title"):
            html.Span(TITLES[name], classes="cqa-view-name")
            html.Span("{{ views_making }}", v_if=("views_making",), classes="cqa-view-position")
        _buttons(name)


def _buttons(name: str) -> None:
    with html.Div(classes="cqa-view-buttons"):
        for icon, does, trigger in (
            ("mdi-fit-to-page-outline", "Fit", FIT),
            ("mdi-arrow-expand", "This view alone, and back", MAXIMIZE),
        ):
            v3.VBtn(
                icon=icon,
                size="x-small",
                variant="text",
                density="comfortable",
                title=does,
                click=f"trigger('{trigger}', ['{name}'])",
                **testid(f"view-{name.lower()}-{trigger.removeprefix('views_')}"),
            )
