"""Who learns, chooses, calibrates and tests in a contour library."""

from __future__ import annotations

from collections.abc import Sequence

from contourqa_training.library_config import LibrarySettings
from contourqa_training.patient_split import draw_split, read_split
from contourqa_training.patients import DRAWN
from ContourQALib.errors import SettingError

FEWEST_PATIENTS = 20
"""Fewer cannot be divided into patients to learn from, to choose by, to calibrate with and to test on."""


def library_split(settings: LibrarySettings, names: Sequence[str]) -> dict[str, str]:
    """The split of each patient of a folder that takes part, in the order of `names`.

    Raises:
        SettingError: too few patients, or none of the committed split.
    """
    if settings.split != DRAWN:
        known = read_split(settings.split)
        found = {name: known[name] for name in names if name in known}
        if not {"train", "choose"} <= set(found.values()):
            raise SettingError(f"The folder holds too few patients of the split {settings.split}.")
        return found
    if len(names) < FEWEST_PATIENTS:
        raise SettingError(
            f"The folder holds {len(names)} patients; a quality model needs at least {FEWEST_PATIENTS}."
        )
    shares = {
        "choose": settings.choose_share,
        "calibrate": settings.calibrate_share,
        "test": settings.test_share,
    }
    counts = {"train": 0} | {kind: max(1, round(share * len(names))) for kind, share in shares.items()}
    drawn = draw_split(dict.fromkeys(names, "all"), counts, settings.seed)
    return {name: drawn[name] for name in names}
