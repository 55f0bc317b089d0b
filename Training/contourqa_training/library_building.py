"""Build a contour library: every patient's contours drawn, spoiled, measured exactly and kept."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.cases import TrainingCase
from contourqa_training.library import CASES, FACTS, TABLE, LibraryContour, packed
from contourqa_training.library_config import LibrarySettings
from contourqa_training.library_patients import library_split
from contourqa_training.natural_contours import (
    NaturalContours,
    NaturalMap,
    by_structure,
    cut_at,
    fold_trainings,
)
from contourqa_training.sampling import spoiled, swapped_and_scaled
from contourqa_training.segmentation_cases import SegmentationCase, find_cases, fingerprint, read_case
from contourqa_training.segmenter import is_finished
from contourqa_training.strata import battery_stratum, graded_stratum
from contourqa_training.training_queue import train_side_by_side, workers_of
from ContourQALib.case import Contour, Image
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.geometry import Grid
from ContourQALib.metrics.pair import measure
from ContourQALib.quality.preprocessing import standard_spacing, to_standard_axes

Say = Callable[[str], None]

POOL = 24
"""Training patients whose contours are laid on others."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A contour before it is measured, and what its row says of it."""

    mask: np.ndarray
    stratum: str
    kind: str
    stage: int | None = None
    threshold: float | None = None
    severity: float = 0.0
    grade: int = 0
    map: int = -1


def build_library(
    settings: LibrarySettings,
    data: Path,
    output: Path,
    *,
    runs: Path,
    cache: Path,
    workers: int,
    say: Say = lambda _: None,
) -> Path:
    """Train the segmenters out of fold, where they are not trained yet, and write the library.

    Started again after a kill it goes on: finished segmenters and patients are kept.

    Args:
        settings: what it holds.
        data: data in a layout that `find_cases` knows.
        output: folder of the library.
        runs: folder of the segmenters' runs.
        cache: folder in which their slices are kept.
        workers: processes.
        say: told what is being done.

    Returns:
        The library's folder.

    Raises:
        FormatError, GeometryError: a file cannot be used.
        SettingError: too few patients, or the folder holds a library of other settings.
        OutputError: the folder cannot be written.
    """
    cases = [c for c in find_cases(data, settings.structures) if c.name not in settings.exclude]
    split = library_split(settings, cases)
    used = [case for case in cases if case.name in split]
    facts = {"settings": settings.record(), "fingerprint": fingerprint(used), "split": split}
    output_folder(output / CASES)
    _check_same(output, facts)
    missing = [training for training in fold_trainings(settings, runs) if not is_finished(training.run)]
    if missing:
        train_side_by_side(missing, data, cache=cache, workers=workers, say=say)
    rows = _build_cases(settings, used, split, output, runs, workers, say)
    with write_atomically(output / TABLE) as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(LibraryContour)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for case in used for row in rows[case.name])
    return output


def _check_same(output: Path, facts: Mapping[str, Any]) -> None:
    """Begin a library, or see that the one that is there is the same."""
    text = json.dumps(facts, indent=1) + "\n"
    path = output / FACTS
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise SettingError(
            f"{output} holds a library of other settings or other data; name another folder or remove it."
        )
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _build_cases(
    settings: LibrarySettings,
    cases: Sequence[SegmentationCase],
    split: Mapping[str, str],
    output: Path,
    runs: Path,
    workers: int,
    say: Say,
) -> dict[str, list[dict[str, Any]]]:
    """Every patient's rows; those that are there already are read."""
    rows = {}
    missing = []
    for case in cases:
        kept = _rows_file(output, case.name)
        if kept.is_file():
            rows[case.name] = json.loads(kept.read_text(encoding="utf-8"))
        else:
            missing.append(case)
    pool = [case for case in cases if split[case.name] == "train"][:POOL]
    with workers_of(max(1, min(workers, len(missing)))) as executor:
        work = [missing[start::workers] for start in range(workers)] if missing else []
        done = {
            executor.submit(_build_some, settings, part, split, pool, output, runs): len(part)
            for part in _slices(work)
        }
        finished = len(rows)
        for future in as_completed(done):
            rows.update(future.result())
            finished += done[future]
            say(f"{finished} of {len(cases)} patients have their contours")
    return rows


def _slices(
    work: Sequence[Sequence[SegmentationCase]], size: int = 8
) -> Iterator[Sequence[SegmentationCase]]:
    """Parts small enough to tell of progress, large enough to load the networks seldom."""
    for part in work:
        for start in range(0, len(part), size):
            yield part[start : start + size]


def _build_some(
    settings: LibrarySettings,
    cases: Sequence[SegmentationCase],
    split: Mapping[str, str],
    pool: Sequence[SegmentationCase],
    output: Path,
    runs: Path,
) -> dict[str, list[dict[str, Any]]]:
    """Some patients, in a worker."""
    natural = NaturalContours(settings, runs)
    others = [read_training_cases(case)[1] for case in pool]
    return {
        case.name: _build_one(settings, case, split[case.name], natural, others, output) for case in cases
    }


