"""OwnRun: the folder of a training on one's own data: its plan, what is done, and what lies where."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contourqa_training.config_file import sections_text
from contourqa_training.error_training import BUNDLE
from contourqa_training.own_data import memory_gb, plan_sections
from contourqa_training.own_data_measures import Say, cases_to_plan, measure_cases
from contourqa_training.segmentation_cases import find_cases, fingerprint
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder, write_atomically

PLAN = "plan"
FACTS = "plan.json"
DONE = "done.json"
EVALUATION = "evaluation"

MEMORY_SHARE = 0.5
"""Of the machine's memory that the contours of those who train may take."""


@dataclass(frozen=True)
class Asked:
    """What a user said of the model; None leaves it to the plan.

    Attributes:
        name: of the model.
        modality: "CT" or "MR".
        structures: which to learn; all that the folder names where empty.
        epochs: of the quality model, and at most of the segmentation networks.

    Raises:
        SettingError: a value that cannot be used.
    """

    name: str | None = None
    modality: str | None = None
    structures: tuple[str, ...] = ()
    epochs: int | None = None

    def __post_init__(self) -> None:
        if self.modality not in (None, "CT", "MR"):
            raise SettingError(f"--modality must be CT or MR, not {self.modality!r}.")
        if self.epochs is not None and self.epochs < 1:
            raise SettingError(f"--epochs must be at least 1, not {self.epochs}.")
        if self.name is not None and not re.fullmatch(r"\w[\w.-]*", self.name):
            raise SettingError(f"--name takes letters, digits, dots and hyphens, not {self.name!r}.")


@dataclass(frozen=True)
class OwnRun:
    """The folder of a run and what lies where in it."""

    folder: Path

    @property
    def plan(self) -> Path:
        """The configurations, which may be changed."""
        return self.folder / PLAN

    @property
    def bundle(self) -> Path:
        """The model."""
        return self.folder / "model" / BUNDLE

    @property
    def evaluation(self) -> Path:
        """The report on the test patients."""
        return self.folder / EVALUATION

    def toml(self, name: str) -> str:
        """A configuration of the plan."""
        return str(self.plan / f"{name}.toml")

    def digest(self) -> str:
        """SHA-256 over the plan: a stage that is done is done for this plan."""
        parts = [path.read_bytes() for path in sorted(self.plan.glob("*.toml"))]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def is_done(self, stage: str, product: Path) -> bool:
        """Whether a stage went to its end with the plan as it is now, and its product is there."""
        return product.is_file() and self._done().get(stage) == self.digest()

    def finish(self, stage: str) -> None:
        """Note that a stage went to its end."""
        with write_atomically(self.folder / DONE) as path:
            text = json.dumps({**self._done(), stage: self.digest()}, indent=1)
            path.write_text(text + "\n", encoding="utf-8")

    def _done(self) -> dict[str, str]:
        try:
            done: dict[str, str] = json.loads((self.folder / DONE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return done


def plan_own_data(data: Path, run: OwnRun, asked: Asked, say: Say = lambda _: None) -> None:
    """Write the plan of a run, or see that the one that is there is of the same folder and options.

    Nothing is written before every image and every label map was read.

    Raises:
        FormatError, GeometryError, StructureError: the folder's files cannot be used.
        SettingError: too few patients, the modality cannot be told, the contours would not fit into memory,
            or the run is of another folder or of other options.
        OutputError: the folder cannot be written.
    """
    facts_file = run.plan / FACTS
    if facts_file.is_file():
        _check_same(data, run, asked, json.loads(facts_file.read_text(encoding="utf-8")))
        return
    if run.folder.exists() and not run.folder.is_dir():
        output_folder(run.folder)  # says what is wrong
    there = {path.name for path in run.folder.iterdir()} if run.folder.exists() else set()
    if there - {PLAN}:
        raise SettingError(f"{run.folder} holds something else than a run of --data; name another with -o.")
    cases = cases_to_plan(data, asked.structures)
    measured = measure_cases(cases, asked.modality, say)
    _check_memory(memory_gb(measured), data, say)
    sections = plan_sections(measured, asked.name or "clinic", asked.epochs)
    output_folder(run.plan)
    for name, content in sections.items():
        comment = f"Derived from {measured.patients} patients; change it before anything is trained."
        with write_atomically(run.plan / f"{name}.toml") as path:
            path.write_text(sections_text(content, comment), encoding="utf-8")
    facts = {
        "data_fingerprint": fingerprint(cases),
        "asked": _record(asked),
        "measured": measured.record(),
    }
    with write_atomically(facts_file) as path:  # last: a plan with its facts is whole
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _check_same(data: Path, run: OwnRun, asked: Asked, facts: Mapping[str, Any]) -> None:
    """Refuse to go on with other data, or with other options than those of the plan."""
    now = fingerprint(find_cases(data, tuple(facts["measured"]["contoured"])))
    if now != facts["data_fingerprint"]:
        raise SettingError(f"{run.folder} is a run of other data than {data}; name another folder with -o.")
    options = {"name": "--name", "modality": "--modality", "structures": "--structure", "epochs": "--epochs"}
    for name, value in _record(asked).items():
        if value and value != facts["asked"][name]:
            raise SettingError(
                f"{run.folder} was planned with another {options[name]}; change the plan in {run.plan}, or "
                "name another folder with -o."
            )


def _check_memory(needed_gb: float, data: Path, say: Say) -> None:
    say(f"the contours of those who train will take about {needed_gb:.1f} GB of memory")
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return
    there_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if needed_gb > MEMORY_SHARE * there_gb:
        raise SettingError(
            f"The contours of {data} would take {needed_gb:.0f} GB of memory of {there_gb:.0f}; crop images "
            "and labels to the structures, resample them to larger voxels, or name fewer with --structure."
        )


def _record(asked: Asked) -> dict[str, Any]:
    return {**asdict(asked), "structures": list(asked.structures)}
