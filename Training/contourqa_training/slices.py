"""SliceSet: the slices of all patients that a segmentation network learns from, read once and kept."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from contourqa_training.segmentation_cases import SegmentationCase, fingerprint, read_case
from contourqa_training.slice_view import SliceSettings, as_input, image_slices, to_slices
from ContourQALib.errors import ContourQAError, GeometryError, SettingError
from ContourQALib.formats.output import output_folder
from ContourQALib.quality.preprocessing import standard_spacing

CACHE_VERSION = 1
"""Raised when slices are made otherwise, so that those on disk are made again."""

MOST_STRUCTURES = 64
"""One bit of a voxel each."""

ARRAYS = ("images", "bits", "patient", "k", "known_by_case")


@dataclass(frozen=True, eq=False)
class SliceSet:
    """Slices of many patients. n slices, C cases, S structures.

    Attributes:
        structures: the S structures, in the order of the bits.
        cases: the C cases that were read, those without a single slice too.
        images: uint8 (n, size, size), see `slice_view`.
        bits: unsigned (n, size, size); bit s is set where structure s is.
        patient: (n,) whose slice it is, an index into `cases`.
        k: (n,) zero-based slice number from inferior.
        known_by_case: bool (C, S), whether the structure was contoured. One that was not is no background:
            it takes no part in the loss.
        fingerprint: of the files that were read.
        skipped: why a case was left out, by its name.
    """

    structures: tuple[str, ...]
    cases: tuple[str, ...]
    images: np.ndarray
    bits: np.ndarray
    patient: np.ndarray
    k: np.ndarray
    known_by_case: np.ndarray
    fingerprint: str
    skipped: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Slices."""
        return len(self.images)

    @property
    def known(self) -> np.ndarray:
        """Bool (n, S): whether the structure was contoured in the slice's patient."""
        return np.asarray(self.known_by_case[self.patient])

    def indices_of(self, cases: Iterable[str]) -> np.ndarray:
        """Slices of these cases, ascending; a case without slices adds none."""
        wanted = set(cases)
        return np.flatnonzero(np.isin(self.patient, [n for n, c in enumerate(self.cases) if c in wanted]))

    def batch(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Slices `index` (B,) as the network and its loss take them.

        Returns:
            Images float32 (B, 1, size, size) in [0, 1]; masks float32 (B, S, size, size) of 0 and 1; bool
            (B, S) whether the structure was contoured.
        """
        bits = self.bits[index]
        masks = np.empty((len(bits), len(self.structures), *bits.shape[1:]), np.float32)
        for s in range(len(self.structures)):
            masks[:, s] = (bits >> bits.dtype.type(s)) & bits.dtype.type(1)
        return as_input(self.images[index]), masks, self.known_by_case[self.patient[index]]

    def absent(self) -> dict[str, tuple[str, ...]]:
        """The cases in which each structure was not contoured."""
        return {
            structure: tuple(
                case for case, known in zip(self.cases, self.known_by_case[:, s], strict=True) if not known
            )
            for s, structure in enumerate(self.structures)
        }


def read_slices(
    cases: Sequence[SegmentationCase],
    structures: Sequence[str],
    settings: SliceSettings,
    cache: Path | None = None,
    *,
    skip_bad: bool = False,
    progress: bool = False,
) -> SliceSet:
    """Read the slices of `cases`, each file once, or take them from `cache`.

    A patient in whom no structure was contoured adds no slices and is counted in `SliceSet.absent`.

    Args:
        cases: as `find_cases` gives them.
        structures: what to learn, names as in `cases`.
        settings: how images become slices.
        cache: folder in which slices are kept; the same files and settings are found there the next time,
            whatever the names of the folders.
        skip_bad: leave out cases whose files cannot be used instead of stopping at the first.
        progress: whether to show a progress bar on standard error.

    Raises:
        FormatError: a file is missing, damaged or of another kind.
        GeometryError: image and labels do not have the same voxels, or a slice is so large that its center
            alone would cut a structure.
        SettingError: a structure is nowhere contoured, or there are more than 64.
        OutputError: the cache cannot be written.
    """
    if len(structures) > MOST_STRUCTURES:
        raise SettingError(f"At most {MOST_STRUCTURES} structures can be learned at once.")
    read_from = fingerprint(cases)
    place = cache / _key(cases, structures, settings, read_from) if cache else None
    kept = _load(place) if place else None
    if kept is not None and (skip_bad or not kept.skipped):
        return kept
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    skipped: dict[str, str] = {}
    shown = track(cases, "Reading slices", console=Console(stderr=True), disable=not progress, transient=True)
    for case in shown:
        try:
            parts.append(_slices_of(case, structures, settings))
        except ContourQAError as error:
            if not skip_bad:
                raise
            skipped[case.name] = str(error)
    known = np.array([part[3] for part in parts]).reshape(len(parts), len(structures))
    for s, structure in enumerate(structures):
        if not known[:, s].any():
            raise SettingError(
                f"None of the {len(parts)} patients that were read has a contour of {structure};"
                " leave the structure out or give other data."
            )
    made = SliceSet(
        tuple(structures),
        tuple(case.name for case in cases if case.name not in skipped),
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.repeat(np.arange(len(parts), dtype=np.int32), [len(part[0]) for part in parts]),
        np.concatenate([part[2] for part in parts]),
        known,
        read_from,
        skipped,
    )
    if place is None:
        return made
    _keep(made, place)
    return _load(place) or made


def _slices_of(
    case: SegmentationCase, structures: Sequence[str], settings: SliceSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images, bits and numbers of a case's slices, and which structures were contoured."""
    image, masks = read_case(case)
    kind = np.min_scalar_type((1 << len(structures)) - 1)
    bits = np.zeros(image.grid.shape, kind)
    for s, structure in enumerate(structures):
        if structure in masks:
            bits |= masks[structure].astype(kind) << kind.type(s)
    framed = to_slices(bits, image.grid, settings.size)
    lost = np.count_nonzero(bits) - np.count_nonzero(framed)
    if lost:
        raise GeometryError(
            f"{case.image} has slices of which the {settings.size}x{settings.size} voxels about the center,"
            f" all that the network would see, cut off {lost * image.grid.voxel_volume_cc:.2g} cc of the"
            " structures; resample the image and its labels to larger voxels, or raise slices.size."
        )
    numbers = np.flatnonzero(_near(framed, image.grid.spacing_kji, image.grid.axes, settings))
    known = np.array([structure in masks for structure in structures])
    return image_slices(image, settings)[numbers], framed[numbers], numbers.astype(np.int32), known


def _near(
    bits: np.ndarray, spacing_kji: tuple[float, float, float], axes: np.ndarray, settings: SliceSettings
) -> np.ndarray:
    """Bool, which slices to learn from: all, or those near an organ and some of the others.

    None where nothing was contoured.
    """
    inside = bits.any(axis=(1, 2))
    if not settings.around_organs or not inside.any():
        return np.full(len(bits), inside.any())
    number = np.arange(len(bits))
    distance = np.abs(number[:, None] - number[inside]).min(axis=1) * standard_spacing(spacing_kji, axes)[0]
    near = np.asarray(distance <= settings.margin_mm)
    if settings.away_every:
        near[np.flatnonzero(~near)[:: settings.away_every]] = True
    return near


def _key(
    cases: Sequence[SegmentationCase], structures: Sequence[str], settings: SliceSettings, read_from: str
) -> str:
    """Name of the cache of these slices."""
    order = [case.name for case in cases]
    text = json.dumps([CACHE_VERSION, read_from, order, list(structures), asdict(settings)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _keep(made: SliceSet, place: Path) -> None:
    """Write a cache beside its place and move it there: a kill leaves nothing that would be taken for one."""
    temporary = output_folder(place.parent / f".{secrets.token_hex(8)}")
    facts = {
        "structures": made.structures,
        "cases": made.cases,
        "fingerprint": made.fingerprint,
        "skipped": made.skipped,
    }
    try:
        for name in ARRAYS:
            np.save(temporary / f"{name}.npy", getattr(made, name))
        (temporary / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)  # one that could not be read
        os.replace(temporary, place)
    except OSError:
        return  # another run was faster, or the disk is full: the slices in memory serve as well
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _load(place: Path) -> SliceSet | None:
    """The slices of a cache, mapped into memory; None where there is none that can be read."""
    try:
        facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
        arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
    except (OSError, ValueError):
        return None
    return SliceSet(
        structures=tuple(facts["structures"]),
        cases=tuple(facts["cases"]),
        fingerprint=facts["fingerprint"],
        skipped=facts["skipped"],
        **arrays,
    )
