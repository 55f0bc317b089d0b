"""Sections of the page about thresholds: cases, recommendations over cases, and the pictures of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from ContourQALib.report.html import Column, Section, Tile, footnotes, strip, table
from ContourQALib.report.threshold_articles import ImageOf, case_article, pooled_article
from ContourQALib.report.threshold_records import THRESHOLD_DEFINITIONS
from ContourQALib.report.threshold_wording import (
    CASE_HEADERS,
    POOLED_HEADERS,
    case_notes,
    figure_rows,
    pooled_rows,
    prominence_text,
    unpaired_text,
)
from ContourQALib.report.wording import Footnotes, dice_text, percent_text, threshold_text
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy

MOST_ARTICLES = 24
"""Cases that get pictures of their own: a page with more takes long to open and nobody reads it."""


def study_sections(
    study: ThresholdStudy, image_of: ImageOf, progress: Callable[[int, int, str], None] | None = None
) -> list[Section]:
    """Everything the page says of a study, in order: overview, recommendations, cases, definitions.

    Args:
        study: the results.
        image_of: the image to show below a case's outlines, asked for once it is needed; None for none.
        progress: told before each case's pictures are drawn: how many are done, how many there are, which.
    """
    sections = [Section("Thresholds", strip(_tiles(study)) + _cases_table(study) + _lone(study))]
    if study.pooled:
        sections.append(_pooled_section(study))
    shown = _most_sensitive(study)
    if shown:
        body = ""
        for done, case in enumerate(shown):
            if progress:
                progress(done, len(shown), f"{case.case} {case.structure}")
            body += case_article(case, image_of)
        left = len(study.analyses) - len(shown)
        if left:
            body = (
                f'<p class="warning">Pictures of the {len(shown)} cases that lose most Dice at 0.5; '
                f"the other {left} are in the tables and in report.json.</p>{body}"
            )
        sections.append(Section("Case by case", body))
    sections.append(_definitions())
    return sections


def _tiles(study: ThresholdStudy) -> list[Tile]:
    analyses = study.analyses
    tiles = [Tile(str(len(analyses)), "map analyzed" if len(analyses) == 1 else "maps analyzed")]
    for analysis in analyses if len(analyses) == 1 else ():
        best = analysis.optimum["dice"]
        if best:
            tiles.append(
                Tile(dice_text(best.value), f"best Dice, at threshold {threshold_text(best.threshold)}")
            )
    losses = [loss for a in analyses if math.isfinite(loss := a.loss_at_half_percent["dice"])]
    if losses:
        words = "Dice lost at 0.5" if len(losses) == 1 else "Dice lost at 0.5 in the worst case"
        tiles.append(Tile(f"{percent_text(max(losses))} %", words))
    failed = len(study.cases) - len(analyses)
    if failed:
        tiles.append(Tile(str(failed), "failed", "reject"))
    if study.unmatched:
        tiles.append(Tile(str(len(study.unmatched)), "without a partner", "review"))
    return tiles


def _lone(study: ThresholdStudy) -> str:
    if not study.unmatched:
        return ""
    return f'<p class="warning">Without a partner: {escape(unpaired_text(study.unmatched))}.</p>'


def _cases_table(study: ThresholdStudy) -> str:
    notes = Footnotes()
    columns = [
        Column("Case", numeric=False),
        Column("Structure", numeric=False),
        *_columns(CASE_HEADERS),
        Column("Prominence"),
        Column("Notes", numeric=False),
    ]
    rows = []
    for case in study.cases:
        names = [escape(case.case), escape(case.structure)]
        if case.analysis is None:
            marks = notes.marks(case_notes(case))
            rows.append([*names, "<strong>failed</strong>", *[""] * len(CASE_HEADERS), _sup(marks)])
            continue
        share = prominence_text(case.analysis.sweep.prominence)
        for n, row in enumerate(figure_rows(case.analysis)):
            marks = notes.marks([*([] if n else case_notes(case)), *row.notes])
            cells = [escape(cell) for cell in row.cells]
            rows.append([*(["", ""] if n else names), *cells, "" if n else share, _sup(marks)])
    return table(columns, rows, "Best thresholds, and what 0.5 costs") + footnotes(notes)


def _pooled_section(study: ThresholdStudy) -> Section:
    notes = Footnotes()
    columns = [Column("Structure", numeric=False), *_columns(POOLED_HEADERS), Column("Notes", numeric=False)]
    rows = [
        ["" if n else escape(name), *map(escape, row.cells), _sup(notes.marks(row.notes))]
        for name, pooled in study.pooled.items()
        for n, row in enumerate(pooled_rows(pooled))
    ]
    body = table(columns, rows, "Recommended thresholds: the best of the mean over cases") + footnotes(notes)
    for name, pooled in study.pooled.items():
        body += pooled_article(name, pooled, [c.analysis for c in study.cases_of(name) if c.analysis])
    return Section("Over all cases", body)


def _most_sensitive(study: ThresholdStudy) -> list[ThresholdCase]:
    """The cases to show, in the study's order: all, or those that lose most Dice at 0.5."""

    def loss(case: ThresholdCase) -> float:
        lost = case.analysis.loss_at_half_percent["dice"] if case.analysis else math.nan
        return lost if math.isfinite(lost) else math.inf  # what cannot be judged is looked at first

    analyzed = [case for case in study.cases if case.analysis is not None]
    most = sorted(analyzed, key=loss, reverse=True)[:MOST_ARTICLES]
    return [case for case in analyzed if case in most]


def _definitions() -> Section:
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(text)}</td></tr>'
        for name, text in THRESHOLD_DEFINITIONS.items()
    )
    head = '<thead><tr><th scope="col">Word</th><th scope="col">Meaning</th></tr></thead>'
    return Section("Words", f'<table class="plain">{head}<tbody>{rows}</tbody></table>')


def _columns(headers: Sequence[tuple[str, str]]) -> list[Column]:
    return [Column(first, second, numeric=first != "Figure") for first, second in headers]


def _sup(marks: str) -> str:
    return f"<sup>{marks}</sup>" if marks else ""
