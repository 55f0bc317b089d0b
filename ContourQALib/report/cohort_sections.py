"""Sections of a cohort's page that are words and tables: overview, table 2, differences, undefined cases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice

from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.signed_rank import LEVEL
from ContourQALib.cohort.summary import CORRECTED, CohortSummary, GroupSummary, ModelDifference
from ContourQALib.report.cohort_findings import (
    by_dataset,
    find,
    finding_text,
    findings,
    single_text,
    volume_text,
)
from ContourQALib.report.cohort_table2 import (
    FURTHER,
    HEADERS,
    MOST_DATASETS,
    PAPER,
    VOLUMES,
    PaperTable,
    paper_table,
    table_html,
)
from ContourQALib.report.cohort_wording import (
    capital,
    change_text,
    notes_on_test,
    on_text,
    p_text,
    placed_texts,
    stars,
)
from ContourQALib.report.html import Column, Section, Tile, footnotes, strip, table
from ContourQALib.report.wording import Footnotes, number

MOST_TILES = 3
"""Datasets that have a tile for what became better; the words tell of all."""

MOST_UNDEFINED = 200
"""Undefined cases that the page lists; the rest is in the file."""

UNDEFINED_FILE = "undefined.csv"
TESTS_FILE = "tests.csv"
"""Files beside the page that hold what it has no room for."""


def overview_section(results: CohortResults, summary: CohortSummary) -> Section:
    """What the cohort is, how much is undefined, and what the tests say in words."""
    body = strip(_tiles(results, summary)) + _warnings(results, summary)
    for sentences in _sentences(results, summary):
        body += f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in sentences)}</ul>"
    if len(results.models) > 1:
        caution = (
            f"Two-sided Wilcoxon signed-rank tests, case by case. {summary.family} A p at or above {LEVEL:g} "
            "does not show that models are equal, and a small one not that a difference matters: the "
            "differences and their intervals say how large it is."
        )
        body += f"<p>{escape(caution)}</p>"
    return Section("Cohort", body)


def table_section(results: CohortResults, summary: CohortSummary) -> Section:
    """The paper's table 2."""
    caption = "Mean ± standard deviation over the cases of each dataset; 95HD of both directions pooled"
    if len(results.models) > 1:
        caption += f"; p (Holm) below {LEVEL:g} in bold: * < 0.05, ** < 0.01, *** < 0.001"
    return Section("Table 2", _tables_html(results, summary, PAPER, caption))


def further_section(results: CohortResults, summary: CohortSummary) -> Section:
    """Volumes with their errors, the other definitions of HD95, MSD and surface Dice."""
    volumes = "Volumes, and signed errors against the reference; positive is over-contoured"
    distances = f"Other distances, and surface Dice at {results.tolerance_mm:g} mm"
    if len(results.models) > 1:
        volumes += "; p of errors, and against the reference, without correction"
        distances += "; p without correction"
    body = _tables_html(results, summary, VOLUMES, volumes)
    return Section("Further figures", body + _tables_html(results, summary, FURTHER, distances))


def _tables_html(results: CohortResults, summary: CohortSummary, figures: Sequence[str], caption: str) -> str:
    return "".join(table_html(part, caption) for part in paper_tables(results, summary, figures))


def paper_tables(
    results: CohortResults, summary: CohortSummary, figures: Sequence[str] = PAPER
) -> list[PaperTable]:
    """The table of these figures, in parts of as many datasets as stand beside each other."""
    datasets = [groups[0].dataset for groups in by_dataset(summary)]
    parts = [datasets[n : n + MOST_DATASETS] for n in range(0, len(datasets), MOST_DATASETS)]
    return [paper_table(summary, results.models, part, figures) for part in parts]


def differences_section(results: CohortResults, summary: CohortSummary) -> Section | None:
    """Every model after the first minus the first, with intervals; None for a single model."""
    if len(results.models) < 2:
        return None
    several = len(results.models) > 2
    columns = [
        Column("Structure", numeric=False),
        *([Column("Models", numeric=False)] if several else []),
        Column("Figure", numeric=False),
        Column("Mean difference", "95 % interval"),
        Column("Effect", "rank-biserial"),
        Column("Pairs"),
        Column("Zeros"),
        Column("Undefined"),
        Column("p"),
        Column("p (Holm)"),
    ]
    models = f"{results.models[1]} minus {results.models[0]}"
    body = ""
    for groups in by_dataset(summary):
        notes = Footnotes()
        rows = [
            _difference_row(g.structure if new else "", d, notes, several)
            for g in groups
            for new, d in _shown(g, results.models[0])
        ]
        what = "each model minus the first" if several else models
        where = f" on {groups[0].dataset}" if groups[0].dataset else ""
        body += table(columns, rows, f"Differences{where}: {what}") + footnotes(notes)
    words = (
        "The interval of the mean difference comes from cases drawn again and again (percentile bootstrap). "
        "The effect lies between -1 and 1: it is 1 where the second model's figure is higher in every case. "
        "Cases without any difference (zeros) take no part in the test."
    )
    if several:
        words += f" Every pair of models is in {TESTS_FILE}."
    return Section("Differences", f"<p>{escape(words)}</p>{body}")


def undefined_section(results: CohortResults) -> Section:
    """Every case of which something is undefined, and why."""
    columns = [Column(title, numeric=False) for title in ("Dataset", "Case", "Structure", "Model", "Reason")]
    found = results.undefined()
    rows = []
    for one in islice(found, MOST_UNDEFINED):
        row = results.rows[one.row]
        rows.append([escape(t) for t in (row.dataset, row.case, row.structure, one.model, one.reason)])
    if not rows:
        return Section("Undefined", "<p>Every figure of every case is defined.</p>")
    more = sum(1 for _ in found)
    body = table(columns, rows, "Cases of which at least one figure is undefined")
    if more:
        body += f'<p class="warning">And {more} more in {UNDEFINED_FILE}.</p>'
    return Section("Undefined", body)


