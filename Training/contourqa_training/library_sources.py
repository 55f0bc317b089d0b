"""CaseSource: where a library's patients come from: a folder of data, or the phantom's seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from contourqa_training.cases import TrainingCase
from contourqa_training.library import PROBABILITY_STEPS
from contourqa_training.library_config import LibrarySettings
from contourqa_training.natural_contours import HALF, NaturalContours, NaturalMap
from contourqa_training.segmentation_cases import SegmentationCase, find_cases, fingerprint, read_case
from ContourQALib.case import Contour, Image
from ContourQALib.errors import StructureError
from ContourQALib.geometry import Grid
from ContourQALib.phantom import Phantom, pelvis
from ContourQALib.quality.preprocessing import standard_spacing, to_standard_axes

MODELS = {"vendor": "vendor_probability", "fine-tuned": "fine_tuned_probability"}
"""The phantom's two models, and where it keeps their maps."""


class CaseSource(Protocol):
    """Patients with references and natural contours; sent to worker processes."""

    settings: LibrarySettings

    def patients(self) -> list[str]:
        """All patients, in order."""

    def fingerprint(self, patients: Sequence[str]) -> str:
        """What the patients' data are, as one hash."""

    def read(self, patient: str) -> Mapping[str, TrainingCase]:
        """A patient's contoured structures, axes to superior, posterior and left."""

    def natural(self, patient: str, wanted: Sequence[str]) -> Mapping[str, list[NaturalMap]]:
        """The maps of models that never saw the patient, by structure, on the grid of `read`."""


def source_of(settings: LibrarySettings, data: Path, runs: Path) -> CaseSource:
    """The phantom where the settings ask for some, else the folder."""
    return PhantomSource(settings) if settings.phantoms else FolderSource(settings, data, runs)


class FolderSource:
    """Patients of a data folder, drawn by segmentation networks trained out of fold."""

    def __init__(self, settings: LibrarySettings, data: Path, runs: Path) -> None:
        self.settings, self.data, self.runs = settings, data, runs

    @cached_property
    def _cases(self) -> dict[str, SegmentationCase]:
        found = find_cases(self.data, self.settings.structures)
        return {case.name: case for case in found if case.name not in self.settings.exclude}

    @cached_property
    def _networks(self) -> NaturalContours:
        return NaturalContours(self.settings, self.runs)

    def __getstate__(self) -> dict[str, object]:
        """Networks are loaded where they run."""
        return {"settings": self.settings, "data": self.data, "runs": self.runs}

    def patients(self) -> list[str]:
        """All patients, by number."""
        return list(self._cases)

    def fingerprint(self, patients: Sequence[str]) -> str:
        """SHA-256 over the patients' files."""
        return fingerprint([self._cases[patient] for patient in patients])

    def read(self, patient: str) -> Mapping[str, TrainingCase]:
        """See `CaseSource`."""
        image, masks = read_case(self._cases[patient])
        return _turned(patient, image, masks)

    def natural(self, patient: str, wanted: Sequence[str]) -> Mapping[str, list[NaturalMap]]:
        """See `CaseSource`."""
        image, _ = read_case(self._cases[patient])
        found: dict[str, list[NaturalMap]] = {structure: [] for structure in wanted}
        for one in self._networks.draw(image, patient, wanted):
            turned = np.ascontiguousarray(to_standard_axes(one.values, image.grid.axes))
            found[one.structure].append(replace(one, values=turned))
        return found


class PhantomSource:
    """Phantoms of consecutive seeds, drawn by the phantom's own two models."""

    def __init__(self, settings: LibrarySettings) -> None:
        self.settings = settings
        self._last: tuple[str, Phantom] | None = None

    def patients(self) -> list[str]:
        """One name a seed."""
        return [
            f"phantom_{seed}"
            for seed in range(self.settings.seed, self.settings.seed + self.settings.phantoms)
        ]

    def fingerprint(self, patients: Sequence[str]) -> str:
        """SHA-256 over the first phantom's voxels: the others follow from the same code."""
        return hashlib.sha256(self._phantom(patients[0]).image.values.tobytes()).hexdigest()

    def read(self, patient: str) -> Mapping[str, TrainingCase]:
        """See `CaseSource`."""
        phantom = self._phantom(patient)
        masks = {contour.name: contour.mask for contour in phantom.reference}
        unknown = [name for name in self.settings.structures if name not in masks]
        if unknown:
            raise StructureError(
                f"The phantom has no structure {', '.join(unknown)}; it has {', '.join(masks)}."
            )
        return _turned(patient, phantom.image, {name: masks[name] for name in self.settings.structures})

    def natural(self, patient: str, wanted: Sequence[str]) -> Mapping[str, list[NaturalMap]]:
        """See `CaseSource`."""
        phantom = self._phantom(patient)
        cut = (HALF, *self.settings.thresholds)
        found: dict[str, list[NaturalMap]] = {structure: [] for structure in wanted}
        for model, maps in MODELS.items():
            for one in getattr(phantom, maps):
                if one.name in found:
                    steps = np.round(one.values * PROBABILITY_STEPS).astype(np.uint8)
                    turned = np.ascontiguousarray(to_standard_axes(steps, phantom.image.grid.axes))
                    found[one.name].append(NaturalMap(one.name, model, 1, turned, cut))
        return found

    def _phantom(self, patient: str) -> Phantom:
        if self._last is None or self._last[0] != patient:
            self._last = patient, pelvis(seed=int(patient.rsplit("_", 1)[1]))
        return self._last[1]


def _turned(patient: str, image: Image, masks: Mapping[str, np.ndarray]) -> dict[str, TrainingCase]:
    """Image and masks with axes to superior, posterior and left."""
    axes = image.grid.axes
    values = np.ascontiguousarray(to_standard_axes(image.values.astype(np.float32), axes))
    k, j, i = standard_spacing(image.grid.spacing_kji, axes)
    grid = Grid.for_shape(values.shape, (i, j, k))
    turned = Image(values, grid, patient)
    return {
        name: TrainingCase(
            patient, turned, Contour(np.ascontiguousarray(to_standard_axes(mask, axes)), grid, name)
        )
        for name, mask in masks.items()
    }
