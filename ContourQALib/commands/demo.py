"""`contourqa demo`: the whole path, from an image and its contours to a verdict, a report and a worklist."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ContourQALib.case import Contour, Image
from ContourQALib.commands.demo_cases import write_demo_cases
from ContourQALib.commands.printing import say
from ContourQALib.commands.saving import today
from ContourQALib.commands.workstation import free_port, require_packages, serve
from ContourQALib.commands.workstation_source import PHANTOM_MODEL, PHANTOM_SEED
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import read_image
from ContourQALib.metrics.comparison_set import (
    ComparisonSet,
    ComparisonSettings,
    compare_with_reference,
)
from ContourQALib.metrics.pairing import Source
from ContourQALib.perturbation import perturb
from ContourQALib.phantom import pelvis
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.model import find_model
from ContourQALib.quality.predict import assess
from ContourQALib.report.assessment_section import assessment_section
from ContourQALib.report.folder import write_report_folder
from ContourQALib.report.html import Section, definitions_section, page
from ContourQALib.report.provenance import Provenance, provenance_record
from ContourQALib.report.records import assessment_document, comparison_document, comparison_rows, to_csv
from ContourQALib.report.sections import comparison_section
from ContourQALib.report.tables import print_assessment, print_comparisons
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.settings import LOCAL_HOST, Settings

DATA_VARIABLE = "CONTOURQA_DATA"
REAL_CASE = "hippocampus_015"
"""One of the patients that the bundled model never saw."""

REAL_STRUCTURE = "hippocampus"
PER_SLICE = ComparisonSettings(per_slice=True)
SHIFT_MM = 10.0
"""How far the real contour is moved to show what a bad one looks like: about the width of a hippocampus."""


@dataclass(frozen=True, eq=False)
class _Assessed:
    """Contours with what was predicted of them."""

    title: str
    contours: tuple[Contour, ...]
    assessment: Assessment


@dataclass(frozen=True, eq=False)
class _Part:
    """One case of the demo and what came of it."""

    title: str
    image: Image
    assessed: tuple[_Assessed, ...]
    comparison: ComparisonSet


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for report, cases and decisions.")
    ] = Path("contourqa-demo"),
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop after the report, without opening the workstation.")
    ] = False,
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the workstation; 0 for any free one.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Show what ContourQA does on a pelvis phantom and, where the data folder is present, on real patients.

    Tables and a report come first; then the workstation opens on the same cases. The data folder is
    ../shared/data, or the one that CONTOURQA_DATA names.
    """
    data = _data_folder()
    if not no_serve:
        _report_in_child(output)
        _open_workstation(output, data, port, not no_browser)
        return
    console = Console()
    parts = [_phantom()]
    inputs: list[Path] = []
    if data is None:
        say(f"No real case: there is no data folder (set {DATA_VARIABLE} to one).")
    else:
        inputs = [data / kind / f"{REAL_CASE}.nii.gz" for kind in ("images", "labels")]
        parts.append(_real(*inputs))
    for part in parts:
        for drawn in part.assessed:
            console.print(f"\n{drawn.title}: assessed without a reference", style="bold")
            print_assessment(console, drawn.assessment)
        console.print(f"\n{part.title}: compared with the reference", style="bold")
        print_comparisons(console, part.comparison.comparisons, part.comparison.unmatched)
    say(f"\nReport: {_write(output, parts, inputs)}")


def _report_in_child(output: Path) -> None:
    """Tables and report from a process of their own: what they load would stay in the server's memory."""
    command = [sys.executable, "-m", "ContourQALib", "demo", "--no-serve", "--output", str(output)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)


def _open_workstation(output: Path, data: Path | None, port: int | None, open_browser: bool) -> None:
    """Open the workstation on the demo's cases, or say what is missing: the report stands alone."""
    try:
        require_packages()
    except WorkstationError as error:
        say(str(error))
        return
    settings = Settings(
        results=output / "workstation",
        source=write_demo_cases(output / "cases", PHANTOM_SEED, data),
        models={f"phantom_{PHANTOM_SEED}": PHANTOM_MODEL},
        port=free_port(LOCAL_HOST, port),
        open_browser=open_browser,
    )
    say(f"\nThe workstation opens on {settings.source}: files as its input looks like.")
    serve(settings)


def _phantom() -> _Part:
    drawn = pelvis(seed=PHANTOM_SEED)
    vendor = assess(drawn.image, drawn.vendor, find_model(PHANTOM_MODEL))
    models = [Source("VPM", drawn.vendor), Source("LFT", drawn.fine_tuned)]
    return _Part(
        "Pelvis phantom",
        drawn.image,
        (_Assessed("Pelvis phantom, contours of the vendor's model (VPM)", drawn.vendor, vendor),),
        compare_with_reference(Source("reference", drawn.reference), models, PER_SLICE),
    )


def _real(image_path: Path, labels_path: Path) -> _Part:
    image = read_image(image_path)
    (clinical,) = read_contours(labels_path, merge=REAL_STRUCTURE)
    shifted = perturb(clinical, "shift", SHIFT_MM)
    moved = f"shifted by {SHIFT_MM:g} mm"
    return _Part(
        "Hippocampus MRI",
        image,
        (
            _Assessed("Hippocampus MRI, clinical contour", (clinical,), assess(image, [clinical])),
            _Assessed(f"Hippocampus MRI, {moved}", (shifted,), assess(image, [shifted])),
        ),
        compare_with_reference(
            Source("clinical contour", (clinical,)), [Source(moved, (shifted,))], PER_SLICE
        ),
    )


def _write(output: Path, parts: Sequence[_Part], inputs: Sequence[Path]) -> Path:
    sections: list[Section] = []
    for part in parts:
        for drawn in part.assessed:
            sections.append(
                assessment_section(drawn.assessment, part.image, drawn.contours, title=drawn.title)
            )
        pairs = [(pair.reference, pair.test) for pair in part.comparison.pairs]
        title = f"{part.title}, compared with the reference"
        sections.append(comparison_section(part.comparison.comparisons, pairs, image=part.image, title=title))
    assessed = [drawn for part in parts for drawn in part.assessed]
    models = list(dict.fromkeys(model for d in assessed for model in d.assessment.models))
    settings = {
        "phantom_seed": PHANTOM_SEED,
        "shift_mm": SHIFT_MM,
        "models": [f"{model.name} {model.version}" for model in models],
    }
    provenance = Provenance.of(inputs, settings, models[0])
    html = page("ContourQA demonstration", [*sections, definitions_section()], provenance, generated=today())
    document = {
        "assessments": [{"title": d.title, **assessment_document(d.assessment)} for d in assessed],
        "comparisons": [
            {"title": part.title, **comparison_document(part.comparison.comparisons)} for part in parts
        ],
        "provenance": provenance_record(provenance),
    }
    rows = comparison_rows([c for part in parts for c in part.comparison.comparisons])
    return write_report_folder(output, html, document, {"report.csv": to_csv(rows)})


def _data_folder() -> Path | None:
    """The folder of hippocampus cases, if there is one."""
    named = os.environ.get(DATA_VARIABLE)
    places = [Path(named)] if named else [Path("..") / "shared" / "data"]
    return next((p / "hippocampus" for p in places if (p / "hippocampus").is_dir()), None)
