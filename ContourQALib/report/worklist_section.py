"""The page of a worklist: every contour by risk, and pictures of those that a reader must open."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape

from ContourQALib.quality.verdict import Verdict
from ContourQALib.quality.worklist import Worklist, WorklistEntry
from ContourQALib.report.assessment_section import (
    badge,
    figure_cell,
    look_first,
    note_lines,
    reason_list,
    verdict_strip,
)
from ContourQALib.report.html import Column, Section, Tile, footnotes, table
from ContourQALib.report.wording import (
    UNDEFINED,
    Footnotes,
    assessment_notes,
    cc_text,
    interval_header,
    slices_text,
)
from ContourQALib.report.worklist_tables import summary_text

PICTURE_BYTES = 6_000_000
"""Pictures that the page holds: base64 makes four bytes of three, and a page beyond 10 MB opens slowly. The
folder holds all."""

PictureOf = Callable[[str], bytes]
"""The PNG of a picture, by its file's name in the report's folder."""


def worklist_sections(worklist: Worklist, picture_of: PictureOf, folder: str) -> list[Section]:
    """The table of all contours, and the pictures of those not accepted as far as the page has room.

    Args:
        worklist: the result.
        picture_of: reads a picture.
        folder: where the pictures lie, as the reader is told.
    """
    shown, left_out = _articles(worklist, picture_of)
    entries = worklist.entries
    verdicts = [entry.structure.verdict for entry in entries if entry.structure]
    failed = [Tile(str(len(worklist.failed)), "not assessed", "reject")] if worklist.failed else []
    body = note_lines(worklist.notes) + verdict_strip(verdicts, failed)
    body += f"<p>{escape(summary_text(worklist))}.</p>" + _table(worklist, set(shown))
    sections = [Section("Worklist", body)]
    if shown:
        note = ""
        if left_out:
            note = f'<p class="warning">{left_out} further pictures are in the folder {escape(folder)}.</p>'
        sections.append(Section("Where to look", note + "".join(shown.values())))
    return sections


def _table(worklist: Worklist, shown: set[int]) -> str:
    notes = Footnotes()
    entries = worklist.entries
    interval = interval_header([entry.structure for entry in entries if entry.structure])
    caption = "Contours by risk" + (f", in brackets the {interval}" if interval else "")
    columns = [
        Column("Case", numeric=False),
        Column("Structure", numeric=False),
        Column("Verdict", numeric=False),
        Column("Predicted Dice"),
        Column("HD95", "mm"),
        Column("MSD", "mm"),
        Column("Volume", "cc"),
        Column("Look at slices", "K, worst first", numeric=False),
    ]
    rows, reasons = [], []
    for number, entry in enumerate(entries):
        case, s = escape(entry.case.case), entry.structure
        if number in shown:
            case = f'<a href="#{_anchor(number)}">{case}</a>'
        if s is None:
            name = escape(entry.case.structure) or UNDEFINED
            mark = '<span class="badge reject">! not assessed</span>'
            rows.append([case, name, mark, *[UNDEFINED] * 5])
            reasons.append(reason_list([entry.case.reason or ""]))
            continue
        marks = notes.marks(assessment_notes(s))
        rows.append(
            [
                case,
                escape(s.structure) + (f"<sup>{marks}</sup>" if marks else ""),
                badge(s.verdict),
                figure_cell(s.dice, s.dice_interval, ".2f"),
                figure_cell(s.hd95_mm, s.hd95_interval_mm, ".1f"),
                figure_cell(s.msd_mm, s.msd_interval_mm, ".1f"),
                cc_text(s.volume_cc),
                slices_text(s),
            ]
        )
        reasons.append(reason_list(s.reasons))
    return table(columns, rows, caption, reasons) + footnotes(notes)


def _articles(worklist: Worklist, picture_of: PictureOf) -> tuple[dict[int, str], int]:
    """The article of each entry that is shown, by its number, and how many had no room."""
    shown: dict[int, str] = {}
    left_out, room = 0, PICTURE_BYTES
    for number, entry in enumerate(worklist.entries):
        if entry.structure is None or entry.structure.verdict is Verdict.ACCEPT:
            continue
        name = dict(entry.case.pictures).get(entry.structure.structure)
        if name is None:
            continue
        png = picture_of(name)
        room -= len(png)
        if room < 0:
            left_out += 1
        else:
            shown[number] = _article(number, entry, png)
    return shown, left_out


def _article(number: int, entry: WorklistEntry, png: bytes) -> str:
    found = entry.structure
    assert found is not None
    data = base64.b64encode(png).decode("ascii")
    names = f"{escape(entry.case.case)}, {escape(found.structure)}"
    looks = look_first(found)
    alt = escape(f"Outline of {found.structure} of case {entry.case.case} on its image.")
    return (
        f'<article id="{_anchor(number)}"><h3>{names} {badge(found.verdict)}</h3>{reason_list(found.reasons)}'
        f'{looks}<figure><img alt="{alt}" src="data:image/png;base64,{data}"></figure></article>'
    )


def _anchor(number: int) -> str:
    return f"contour-{number + 1}"
