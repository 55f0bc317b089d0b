"""Which of several contours of one structure agrees better with the reference, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Sequence

HIGHER_IS_BETTER = frozenset({"dice", "surface_dice", "sensitivity", "specificity", "precision"})

SMALLER_IS_BETTER = frozenset({"hd_mm", "hd95_mm", "hd95_pooled_mm", "hd95_slicerrt_mm", "msd_mm", "masd_mm"})

NEARER_ZERO_IS_BETTER = frozenset({"volume_error_percent"})


def badness(figure: str, value: float) -> float:
    """How bad a figure's value is: smaller is better, nan where it is undefined.

    Args:
        figure: a field of `Comparison`.
        value: its value.

    Raises:
        KeyError: a value of this field is neither good nor bad.
    """
    if figure in HIGHER_IS_BETTER:
        return -value
    if figure in NEARER_ZERO_IS_BETTER:
        return abs(value)
    if figure in SMALLER_IS_BETTER:
        return value
    raise KeyError(figure)


def best(figure: str, values: Sequence[float], digits: int) -> tuple[int, ...]:
    """Which values are best as they read when rounded; none where all read alike or only one is known.

    Args:
        figure: a field of `Comparison`.
        values: one a contour; nan or infinite where undefined.
        digits: decimal places that are shown: what looks the same is the same.

    Example:
        >>> best("hd95_mm", [4.004, 3.0, 3.001, float("nan")], 2)
        (1, 2)
    """
    known = {
        n: round(badness(figure, value), digits) for n, value in enumerate(values) if math.isfinite(value)
    }
    if len(set(known.values())) < 2:
        return ()
    least = min(known.values())
    return tuple(n for n, value in known.items() if value == least)


def gain(figure: str, first: float, second: float) -> float:
    """How much better the second value is than the first; negative is worse, nan where one is undefined.

    Example:
        >>> gain("volume_error_percent", -10.0, 4.0)
        6.0
    """
    if not (math.isfinite(first) and math.isfinite(second)):
        return math.nan
    return badness(figure, first) - badness(figure, second)