def _tiles(results: CohortResults, summary: CohortSummary) -> list[Tile]:
    cases = len({(row.dataset, row.case) for row in results.rows})
    groups = by_dataset(summary)
    structures = len({group.structure for group in summary.groups})
    undefined = sum(1 for _ in results.undefined())
    tiles = [
        Tile(str(cases), "case" if cases == 1 else "cases"),
        Tile(str(len(groups)), "dataset" if len(groups) == 1 else "datasets"),
        Tile(str(structures), "structure" if structures == 1 else "structures"),
        Tile(
            str(undefined),
            f"{'contour' if undefined == 1 else 'contours'} with a figure undefined",
            "reject" if undefined else "accept",
        ),
    ]
    if len(results.models) > 1:
        for members in groups[:MOST_TILES]:
            tiles.append(_change_tile(members, results.models[0], results.models[1]))
    return tiles


def _change_tile(groups: Sequence[GroupSummary], first: str, second: str) -> Tile:
    found = find(groups, first, second, "dice")
    where = f" on {found.dataset}" if found.dataset else ""
    words = f"higher Dice with {second} than with {first}{where}"
    words += f"; lower: {len(found.lower)}" if found.lower else ""
    tone = "review" if found.lower else "accept" if found.higher else ""
    return Tile(f"{len(found.higher)} of {found.count}", words, tone)


def _warnings(results: CohortResults, summary: CohortSummary) -> str:
    told = []
    infinite = (results.values["hd95_pooled_mm"] == float("inf")).sum(axis=0)
    missed = [f"{model} {count}" for model, count in zip(results.models, infinite, strict=True) if count]
    if missed:
        told.append(
            f"Contours without a distance because they or their reference are empty: {', '.join(missed)}. "
            "They lower the mean Dice but are left out of the mean distances, which look better for it."
        )
    patients = {(row.dataset, row.patient) for row in results.rows}
    cases = {(row.dataset, row.case) for row in results.rows}
    if len(patients) < len(cases) and len(results.models) > 1:
        told.append(
            f"The {len(cases)} cases are of {len(patients)} "
            f"{'patient' if len(patients) == 1 else 'patients'}: the tests take cases as independent, "
            "which those of one patient are not."
        )
    for groups in by_dataset(summary):
        told += _out_of_reach(groups, results.models)
    small = {g.dataset or "the cohort" for g in summary.groups if any(_short(d) for d in g.differences)}
    if small:
        told.append(
            f"Too few differences for any p below {LEVEL:g} in some tests of "
            f"{', '.join(sorted(small))}; the tables say where."
        )
    told += [f"{text}." for text in placed_texts(results)]
    return "".join(f'<p class="warning">{escape(capital(text))}</p>' for text in told)


def _out_of_reach(groups: Sequence[GroupSummary], models: Sequence[str]) -> Iterator[str]:
    """Pairs of models whose tests could not be significant after the correction, whatever their cases say."""
    for second in models[1:]:
        tests = [
            d.compared.test
            for group in groups
            for d in group.differences
            if (d.first, d.second) == (models[0], second) and not math.isnan(d.p_holm)
        ]
        most = max((test.n for test in tests), default=0)
        if tests and len(tests) * 2.0 ** (1 - most) >= LEVEL:
            yield (
                f"{on_text(groups[0].dataset)}no corrected p of {models[0]} and {second} can fall below "
                f"{LEVEL:g}: {most} differences at most are too few for {len(tests)} tests."
            )


def _short(difference: ModelDifference) -> bool:
    return difference.figure in PAPER and bool(difference.compared.test.reason)


def _sentences(results: CohortResults, summary: CohortSummary) -> Iterator[list[str]]:
    """What was found, in sentences, dataset by dataset."""
    found = list(findings(summary, results.models))
    for groups in by_dataset(summary):
        told = [finding_text(one) for one in found if one.dataset == groups[0].dataset]
        if len(results.models) == 1:
            told.append(single_text(groups, results.models[0]))
        yield told + [volume_text(groups, model) for model in results.models]


def _shown(group: GroupSummary, first: str) -> Iterator[tuple[bool, ModelDifference]]:
    """Differences from the first model in the figures that are corrected, and whether one is the first."""
    shown = [d for d in group.differences if d.first == first and d.figure in CORRECTED]
    yield from ((not n, d) for n, d in enumerate(shown))


def _difference_row(
    structure: str, difference: ModelDifference, notes: Footnotes, several: bool
) -> list[str]:
    compared, figure = difference.compared, difference.figure
    title, unit = HEADERS[figure]
    change = change_text(figure, compared.mean_difference)
    if compared.interval is not None:
        low, high = (change_text(figure, end) for end in compared.interval)
        change += f" [{low}, {high}]"
    holm = f"{p_text(difference.p_holm)} {stars(difference.p_holm)}".rstrip()
    marks = notes.marks(notes_on_test(compared))
    return [
        escape(structure),
        *([escape(f"{difference.second} minus {difference.first}")] if several else []),
        escape(f"{title}, {unit}" if unit else title),
        change,
        number(compared.test.effect, "+z.2f"),
        str(compared.pairs) + (f"<sup>{marks}</sup>" if marks else ""),
        str(compared.test.zeros),
        str(compared.undefined),
        escape(p_text(compared.test.p)),
        f"<strong>{escape(holm)}</strong>" if difference.p_holm < LEVEL else escape(holm),
    ]
