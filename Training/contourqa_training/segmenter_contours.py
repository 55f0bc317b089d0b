"""Contours that segmenters draw, and the manifest with a column for each: the input of `contourqa cohort`."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path

from contourqa_training.patients import check_there
from contourqa_training.segmentation_cases import SegmentationCase, find_cases, read_case
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_outputs import on_device, predicted_masks
from contourqa_training.segmenter_predict import MANIFEST, relative_to
from ContourQALib.case import Contour
from ContourQALib.errors import ContourQAError, SettingError
from ContourQALib.formats.manifest import FILES, TEXTS
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.formats.segmentation import write_segmentation

COLUMNS = ("dataset", "case", "patient", "structure", "image", "reference")

REFERENCE = "reference"
"""Folder of the references, beside one for each model."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class DrawnContours:
    """What `draw_contours` wrote.

    Attributes:
        manifest: a manifest for `contourqa cohort`, one row a patient and structure.
        rows: how many.
        absent: patients without a reference contour, by structure; they have no row.
        skipped: why patients were left out.
    """

    manifest: Path
    rows: int
    absent: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]


def draw_contours(
    models: Mapping[str, Path],
    data: Path,
    patients: Mapping[str, Sequence[str]],
    output: Path,
    *,
    in_plane_mm: Mapping[str, float] | None = None,
    pool: Executor | None = None,
    skip_bad: bool = False,
    report: Report = lambda _: None,
) -> DrawnContours:
    """Draw the contours of patients with several segmenters, and list them beside the references.

    Args:
        models: run of each segmenter by the name of its column. Rows are those of the first one's structures.
        data: data in a layout that `find_cases` knows.
        patients: whom to contour, by data set (the manifest's column `dataset`; may be "").
        output: folder for reference/, one folder a model, and manifest.csv.
        in_plane_mm: size of the pixels in which a segmenter sees the images, by the name of its column; as
            they are for the others.
        pool: processes that contour at the same time; this one alone without.
        skip_bad: leave out patients whose files cannot be used.
        report: told of every model that is done.

    Raises:
        FormatError: an image or label map cannot be read.
        GeometryError: an image and its labels differ in size.
        ModelError: there is no such segmenter, or it is damaged.
        SettingError: no model, no patient, a patient twice or not in the folder, nobody with a contour to
            compare with, a size of pixels that is not positive, or a model's name that cannot be a folder or
            is another column's.
        StructureError: the data set does not know a structure of the first model.
        OutputError: the folder cannot be written.
    """
    opened = {name: open_segmenter(run) for name, run in models.items()}
    _check_names(opened)
    pixels = in_plane_mm or {}
    unknown = [name for name in pixels if name not in opened]
    if unknown:
        raise SettingError(f"Pixels are named for {', '.join(unknown)}, which is no segmenter of this run.")
    structures = next(iter(opened.values())).config.model.structures
    names = [name for members in patients.values() for name in members]
    by_name = {case.name: case for case in find_cases(data, structures)}
    check_there(names, by_name)
    if not names or len(set(names)) < len(names):
        raise SettingError("Name one or more patients to contour, each once.")
    output_folder(output)
    references, skipped = _write_references([by_name[name] for name in names], output, skip_bad)
    cases = [by_name[name] for name in names if name not in skipped]
    if not any(references.values()):
        raise SettingError("None of the patients has a contour to compare with; nothing was contoured.")
    work = {
        name: (model, cases, output_folder(output / name), pixels.get(name)) for name, model in opened.items()
    }
    if pool is None:
        for done, (name, arguments) in enumerate(work.items(), 1):
            _contour(*arguments)
            report(f"{done} of {len(work)} models: {name} contoured {len(cases)} patients")
    else:
        futures = {pool.submit(_contour, *arguments): name for name, arguments in work.items()}
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            report(f"{done} of {len(work)} models: {futures[future]} contoured {len(cases)} patients")
    datasets = {name: dataset for dataset, members in patients.items() for name in members}
    rows = [
        (case, structure, datasets[case.name])
        for case in cases
        for structure in structures
        if structure in references[case.name]
    ]
    _write_manifest(rows, opened, output)
    absent = {
        structure: tuple(case.name for case in cases if structure not in references[case.name])
        for structure in structures
    }
    return DrawnContours(output / MANIFEST, len(rows), absent, skipped)


def contour_file(folder: Path, patient: str) -> Path:
    """Where the contours of a patient lie in a folder of references or of a model."""
    return folder / f"{patient}.seg.nrrd"


def _check_names(models: Mapping[str, SegmenterModel]) -> None:
    if not models:
        raise SettingError("Name one or more segmenters.")
    taken = {*TEXTS, *FILES, MANIFEST, "", ".", ".."}
    for name in models:
        if name.casefold() in taken or os.path.basename(name) != name:
            raise SettingError(
                f"A segmenter cannot be called {name!r}: its contours need a folder and column of their own."
            )
        taken.add(name.casefold())


def _write_references(
    cases: Sequence[SegmentationCase], output: Path, skip_bad: bool
) -> tuple[dict[str, set[str]], dict[str, str]]:
    """Write the references; the structures of each patient, and why patients were left out."""
    folder = output_folder(output / REFERENCE)
    structures: dict[str, set[str]] = {}
    skipped: dict[str, str] = {}
    for case in cases:
        try:
            image, masks = read_case(case)
        except ContourQAError as error:
            if not skip_bad:
                raise
            skipped[case.name] = str(error)
            continue
        structures[case.name] = set(masks)
        contours = [Contour(mask, image.grid, name) for name, mask in masks.items()]
        if contours:
            write_segmentation(contours, contour_file(folder, case.name))
    return structures, skipped


def _contour(
    model: SegmenterModel, cases: Sequence[SegmentationCase], folder: Path, in_plane_mm: float | None
) -> None:
    """Contour all patients with one model."""
    network = on_device(model)
    for case in cases:
        image, _ = read_case(case)
        masks = predicted_masks(image, model, network, in_plane_mm)
        contours = [Contour(mask, image.grid, name) for name, mask in masks.items()]
        write_segmentation(contours, contour_file(folder, case.name))


def _write_manifest(
    rows: Sequence[tuple[SegmentationCase, str, str]], models: Mapping[str, SegmenterModel], output: Path
) -> None:
    """The manifest, paths relative to it."""
    manifest = output / MANIFEST
    with write_atomically(manifest) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, *models))
        for case, structure, dataset in rows:
            files = [case.image, contour_file(output / REFERENCE, case.name)]
            files += [contour_file(output / name, case.name) for name in models]
            places = [relative_to(manifest, one) for one in files]
            writer.writerow((dataset, case.name, case.name, structure, *places))
