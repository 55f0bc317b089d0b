"""Settings: what the command line said of the workstation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.verdict import Levels

LOCAL_HOST = "localhost"

DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Settings:
    """How one viewer's workstation is run.

    Attributes:
        results: folder that takes decisions, assessments and reports.
        source: a folder of cases or a manifest; None for the phantom alone.
        folders: the folders that may be read beside that of the source.
        model: a bundled model's name or a model's folder; None takes the one that fits.
        models: the same for single cases, by the case's name; made-up patients need one that is named.
        second: the model of the cases whose contours are second segmentations to the assessed; "" for none.
        naming: how the labels of label files become structures.
        levels: accept and reject levels of Dice.
        reader: who decides; "" until somebody says it.
        call_first: hide every score until the reader has decided.
        cohort: a report folder of `contourqa cohort`; None where there is none.
        host: the interface to listen on.
        port: one that is free.
        token: what the address must carry; None for a random one.
        open_browser: show the page in the system's browser.
        idle_s: stop after this long without a viewer; 0 for never.
    """

    results: Path
    source: Path | None = None
    folders: tuple[Path, ...] = ()
    model: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    second: str = ""
    naming: LabelNaming = field(default_factory=LabelNaming)
    levels: Levels = field(default_factory=Levels)
    reader: str = ""
    call_first: bool = False
    cohort: Path | None = None
    host: str = LOCAL_HOST
    port: int = DEFAULT_PORT
    token: str | None = None
    open_browser: bool = False
    idle_s: int = 0

    @property
    def readable(self) -> tuple[Path, ...]:
        """The folders that may be read, that of the source first."""
        source = self.source
        own = () if source is None else (source if source.is_dir() else source.parent,)
        return (*own, *self.folders)

    def model_of(self, case: str) -> str | None:
        """The model to ask about a case; None for the one that fits."""
        return self.models.get(case, self.model)
