"""Sections of the page: comparisons with a reference, with tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ContourQALib.case import Contour, Image
from ContourQALib.metrics.compare import Comparison
from ContourQALib.metrics.observers import AgreementMatrix
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.report.charts import slice_chart
from ContourQALib.report.figures import comparison_figure
from ContourQALib.report.html import Column, Section, Tile, figure, footnotes, strip, table
from ContourQALib.report.outlines import Outline, looks_of_tests
from ContourQALib.report.wording import (
    UNDEFINED,
    Footnotes,
    cc_text,
    comparison_notes,
    dice_text,
    mm_text,
    percent_text,
    short_labels,
    tolerance_text,
    unmatched_text,
)

Pairs = Sequence[tuple[Contour, Contour]]


def comparison_section(
    comparisons: Sequence[Comparison],
    pairs: Pairs = (),
    *,
    image: Image | None = None,
    unmatched: Sequence[Unmatched] = (),
    matrices: Sequence[AgreementMatrix] = (),
    labels: Mapping[str, str] | None = None,
    title: str = "Comparison with a reference",
) -> Section:
    """Figures of every pair, and for each structure a picture and, slice by slice, a chart.

    Args:
        comparisons: the results.
        pairs: (reference, test) contours in the order of `comparisons`; none, no pictures.
        image: shown below the outlines, on any grid.
        unmatched: structures that found no partner.
        matrices: agreement of several observers.
        labels: short names for what `Comparison.reference` and `test` hold ("VPM" for a path); the files'
            names by default.
        title: heading of the section.

    Raises:
        GeometryError: a test contour lies wholly outside its reference's grid.
    """
    names = short_labels([s for c in comparisons for s in (c.reference, c.test)]) | dict(labels or {})
    body = strip(_comparison_tiles(comparisons, names, unmatched))
    if comparisons:
        body += _comparison_table(comparisons, names) + _all_figures_table(comparisons, names)
    if unmatched:
        lone = escape(unmatched_text(unmatched, labels))
        body += f'<p class="warning">Without a partner, not compared: {lone}.</p>'
    body += "".join(_matrix_table(matrix) for matrix in matrices)
    groups: dict[tuple[str, str], list[int]] = {}
    for n, c in enumerate(comparisons):
        groups.setdefault((c.reference, c.structure), []).append(n)
    for members in groups.values():
        shown = [pairs[n] for n in members] if pairs else []
        body += _structure_article([comparisons[n] for n in members], shown, image, names)
    return Section(title, body)


def _structure_article(
    comparisons: Sequence[Comparison], pairs: Pairs, image: Image | None, names: Mapping[str, str]
) -> str:
    tests = [names[c.test] for c in comparisons]
    reference_name = names[comparisons[0].reference]
    pictures = []
    if any(contour.mask.any() for pair in pairs for contour in pair):
        reference = pairs[0][0]
        outlines = [
            Outline(test.on(reference.grid).mask, label, look)
            for (_, test), label, look in zip(pairs, tests, looks_of_tests(tests), strict=True)
        ]
        drawn = Outline(reference.mask, reference_name)
        pictures.append(comparison_figure(drawn, outlines, reference.grid, image))
    by_slice = [(c.slices, label) for c, label in zip(comparisons, tests, strict=True) if c.slices]
    if by_slice:
        slices, labels = zip(*by_slice, strict=True)
        pictures.append(slice_chart(slices, labels, reference_name))
    if not pictures:
        return ""
    scores = ", ".join(
        f"{label}: Dice {dice_text(c.dice)}" for c, label in zip(comparisons, tests, strict=True)
    )
    heading = f'<h3>{escape(comparisons[0].structure)} <span class="score">{escape(scores)}</span></h3>'
    return f"<article>{heading}{''.join(figure(p) for p in pictures)}</article>"


def _comparison_tiles(
    comparisons: Sequence[Comparison], names: Mapping[str, str], unmatched: Sequence[Unmatched]
) -> list[Tile]:
    def where(c: Comparison) -> str:
        return f"{c.structure}, {names[c.test]}"

    tiles = [Tile(str(len(comparisons)), "pair compared" if len(comparisons) == 1 else "pairs compared")]
    scored = [c for c in comparisons if dice_text(c.dice) != UNDEFINED]
    if scored:
        worst = min(scored, key=lambda c: c.dice)
        tiles.append(Tile(dice_text(worst.dice), f"lowest Dice ({where(worst)})"))
    distances = [c for c in comparisons if mm_text(c.hd95_mm) != UNDEFINED]
    if distances:
        far = max(distances, key=lambda c: c.hd95_mm)
        tiles.append(Tile(f"{mm_text(far.hd95_mm)} mm", f"largest HD95 ({where(far)})"))
    undefined = len(comparisons) - len(distances)
    if undefined:
        tiles.append(Tile(str(undefined), "without defined distances", "reject"))
    if unmatched:
        tiles.append(Tile(str(len(unmatched)), "without a partner", "review"))
    return tiles


def _names_of(comparisons: Sequence[Comparison]) -> list[Column]:
    columns = [Column("Structure", numeric=False)]
    if len({c.reference for c in comparisons}) > 1:
        columns.append(Column("Reference", numeric=False))
    return [*columns, Column("Test", numeric=False)]


def _name_cells(c: Comparison, columns: Sequence[Column], names: Mapping[str, str]) -> list[str]:
    sources = [c.reference, c.test] if len(columns) == 3 else [c.test]
    return [escape(c.structure), *(escape(names[s]) for s in sources)]


def _comparison_table(comparisons: Sequence[Comparison], names: Mapping[str, str]) -> str:
    notes = Footnotes()
    named = _names_of(comparisons)
    columns = [
        *named,
        Column("Dice"),
        Column("HD95", "mm"),
        Column("MSD", "mm"),
        Column("Surface Dice", tolerance_text(comparisons)),
        Column("Reference volume", "cc"),
        Column("Test volume", "cc"),
        Column("Volume error", "%"),
        Column("Notes", numeric=False),
    ]
    rows = [
        [
            *_name_cells(c, named, names),
            f"<strong>{dice_text(c.dice)}</strong>",
            mm_text(c.hd95_mm),
            mm_text(c.msd_mm),
            dice_text(c.surface_dice),
            cc_text(c.volume_reference_cc),
            cc_text(c.volume_test_cc),
            percent_text(c.volume_error_percent),
            _marks(notes.marks(comparison_notes(c))),
        ]
        for c in comparisons
    ]
    return table(columns, rows, "Agreement with the reference") + footnotes(notes)


def _all_figures_table(comparisons: Sequence[Comparison], names: Mapping[str, str]) -> str:
    named = _names_of(comparisons)
    columns = [
        *named,
        Column("Sensitivity"),
        Column("Precision"),
        Column("Specificity"),
        Column("HD", "mm"),
        Column("HD95 pooled", "mm"),
        Column("HD95 as SlicerRT", "mm"),
        Column("MASD", "mm"),
    ]
    rows = [
        [
            *_name_cells(c, named, names),
            dice_text(c.sensitivity),
            dice_text(c.precision),
            f"{c.specificity:.5f}" if dice_text(c.specificity) != UNDEFINED else UNDEFINED,
            mm_text(c.hd_mm),
            mm_text(c.hd95_pooled_mm),
            mm_text(c.hd95_slicerrt_mm),
            mm_text(c.masd_mm),
        ]
        for c in comparisons
    ]
    return table(columns, rows, "Further figures")


def _matrix_table(matrix: AgreementMatrix) -> str:
    labels = short_labels(matrix.observers)
    columns = [Column("", numeric=False), *(Column(labels[o]) for o in matrix.observers)]
    rows = [
        [
            escape(labels[observer]),
            *(
                "·" if a == b else dice_text(matrix.dice[a][b]) if b > a else mm_text(matrix.hd95_mm[a][b])
                for b in range(len(matrix.observers))
            ),
        ]
        for a, observer in enumerate(matrix.observers)
    ]
    caption = f"{matrix.structure}: Dice above the diagonal, HD95 in mm below it"
    return table(columns, rows, caption)


def _marks(marks: str) -> str:
    return f"<sup>{marks}</sup>" if marks else ""
