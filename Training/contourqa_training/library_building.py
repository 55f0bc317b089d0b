"""Build a contour library: every patient's contours drawn, spoiled, measured exactly and kept."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.cases import TrainingCase
from contourqa_training.kept_contours import KeptSource
from contourqa_training.library import CASES, FACTS, TABLE, LibraryContour, packed
from contourqa_training.library_config import LibrarySettings
from contourqa_training.library_patients import library_split
from contourqa_training.library_sources import CaseSource, source_of
from contourqa_training.natural_contours import NaturalMap, cut_at, fold_trainings
from contourqa_training.patients import check_there
from contourqa_training.sampling import spoiled, swapped_and_scaled
from contourqa_training.segmenter import is_finished
from contourqa_training.strata import battery_stratum, graded_stratum
from contourqa_training.training_queue import train_side_by_side, workers_of
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder, write_atomically
from ContourQALib.metrics.pair import measure

Say = Callable[[str], None]

POOL = 24
"""Training patients whose contours are laid on others."""

PART = 8
"""Patients that a worker builds at a time."""


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
    source = source_of(settings, data, runs)
    split = library_split(settings, source.patients())

    def prepare() -> None:
        trainings = fold_trainings(settings, runs, split)
        missing = [training for training in trainings if not is_finished(training.run)]
        if missing:
            train_side_by_side(missing, data, cache=cache, workers=workers, say=say)

    return _write_library(source, split, output, {}, prepare, workers, say)


def restore_library(file: Path, data: Path, output: Path, *, workers: int, say: Say = lambda _: None) -> Path:
    """Build a library of the patients and natural contours of a kept file; no network draws anything.

    Args:
        file: written by `kept_contours.keep_contours`.
        data: the data folder that the patients are of.
        output: folder of the library.
        workers: processes.
        say: told what is being done.

    Raises:
        FormatError, GeometryError: a file cannot be used.
        SettingError: the data folder lacks a patient, or the folder holds another library.
        OutputError: the folder cannot be written.
    """
    source = KeptSource(file, data)
    check_there(source.split, source.patients())
    return _write_library(source, source.split, output, source.best, lambda: None, workers, say)


def _write_library(
    source: CaseSource,
    split: Mapping[str, str],
    output: Path,
    more: Mapping[str, Any],
    prepare: Callable[[], None],
    workers: int,
    say: Say,
) -> Path:
    """Write a library's facts, then, prepared, its cases and its table."""
    used = list(split)
    facts = {"settings": source.settings.record(), "fingerprint": source.fingerprint(used), "split": split}
    output_folder(output / CASES)
    _check_same(output, {**facts, **more})
    prepare()
    rows = _build_cases(source, used, split, output, workers, say)
    _write_table(output, [row for patient in used for row in rows[patient]])
    return output


def _write_table(output: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with write_atomically(output / TABLE) as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(LibraryContour)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


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
    source: CaseSource,
    patients: Sequence[str],
    split: Mapping[str, str],
    output: Path,
    workers: int,
    say: Say,
) -> dict[str, list[dict[str, Any]]]:
    """Every patient's rows; those that are there already are read."""
    rows = {}
    missing = []
    for patient in patients:
        kept = _rows_file(output, patient)
        if kept.is_file():
            rows[patient] = json.loads(kept.read_text(encoding="utf-8"))
        else:
            missing.append(patient)
    if not missing:
        return rows
    pool = [patient for patient in patients if split[patient] == "train"][:POOL]
    with workers_of(min(workers, len(missing))) as executor:
        # parts small enough to tell of progress, large enough to load the networks seldom
        parts = [missing[start : start + PART] for start in range(0, len(missing), PART)]
        done = {executor.submit(_build_some, source, part, split, pool, output): len(part) for part in parts}
        finished = len(rows)
        for future in as_completed(done):
            rows.update(future.result())
            finished += done[future]
            say(f"{finished} of {len(patients)} patients have their contours")
    return rows


def _build_some(
    source: CaseSource, patients: Sequence[str], split: Mapping[str, str], pool: Sequence[str], output: Path
) -> dict[str, list[dict[str, Any]]]:
    """Some patients, in a worker."""
    others = [source.read(patient) for patient in pool]
    return {patient: _build_one(source, patient, split[patient], others, output) for patient in patients}


def _build_one(
    source: CaseSource,
    patient: str,
    split: str,
    others: Sequence[Mapping[str, TrainingCase]],
    output: Path,
) -> list[dict[str, Any]]:
    references = source.read(patient)
    if not references:
        return []
    drawn = source.natural(patient, list(references))
    masks: list[np.ndarray] = []
    maps: list[np.ndarray] = []
    rows = []
    for structure, reference in references.items():
        pool = [other[structure] for other in others if structure in other]
        for one in _contours(source.settings, split, reference, drawn[structure], pool, len(maps)):
            if split != "test" and not one.mask.any():
                continue  # nothing to learn from: the rules reject it
            rows.append(_row(one, reference, len(masks), split))
            masks.append(packed(one.mask))
        maps += [one.values for one in drawn[structure] if not one.binary]
    first = next(iter(references.values()))
    path = output / CASES / f"{patient}.npz"
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            values=first.image.values,
            spacing_kji=np.array(first.image.grid.spacing_kji),
            structures=np.array(list(references)),
            references=np.stack([packed(one.reference.mask) for one in references.values()]),
            masks=np.stack(masks),
            maps=np.stack(maps) if maps else np.zeros((0, *first.image.values.shape), np.uint8),
        )
    with write_atomically(_rows_file(output, patient)) as temporary:
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
    natural = []
    for one in maps:
        number = -1 if one.binary else first_map
        first_map += not one.binary
        natural += [
            _Drawn(cut_at(one.values, threshold), "N", one.network, one.stage, threshold, map=number)
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
