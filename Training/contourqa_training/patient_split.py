"""Committed patient splits: who trains, who chooses, who calibrates, who is looked at once."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files

import numpy as np

from ContourQALib.errors import SettingError

SPLITS = ("train", "choose", "calibrate", "test")


def read_split(name: str) -> dict[str, str]:
    """The split of each patient, by patient, in the order of the file.

    Args:
        name: the data set, "hippocampus" or "openkbp", or the study with a split of its own, "geng".

    Raises:
        SettingError: there is no such split.
    """
    table = files("contourqa_training.splits").joinpath(f"{name}.csv")
    if not table.is_file():
        raise SettingError(f"There is no committed split named {name}.")
    with table.open(encoding="utf-8") as file:
        return {row["patient"]: row["split"] for row in csv.DictReader(file)}


def draw_split(strata: Mapping[str, str], counts: Mapping[str, int], seed: int) -> dict[str, str]:
    """Divide patients at random, each stratum in the same proportions.

    The first split of `counts` takes whoever is left, so that the counts of the others are exact.

    Args:
        strata: the stratum of each patient (scanner, site, intensity regime).
        counts: patients of every split but the first, whose count is ignored.
        seed: of the draw.

    Returns:
        The split of each patient, patients in ascending order.
    """
    random = np.random.default_rng(seed)
    first, *others = counts
    split = dict.fromkeys(sorted(strata), first)
    left = {
        stratum: [str(p) for p in random.permutation(sorted(p for p in strata if strata[p] == stratum))]
        for stratum in sorted(set(strata.values()))
    }
    for name in others:
        for stratum, share in _shares(Counter(strata.values()), counts[name]).items():
            for _ in range(share):
                split[left[stratum].pop()] = name
    return split


def _shares(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """`count` divided in proportion to `sizes`, what is left going to the largest remainders."""
    exact = {stratum: count * size / sum(sizes.values()) for stratum, size in sizes.items()}
    share = {stratum: int(part) for stratum, part in exact.items()}
    by_remainder = sorted(exact, key=lambda stratum: (share[stratum] - exact[stratum], stratum))
    for stratum in by_remainder[: count - sum(share.values())]:
        share[stratum] += 1
    return share
