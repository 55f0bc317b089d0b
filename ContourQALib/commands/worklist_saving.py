"""What `contourqa assess --cases -o FOLDER` writes: the list by risk, and pictures of what to open."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ContourQALib.case import Contour, Image
from ContourQALib.commands.printing import say
from ContourQALib.formats.output import write_atomically
from ContourQALib.quality.assessment import StructureAssessment
from ContourQALib.quality.worklist import Worklist
from ContourQALib.report.assessment_section import structure_pictures
from ContourQALib.report.cohort_overlays import file_stem
from ContourQALib.report.folder import write_report_folder
from ContourQALib.report.html import page
from ContourQALib.report.provenance import Provenance
from ContourQALib.report.records import to_csv
from ContourQALib.report.worklist_records import worklist_document, worklist_rows
from ContourQALib.report.worklist_section import worklist_sections

FIGURES = "figures"
"""Folder of the pictures, beside the page."""

DIGEST_LETTERS = 8
"""Tell files apart whose names differ only in what a file's name cannot hold."""


def save_picture(folder: Path, case: str, found: StructureAssessment, contour: Contour, image: Image) -> str:
    """Draw a contour on its most suspicious slices, and return the picture's file name in `FIGURES`.

    Args:
        folder: the report's folder, whose folder of pictures exists.
        case: the case's name.
        found: what was predicted, with its error map.
        contour: the contour on the image's grid, not empty.
        image: its image.

    Raises:
        OutputError: the file cannot be written.
    """
    digest = hashlib.sha256(f"{case}\0{found.structure}".encode()).hexdigest()[:DIGEST_LETTERS]
    name = f"{file_stem('case', [case, found.structure], set())}-{digest}.png"
    picture = structure_pictures(found, contour, image)[0]
    with write_atomically(folder / FIGURES / name) as temporary:
        temporary.write_bytes(picture.png)
    return name


def save_worklist(folder: Path, worklist: Worklist, provenance: Provenance) -> None:
    """Write a worklist's page, document and table; equal results give equal bytes.

    Raises:
        OutputError: the folder cannot be written.
    """
    sections = worklist_sections(worklist, lambda name: (folder / FIGURES / name).read_bytes(), FIGURES)
    report = write_report_folder(
        folder,
        page("Contour worklist", sections, provenance),
        worklist_document(worklist, provenance),
        {"report.csv": to_csv(worklist_rows(worklist))},
    )
    say(f"Wrote {report}.")
