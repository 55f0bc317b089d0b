"""Findings: what the tests of a cohort say, in sentences that claim no more than they do."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ContourQALib.cohort.signed_rank import LEVEL
from ContourQALib.cohort.summary import CohortSummary, GroupSummary, ModelDifference
from ContourQALib.report.cohort_wording import FIGURE_WORDS, MOST_NAMED, capital, names_text, on_text
from ContourQALib.report.wording import dice_text, percent_text


@dataclass(frozen=True)
class Finding:
    """How two models differ in one figure over the structures of a dataset: names of structures.

    Attributes:
        higher, lower: the second model's figure is higher or lower, by the corrected p and the ranks' sign.
        open: tested, and no difference was shown.
        untestable: no p below the level was possible, or no test.
    """

    dataset: str
    first: str
    second: str
    figure: str
    higher: tuple[str, ...]
    lower: tuple[str, ...]
    open: tuple[str, ...]
    untestable: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many structures the dataset has."""
        return len(self.higher) + len(self.lower) + len(self.open) + len(self.untestable)


def find(groups: Sequence[GroupSummary], first: str, second: str, figure: str) -> Finding:
    """What the tests of one figure say of the groups of one dataset."""
    kinds: dict[str, list[str]] = {"higher": [], "lower": [], "open": [], "untestable": []}
    for group in groups:
        kinds[_kind(_difference(group, first, second, figure))].append(group.structure)
    return Finding(groups[0].dataset, first, second, figure, *(tuple(names) for names in kinds.values()))


def _difference(group: GroupSummary, first: str, second: str, figure: str) -> ModelDifference:
    key = (first, second, figure)
    return next(d for d in group.differences if (d.first, d.second, d.figure) == key)


def _kind(difference: ModelDifference) -> str:
    test = difference.compared.test
    if math.isnan(difference.p_holm) or test.reason:
        return "untestable"
    if difference.p_holm >= LEVEL:
        return "open"
    return "higher" if test.effect > 0 else "lower"


def finding_text(finding: Finding) -> str:
    """A finding in a sentence that claims no more than its tests say."""
    one, other = finding.first, finding.second
    figure, of_all = FIGURE_WORDS[finding.figure], _of_all(finding.count)
    kinds = {"higher": finding.higher, "lower": finding.lower}
    if finding.figure.endswith("_mm"):
        kinds = dict(reversed(kinds.items()))  # what is better comes first
    told: list[str] = []
    for word, names in kinds.items():
        if names:
            listed = f"({names_text(names)})"
            told.append(
                f"a {word} one for {len(names)} {listed}"
                if told
                else f"{other} has a {word} {figure} than {one} for {len(names)} {of_all} {listed}"
            )
    text = " and ".join(told) + (f"; Holm-corrected p < {LEVEL:g}" if told else "")
    rest = []
    if finding.open:
        listed = f"{len(finding.open)} {of_all} ({names_text(finding.open)})"
        if told:
            rest.append(f"no difference was shown for {len(finding.open)} ({names_text(finding.open)})")
        else:
            rest.append(
                f"no difference in {figure} between {one} and {other} was shown for {listed}; "
                f"Holm-corrected p ≥ {LEVEL:g}"
            )
    if finding.untestable:
        lead = "" if told or rest else f"{figure} of {one} and {other}: "
        listed = f"{len(finding.untestable)} ({names_text(finding.untestable)})"
        rest.append(f"{lead}no test could show a difference for {listed}")
    text = on_text(finding.dataset) + "; ".join([text, *rest] if text else rest) + "."
    return text if text.startswith(other) else capital(text)  # a model keeps its own spelling


def findings(summary: CohortSummary, models: Sequence[str]) -> Iterator[Finding]:
    """Every model after the first against the first, dataset by dataset, in the paper's figures."""
    for groups in by_dataset(summary):
        for second in models[1:]:
            for figure in FIGURE_WORDS:
                yield find(groups, models[0], second, figure)


def by_dataset(summary: CohortSummary) -> list[list[GroupSummary]]:
    """The groups of each dataset."""
    found: dict[str, list[GroupSummary]] = {}
    for group in summary.groups:
        found.setdefault(group.dataset, []).append(group)
    return list(found.values())


def volume_text(groups: Sequence[GroupSummary], model: str) -> str:
    """How a model's volumes compare with the references' on one dataset, in a sentence."""
    kinds: dict[str, list[str]] = {"larger": [], "smaller": []}
    rest: list[str] = []
    for group in groups:
        test = group.volume_against_reference[model].test
        median = group.figures[model]["volume_error_percent"].median
        if test.reason or math.isnan(test.p) or test.p >= LEVEL:
            rest.append(group.structure)
        else:
            kind = "larger" if test.effect > 0 else "smaller"
            kinds[kind].append(f"{group.structure}, median {percent_text(median)} %")
    of_all = _of_all(len(groups))
    told: list[str] = []
    for word, names in kinds.items():
        if names:
            than = (
                f"{word} for {len(names)}" if told else f"{word} than the reference for {len(names)} {of_all}"
            )
            told.append(f"{than} ({_listed(names)})")
    where = on_text(groups[0].dataset)
    if not told:
        text = f"{where}no difference in volume between {model} and the reference was shown for any {of_all}"
        return capital(f"{text} (p ≥ {LEVEL:g}, or too few cases).")
    text = f"{where}contours of {model} are {' and '.join(told)}; p < {LEVEL:g}, not corrected"
    text += f"; no difference was shown for {len(rest)} ({names_text(rest)})" if rest else ""
    return capital(text) + "."


def _of_all(count: int) -> str:
    return f"of {count} structures" if count > 1 else "of 1 structure"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return "; ".join(names[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def single_text(groups: Sequence[GroupSummary], model: str) -> str:
    """Where a lone model's mean Dice is highest and lowest on one dataset."""
    means = {g.structure: g.figures[model]["dice"].mean for g in groups}
    defined = {name: mean for name, mean in means.items() if math.isfinite(mean)}
    where = on_text(groups[0].dataset)
    if not defined:
        return capital(f"{where}no Dice of {model} is defined.")
    high, low = max(defined, key=defined.__getitem__), min(defined, key=defined.__getitem__)
    text = f"{where}the mean Dice of {model} is {dice_text(defined[high])} for {high}"
    if low != high:
        text = f"{where}the mean Dice of {model} is highest for {high} ({dice_text(defined[high])})"
        text += f" and lowest for {low} ({dice_text(defined[low])})"
    return capital(text) + "."
