"""Every attribute of a widget reaches the page: trame drops, without a word, what a widget does not know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ContourQALib.workstation

ROOM = Path(ContourQALib.workstation.__file__).parent
KINDS = ("html", "v3")
PLACED_OTHERWISE = {"raw_attrs", "children"}
VALUE = "seen"


def attributes_of(file: Path) -> Iterator[tuple[int, str, str, str]]:
    """Line, kind, widget and keyword of every widget that a file makes; no function such as html.escape."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if isinstance(of, ast.Name) and of.id in KINDS and node.func.attr[0].isupper():
                for keyword in node.keywords:
                    if keyword.arg and keyword.arg not in PLACED_OTHERWISE:
                        yield node.lineno, of.id, node.func.attr, keyword.arg


@pytest.fixture(scope="module")
def reaches_the_page():
    """Whether a widget shows what it is given by a keyword, as text or as an expression of the page."""
    from trame.app import get_server
    from trame.ui.html import DivLayout
    from trame.widgets import html
    from trame.widgets import vuetify3 as v3

    known: dict[tuple[str, str, str], bool] = {}

    def reaches(kind: str, widget: str, keyword: str) -> bool:
        key = (kind, widget, keyword)
        if key not in known:
            make = getattr({"html": html, "v3": v3}[kind], widget)
            known[key] = any(VALUE in make(**{keyword: value}).html for value in (VALUE, (VALUE,)))
        return known[key]

    with DivLayout(get_server("widget-attributes", client_type="vue3")):
        yield reaches


def test_every_attribute_that_is_asked_for_reaches_the_page(reaches_the_page) -> None:
    files = sorted(ROOM.rglob("*.py"))
    asked = [(file, *found) for file in files for found in attributes_of(file)]
    assert len(asked) > 100  # widgets were found at all
    lost = [
        f"{file.relative_to(ROOM)}:{line} {widget} {keyword}"
        for file, line, kind, widget, keyword in asked
        if not reaches_the_page(kind, widget, keyword)
    ]
    assert not lost


def test_an_attribute_that_is_left_out_would_be_found(reaches_the_page) -> None:
    assert not reaches_the_page("html", "Div", "aria_label")
    assert reaches_the_page("html", "Div", "title")
