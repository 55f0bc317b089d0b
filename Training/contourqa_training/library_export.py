"""Write contours of a library as files with a manifest: what the commands that judge and assess read."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contourqa_training.image_errors import IMAGE_ERRORS, spoil_image
from contourqa_training.library import BestThresholds, ContourLibrary, LibraryCase, LibraryContour
from ContourQALib.case import Image
from ContourQALib.errors import SettingError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.geometry import Grid

MANIFEST = "manifest.csv"
COLUMNS = (
    "case", "patient", "structure", "stratum", "image", "reference", "contour", "probability", "second",
    "dataset",
)  # fmt: skip

BEST = "N-best"
"""Stratum of the natural contours of the last stage at the best threshold alone: the narrow range of use."""


SPOILED = "I"
"""Stratum of contours as good as before on images that were spoiled."""


@dataclass(frozen=True, eq=False)
class _Files:
    """The files of one export; each array is written once."""

    folder: Path
    case: LibraryCase

    def write(self, array: np.ndarray, kind: str, name: str) -> str:
        """Write an array on the case's grid to `kind`/PATIENT/`name` and say where, from the folder."""
        file = Path(kind) / self.case.patient / f"{name}.nii.gz"
        path = self.folder / file
        if not path.is_file():
            output_folder(path.parent)
            k, j, i = self.case.spacing_kji
            write_image(Image(array, Grid.for_shape(array.shape, (i, j, k)), self.case.patient), path)
        return file.as_posix()


def export_library(
    library: ContourLibrary,
    output: Path,
    split: str = "test",
    strata: Sequence[str] = (),
    structures: Sequence[str] = (),
    regime: str = "",
) -> Path:
    """Write the contours of one split, their images, references and maps, and manifest.csv.

    Natural contours of a network's last stage, cut where its contours of the choosing patients are best on
    average, are listed once more as stratum N-best. The column `second` names what the other network drew,
    cut likewise. Stratum I is one natural contour of each structure on images with noise, a bias field and
    another contrast.

    Args:
        library: the library.
        output: folder to write to; files that are there already are kept.
        split: whose contours.
        strata: only these of N, N-best, S, B, G, O and I; all where empty.
        structures: only these; all where empty.
        regime: only patients whose image is of this intensity regime (`cases.regime_of`); all where empty.

    Raises:
        SettingError: the library has no such contours.
        OutputError: the folder cannot be written.
    """
    best = library.best_thresholds()
    there = [
        c for c in library.contours if c.split == split and (not structures or c.structure in structures)
    ]
    natural = {"N", BEST, SPOILED}
    wanted = [
        c for c in there if not strata or c.stratum in strata or (c.stratum == "N" and natural & set(strata))
    ]
    if not wanted:
        raise SettingError(f"{library.folder} has no such contours of {split} patients to write.")
    output_folder(output)
    by_patient: dict[str, list[LibraryContour]] = {}
    for contour in wanted:
        by_patient.setdefault(contour.patient, []).append(contour)
    path = output / MANIFEST
    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for patient, contours in by_patient.items():
            case = library.case(patient)
            if regime and case.regime != regime:
                continue
            rows = _rows(_Files(output, case), contours, best, library)
            writer.writerows(row for row in rows if not strata or row["stratum"] in strata)
    return path


def _rows(
    files: _Files, contours: Sequence[LibraryContour], best: BestThresholds, library: ContourLibrary
) -> Iterator[Mapping[str, str]]:
    case = files.case
    image = files.write(case.values, "images", "image")
    seconds = _seconds(contours, best)
    names: dict[tuple[str, str], int] = {}
    for contour in contours:
        key = (contour.structure, contour.name)
        names[key] = names.get(key, 0) + 1
        name = contour.name if names[key] == 1 else f"{contour.name}/number-{names[key]}"
        probability = case.probability(contour)
        second = next((c for c in seconds.get(contour.structure, []) if c.kind != contour.kind), None)
        row = {
            "case": f"{case.patient}/{name}",
            "patient": case.patient,
            "structure": contour.structure,
            "stratum": contour.stratum,
            "image": image,
            "reference": files.write(
                case.references[contour.structure].astype(np.uint8), "references", contour.structure
            ),
            "contour": _contour_file(files, contour),
            "probability": ""
            if probability is None
            else files.write(probability, "probabilities", f"{contour.structure}-{contour.map}"),
            "second": "" if second is None else _contour_file(files, second),
            "dataset": str(library.facts["settings"]["name"]),
        }
        yield row
        if best.holds(contour):
            yield row | {"case": f"{case.patient}/{contour.kind}/best", "stratum": BEST}
            if contour is seconds[contour.structure][0]:
                yield from _spoiled(files, row)


def _spoiled(files: _Files, row: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The same contour on the image with every error at every severity."""
    for kind, severities in IMAGE_ERRORS.items():
        seed = zlib.crc32(f"{files.case.patient} {kind}".encode())
        for severity in severities:
            image = spoil_image(files.case.values, kind, severity, seed)
            yield {
                **row,
                "case": f"{files.case.patient}/{kind}/{severity:g}",
                "stratum": SPOILED,
                "image": files.write(image, "images", f"{kind}-{severity:g}"),
                "probability": "",
                "second": "",
            }


def _contour_file(files: _Files, contour: LibraryContour) -> str:
    mask = files.case.mask(contour).astype(np.uint8)
    return files.write(mask, "contours", f"{contour.structure}-{contour.number}")


def _seconds(contours: Sequence[LibraryContour], best: BestThresholds) -> dict[str, list[LibraryContour]]:
    """What each network draws at its best, by structure."""
    found: dict[str, list[LibraryContour]] = {}
    for contour in contours:
        if best.holds(contour):
            found.setdefault(contour.structure, []).append(contour)
    return found
