"""The evaluation as words and cells: shared by the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from contourqa_training.evaluation.contours import MODEL
from contourqa_training.evaluation.judging import TRUTH
from ContourQALib.report.tables import plain_table, print_title

NONE = "–"
"""Stands for what is undefined."""

UNITS = {"dice": "Dice", "hd95_mm": "HD95", "msd_mm": "MSD"}
"""Figures as headings name them."""


@dataclass(frozen=True)
class Sheet:
    """A table as plain text: `columns` are headings with units ("" for none), `rows` one cell a column."""

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: Any, digits: int = 3) -> str:
    """A figure, or a dash where it is undefined."""
    return NONE if value is None else f"{value:.{digits}f}"


def ranged(record: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """A figure with its interval."""
    low, high = record.get(f"{name}_interval") or (None, None)
    if record.get(name) is None:
        return NONE
    text = number(record[name], digits)
    return text if low is None else f"{text} ({number(low, digits)} to {number(high, digits)})"


def percent(value: Any) -> str:
    """A share in percent."""
    return NONE if value is None else f"{100 * value:.1f}"


def groups_of_stratum(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and content of each group of a stratum, the whole first; a lone structure is the whole."""
    structures = record["structures"]
    yield ("all structures" if structures else ""), record["together"]
    yield from structures.items()


def error_sheet(group: Mapping[str, Any], figure: str) -> Sheet | None:
    """Error, skill and correlations of every predictor of a figure; None where nothing predicts it."""
    rows = []
    for name, figures in group["predictors"].items():
        record = figures.get(figure)
        if not record or not record["n"]:
            continue
        difference = group["differences"].get(name, {}).get(figure, {})
        rows.append(
            (
                name,
                str(record["n"]),
                ranged(record, "mae"),
                number(record["bias"]),
                ranged(record, "skill", 2),
                number(record["pearson"], 2),
                ranged(record, "spearman", 2),
                number(record["kendall"], 2),
                ranged(difference, "mae") if difference else "",
            )
        )
    if not rows:
        return None
    unit = "mm" if figure.endswith("_mm") else ""
    columns = (
        ("Predictor", ""), ("n", ""), ("MAE", unit), ("bias", unit), ("skill", ""), ("Pearson", ""),
        ("Spearman", ""), ("Kendall", "within an image"), ("model better by", "MAE"),
    )  # fmt: skip
    return Sheet(f"{UNITS[figure]}: error and rank", columns, tuple(rows))


def detection_sheet(group: Mapping[str, Any]) -> Sheet:
    """Failure detection, risk and the paper's global accuracy of every predictor."""
    rows = [
        (
            name,
            ranged(record, "auroc"),
            f"{ranged(record, 'auprc')} / {number(record['auprc_by_chance'])}",
            ranged(record, "sensitivity_at_95", 2),
            ranged(record, "aurc", 4),
            number(record["e_aurc"], 4),
            number(record["augrc"], 4),
            f"{percent(record['global_accuracy'])} "
            f"({' to '.join(percent(v) for v in record['global_accuracy_interval'])})",
        )
        for name, figures in group["predictors"].items()
        if (record := figures.get("dice")) and record["n"]
    ]
    columns = (
        ("Predictor", ""), ("AUROC", "Dice < 0.75 against > 0.80"), ("AUPRC", "/ by chance"),
        ("sensitivity", "at 95 % specificity"), ("AURC", ""), ("e-AURC", ""), ("AUGRC", ""),
        ("global accuracy", "%"),
    )  # fmt: skip
    return Sheet("Failures and risk", columns, tuple(rows))


def interval_sheet(group: Mapping[str, Any]) -> tuple[Sheet | None, tuple[str, ...]]:
    """Coverage, width and Winkler score beside the constant's, and why there are none."""
    rows: list[tuple[str, ...]] = []
    reasons: dict[str, list[str]] = {}
    for figure, record in group["intervals"].items():
        if record["reason"]:
            reasons.setdefault(record["reason"], []).append(UNITS[figure])
        for level, at in (record["levels"] or {}).items():
            if "model" not in at:
                continue
            ours, constant = at["model"], at["constant"]
            rows.append(
                (
                    f"{UNITS[figure]}, {100 * float(level):.0f} %",
                    f"{at['n']} / {at['cases']}",
                    percent(ours["coverage"]),
                    " to ".join(percent(v) for v in at["perfect"]),
                    f"{number(ours['mean_width'])} / {number(constant['mean_width'])}",
                    percent(at["narrower_by"]),
                    f"{number(ours['winkler'])} / {number(constant['winkler'])}",
                    _at_least(at.get("at_least")),
                )
            )
    columns = (
        ("Interval", ""), ("n", "contours / calibration patients"), ("coverage", "%"),
        ("a perfect predictor's", "%, 5–95 %"), ("mean width", "model / constant"), ("narrower by", "%"),
        ("Winkler score", "model / constant"), ("at least", "held %, mean bound: model / constant"),
    )  # fmt: skip
    sheet = Sheet("Intervals", columns, tuple(rows)) if rows else None
    return sheet, tuple(f"{', '.join(figures)}: {reason}" for reason, figures in reasons.items())


