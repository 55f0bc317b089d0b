"""Probability maps of segmenters on the images' own grids, and the manifest that names them."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from contourqa_training.patients import DRAWN, check_there, patients_of_split
from contourqa_training.segmentation_cases import find_cases, read_case
from contourqa_training.segmenter_model import SegmenterModel
from contourqa_training.segmenter_outputs import on_device, probability_maps
from ContourQALib.case import Image
from ContourQALib.errors import ContourQAError, SettingError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.output import output_folder, write_atomically

MANIFEST = "manifest.csv"
COLUMNS = ("case", "patient", "structure", "image", "reference", "probability", "stratum", "dataset")

HELD_OUT = "held-out"
"""The patients of a model's own fold."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Prediction:
    """One structure of one patient, predicted by one model.

    Attributes:
        case: name of the case.
        structure: the structure.
        image: file of the image.
        reference: file of the reference contour on the image's grid, a mask of this structure alone.
        probability: file of the probability map, float32 in [0, 1] on the image's grid.
        role: what the patient was to the model (`Patients.role`).
        dataset: name of the data folder.
    """

    case: str
    structure: str
    image: Path
    reference: Path
    probability: Path
    role: str
    dataset: str


@dataclass(frozen=True)
class Predictions:
    """What `predict_cases` wrote.

    Attributes:
        manifest: a manifest for `contourqa thresholds --cases`.
        rows: one each line.
        absent: patients without a contour to compare with, by structure; no map is written for them.
        skipped: why patients were left out.
    """

    manifest: Path
    rows: tuple[Prediction, ...]
    absent: dict[str, tuple[str, ...]]
    skipped: dict[str, str]


def patients_to_predict(
    model: SegmenterModel, there: Sequence[str], which: str | None, names: Sequence[str] = ()
) -> tuple[str, ...]:
    """The patients of a folder that a model is to predict.

    Args:
        model: its own groups and split are meant.
        there: patients of the folder.
        which: "held-out", "train" or "choose" of the model, or "calibrate" or "test" of its split; None for
            the held-out ones of a fold, else for those who choose.
        names: these patients instead.

    Raises:
        SettingError: the folder holds none of them.
    """
    if names:
        check_there(names, there)
        return tuple(dict.fromkeys(names))
    own = {"train": model.patients.train, "choose": model.patients.choose, HELD_OUT: model.patients.held_out}
    chosen = which or (HELD_OUT if model.patients.held_out else "choose")
    if chosen not in own and model.config.model.split == DRAWN:
        raise SettingError(
            f"This segmenter's patients were drawn: {', '.join(own)}; {chosen!r} is none of them."
        )
    members = own[chosen] if chosen in own else patients_of_split(there, model.config.model.split, chosen)
    found = tuple(name for name in there if name in members)
    if not found:
        raise SettingError(f"The data folder holds no {chosen} patients of the segmenter {model.folder}.")
    return found


def predict_cases(
    models: Sequence[SegmenterModel],
    data: Path,
    output: Path,
    *,
    which: str | None = None,
    names: Sequence[str] = (),
    stage: int | None = None,
    skip_bad: bool = False,
    report: Report = lambda _: None,
) -> Predictions:
    """Predict patients with one or several segmenters and write maps, references and a manifest.

    Several models share a manifest: the organs of the paper's single-organ models, or the folds of one
    model, each predicting the patients that it held out.

    Args:
        models: at least one; no two may predict the same structure of the same patient.
        data: data in a layout that `find_cases` knows.
        output: folder to write to: probabilities/, references/ and manifest.csv.
        which: patients, as for `patients_to_predict`.
        names: these patients instead.
        stage: the weights after so many epochs instead of the stored models.
        skip_bad: leave out patients whose files cannot be used.
        report: told each patient before it is predicted.

    Raises:
        FormatError: an image or label map cannot be read.
        GeometryError: an image and its labels differ in size.
        ModelError: a model lacks the stage, or is damaged.
        SettingError: no such patients, or two models for the same structure of the same patient.
        StructureError: the data set does not know a structure.
        OutputError: the folder cannot be written.
    """
    structures = dict.fromkeys(name for model in models for name in model.config.model.structures)
    cases = find_cases(data, list(structures))
    work = _work(models, [case.name for case in cases], which, names)
    networks = {model.folder: on_device(model, stage) for model in models}
    output_folder(output)
    for part in ("probabilities", "references"):
        output_folder(output / part)
    rows: list[Prediction] = []
    absent: dict[str, list[str]] = {}
    skipped: dict[str, str] = {}
    for number, case in enumerate([case for case in cases if case.name in work], 1):
        report(f"{number}/{len(work)} {case.name}")
        try:
            image, masks = read_case(case)
        except ContourQAError as error:
            if not skip_bad:
                raise
            skipped[case.name] = str(error)
            continue
        for model in work[case.name]:
            for structure, values in probability_maps(image, model, networks[model.folder]).items():
                if structure not in masks:
                    absent.setdefault(structure, []).append(case.name)
                    continue
                file = f"{case.name}_{structure}.nii.gz"
                row = Prediction(
                    case.name,
                    structure,
                    case.image,
                    output / "references" / file,
                    output / "probabilities" / file,
                    model.patients.role(case.name),
                    data.resolve().name,
                )
                write_image(Image(masks[structure], image.grid, structure), row.reference)
                write_image(Image(values, image.grid, structure), row.probability)
                rows.append(row)
    if not rows:
        raise SettingError("None of the patients has a contour to compare with; nothing was predicted.")
    manifest = _write_manifest(rows, output / MANIFEST)
    return Predictions(manifest, tuple(rows), {s: tuple(p) for s, p in absent.items()}, skipped)


def _work(
    models: Sequence[SegmenterModel], there: Sequence[str], which: str | None, names: Sequence[str]
) -> dict[str, list[SegmenterModel]]:
    """The models that predict each patient."""
    work: dict[str, list[SegmenterModel]] = {}
    seen: set[tuple[str, str]] = set()
    for model in models:
        for patient in patients_to_predict(model, there, which, names):
            for structure in model.config.model.structures:
                if (patient, structure) in seen:
                    raise SettingError(
                        f"Several segmenters would predict {structure} of {patient}; "
                        "predict them one by one, or give the folds of one."
                    )
                seen.add((patient, structure))
            work.setdefault(patient, []).append(model)
    return work


def relative_to(manifest: Path, file: Path) -> str:
    """A path as a manifest names it: from the folder that the manifest is in."""
    return Path(os.path.relpath(file.resolve(), manifest.parent.resolve())).as_posix()


def _write_manifest(rows: Sequence[Prediction], path: Path) -> Path:
    """The manifest, paths relative to it."""
    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(
                (
                    row.case,
                    row.case,
                    row.structure,
                    relative_to(path, row.image),
                    relative_to(path, row.reference),
                    relative_to(path, row.probability),
                    row.role,
                    row.dataset,
                )
            )
    return path
