"""Advice: which threshold to take for a structure, and what that rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ContourQALib.errors import ContourQAError, StructureError
from ContourQALib.formats.recommendation import RECOMMENDED_FILE, read_recommendation
from ContourQALib.names import match
from ContourQALib.report.threshold_readings import EXPECTED, best_of, unit_of
from ContourQALib.report.wording import FIGURE_TITLES, figure_text, percent_text, threshold_text
from ContourQALib.thresholds.recommendation import Recommendation, RecommendedThresholds
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders

if TYPE_CHECKING:
    from ContourQALib.worker_requests import Swept

NO_STUDY = "No recommendation from several cases was found; contourqa thresholds --cases makes one."


@dataclass(frozen=True)
class Advice:
    """Recommendations that were found in folders.

    Attributes:
        studies: file and what it recommends, in the order of the folders.
        problems: why files could not be read, a sentence each.
    """

    studies: tuple[tuple[Path, RecommendedThresholds], ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, folders: Sequence[Path]) -> Advice:
        """Look for files of recommended thresholds; blocks.

        Args:
            folders: where to look, or such files themselves; a file that lies elsewhere is not followed.
        """
        allowed = AllowedFolders(folders)
        studies: list[tuple[Path, RecommendedThresholds]] = []
        problems: list[str] = []
        for path in dict.fromkeys(_file_in(folder) for folder in folders):
            if not path.is_file():
                continue
            try:
                studies.append((path, read_recommendation(allowed.check(path))))
            except ContourQAError as error:
                problems.append(str(error))
        return cls(tuple(studies), tuple(problems))

    def on(self, structure: str, figure: str) -> tuple[Recommendation, Path] | None:
        """The first study's recommendation for a structure by a figure, and its file."""
        for path, study in self.studies:
            known = study.by(figure)
            try:
                pairs = match(list(known), [structure]).pairs
            except StructureError:
                continue
            if pairs:
                return known[pairs[0][0]], path
        return None


def told(structure: str, figure: str, recommended: tuple[Recommendation, Path] | None, swept: Swept) -> str:
    """Which threshold to take by a figure and what that rests on, in sentences."""
    if recommended is not None:
        return _of_study(structure, figure, *recommended)
    by = figure if swept.analysis is not None else EXPECTED
    best, title = best_of(swept, by), FIGURE_TITLES[by]
    if best is None:
        return f"{title} has no best threshold here. {NO_STUDY}"
    at = threshold_text(best.threshold)
    if by == EXPECTED:
        return (
            f"Without a reference: {at} gives the best Dice to expect, {figure_text('dice', best.value)},"
            f" if the map's probabilities are right. {NO_STUDY}"
        )
    alone = f"{at} is best by {title} for this case alone, found with the reference that it is judged by."
    return f"{alone} {NO_STUDY}"


def _of_study(structure: str, figure: str, advice: Recommendation, path: Path) -> str:
    cases = f"{advice.cases} case{'s' if advice.cases != 1 else ''}"
    unit = f" {unit_of(figure)}" if unit_of(figure) else ""
    value = figure_text(figure, advice.value) + unit
    words = [
        f"{threshold_text(advice.threshold)} is recommended for {structure}: the best mean"
        f" {FIGURE_TITLES[figure]} of {cases}, {value}"
    ]
    if advice.interval is not None and advice.level is not None:
        low, high = map(threshold_text, advice.interval)
        words.append(f"; {100 * advice.level:g} % of resamples lie in {low} – {high}")
    if advice.loss_at_half_percent is not None:
        words.append(f"; 0.5 costs them {percent_text(advice.loss_at_half_percent)} % in the median")
    return "".join(words) + f" ({path.parent.name}/{path.name})."


def _file_in(folder: Path) -> Path:
    return folder if folder.name == RECOMMENDED_FILE else folder / RECOMMENDED_FILE