def read_training_cases(case: SegmentationCase) -> tuple[Image, dict[str, TrainingCase]]:
    """A patient's image as its file has it, and a `TrainingCase` of each contoured structure."""
    image, masks = read_case(case)
    axes = image.grid.axes
    values = np.ascontiguousarray(to_standard_axes(image.values.astype(np.float32), axes))
    k, j, i = standard_spacing(image.grid.spacing_kji, axes)
    grid = Grid.for_shape(values.shape, (i, j, k))
    turned = Image(values, grid, case.name)
    return image, {
        name: TrainingCase(
            case.name, turned, Contour(np.ascontiguousarray(to_standard_axes(mask, axes)), grid, name)
        )
        for name, mask in masks.items()
    }


def _build_one(
    settings: LibrarySettings,
    case: SegmentationCase,
    split: str,
    natural: NaturalContours,
    others: Sequence[Mapping[str, TrainingCase]],
    output: Path,
) -> list[dict[str, Any]]:
    image, references = read_training_cases(case)
    drawn = by_structure(natural.draw(image, case.name, list(references)))
    masks: list[np.ndarray] = []
    maps: list[np.ndarray] = []
    rows = []
    for structure, reference in references.items():
        turned = [
            replace(one, values=np.ascontiguousarray(to_standard_axes(one.values, image.grid.axes)))
            for one in drawn[structure]
        ]
        pool = [other[structure] for other in others if structure in other]
        for one in _contours(settings, split, reference, turned, pool, len(maps)):
            if split != "test" and not one.mask.any():
                continue  # nothing to learn from: the rules reject it
            rows.append(_row(one, reference, len(masks), split))
            masks.append(packed(one.mask))
        maps += [one.values for one in turned]
    if not references:
        return []
    first = next(iter(references.values()))
    path = output / CASES / f"{case.name}.npz"
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            values=first.image.values,
            spacing_kji=np.array(first.image.grid.spacing_kji),
            structures=np.array(list(references)),
            references=np.stack([packed(one.reference.mask) for one in references.values()]),
            masks=np.stack(masks),
            maps=np.stack(maps),
            image_file=np.array(_relative(case.image, output)),
        )
    with write_atomically(_rows_file(output, case.name)) as temporary:
        temporary.write_text(json.dumps(rows) + "\n", encoding="utf-8")
    return rows


def _contours(
    settings: LibrarySettings,
    split: str,
    case: TrainingCase,
    maps: Sequence[NaturalMap],
    pool: Sequence[TrainingCase],
    first_map: int,
) -> Iterator[_Drawn]:
    """All contours of one structure of a patient: those to learn from, to calibrate with, or to judge."""
    random = np.random.default_rng((settings.seed, *f"{case.patient} {case.reference.name}".encode()))
    natural = [
        _Drawn(cut_at(one.values, threshold), "N", one.network, one.stage, threshold, map=first_map + number)
        for number, one in enumerate(maps)
        for threshold in one.thresholds
    ]
    yield from natural
    yield _Drawn(case.reference.mask, "G", "reference")
    if split == "test":
        seed = int(random.integers(2**31))
        for judged in (*graded_stratum([case], seed), *battery_stratum([case], seed)):
            if judged.kind != "reference":
                yield _Drawn(
                    judged.contour.mask,
                    judged.stratum,
                    judged.kind,
                    severity=judged.severity,
                    grade=judged.grade,
                )
    elif split in ("train", "choose"):
        for _ in range(settings.known_errors):
            yield _Drawn(spoiled(case.reference, random), "S", "known-error")
        for _ in range(settings.natural_errors):
            base = natural[int(random.integers(len(natural)))]
            mask = spoiled(replace(case.reference, mask=base.mask), random) if base.mask.any() else base.mask
            yield _Drawn(mask, "S", "natural-with-error", map=base.map)
        strangers = [other for other in pool if other.patient != case.patient]
        for _ in range(settings.others if strangers else 0):
            other = strangers[int(random.integers(len(strangers)))]
            yield _Drawn(laid_on(other.reference.mask, case.reference.mask.shape), "O", "other-patient")
        for _ in range(settings.swapped if strangers else 0):
            yield _Drawn(swapped_and_scaled(case, strangers, random), "O", "swapped-and-scaled")


def laid_on(mask: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A mask in an array of another shape, the arrays' centers on each other; what leaves it is cut off."""
    result = np.zeros(shape, bool)
    into, out_of = [], []
    for have, want in zip(mask.shape, shape, strict=True):
        offset = (want - have) // 2
        length = min(have, want)
        into.append(slice(max(offset, 0), max(offset, 0) + length))
        out_of.append(slice(max(-offset, 0), max(-offset, 0) + length))
    result[tuple(into)] = mask[tuple(out_of)]
    return result


def _row(one: _Drawn, case: TrainingCase, number: int, split: str) -> dict[str, Any]:
    grid = case.reference.grid
    measured = measure(case.reference.mask, one.mask, grid.spacing_kji)
    row = LibraryContour(
        number=number,
        patient=case.patient,
        structure=case.reference.name,
        split=split,
        stratum=one.stratum,
        kind=one.kind,
        stage=one.stage,
        threshold=one.threshold,
        severity=one.severity,
        grade=one.grade,
        map=one.map,
        dice=measured.counts.dice,
        hd95_mm=float(measured.distances.hd95_mm),
        msd_mm=float(measured.distances.msd_mm),
        volume_cc=float(np.count_nonzero(one.mask)) * grid.voxel_volume_cc,
    )
    return asdict(row)


def _rows_file(output: Path, patient: str) -> Path:
    return output / CASES / f"{patient}.json"


def _relative(file: Path, folder: Path) -> str:
    """A path as seen from a folder, so that a library can be moved with its data."""
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
