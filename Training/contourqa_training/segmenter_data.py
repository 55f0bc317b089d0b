"""SegmenterData: the slices of a run and whose they are; test patients are not even opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from contourqa_training.patients import Draw, Fold, Patients, choose_patients
from contourqa_training.segmentation_cases import find_cases
from contourqa_training.segmenter_config import SegmenterConfig
from contourqa_training.slices import SliceSet, read_slices
from ContourQALib.errors import SettingError


@dataclass(frozen=True, eq=False)
class SegmenterData:
    """What one segmenter learns from.

    Attributes:
        slices: of all patients of the split that train, choose or are held out, so that every fold shares one
            cache, and every organ too unless slices are those around organs.
        structures: what the segmenter knows, in the order of its outputs.
        patients: who does what.
        fold: which fold or draw is held out, if any.
    """

    slices: SliceSet
    structures: tuple[str, ...]
    patients: Patients
    fold: Fold | Draw | None = None

    @classmethod
    def load(
        cls,
        folder: Path,
        config: SegmenterConfig,
        fold: Fold | Draw | None = None,
        *,
        patients: Patients | None = None,
        cache: Path | None = None,
        skip_bad: bool = False,
        progress: bool = False,
    ) -> SegmenterData:
        """Read the slices of every structure of a configuration.

        Args:
            folder: data in a layout that `find_cases` knows.
            config: with all structures; `for_structures` then leaves some out. With `slices.around_organs`
                the slices are around all of them: load anew for a model of one organ.
            fold: the fold, or the draw, to hold out.
            patients: these, whatever the configuration's split says; no others are opened.
            cache: folder in which slices are kept.
            skip_bad: leave out patients whose files cannot be used.
            progress: whether to show a progress bar.

        Raises:
            FormatError: the folder holds no data, or a file cannot be read.
            GeometryError: an image and its labels differ in size.
            SettingError: too few patients, or a structure that has nowhere a voxel.
            StructureError: the data set does not know a structure.
        """
        cases = find_cases(folder, config.model.structures)
        model, seed = config.model, config.training.seed
        there = [case.name for case in cases]
        if patients is None:
            patients = choose_patients(there, model.split, model.choose_share, seed, fold)
        else:
            patients.check(there)
        pool = {*patients.train, *patients.choose, *patients.held_out}
        read = [case for case in cases if case.name in pool]
        drawn = [name for name in model.structures if any(name in case.present for case in read)]
        slices = read_slices(read, drawn, config.slices, cache, skip_bad=skip_bad, progress=progress)
        return cls(slices, model.structures, patients.without(slices.skipped), fold)

    def for_structures(self, structures: Sequence[str]) -> SegmenterData:
        """The same slices for some of the structures."""
        return replace(self, structures=tuple(structures))

    def check(self) -> None:
        """See that every structure can be learned.

        Raises:
            SettingError: one was contoured in no patient who trains, or none in a patient who chooses.
        """
        for structure in self.structures:
            contoured = structure in self.slices.structures
            if not contoured or not len(self.for_structures([structure]).train):
                raise SettingError(
                    f"None of the {len(self.patients.train)} patients who train has a contour of "
                    f"{structure}; leave the structure out or give other data."
                )
        if not len(self.choose):
            raise SettingError(
                f"None of the {len(self.patients.choose)} patients who choose the stored model has a "
                f"contour of {' or '.join(self.structures)}; give other data or another fold."
            )

    @property
    def columns(self) -> list[int]:
        """Numbers of the structures in `slices`."""
        return [self.slices.structures.index(structure) for structure in self.structures]

    @property
    def train(self) -> np.ndarray:
        """Numbers of the slices to learn from: those whose patient has a contour of a structure."""
        return self._slices_of(self.patients.train)

    @property
    def choose(self) -> np.ndarray:
        """Numbers of the slices by which the stored model is chosen."""
        return self._slices_of(self.patients.choose)

    def of_pass(self, epoch: int, count: int, seed: int) -> np.ndarray:
        """Numbers of the slices of one pass: all to learn from, or `count`, as many of every patient.

        A patient with fewer slices than its share gives some several times. Where the count cannot be
        divided, the lot says who gives one more. The same epoch and seed give the same slices.

        Args:
            epoch: which pass.
            count: see `SegmenterTraining.slices_per_epoch`.
            seed: of the lot.
        """
        train = self.train
        if not count:
            return train
        random = np.random.default_rng((seed, epoch, count))
        of_patient = self.slices.patient[train]
        patients = random.permutation(np.unique(of_patient))
        share, more = divmod(count, len(patients))
        drawn = []
        for place, patient in enumerate(patients):
            own = train[of_patient == patient]
            wanted = share + (place < more)
            if wanted:
                times = -(-wanted // len(own))
                drawn.append(np.concatenate([random.permutation(own) for _ in range(times)])[:wanted])
        return np.sort(np.concatenate(drawn))

    def class_weights(self, balance: float) -> tuple[float, ...]:
        """Weights of background and structures by their rarity, with a mean of 1 over the training voxels.

        Args:
            balance: see `SegmenterTraining`.
        """
        train = self.train
        shares = []
        for column in self.columns:
            mine = train[self.slices.known[train, column]]
            bit = self.slices.bits.dtype.type(1) << self.slices.bits.dtype.type(column)
            drawn = sum(int(np.count_nonzero(self.slices.bits[n] & bit)) for n in mine)
            shares.append(drawn / (len(mine) * self.slices.bits[0].size))
        frequency = np.array([1 - sum(shares), *shares])
        weights = np.maximum(frequency, 1 / self.slices.bits.size) ** -balance
        return tuple(float(weight) for weight in weights / (frequency * weights).sum())

    def absent(self) -> dict[str, tuple[str, ...]]:
        """Patients without a contour, by structure; they take no part in that structure's loss."""
        missing = self.slices.absent()
        return {structure: missing.get(structure, self.slices.cases) for structure in self.structures}

    def facts(self) -> dict[str, Any]:
        """What a model's config.json says of its data, as plain JSON values."""
        return {
            "fold": str(self.fold) if self.fold else None,
            "data_fingerprint": self.slices.fingerprint,
            "slices": {"train": len(self.train), "choose": len(self.choose)},
            "absent": {structure: list(patients) for structure, patients in self.absent().items()},
            "skipped": dict(self.slices.skipped),
        }

    def notes(self) -> list[str]:
        """Sentences on patients that take no part, for the user."""
        found = [
            f"{structure} is not contoured in {len(patients)} of {len(self.slices.cases)} patients, "
            f"who take no part in it: {', '.join(patients)}."
            for structure, patients in self.absent().items()
            if patients
        ]
        skipped = self.slices.skipped
        if skipped:
            found.append(f"Left out {len(skipped)} patients: {' '.join(skipped.values())}")
        return found

    def _slices_of(self, patients: Sequence[str]) -> np.ndarray:
        numbers = self.slices.indices_of(patients)
        return np.asarray(numbers[self.slices.known[numbers][:, self.columns].any(axis=1)])
