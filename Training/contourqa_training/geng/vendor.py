"""The vendor's patients as files: what pretrains his model, in the plain layout of `segmentation_cases`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from contourqa_training.geng.protocol import VendorSettings, vendor_image, vendor_labels
from contourqa_training.geng.split import ORGANS
from contourqa_training.segmentation_cases import LABELS, SegmentationCase, find_cases, fingerprint, read_case
from ContourQALib.case import Contour, Image
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.images import write_image
from ContourQALib.formats.output import output_folder, write_atomically

FACTS = "vendor.json"
"""What a folder was made from and how."""

PROTOCOL = 1
"""Counted up when the same settings draw other voxels: folders of before are then refused."""


@dataclass(frozen=True)
class ProtocolEffect:
    """What the vendor's protocol does to one organ's clinical contours, over his patients.

    Attributes:
        structure: the organ.
        n: patients with the organ.
        not_contoured: patients without it.
        volume_ratio: the vendor's volume over the clinical one: quartiles.
        longer_mm: how much longer it is across the slices: quartiles.
        dice: of his contour and the clinical one, on his grid: quartiles. A model that imitated him without
            a fault would agree with the clinic's contours so well and no better.
    """

    structure: str
    n: int
    not_contoured: int
    volume_ratio: tuple[float, float, float]
    longer_mm: tuple[float, float, float]
    dice: tuple[float, float, float]


def write_vendor_cohort(
    source: Path,
    patients: Sequence[str],
    folder: Path,
    settings: VendorSettings,
    *,
    workers: int = 1,
    report: Callable[[str], None] = lambda what: None,
) -> None:
    """Write images and contours of the vendor's patients; those that are there are not made again.

    A patient's files depend on his clinical case, his name and the settings alone.

    Args:
        source: the folder of OpenKBP.
        patients: who is scanned and contoured by the vendor.
        folder: gets images/, labels/, labels.csv and `FACTS`.
        settings: the vendor's protocol.
        workers: processes.
        report: told about progress.

    Raises:
        FormatError: a patient is not in `source`, or a file of his cannot be read.
        SettingError: no patient, one twice, fewer than one process, or the folder was made from other data or
            with other settings.
        OutputError: the folder cannot be written.
    """
    if not patients or len(set(patients)) < len(patients):
        raise SettingError("Name one or more patients for the vendor's cohort, each once.")
    if workers < 1:
        raise SettingError(f"The vendor's cohort needs one process or more, not {workers}.")
    cases = _cases(source, patients)
    _claim(folder, cases, settings)
    left = [case for case in cases if not all(path.is_file() for path in _files(folder, case.name))]
    done = len(cases) - len(left)
    if done:
        report(f"{done} of {len(cases)} patients of the vendor are there.")
    for name in _each(left, folder, settings, workers):
        done += 1
        report(f"{name} as the vendor's patient, {done} of {len(cases)}.")


def measure_protocol(source: Path, folder: Path) -> tuple[ProtocolEffect, ...]:
    """What the protocol did to the organs of every patient of a folder of `write_vendor_cohort`.

    Args:
        source: the folder of OpenKBP.
        folder: the vendor's cohort.

    Raises:
        FormatError: a patient is missing in `source`, or a file cannot be read.
    """
    made = find_cases(folder, ORGANS)
    found: dict[str, list[tuple[float, float, float]]] = {organ: [] for organ in ORGANS}
    for clinical, vendor in zip(_cases(source, [case.name for case in made]), made, strict=True):
        image, before = read_case(clinical)
        drawn, after = read_case(vendor)
        for organ in before:
            theirs = Contour(after.get(organ, np.zeros(drawn.grid.shape, bool)), drawn.grid, organ)
            found[organ].append(_compared(Contour(before[organ], image.grid, organ), theirs))
    effects = []
    for organ, rows in found.items():
        figures = np.array(rows or [(np.nan,) * 3])
        ratio, longer, dice = (
            (float(low), float(middle), float(high))
            for low, middle, high in np.percentile(figures, (25, 50, 75), axis=0).T
        )
        effects.append(ProtocolEffect(organ, len(rows), len(made) - len(rows), ratio, longer, dice))
    return tuple(effects)


def _compared(clinical: Contour, vendor: Contour) -> tuple[float, float, float]:
    """Volume ratio, added length in mm, and Dice."""
    before_mm, after_mm = (
        float(c.mask.any(axis=(1, 2)).sum()) * c.grid.spacing[2] for c in (clinical, vendor)
    )
    placed = clinical.on(vendor.grid).mask
    shared, both = int((placed & vendor.mask).sum()), int(placed.sum()) + int(vendor.mask.sum())
    dice = 2 * shared / max(1, both)
    return vendor.volume_cc / clinical.volume_cc, after_mm - before_mm, dice


def _cases(source: Path, patients: Iterable[str]) -> list[SegmentationCase]:
    there = {case.name: case for case in find_cases(source, ORGANS)}
    wanted = list(patients)
    missing = [name for name in wanted if name not in there]
    if missing:
        raise FormatError(f"{source} holds no {', '.join(missing)}; name the folder of OpenKBP.")
    return [there[name] for name in wanted]


def _claim(folder: Path, cases: Sequence[SegmentationCase], settings: VendorSettings) -> None:
    """Make the folder with its facts, or find it with the same ones; remove what a kill left half-written."""
    record = {"protocol": PROTOCOL, "settings": asdict(settings), "source": fingerprint(cases)}
    facts = json.dumps(record, indent=1) + "\n"
    parts = (folder / "images", folder / "labels")
    for needed in (folder, *parts):
        output_folder(needed)
    path = folder / FACTS
    if path.is_file():
        if path.read_bytes() != facts.encode():
            raise SettingError(
                f"{folder} was made from other patients or with other settings; remove it or name another."
            )
    elif any(any(part.iterdir()) for part in parts):
        raise SettingError(f"{folder} holds images of something else; name another folder.")
    for half in (file for part in parts for file in part.glob(".*")):
        half.unlink()
    with write_atomically(folder / LABELS) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("number", "name"))
        writer.writerows(enumerate(ORGANS, start=1))
    with write_atomically(path) as temporary:
        temporary.write_bytes(facts.encode())


def _each(
    cases: Sequence[SegmentationCase], folder: Path, settings: VendorSettings, workers: int
) -> Iterable[str]:
    """Write the files of each case; gives their names as they are done."""
    if workers == 1 or len(cases) < 2:
        for case in cases:
            yield _write_patient(case, folder, settings)
        return
    # spawned: a forked child would inherit ITK's and torch's threads in whatever state they are
    with ProcessPoolExecutor(min(workers, len(cases)), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_write_patient, case, folder, settings) for case in cases]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write_patient(case: SegmentationCase, folder: Path, settings: VendorSettings) -> str:
    """Write labels, then the image, which is what a case is found by."""
    image, masks = read_case(case)
    random = np.random.default_rng((settings.seed, *case.name.encode()))
    scanned = vendor_image(image, settings, random)
    labels = np.zeros(scanned.grid.shape, np.uint8)
    for name, mask in vendor_labels(masks, image.grid, settings).items():
        labels[mask] = ORGANS.index(name) + 1
    image_file, label_file = _files(folder, case.name)
    write_image(Image(labels, scanned.grid, case.name), label_file)
    write_image(scanned, image_file)
    return case.name


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / "images" / f"{name}.nii.gz", folder / "labels" / f"{name}.nii.gz"
