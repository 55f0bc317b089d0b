"""Where a study lies on disk, and how it writes what it found."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ContourQALib.formats.output import write_atomically
from ContourQALib.report.canvas import to_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """Folders of a study.

    Attributes:
        data: the patients.
        runs: one run a model; what is there already is not trained again.
        cache: slices that were read.
        output: tables and figures.
    """

    data: Path
    runs: Path
    cache: Path
    output: Path


def write_results(folder: Path, document: Mapping[str, Any], rows: Mapping[str, Sequence[Row]]) -> None:
    """Write results.json and one CSV a table.

    Raises:
        OutputError: a file cannot be written.
    """
    with write_atomically(folder / "results.json") as path:
        path.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    for name, table in rows.items():
        with (
            write_atomically(folder / f"{name}.csv") as path,
            path.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)


def write_figure(path: Path, figure: Figure) -> Path:
    """Write a figure as PNG.

    Raises:
        OutputError: the file cannot be written.
    """
    with write_atomically(path) as temporary:
        temporary.write_bytes(to_png(figure))
    return path
