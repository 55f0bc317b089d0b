"""Lines of the worklist as the page draws them: texts ready to read, nothing of a hidden score."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.report.wording import number, slices_text
from ContourQALib.workstation import theme
from ContourQALib.workstation.cases.known_cases import Stage
from ContourQALib.workstation.decisions.decision import Decision, storable
from ContourQALib.workstation.decisions.known_decisions import KnownDecisions
from ContourQALib.workstation.dice_bar import bar_percent
from ContourQALib.workstation.worklist.worklist_lines import MARKS, Line, Mark, WorklistView

Row = dict[str, Any]

WORDS = {
    Mark.FAILED: "not assessed",
    Mark.REJECT: "reject",
    Mark.REVIEW: "review",
    Mark.ACCEPT: "accept",
    Mark.WAITING: "waiting",
    Mark.HIDDEN: "hidden",
}
"""What stands in a line's chip."""

ASSESSING = "assessing"

ICONS: dict[str, str] = {
    Mark.FAILED: "mdi-alert-circle-outline",
    **{MARKS[verdict]: icon for verdict, icon in theme.VERDICT_ICONS.items()},
    Mark.WAITING: "mdi-clock-outline",
    ASSESSING: "mdi-progress-clock",
    Mark.HIDDEN: "mdi-eye-off-outline",
}
"""Of the chips, by the row's mark."""


def rows_of(
    lines: Sequence[Line],
    view: WorklistView,
    decided: KnownDecisions,
    *,
    contours: bool,
    expanded: Collection[int],
) -> list[Row]:
    """The rows of a table.

    Args:
        lines: those of one page of the table.
        view: gives the lines of a case's contours.
        decided: the decisions.
        contours: whether the lines are of contours.
        expanded: numbers of the cases whose contours are listed below them.
    """
    if contours:
        return [_contour_row(line, decided, "contour") for line in lines]
    rows = []
    for line in lines:
        opened = line.case.number in expanded and line.contours > 0
        rows.append(_case_row(line, opened))
        if opened:
            rows += [_contour_row(one, decided, "below") for one in view.contour_lines(line.case)]
    return rows


def _case_row(line: Line, opened: bool) -> Row:
    done = line.contours > 0 and not line.undecided
    return {
        **_row(line, "case"),
        "more": max(line.contours - 1, 0) if line.structure else line.contours,
        "expanded": opened,
        "decided": f"{line.decided} of {line.contours}" if line.contours else "",
        "done": done,
        "who": "",
    }


def _contour_row(line: Line, decided: KnownDecisions, kind: str) -> Row:
    decision = decided.latest(line.case.name, line.structure) if line.structure else None
    return {
        **_row(line, kind),
        "more": 0,
        "expanded": False,
        "decided": decision.choice.value if decision else "",
        "done": decision is not None,
        "who": _who(decision),
    }


def _row(line: Line, kind: str) -> Row:
    case, found = line.case, line.found
    assessing = case.stage is Stage.ASSESSING
    structure = storable(line.structure)
    return {
        "key": f"{case.number}/{structure if kind != 'case' else ''}",
        "kind": kind,
        "number": case.number,
        "case": storable(case.name),
        "patient": "" if kind == "below" or case.entry.patient == case.name else storable(case.entry.patient),
        "structure": structure,
        "opens": not case.entry.problem,
        "mark": ASSESSING if assessing else line.mark.value,
        "word": ASSESSING if assessing else WORDS[line.mark],
        "icon": ICONS[ASSESSING if assessing else line.mark],
        **_figures(found),
        **_reasons(line),
    }


def _figures(found: StructureAssessment | None) -> Row:
    if found is None:
        return {"slices": "", "dice": "", "interval": "", "at": None, "low": None, "high": None, "novel": ""}
    low, high = found.dice_interval or (None, None)
    inside = found.novelty.inside_training_range
    return {
        "slices": slices_text(found) if found.slices else "",
        "dice": number(found.dice, ".2f"),
        "interval": "" if low is None or high is None else f"{low:.2f}–{high:.2f}",
        "at": bar_percent(found.dice),
        "low": bar_percent(low),
        "high": bar_percent(high),
        "novel": "\n".join(found.novelty.reasons) or "Unlike the training cases." if inside is False else "",
    }


def _reasons(line: Line) -> Row:
    """The first reason, and all of them for whoever points at it."""
    if line.mark is Mark.FAILED:
        return {"why": storable(line.case.reason), "all": ""}
    reasons = line.found.reasons if line.found else ()
    return {"why": reasons[0] if reasons else "", "all": "\n".join(reasons) if len(reasons) > 1 else ""}


def _who(decision: Decision | None) -> str:
    if decision is None:
        return ""
    note = f": {decision.note}" if decision.note else ""
    return f"{decision.reader}, {decision.decided_at[:16].replace('T', ' ')} UTC{note}"
