"""The section of the page about applied thresholds: volumes, and the contours beside those at 0.5."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape

from ContourQALib.case import Image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.surface import box
from ContourQALib.report.applied_records import APPLIED_DEFINITIONS
from ContourQALib.report.applied_wording import applied_cells, applied_headers, unapplied_text
from ContourQALib.report.canvas import Picture
from ContourQALib.report.figures import SLICES_OF_ONE, slice_figure
from ContourQALib.report.html import Column, Section, Tile, figure, footnotes, strip, table
from ContourQALib.report.outlines import Outline
from ContourQALib.report.threshold_panels import AT_HALF, AT_OPTIMUM
from ContourQALib.report.threshold_section import MOST_ARTICLES
from ContourQALib.report.views import LEAST_MARGIN_MM, MARGIN, Spans, choose_views
from ContourQALib.report.wording import FIGURE_TITLES, Footnotes, percent_text, threshold_text
from ContourQALib.thresholds.applied import AppliedThreshold, Unapplied
from ContourQALib.thresholds.sensitivity import HALF, same_threshold

ImageOf = Callable[[AppliedThreshold], Image]
"""The image or the map to show below the outlines, asked for once it is needed."""

ON_THE_MAP = "No image was given: the gray values are those of the probability maps."


def applied_sections(
    applied: Sequence[AppliedThreshold],
    by: str,
    unmatched: Sequence[Unapplied],
    image_of: ImageOf,
    *,
    on_the_map: bool,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Section]:
    """Everything the page says of applied thresholds: volumes, pictures, words.

    Args:
        applied: every map that was cut, at least one.
        by: the figure whose recommendations were taken.
        unmatched: maps without a recommendation, recommendations without a map.
        image_of: what to show below the outlines of a map.
        on_the_map: whether that is the map itself.
        progress: told before each picture is drawn: how many are done, how many there are, which.
    """
    overview = strip(_tiles(applied, by, unmatched)) + _table(applied, by)
    if unmatched:
        overview += f'<p class="warning">Without a partner: {escape(unapplied_text(unmatched))}.</p>'
    sections = [Section("Contours at the recommended thresholds", overview)]
    shown = _most_changed([one for one in applied if _seen(one)])
    if shown:
        body = f'<p class="notes">{ON_THE_MAP}</p>' if on_the_map else ""
        left = len(applied) - len(shown)
        if left:
            body += (
                f'<p class="warning">Pictures of {len(shown)} maps; the other {left} are in the table.</p>'
            )
        for done, one in enumerate(shown):
            if progress:
                progress(done, len(shown), one.structure)
            image = image_of(one)
            body += _article(one, _around(image, _spans(one)) if on_the_map else image)
        sections.append(Section("On the image" if not on_the_map else "On the map", body))
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(text)}</td></tr>'
        for name, text in APPLIED_DEFINITIONS.items()
    )
    head = '<thead><tr><th scope="col">Word</th><th scope="col">Meaning</th></tr></thead>'
    sections.append(Section("Words", f'<table class="plain">{head}<tbody>{rows}</tbody></table>'))
    return sections


def _tiles(applied: Sequence[AppliedThreshold], by: str, unmatched: Sequence[Unapplied]) -> list[Tile]:
    tiles = [Tile(str(len(applied)), f"{'map' if len(applied) == 1 else 'maps'} cut, by {FIGURE_TITLES[by]}")]
    changed = [one for one in applied if math.isfinite(one.volume_difference_percent)]
    if changed:
        most = max(changed, key=_change)
        words = f"largest change of volume from 0.5 ({most.structure})"
        tiles.append(Tile(f"{percent_text(most.volume_difference_percent)} %", words))
    if unmatched:
        tiles.append(Tile(str(len(unmatched)), "without a partner", "review"))
    return tiles


def _table(applied: Sequence[AppliedThreshold], by: str) -> str:
    notes = Footnotes()
    columns = [
        Column(first, second, numeric=n > 1) for n, (first, second) in enumerate(applied_headers(applied, by))
    ]
    rows = []
    for row in applied_cells(applied):
        marks = notes.marks(row.notes)
        rows.append([*map(escape, row.cells), f"<sup>{marks}</sup>" if marks else ""])
    columns.append(Column("Notes", numeric=False))
    return table(columns, rows, "What the recommended threshold makes of each map") + footnotes(notes)


def _change(one: AppliedThreshold) -> float:
    change = abs(one.volume_difference_percent)
    return change if math.isfinite(change) else math.inf


def _seen(one: AppliedThreshold) -> bool:
    return bool(one.contour.mask.any() or one.half.mask.any())


def _most_changed(applied: Sequence[AppliedThreshold]) -> list[AppliedThreshold]:
    most = sorted(applied, key=_change, reverse=True)[:MOST_ARTICLES]
    return [one for one in applied if one in most]


def _article(one: AppliedThreshold, image: Image) -> str:
    score = f"{percent_text(one.volume_difference_percent)} % of volume from 0.5"
    head = f'<h3>{escape(one.structure)} <span class="score">{escape(score)}</span></h3>'
    return f"<article>{head}{figure(_slices(one, image))}</article>"


def _slices(one: AppliedThreshold, image: Image) -> Picture:
    grid, threshold = one.grid, one.recommendation.threshold
    outlines = [
        Outline(one.contour.on(grid).mask, f"P ≥ {threshold_text(threshold)}, recommended", AT_OPTIMUM)
    ]
    if not same_threshold(threshold, HALF):
        outlines.insert(0, Outline(one.half.on(grid).mask, "P ≥ 0.5", AT_HALF))
    views = choose_views([outline.mask for outline in outlines], grid, SLICES_OF_ONE)
    return slice_figure([outlines], grid, views, image)


def _spans(one: AppliedThreshold) -> Spans:
    """The box of both contours on the map's grid."""
    # The one of the lower threshold holds the other.
    spans = box((one.contour if one.volume_cc > one.volume_at_half_cc else one.half).on(one.grid).mask)
    assert spans is not None, "a map without any contour has no picture"
    return spans


def _around(image: Image, spans: Spans) -> Image:
    """The image around the contours: of a whole map nearly all values are 0, which would be all its grays."""
    grid = image.grid
    extent = max((s.stop - s.start) * step for s, step in zip(spans, grid.spacing_kji, strict=True))
    margin = extent * (0.5 + MARGIN) + LEAST_MARGIN_MM
    first, stop = [], []
    for span, step, count in zip(spans, grid.spacing_kji, grid.shape, strict=True):
        wide = math.ceil(margin / step)
        first.append(max(span.start - wide, 0))
        stop.append(min(span.stop + wide, count))
    part = tuple(slice(a, b) for a, b in zip(first, stop, strict=True))
    size = tuple(b - a for a, b in zip(first[::-1], stop[::-1], strict=True))
    x, y, z = grid.index_to_world(first[::-1])
    return replace(
        image,
        values=image.values[part],
        grid=Grid((size[0], size[1], size[2]), grid.spacing, (x, y, z), grid.direction),
    )
