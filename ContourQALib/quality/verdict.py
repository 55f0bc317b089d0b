"""Accept, review or reject: how a score, its interval and the findings become one word."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from ContourQALib.errors import SettingError


class Verdict(StrEnum):
    """What a reader should do with a contour."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True)
class Levels:
    """Dice at or above `accept` is acceptable, below `reject` is not; between the two a reader decides.

    The defaults are the dead band of Isaksson 2022's failure definition, moved to where it accepts.

    Raises:
        SettingError: a level outside [0, 1], or a reject level above the accept level.
    """

    accept: float = 0.80
    reject: float = 0.75

    def __post_init__(self) -> None:
        if not 0.0 <= self.reject <= self.accept <= 1.0:
            raise SettingError(
                f"The reject level ({self.reject}) and the accept level ({self.accept}) must lie in [0, 1], "
                "the reject level not above the accept level."
            )


def decide(
    dice: float | None,
    levels: Levels,
    *,
    failed_rules: bool,
    inside_training_range: bool,
    interval_low: float | None = None,
) -> Verdict:
    """The verdict of DESIGN.md.

    Args:
        dice: predicted Dice; None where no model knows the structure.
        levels: accept and reject levels.
        failed_rules: whether a mask-only rule failed.
        inside_training_range: whether the case is like those the model learned from.
        interval_low: lower bound of the Dice interval, where there is one.
    """
    if failed_rules or (dice is not None and (math.isnan(dice) or dice < levels.reject)):
        return Verdict.REJECT
    certain = interval_low is None or interval_low >= levels.reject
    if dice is not None and dice >= levels.accept and certain and inside_training_range:
        return Verdict.ACCEPT
    return Verdict.REVIEW
