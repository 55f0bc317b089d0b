"""The folder of an evaluation: the page, evaluation.json, the tables and the charts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from contourqa_training.evaluation.charts import pictures_of
from contourqa_training.evaluation.contours import MODEL
from contourqa_training.evaluation.document import contour_rows, flat_rows
from contourqa_training.evaluation.run import Evaluation
from contourqa_training.evaluation.tables import (
    Sheet,
    cost_sheet,
    groups_of_stratum,
    heading,
    interval_sheet,
    number,
    percent,
    sheets_of,
)
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.report.html import Column, Section, Tile, figure, page, strip, table
from ContourQALib.report.records import to_csv

FIGURES = "figures"
"""Folder of the charts beside the page."""

TERMS = {
    "skill": "1 - MAE / MAE of the training median of the same stratum and structure; 0 is a constant's",
    "model": "the network's own score; an empty contour has Dice 0",
    "model with rules": "the same, and Dice 0 where a mask-only rule fails",
    "model with hint": "its score where it also sees the probability map or the second segmentation",
    "training median": "one number a structure",
    "log-volume regression": "a quadratic in the logarithm of the contour's volume",
    "mask-only rule": "the median of contours that pass the rules (not empty, full, torn or of another size)"
    ", 0 for those that fail",
    "boosted trees": "CatBoost on the contour's size, shape, place and intensities",
    "expected Dice of the map": "2 sum(p m) / (sum p + sum m) of probability map p and contour m",
    "image-only": "the same weights asked with a ball of the usual volume in the contour's place",
    "mask-only": "the same weights asked with a constant image",
    "model better by": "MAE of the baseline less that of the model on the same contours; above 0 it wins",
    "Kendall": "mean over images of tau-b among the contours of one structure on one image",
    "AUROC, AUPRC, sensitivity": "telling true Dice below 0.75 from above 0.80; those between do not count",
    "AURC, e-AURC, AUGRC": "risk 1 - Dice: mean risk of the contours kept over every number kept, the same "
    "less a perfect order's, and the area under kept risk as a share of all contours",
    "global accuracy": "share not on the wrong side: predicted below 0.75 and true above 0.8, or the "
    "reverse; exact binomial interval",
    "coverage": "share of truths inside, each patient counting alike; the range is that of a perfect "
    "conformal predictor with as many calibration patients (Beta, 5-95 %)",
    "constant": "the conformal interval of the training median from the same calibration contours",
    "localization": "means over contours with an error; slices are those with contour or error, in order is "
    "the mean of both directions",
    "intervals of figures": "95 %, patients drawn 2000 times",
}
"""What the tables' words mean."""


def write_evaluation(folder: Path, evaluation: Evaluation) -> Path:
    """Write report.html, evaluation.json, evaluation.csv, contours.csv and figures/*.png; the page last.

    Raises:
        OutputError: the folder is a file or not writable, or the disk is full.
    """
    place, pictures = output_folder(folder), output_folder(folder / FIGURES)
    document = evaluation.document
    sections = [_overview(document)]
    for stratum, record in document["strata"].items():
        body = ""
        for name, group in groups_of_stratum(record):
            lines = heading(stratum, name, group, record)
            body += f"<h3>{escape(name)}</h3>" if name else ""
            body += f"<p>{escape(lines)}.</p>" + "".join(_html(sheet) for sheet in sheets_of(group))
            reasons = "".join(f"<li>{escape(reason)}</li>" for reason in interval_sheet(group)[1])
            body += f"<ul>{reasons}</ul>" if reasons else ""
            if not name or group is record["together"]:
                drawn = pictures_of(evaluation.groups[stratum], group, stratum)
                for stem, picture in drawn.items():
                    with write_atomically(pictures / f"{_file_name(stratum)}-{stem}.png") as path:
                        path.write_bytes(picture.png)
                    body += figure(picture)
        sections.append(Section(f"Stratum {stratum}", body))
    if document["cost"]:
        sections.append(Section("Cost", _html(cost_sheet(document["cost"]))))
    sections.append(_terms())
    html = page("Evaluation of a quality model", sections, evaluation.provenance)
    texts = {
        "evaluation.json": json.dumps(document, indent=1, allow_nan=False) + "\n",
        "evaluation.csv": to_csv(flat_rows(document)),
        "contours.csv": to_csv(contour_rows(evaluation.contours)),
        "report.html": html,
    }
    for name, text in texts.items():
        with write_atomically(place / name) as path:
            path.write_text(text, encoding="utf-8", newline="")
    return place / "report.html"


def _overview(document: Mapping[str, Any]) -> Section:
    tiles = []
    for stratum, record in document["strata"].items():
        dice = record["together"]["predictors"][MODEL]["dice"]
        skill, spearman = number(dice.get("skill"), 2), number(dice.get("spearman"), 2)
        tiles.append(
            Tile(
                f"{skill} / {spearman}",
                f"{stratum}: skill / Spearman of Dice, {record['contours']} contours; global accuracy "
                f"{percent(dice.get('global_accuracy'))} %",
            )
        )
    body = strip(tiles)
    model = document["model"]
    body += (
        f"<p>{escape(model['name'])} {escape(model['version'])} ({escape(model['status'])}) on "
        f"{document['contours']} contours of {document['patients']} patients. Strata are never pooled. "
        "A figure means little without the baselines below it.</p>"
    )
    if document["unknown_structure"]:
        body += (
            f'<p class="warning">{document["unknown_structure"]} rows name a structure that the model does '
            "not know; they are left out.</p>"
        )
    return Section("Overview", body)


def _html(sheet: Sheet) -> str:
    columns = [Column(title, unit, bool(n)) for n, (title, unit) in enumerate(sheet.columns)]
    return table(columns, [[escape(cell) for cell in row] for row in sheet.rows], sheet.title)


def _terms() -> Section:
    rows = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in TERMS.items())
    return Section("What the words mean", f'<table class="plain"><tbody>{rows}</tbody></table>')


def _file_name(stratum: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stratum) or "stratum"
