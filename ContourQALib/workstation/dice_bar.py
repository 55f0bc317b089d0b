"""Where a Dice stands on the small bars of the page's tables."""

from __future__ import annotations

import math

BAR_START = 0.5
"""Left end of a bar; what is below stands there. Where contours differ there is room to see it."""

BAR_TIP = f"From {BAR_START:g} to 1, with its interval; the line marks the accept level"


def bar_percent(dice: float | None) -> float | None:
    """The place on a bar in percent of its width; None where there is no figure.

    Example:
        >>> bar_percent(0.9)
        80.0
    """
    if dice is None or not math.isfinite(dice):
        return None
    return round(100 * min(max((dice - BAR_START) / (1 - BAR_START), 0.0), 1.0), 1)
