"""The committed splits of ../shared/data, drawn from the data themselves."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from contourqa_training.cases import load_case, patients_of
from contourqa_training.geng.split import EXCLUDED, ORGANS, SPLIT, Candidate, draw_cohorts
from contourqa_training.patient_split import draw_split
from contourqa_training.segmentation_cases import find_cases
from ContourQALib.errors import FormatError
from ContourQALib.formats.output import output_folder, write_atomically

HIPPOCAMPUS_COUNTS = {"train": 0, "choose": 20, "calibrate": 50, "test": 40}
HEADNECK_COUNTS = {"train": 0, "choose": 20, "calibrate": 52}
OPENKBP_TEST = 30
SEED = 20260101


def write_splits(data: Path, folder: Path) -> list[Path]:
    """Write hippocampus.csv, openkbp.csv, headneck.csv and geng.csv.

    Hippocampus patients are spread over the three intensity regimes; 50 calibrate, the least that an interval
    needs (EVALUATION.md). OpenKBP: 30 patients of its training folder are the test set, spread over the most
    common in-plane spacing and the others; its validation folder chooses. headneck.csv has the same test
    patients; of the others, patients with all five organs calibrate, so that there are enough for each organ.
    The cohorts of geng.csv are those of `geng.split`, in its order.

    Raises:
        FormatError: a data folder is missing.
        SettingError: there are too few patients for a cohort.
    """
    output_folder(folder)
    hippocampus = data / "hippocampus"
    regimes = {p: load_case(hippocampus, p, "hippocampus").regime for p in patients_of(hippocampus)}
    made = [_write(folder / "hippocampus.csv", draw_split(regimes, HIPPOCAMPUS_COUNTS, SEED), regimes)]
    spacings: dict[str, float] = {}
    groups: dict[str, str] = {}
    split: dict[str, str] = {}
    for part in ("train", "validation"):
        spacing = _spacings(data / "openkbp" / part / "meta.json")
        group = {p: "3.9 mm" if round(mm, 1) == 3.9 else "other" for p, mm in spacing.items()}
        spacings |= spacing
        groups |= group
        if part == "train":
            split |= draw_split(group, {"train": 0, "test": OPENKBP_TEST}, SEED)
        else:
            split |= dict.fromkeys(group, "choose")
    made.append(_write(folder / "openkbp.csv", split, groups))
    candidates = [
        Candidate(case.name, spacings[case.name], case.present)
        for case in find_cases(data / "openkbp", ORGANS)
    ]
    made.append(_write(folder / "headneck.csv", headneck_split(candidates, split), groups))
    tested = {patient for patient, part in split.items() if part == "test"}
    cohorts = draw_cohorts(candidates, tested, SEED)
    strata = {candidate.name: candidate.group for candidate in candidates}
    return [*made, _write(folder / f"{SPLIT}.csv", cohorts, strata, in_order=True)]


def headneck_split(candidates: Sequence[Candidate], openkbp: Mapping[str, str]) -> dict[str, str]:
    """The split of the quality model of head and neck; patients of `EXCLUDED` take no part.

    Args:
        candidates: all patients.
        openkbp: the split of the segmenters, whose test patients are the same.
    """
    able = {c.name: c for c in candidates if c.name not in EXCLUDED or openkbp[c.name] == "test"}
    split = {name: "test" for name in able if openkbp[name] == "test"}
    whole = {n: c.group for n, c in able.items() if n not in split and len(c.organs) == len(ORGANS)}
    counts = {"train": 0, "calibrate": HEADNECK_COUNTS["calibrate"]}
    split |= {n: kind for n, kind in draw_split(whole, counts, SEED).items() if kind == "calibrate"}
    rest = {n: c.group for n, c in able.items() if n not in split}
    return split | draw_split(rest, HEADNECK_COUNTS | {"calibrate": 0}, SEED)


def _spacings(path: Path) -> dict[str, float]:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"Cannot read {path}; give the folder that holds openkbp/.") from error
    return {patient: facts["spacing"][0] for patient, facts in meta.items()}


def _write(
    path: Path, split: Mapping[str, str], strata: Mapping[str, str], *, in_order: bool = False
) -> Path:
    """Write a split, patients by number or `in_order` as they come."""

    def order(patient: str) -> tuple[int, str]:
        return int(patient.rsplit("_", 1)[-1]), patient

    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("patient", "split", "stratum"))
        patients = list(split) if in_order else sorted(split, key=order)
        writer.writerows((patient, split[patient], strata[patient]) for patient in patients)
    return path
