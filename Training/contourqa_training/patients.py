"""Patients: who trains a segmenter, who chooses its stored model, who is held out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contourqa_training.patient_split import SPLITS, read_split
from ContourQALib.errors import SettingError

DRAWN = "drawn"
"""Stands for the name of a committed split where the patients of a folder are drawn by lot."""


@dataclass(frozen=True)
class Fold:
    """One fold of several.

    Attributes:
        number: from 1 to `count`.
        count: at least 2.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Fold:
        """The fold that "2/5" means.

        Raises:
            SettingError: it is not written so, or there is no such fold.
        """
        found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        if not found or not 1 <= int(found[1]) <= int(found[2]) or int(found[2]) < 2:
            raise SettingError(f"A fold is written as its number and their count, such as 2/5, not {text!r}.")
        return cls(int(found[1]), int(found[2]))

    def held_out(self, pool: Sequence[str], seed: int) -> tuple[str, ...]:
        """Who is held out of `pool`, ascending; over all folds everyone, once."""
        return tuple(sorted(_shuffled(pool, seed)[self.number - 1 :: self.count]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True)
class Draw:
    """One of many draws of the patients to hold out: Monte Carlo cross-validation (Bice 2021: 80-20).

    Every draw is made from all patients, so that over several a patient may be held out twice or never.

    Attributes:
        number: from 1.
        share: of the patients that are held out.

    Raises:
        SettingError: a value outside its meaning.
    """

    number: int
    share: float = 0.2

    def __post_init__(self) -> None:
        if self.number < 1 or not 0 < self.share < 1:
            raise SettingError(
                "A draw counts from 1 and holds out a share between 0 and 1,"
                f" not draw {self.number} and {self.share:g}."
            )

    def held_out(self, pool: Sequence[str], seed: int) -> tuple[str, ...]:
        """Who is held out of `pool`, ascending: the share, rounded, but at least one."""
        count = max(1, round(self.share * len(pool)))
        return tuple(sorted(_shuffled(pool, (seed, self.number))[:count]))

    def __str__(self) -> str:
        return f"draw {self.number}"


@dataclass(frozen=True)
class Patients:
    """Disjoint groups of patients, each in ascending order.

    Attributes:
        train: their slices are learned from.
        choose: their loss chooses the stored model.
        held_out: neither; the fold or draw that is predicted later.
    """

    train: tuple[str, ...]
    choose: tuple[str, ...]
    held_out: tuple[str, ...] = ()

    def role(self, patient: str) -> str:
        """What a patient was to the model: "train", "choose", "held-out" or "unseen"."""
        groups = {"train": self.train, "choose": self.choose, "held-out": self.held_out}
        return next((name for name, members in groups.items() if patient in members), "unseen")

    def check(self, there: Collection[str]) -> None:
        """See that all of them are in a folder.

        Args:
            there: patients of the folder.

        Raises:
            SettingError: somebody is missing, or nobody trains or chooses.
        """
        check_there((*self.train, *self.choose, *self.held_out), there)
        if not self.train or not self.choose:
            raise SettingError("Somebody must train and somebody else choose; name more patients.")

    def without(self, names: Collection[str]) -> Patients:
        """The same groups without some patients.

        Raises:
            SettingError: nobody is left to train or to choose.
        """
        groups = (self.train, self.choose, self.held_out)
        train, choose, held_out = (tuple(p for p in group if p not in names) for group in groups)
        if not train or not choose:
            raise SettingError("The files of all patients who train, or of all who choose, cannot be read.")
        return Patients(train, choose, held_out)


def check_there(patients: Iterable[str], there: Collection[str]) -> None:
    """See that patients are among those of a folder.

    Raises:
        SettingError: somebody is missing.
    """
    missing = [name for name in patients if name not in there]
    if missing:
        raise SettingError(f"The data folder holds no patient {', '.join(missing)}.")


def choose_patients(
    there: Collection[str], split: str, share: float, seed: int, fold: Fold | Draw | None = None
) -> Patients:
    """Divide the patients of a folder.

    A committed split's test and calibration patients never take part. Without a fold its choosing patients
    choose. A fold, or a draw, is always the same for a seed, and of the split's training and choosing
    patients together; it is held out, and `share` of the other patients chooses, so that the held-out
    patients have no part in the model that predicts them.

    Args:
        there: patients of the folder.
        split: name of a committed split, or "drawn" for patients that no split knows.
        share: of the patients that choose, where the split does not say.
        seed: of the draw.
        fold: the fold, or the draw, to hold out.

    Raises:
        SettingError: the folder holds too few patients of the split.
    """
    if split == DRAWN:
        pool = sorted(there)
        groups: Mapping[str, str] = {}
    else:
        groups = read_split(split)
        pool = sorted(patient for patient in there if groups.get(patient) in ("train", "choose"))
    if fold is None and split != DRAWN:
        train, choose = (tuple(p for p in pool if groups[p] == kind) for kind in ("train", "choose"))
        patients = Patients(train, choose)
    else:
        patients = _drawn(pool, share, seed, fold)
    if not patients.train or not patients.choose or (fold and not patients.held_out):
        of_split = f" of the split {split}" if split != DRAWN else ""
        parts = "training, choosing and holding out" if fold else "training and choosing"
        raise SettingError(f"The folder holds {len(pool)} patients{of_split}, too few for {parts}.")
    return patients


def patients_of_split(there: Collection[str], split: str, kind: str) -> tuple[str, ...]:
    """The patients of a folder that a committed split puts into `kind` (train, choose, calibrate, test).

    Raises:
        SettingError: no such split or kind, or the folder holds none of them.
    """
    if kind not in SPLITS:
        raise SettingError(f"Patients are {', '.join(SPLITS)} or held-out, not {kind!r}.")
    groups = read_split(split)
    found = tuple(sorted(patient for patient in there if groups.get(patient) == kind))
    if not found:
        raise SettingError(f"The folder holds no {kind} patients of the split {split}.")
    return found


def _drawn(pool: Sequence[str], share: float, seed: int, fold: Fold | Draw | None) -> Patients:
    held_out = fold.held_out(pool, seed) if fold else ()
    rest = [patient for patient in _shuffled(pool, seed) if patient not in held_out]
    count = max(1, round(share * len(rest)))
    return Patients(tuple(sorted(rest[count:])), tuple(sorted(rest[:count])), held_out)


def _shuffled(pool: Sequence[str], seed: int | tuple[int, int]) -> list[str]:
    return [str(patient) for patient in np.random.default_rng(seed).permutation(pool)]
