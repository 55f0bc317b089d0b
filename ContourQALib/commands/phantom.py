"""`contourqa phantom`: a made-up patient as files, with a reference and two models' contours."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ContourQALib.case import Image
from ContourQALib.commands.printing import say
from ContourQALib.errors import SettingError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.phantom import SIZE, Phantom, pelvis

IMAGE, REFERENCE, VENDOR, FINE_TUNED = (
    "image.nrrd",
    "reference.seg.nrrd",
    "vendor.seg.nrrd",
    "fine_tuned.seg.nrrd",
)
MANIFEST = "manifest.csv"
COLUMNS = ("case", "patient", "structure", "image", "reference", "VPM", "LFT", "probability")


def phantom(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the files; made if missing.")
    ],
    size: Annotated[str, typer.Option("--size", metavar="IxJxK", help="Voxels.")] = "x".join(map(str, SIZE)),
    spacing: Annotated[
        str | None,
        typer.Option(
            "--spacing", metavar="IxJxK", help="Voxel spacing, mm; else 320x320x192 mm are covered."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Which patient.")] = 0,
) -> None:
    """Write a CT-like male pelvis: image, reference, two models' contours and probability maps, manifest.

    VPM are the contours of a vendor's pretrained model, whose target is too large and which misses parts; LFT
    those of a locally fine-tuned one. No real patient: the same seed gives the same voxels.
    """
    drawn = pelvis(
        _three(size, int, "--size"), None if spacing is None else _three(spacing, float, "--spacing"), seed
    )
    write_phantom(drawn, seed, output)
    say(f"Wrote phantom {seed} ({len(drawn.reference)} structures) to {output}.")


def write_phantom(drawn: Phantom, seed: int, folder: Path) -> Path:
    """Write a phantom's files and its manifest.

    Args:
        drawn: the phantom.
        seed: which patient it is; part of the case's name.
        folder: where to; made if missing.

    Returns:
        The manifest, written last: where it is, the rest is.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = output_folder(folder)
    write_image(drawn.image, folder / IMAGE)
    for contours, name in (
        (drawn.reference, REFERENCE),
        (drawn.vendor, VENDOR),
        (drawn.fine_tuned, FINE_TUNED),
    ):
        write_segmentation(contours, folder / name)
    for model, maps in (("vendor", drawn.vendor_probability), ("fine_tuned", drawn.fine_tuned_probability)):
        for one in maps:
            write_image(Image(one.values, one.grid, one.name), folder / _probability(model, one.name))
    _write_manifest(folder / MANIFEST, drawn, seed)
    return folder / MANIFEST


def _probability(model: str, structure: str) -> str:
    return f"{model}_probability_{structure}.nrrd"


def _write_manifest(path: Path, drawn: Phantom, seed: int) -> None:
    """One row a structure; `probability` is the vendor's, whose best threshold is worth looking for."""
    case = f"phantom_{seed}"
    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for contour in drawn.reference:
            files = (IMAGE, REFERENCE, VENDOR, FINE_TUNED, _probability("vendor", contour.name))
            writer.writerow((case, case, contour.name, *files))


def _three(text: str, kind: Callable[[str], Any], option: str) -> tuple[Any, Any, Any]:
    try:
        i, j, k = (kind(part) for part in text.lower().split("x"))
    except ValueError as error:
        raise SettingError(f"{option} {text} is not three numbers; write them as 128x128x64.") from error
    return i, j, k
