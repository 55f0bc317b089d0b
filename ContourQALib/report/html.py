"""One self-contained HTML page: style and pictures inside, no script, nothing loaded from elsewhere.

Whatever comes from a file or a user passes through `escape` before it becomes part of the page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.report.canvas import Picture
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.wording import UNDEFINED, Footnotes, model_text

NUMBER = "number"
"""Class of cells that hold figures: right-aligned, digits of one width."""


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading: `title` is plain text, `body` finished HTML."""

    title: str
    body: str


@dataclass(frozen=True)
class Column:
    """A column of a table: heading, unit (or "") and whether it holds figures."""

    title: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Tile:
    """One figure of the strip that opens a section; `tone` is accept, review, reject or "" for none."""

    value: str
    label: str
    tone: str = ""


def page(
    title: str,
    sections: Sequence[Section],
    provenance: Provenance,
    *,
    case: str | None = None,
    generated: str | None = None,
) -> str:
    """The whole page.

    Args:
        title: heading of the page.
        sections: its parts, in order.
        provenance: where the results come from; stands at the end, its disclaimer on every page.
        case: name of the case or patient, as the user gave it.
        generated: date of the report as it shall read; none without.
    """
    style = files("ContourQALib.report").joinpath("style.css").read_text(encoding="utf-8")
    disclaimer = provenance.disclaimer[0].upper() + provenance.disclaimer[1:] + "."
    facts = [("Case", case), ("Report of", generated), ("Program", f"ContourQA {provenance.version}")]
    header = "".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in facts if v)
    parts = [*sections, provenance_section(provenance)]
    links = "".join(f'<a href="#part-{n}">{escape(s.title)}</a>' for n, s in enumerate(parts, 1))
    body = "".join(
        f'<section id="part-{n}"><h2>{escape(s.title)}</h2>{s.body}</section>' for n, s in enumerate(parts, 1)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n<body>"
        f'<header><div class="brand">ContourQA</div><h1>{escape(title)}</h1><dl>{header}</dl></header>'
        f'<p class="disclaimer">{escape(disclaimer)}</p><nav aria-label="Contents">{links}</nav>'
        f"<main>{body}</main><footer>{escape(disclaimer)}</footer></body></html>\n"
    )


def definitions_section() -> Section:
    """What every figure of the tables means."""
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(text)}</td></tr>'
        for name, text in DEFINITIONS.items()
    )
    head = '<thead><tr><th scope="col">Figure</th><th scope="col">Definition</th></tr></thead>'
    return Section("Definitions", f'<table class="plain">{head}<tbody>{rows}</tbody></table>')


def provenance_section(provenance: Provenance) -> Section:
    """Program, model, settings and inputs with their SHA-256."""
    facts = [("Program", f"ContourQA {provenance.version}")]
    if provenance.model is not None:
        facts.append(("Model", model_text(provenance.model)))
    facts += [(name, _setting(value)) for name, value in provenance.settings.items()]
    facts.append(("Use", provenance.disclaimer))
    rows = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in facts)
    body = f'<table class="plain"><caption>Program and settings</caption><tbody>{rows}</tbody></table>'
    if provenance.inputs:
        rows = "".join(
            f'<tr><td>{escape(file.path)}</td><td class="hash">{escape(file.sha256)}</td></tr>'
            for file in provenance.inputs
        )
        head = '<thead><tr><th scope="col">File</th><th scope="col">SHA-256</th></tr></thead>'
        caption = "<caption>Inputs</caption>"
        body += f'<table class="plain">{caption}{head}<tbody>{rows}</tbody></table>'
    return Section("Provenance", body)


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    caption: str,
    below: Sequence[str] = (),
) -> str:
    """A table whose first column names its rows.

    Args:
        columns: headings with units.
        rows: cells as finished HTML, one sequence a row.
        caption: plain text above the table.
        below: finished HTML below each row, across the columns after the first; "" for none. Sentences
            in a column of their own would make the table wider than a page.
    """
    head = "".join(
        f'<th scope="col"{_number_class(c)}>{escape(c.title)}'
        + (f' <span class="unit">{escape(c.unit)}</span>' if c.unit else "")
        + "</th>"
        for c in columns
    )
    body = "".join(
        _row(columns, row, more) for row, more in zip(rows, below or [""] * len(rows), strict=True)
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(columns: Sequence[Column], row: Sequence[str], below: str) -> str:
    span = ' rowspan="2"' if below else ""
    heading = f'<th scope="row"{span}>{row[0]}</th>'
    cells = "".join(
        f"<td{_number_class(column)}>{cell}</td>" for column, cell in zip(columns[1:], row[1:], strict=True)
    )
    if not below:
        return f"<tr>{heading}{cells}</tr>"
    return (
        f'<tr class="above">{heading}{cells}</tr>'
        f'<tr class="below"><td colspan="{len(columns) - 1}">{below}</td></tr>'
    )


def strip(tiles: Sequence[Tile]) -> str:
    """The figures that open a section, side by side."""
    cells = "".join(
        f'<li class="{escape(t.tone)}"><b>{escape(t.value)}</b> <span>{escape(t.label)}</span></li>'
        for t in tiles
    )
    return f'<ul class="strip">{cells}</ul>'


def figure(picture: Picture) -> str:
    """A picture with its caption, the bytes inside the page."""
    data = base64.b64encode(picture.png).decode("ascii")
    return (
        f'<figure><img alt="{escape(picture.alt)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def footnotes(notes: Footnotes) -> str:
    """The numbered notes below a table."""
    items = "".join(f'<li value="{mark}">{escape(text)}.</li>' for mark, text in notes.lines())
    return f'<ol class="notes">{items}</ol>' if items else ""


def _number_class(column: Column) -> str:
    return f' class="{NUMBER}"' if column.numeric else ""


def _setting(value: object) -> str:
    if value is None:
        return UNDEFINED
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