def _at_least(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return ""
    ours, constant = record["model"], record["constant"]
    return (
        f"{percent(ours['coverage'])}, {number(ours['mean_bound'])} / "
        f"{percent(constant['coverage'])}, {number(constant['mean_bound'])}"
    )


def localization_sheet(group: Mapping[str, Any]) -> Sheet | None:
    """Where errors were predicted, beside what chance or the plain order reaches; None without a map."""
    record = group["localization"]
    if record["reason"]:
        return None
    ratio = number(record["auprc_over_prevalence"], 1)
    by_chance = f"{number(record['prevalence'])} prevalence (times {ratio})"
    effort = f"{percent(record['effort'])} ({' to '.join(percent(v) for v in record['effort_interval'])})"
    rows = (
        (
            "error-map AUPRC within 10 mm",
            ranged(record, "auprc"),
            f"{by_chance}; {number(record['auprc_near_surface'])} closeness to the contour",
        ),
        (
            "worst slice is the one predicted worst",
            ranged(record, "hit_at_1", 2),
            f"{number(record['hit_at_1_by_chance'], 2)} by chance",
        ),
        (
            "worst slice among the three predicted worst",
            ranged(record, "hit_at_3", 2),
            f"{number(record['hit_at_3_by_chance'], 2)} by chance",
        ),
        (
            "slices to open for 90 % of the error volume, %",
            effort,
            f"{percent(record['effort_in_order'])} in order; {percent(record['effort_at_best'])} at best",
        ),
    )
    columns = (("Localization", f"n = {record['n']} contours"), ("model", ""), ("beside it", ""))
    return Sheet("Localization", columns, rows)


def monotony_sheet(group: Mapping[str, Any]) -> Sheet | None:
    """How often a score falls as an error grows; None without graded series."""
    record = group["monotony"]
    if record is None:
        return None
    order = [TRUTH, *(name for name in record if name != TRUTH)]
    rows = tuple(
        (
            name,
            f"{record[name]['series']}",
            percent(record[name]["share"]),
            f"{record[name]['steps']}",
            percent(record[name]["steps_share"]),
        )
        for name in order
    )
    columns = (
        ("Predictor", ""), ("series", "patient and error"), ("never rises", "%"), ("steps", ""),
        ("steps not rising", "%"),
    )  # fmt: skip
    return Sheet("Monotony: the score as an error grows", columns, rows)


def cost_sheet(cost: Mapping[str, Any]) -> Sheet:
    """What a prediction costs here."""
    gpu = cost["gpu"]
    rows = (
        ("parameters", f"{cost['parameters']:,}"),
        ("GMAC a prediction", number(cost["gmac"], 2)),
        (
            f"time a contour, ms ({cost['threads']} threads, {cost['device']})",
            number(cost["prediction_ms"], 1),
        ),
        ("image, voxels K x J x I", " x ".join(map(str, cost["image_voxels_kji"]))),
        ("peak memory of the process, MB", number(cost["peak_memory_mb"], 0)),
        ("GPU", gpu["reason"] or f"{gpu['name']}: {number(gpu['prediction_ms'], 1)} ms"),
    )
    return Sheet("Cost on this machine", (("Cost", ""), ("", "")), rows)


def print_evaluation(console: Console, document: Mapping[str, Any]) -> None:
    """The evaluation for people: every stratum's tables, one after the other."""
    for stratum, record in document["strata"].items():
        for name, group in groups_of_stratum(record):
            console.print(heading(stratum, name, group, record), highlight=False, markup=False, style="bold")
            for sheet in sheets_of(group):
                _print(console, sheet)
            for reason in interval_sheet(group)[1]:
                console.print(reason, highlight=False, markup=False, soft_wrap=True)
            console.print()
    if document["cost"]:
        _print(console, cost_sheet(document["cost"]))


def heading(stratum: str, name: str, group: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Which group, how large, and what its baselines know."""
    which = f"Stratum {stratum}" + (f", {name}" if name else "")
    left = f"; {record['both_empty']} empty like their reference left out" if record["both_empty"] else ""
    return (
        f"{which}: {group['contours']} contours of {group['patients']} patients{left}; "
        f"baselines fitted to {record['baselines_fitted_to']}"
    )


def sheets_of(group: Mapping[str, Any]) -> list[Sheet]:
    """Every table of a group that has something to say."""
    sheets = [error_sheet(group, figure) for figure in UNITS if _predicted(group, figure)]
    sheets += [detection_sheet(group), interval_sheet(group)[0], localization_sheet(group)]
    return [sheet for sheet in [*sheets, monotony_sheet(group)] if sheet is not None]


def _predicted(group: Mapping[str, Any], figure: str) -> bool:
    """Baselines of a figure that the model does not predict are of no use to a reader."""
    return bool(group["predictors"].get(MODEL, {}).get(figure))


def _print(console: Console, sheet: Sheet) -> None:
    print_title(console, sheet.title)
    table = plain_table()
    for n, (title, unit) in enumerate(sheet.columns):
        table.add_column(f"{title}\n{unit}" if unit else title, justify="right" if n else "left")
    for row in sheet.rows:
        table.add_row(*row)
    console.print(table)
