"""Who takes which part in the study of Geng 2024: the lot behind Training/splits/geng.csv.

OpenKBP patients are grouped by their images' in-plane spacing, the one trace that their centers and scanners
left. Local patients and ExVal are of one group, GenEva is of another, and the vendor's patients are of
neither as far as there are enough (Docs/decisions/local-fine-tuning.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from contourqa_training.patient_split import read_split
from ContourQALib.errors import SettingError

SPLIT = "geng"
"""The committed split's name."""

ORGANS = ("Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Mandible")
"""What the study segments."""

COHORTS = ("vendor", "local", "exval", "geneva")
"""Who pretrains, who fine-tunes, and the two groups that are judged."""

HOME = "3.9 mm"
ABROAD = "4.6-4.75 mm"
OTHER = "other"

JUDGED = 30
"""Patients of ExVal, and of GenEva, as many as the paper's."""

LOCAL = 60
"""Local patients; the learning curve takes the first 5, 10, 20, 40, 50 and all."""

FEWEST_ORGANS = 3
"""A patient with fewer of `ORGANS` contoured takes no part."""

EXCLUDED: Mapping[str, str] = MappingProxyType(
    {
        "pt_103": "the lower half of the image holds the spinal cord's voxels alone",
        "pt_170": "the image holds little besides the organs' voxels",
        "pt_215": "the spinal cord is an avoidance wedge",
        "pt_216": "the spinal cord is an avoidance wedge",
        "pt_218": "the lower half of the image holds the spinal cord's voxels alone",
        "pt_221": "the contours lie off: the brainstem lies in the neck",
    }
)
"""Patients who take no part, each with the reason."""


@dataclass(frozen=True)
class Candidate:
    """A patient as the lot sees him.

    Attributes:
        name: the patient.
        spacing_mm: of the image, in-plane.
        organs: those of `ORGANS` that were contoured.
    """

    name: str
    spacing_mm: float
    organs: frozenset[str]

    @property
    def group(self) -> str:
        """`HOME`, `ABROAD` or `OTHER`, by spacing."""
        if round(self.spacing_mm, 1) == 3.9:
            return HOME
        return ABROAD if 4.6 <= self.spacing_mm <= 4.75 else OTHER

    @property
    def complete(self) -> bool:
        """Whether every organ was contoured."""
        return self.organs >= set(ORGANS)


def cohort(name: str) -> tuple[str, ...]:
    """The patients of one of `COHORTS` as committed; local patients in the order of the lot.

    Raises:
        SettingError: there is no such cohort.
    """
    if name not in COHORTS:
        raise SettingError(f"There is no cohort {name}; there are {', '.join(COHORTS)}.")
    return tuple(patient for patient, part in read_split(SPLIT).items() if part == name)


def draw_cohorts(candidates: Iterable[Candidate], tested: Collection[str], seed: int) -> dict[str, str]:
    """Draw the cohorts.

    Patients whom another study tested train nothing here: they are judged first of all, or left out. Every
    first part of the local patients has nearly the same share of patients with a mandible.

    Args:
        candidates: all patients; `EXCLUDED` and those with too few organs are left out.
        tested: test patients of the committed split "openkbp".
        seed: of the lot.

    Returns:
        The cohort by patient, cohorts in the order of `COHORTS`; patients who are left over are not listed.

    Raises:
        SettingError: there are too few patients for a cohort.
    """
    random = np.random.default_rng(seed)
    able = sorted(
        (c for c in candidates if c.name not in EXCLUDED and len(c.organs) >= FEWEST_ORGANS),
        key=lambda candidate: _number(candidate.name),
    )
    groups = {group: [c for c in able if c.group == group] for group in (HOME, ABROAD, OTHER)}
    judged = {}
    for part, group in (("exval", HOME), ("geneva", ABROAD)):
        complete = _shuffled([c for c in groups[group] if c.complete], random)
        complete.sort(key=lambda candidate: candidate.name not in tested)  # stable: the lot within each
        judged[part] = complete[:JUDGED]
    taken = {c.name for part in judged.values() for c in part} | set(tested)
    left = {group: [c for c in members if c.name not in taken] for group, members in groups.items()}
    with_mandible = _shuffled([c for c in left[HOME] if "Mandible" in c.organs], random)
    without = _shuffled([c for c in left[HOME] if "Mandible" not in c.organs], random)
    drawn = {
        "vendor": [*left[OTHER], *left[ABROAD]],
        "local": _merged(with_mandible, without)[:LOCAL],
        **judged,
    }
    for part, needed in (("vendor", 1), ("local", LOCAL), ("exval", JUDGED), ("geneva", JUDGED)):
        if len(drawn[part]) < needed:
            raise SettingError(
                f"There are {len(drawn[part])} patients for the cohort {part}, which needs {needed}."
            )
    for part in ("vendor", "exval", "geneva"):
        drawn[part].sort(key=lambda candidate: _number(candidate.name))
    return {candidate.name: part for part in COHORTS for candidate in drawn[part]}


def _merged(first: Sequence[Candidate], second: Sequence[Candidate]) -> list[Candidate]:
    """Both in one row, each at its relative position, so that every first part has about the same shares."""
    placed = [
        ((place + 0.5) / len(several), turn, candidate)
        for turn, several in enumerate((first, second))
        for place, candidate in enumerate(several)
    ]
    return [candidate for *_, candidate in sorted(placed, key=lambda item: item[:2])]


def _shuffled(candidates: Sequence[Candidate], random: np.random.Generator) -> list[Candidate]:
    return [candidates[place] for place in random.permutation(len(candidates))]


def _number(name: str) -> tuple[int, str]:
    """Sorts pt_9 before pt_10."""
    return int(name.rsplit("_", 1)[-1]), name
