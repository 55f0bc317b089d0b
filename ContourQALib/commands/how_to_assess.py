"""HowToAssess: what a command line says of assessing, beside the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ContourQALib import __version__
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.model import QualityModel, find_model
from ContourQALib.quality.verdict import Levels
from ContourQALib.report.provenance import card_hashes, hash_file


@dataclass(frozen=True)
class HowToAssess:
    """What every case is assessed with.

    Attributes:
        naming: how labels become structures.
        levels: accept and reject levels of Dice.
        model: the model to ask; None for the bundled one that knows the structure.
        structures: only these; all where empty.
        second: the manifest's column of second segmentations, or None.
    """

    naming: LabelNaming
    levels: Levels
    model: QualityModel | None = None
    structures: tuple[str, ...] = ()
    second: str | None = None

    @classmethod
    def of(
        cls,
        naming: LabelNaming,
        accept: float,
        reject: float,
        model: str | None,
        structures: Sequence[str] | None,
    ) -> HowToAssess:
        """As the options --accept, --reject, --model and --structure say it.

        Raises:
            SettingError: levels that cannot be.
            ModelError: there is no such model.
            FormatError: the table of names cannot be read.
        """
        chosen = find_model(model) if model is not None else None
        wanted = tuple(map(naming.structure, structures or ()))
        return cls(naming, Levels(accept, reject), chosen, wanted)

    def settings(self) -> dict[str, Any]:
        """What was set, for provenance."""
        levels = {"accept": self.levels.accept, "reject": self.levels.reject}
        second = {"second": self.second} if self.second else {}
        return {**levels, "structures": list(self.structures), **second, **self.naming.settings()}

    def shaping(self) -> dict[str, Any]:
        """Everything beside the cases' files that a result hangs on: what a journal must agree in."""
        cards = card_hashes(self.model)
        tables = {"color_table": self.naming.color_table, "names": self.naming.names}
        hashes = {option: hash_file(table) for option, table in tables.items() if table}
        return {**self.settings(), **hashes, "models": cards, "version": __version__}
