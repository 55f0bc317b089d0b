"""A user's table of names: what this clinic calls its structures, added to the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from ContourQALib.errors import FormatError
from ContourQALib.formats.csv_lines import Line, csv_lines
from ContourQALib.vocabulary.default import DEFAULT
from ContourQALib.vocabulary.spelling import lookup, words
from ContourQALib.vocabulary.vocabulary import SpellingTakenError, Vocabulary

COLUMNS = ["standard", "variants"]
OFFICIAL = "tg263"
"""The columns of a table, and one that it may have beside them."""

OFFICIAL_FORM = re.compile(r"[A-Za-z0-9_^+~!-]{1,16}")
"""What a name of TG-263 looks like: no blank, at most 16 letters."""


def read_name_table(path: str | PathLike[str], vocabulary: Vocabulary = DEFAULT) -> Vocabulary:
    """Read a table of names into a vocabulary.

    Args:
        path: CSV with commas, UTF-8, with the columns standard and variants, and tg263 where wanted. Variants
            are separated by semicolons. A standard name that the vocabulary knows gets further names; another
            one is a new structure, of which people have two if it ends in _L or _R. The column tg263, which
            may be empty, says the TG-263 name of a new structure.
        vocabulary: what is known already. A variant of the table that means something else there means what
            the table says.

    Raises:
        FormatError: missing, not readable as CSV, other columns, no row, an empty cell, what is no TG-263
            name, or a name that means two things; the text names the line.

    Example:
        standard,variants
        Parotid_L,OSD li; PL
        Flap,Lappen; flap graft
    """
    path = Path(path)
    with csv_lines(path, "table of names") as lines:
        return _read(path, lines, vocabulary)


def _read(path: Path, lines: Iterator[Line], vocabulary: Vocabulary) -> Vocabulary:
    header = [name.casefold() for name in next(lines, (0, []))[1]]
    if header not in (COLUMNS, [*COLUMNS, OFFICIAL]):
        raise FormatError(
            f"{path} does not begin with the line standard,variants; write it above the names, with a comma."
        )
    said: dict[str, tuple[str, int]] = {}
    rows = 0
    for line, cells in lines:
        if not len(COLUMNS) <= len(cells) <= len(header) or not all(map(words, cells[:2])):
            raise FormatError(
                f"{path} has no standard name with variants in line {line};"
                " write standard,variant or standard,variant; another variant."
            )
        standard, official = cells[0], "".join(cells[2:])
        if official:
            _check_official(path, line, standard, official, vocabulary)
        variants = [name.strip() for name in cells[1].split(";") if words(name)]
        for variant in variants:
            before, where = said.setdefault(lookup(words(variant)), (standard, line))
            if before != standard:
                raise FormatError(
                    f"{path} gives {variant} to {before} in line {where} and to {standard} in line"
                    f" {line}; keep one of them."
                )
        try:
            vocabulary = vocabulary.with_names(standard, variants, official)
        except SpellingTakenError as error:
            raise FormatError(
                f"{path} takes the name of another structure, {error.spelling}, for {standard} in line"
                f" {line}; remove it there."
            ) from error
        rows += 1
    if not rows:
        raise FormatError(f"{path} names no structure below its first line; add a row for each.")
    return vocabulary


def _check_official(path: Path, line: int, standard: str, official: str, vocabulary: Vocabulary) -> None:
    """See that a TG-263 name can be that of a structure.

    Raises:
        FormatError: it does not look like one, is known as the name of another structure, or the structure is
            known by another one.
    """
    if not OFFICIAL_FORM.fullmatch(official):
        raise FormatError(
            f"{path} gives {official} as a TG-263 name in line {line}; these have at most 16 letters, digits "
            "and underscores and no blank."
        )
    known = DEFAULT.standard_name(official)
    if known is not None and vocabulary.key(standard) != DEFAULT.key(official):
        raise FormatError(
            f"{path} gives {standard} the TG-263 name {official} in line {line}, which is that of another "
            f"structure; write {known} in the column standard if it is meant."
        )
    own = DEFAULT.standard_name(standard)
    if own is not None and DEFAULT.key(standard) != DEFAULT.key(official):
        raise FormatError(
            f"{path} gives {standard} the TG-263 name {official} in line {line}, which has the name {own} "
            "there; leave that column empty."
        )
