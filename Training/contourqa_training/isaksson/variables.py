"""VariableTable: what is known of each patient without looking at a reference, and the Dice to predict."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contourqa_training.isaksson.pairs import PatientFacts
from contourqa_training.study_output import Row
from ContourQALib.errors import FormatError, SettingError

PATIENT, DICE = "patient", "dice"

Value = float | str
"""A number (nan where missing) or a word."""


@dataclass(frozen=True, eq=False)
class VariableTable:
    """One row a patient; a column is all numbers, or all words.

    Attributes:
        patients: who.
        dice: mean Dice of the patient's contours (n,).
        names: of the variables.
        rows: their values, one tuple a patient.
    """

    patients: tuple[str, ...]
    dice: np.ndarray
    names: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    @property
    def words(self) -> list[int]:
        """Columns that hold words."""
        return [n for n in range(len(self.names)) if any(isinstance(row[n], str) for row in self.rows)]

    def records(self) -> list[Row]:
        """The table as `read_table` reads it; a missing number is an empty cell."""
        return [
            {PATIENT: patient, DICE: round(float(dice), 6)}
            | {name: _cell(value) for name, value in zip(self.names, row, strict=True)}
            for patient, dice, row in zip(self.patients, self.dice, self.rows, strict=True)
        ]

    def joined(self, path: Path) -> VariableTable:
        """This table with the further variables of a CSV file, whose column `patient` says of whom.

        A patient that the file lacks has no value there.

        Raises:
            FormatError: the file cannot be read or has no such column.
            SettingError: it has none of the patients, or a variable that is there already.
        """
        found = _read(path)
        names = [name for name in found[0] if name != PATIENT]
        twice = sorted(set(names) & {*self.names, DICE})
        if twice or not names:
            raise SettingError(
                f"{path} must bring new variables beside the column patient, not "
                f"{', '.join(twice) or 'none'}; rename or remove the column."
            )
        own = {row[PATIENT]: row for row in found}
        if len(own) < len(found):
            raise SettingError(f"{path} names a patient twice; keep one row of each.")
        if not set(own) & set(self.patients):
            raise SettingError(f"{path} has none of the study's patients; check its column patient.")
        cells = [[own.get(patient, {}).get(name, "") for patient in self.patients] for name in names]
        added = list(zip(*(_column(column) for column in cells), strict=True))
        rows = tuple((*row, *more) for row, more in zip(self.rows, added, strict=True))
        return VariableTable(self.patients, self.dice, (*self.names, *names), rows)


def case_variables(facts: Iterable[PatientFacts]) -> VariableTable:
    """Variables of each patient's image, and the mean volume of the automatic contours.

    They stand where the paper has age, prostate volume, ISUP grade, PI-RADS score, iPSA and risk class, which
    this data has not. Lengths are mm, volumes cc, intensities in the image's unit.
    """
    facts = list(facts)
    found = [_variables(one) for one in facts]
    return VariableTable(
        tuple(one.member.patient for one in facts),
        np.array([one.dice for one in facts]),
        tuple(found[0]),
        tuple(tuple(variables.values()) for variables in found),
    )


def read_table(path: Path) -> VariableTable:
    """A table from a CSV file with the columns `patient` and `dice`; every other column is a variable.

    Where a patient has several rows, Dice is their mean (as in the paper), and so are variables that are
    numbers; a variable that is a word must be the same in all of them.

    Raises:
        FormatError: the file cannot be read, lacks a column, or its Dice are not numbers from 0 to 1.
        SettingError: it has no variables.
    """
    rows = _read(path)
    names = [name for name in rows[0] if name not in (PATIENT, DICE)]
    if DICE not in rows[0]:
        raise FormatError(f"{path} lacks the column dice.")
    if not names:
        raise SettingError(f"{path} has no variables beside patient and dice; add at least one column.")
    dice = [_number(row[DICE]) for row in rows]
    if not all(0 <= value <= 1 for value in dice):
        raise FormatError(f"{path} has a Dice that is no number from 0 to 1.")
    columns = [_column([row[name] for row in rows]) for name in names]
    patients = tuple(dict.fromkeys(row[PATIENT] for row in rows))
    together = {p: [n for n, row in enumerate(rows) if row[PATIENT] == p] for p in patients}
    return VariableTable(
        patients,
        np.array([np.mean([dice[n] for n in together[p]]) for p in patients]),
        tuple(names),
        tuple(
            tuple(
                _merged([column[n] for n in together[p]], name, path)
                for name, column in zip(names, columns, strict=True)
            )
            for p in patients
        ),
    )


def _variables(facts: PatientFacts) -> dict[str, Value]:
    from scipy.stats import skew

    values, spacing = facts.values.astype(float), facts.spacing_kji
    low, middle, high = np.percentile(values, [1, 50, 99])
    extent = np.multiply(values.shape, spacing)
    return {
        "volume_cc": float(np.mean(facts.volumes_cc)),
        "extent_k_mm": float(extent[0]),
        "extent_j_mm": float(extent[1]),
        "extent_i_mm": float(extent[2]),
        "spacing_k_mm": float(spacing[0]),
        "spacing_in_plane_mm": float(spacing[2]),
        "intensity_median": float(middle),
        "intensity_range": float(high - low),
        "intensity_relative_sd": float(values.std() / values.mean()) if values.mean() else math.nan,
        "intensity_skewness": float(skew(values.ravel())) if values.std() else math.nan,
        "regime": facts.member.regime,
    }


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{name: cell or "" for name, cell in row.items() if name} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} cannot be read as a CSV table.") from error
    if not rows or PATIENT not in rows[0]:
        raise FormatError(f"{path} must have a column patient and at least one row.")
    return rows


def _column(cells: Sequence[str]) -> list[Value]:
    """Cells as numbers, if all that are not empty are numbers; else as words."""
    numbers = [_number(cell) for cell in cells]
    words = any(cell.strip() and math.isnan(n) for cell, n in zip(cells, numbers, strict=True))
    return [cell.strip() for cell in cells] if words else list(numbers)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _merged(values: Sequence[Value], name: str, path: Path) -> Value:
    if len(set(values)) == 1:
        return values[0]
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) < len(values):
        raise FormatError(f"{path} has two values of {name} for one patient; keep one.")
    return float(np.mean(numbers))


def _cell(value: Value) -> Value:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else float(f"{value:.9g}")


def rows_of(table: VariableTable, chosen: Mapping[str, int] | Iterable[str]) -> VariableTable:
    """The rows of some patients, in the order asked for."""
    place = {patient: n for n, patient in enumerate(table.patients)}
    index = [place[patient] for patient in chosen]
    return VariableTable(
        tuple(table.patients[n] for n in index),
        table.dice[index],
        table.names,
        tuple(table.rows[n] for n in index),
    )
