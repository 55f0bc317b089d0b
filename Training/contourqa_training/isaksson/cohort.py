"""Members: who takes part in the study, in which fold, and with how many contours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contourqa_training.isaksson.config import IsakssonSettings
from contourqa_training.patient_split import draw_split
from ContourQALib.errors import SettingError


@dataclass(frozen=True)
class Member:
    """A patient of the study.

    Attributes:
        patient: who.
        regime: the patient's intensity regime.
        fold: in which the patient is tested, from 1.
        networks: whose contours take part, one or two.
    """

    patient: str
    regime: str
    fold: int
    networks: tuple[str, ...]


def draw_cohort(regimes: Mapping[str, str], settings: IsakssonSettings) -> tuple[Member, ...]:
    """Draw the patients, those with two contours, and the folds.

    Patients come from each regime in proportion. Patients with one and with two contours are dealt to the
    folds apart, so that folds have as many contours as each other: 16 of the paper's 80.

    Args:
        regimes: the intensity regime of everyone who can take part.
        settings: how many, and the seed.

    Returns:
        The members, patients in ascending order.

    Raises:
        SettingError: there are too few patients.
    """
    if len(regimes) < settings.patients:
        raise SettingError(
            f"The library has natural contours of {len(regimes)} patients to learn from; the study needs "
            f"{settings.patients}: build a larger one or lower isaksson_study.patients."
        )
    drawn = draw_split(regimes, {"": 0, "study": settings.patients}, settings.seed)
    chosen = {p: regimes[p] for p, part in drawn.items() if part == "study"}
    twice = draw_split(chosen, {"one": 0, "two": settings.second_contours}, settings.seed + 1)
    random = np.random.default_rng(settings.seed)
    fold: dict[str, int] = {}
    for part in ("two", "one"):
        members = [str(p) for p in random.permutation(sorted(p for p in chosen if twice[p] == part))]
        for patient in members:
            fold[patient] = len(fold) % settings.folds + 1
    return tuple(
        Member(p, chosen[p], fold[p], settings.networks[: 2 if twice[p] == "two" else 1])
        for p in sorted(chosen)
    )
