"""Provenance: which program, model, inputs and settings a result comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ContourQALib import __version__
from ContourQALib.formats.digests import hash_file
from ContourQALib.quality.assessment import ModelIdentity
from ContourQALib.quality.card import CARD_FILE
from ContourQALib.quality.model import QualityModel, bundled_models

DISCLAIMER = "for research and teaching; not a medical device"
"""Stands in every report and every exported document."""


@dataclass(frozen=True)
class InputFile:
    """A file or DICOM series that was read: its path as the user gave it, its SHA-256 (`formats.digests`)."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """Everything needed to get a result again.

    Attributes:
        inputs: the files that were read, in the order given.
        settings: the options that shape the result, by name; values that JSON can hold.
        model: the quality model that answered, if one was asked.
        version: version of this program.
        disclaimer: what the result may be used for.
    """

    inputs: tuple[InputFile, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: ModelIdentity | None = None
    version: str = __version__
    disclaimer: str = DISCLAIMER

    @classmethod
    def of(
        cls,
        paths: Iterable[str | Path | InputFile] = (),
        settings: Mapping[str, Any] | None = None,
        model: ModelIdentity | None = None,
    ) -> Provenance:
        """Provenance of a run that read `paths` (hashed here unless they are; one given twice counts once).

        Raises:
            FormatError: one of the files cannot be read.
        """
        inputs: dict[str, InputFile] = {}
        for path in paths:
            file = path if isinstance(path, InputFile) else None
            name = file.path if file else str(path)
            if name not in inputs:
                inputs[name] = file or InputFile(name, hash_file(name))
        return cls(tuple(inputs.values()), dict(settings or {}), model)


def card_hashes(model: QualityModel | None) -> dict[str, str]:
    """SHA-256 of the card of each model that may answer, by its name: all bundled ones where none is chosen.

    A card lists the hashes of its bundle's other files, so that equal cards mean equal models.
    """
    models = [model] if model else bundled_models()
    return {one.card.name: hash_file(one.folder / CARD_FILE) for one in models}


def model_record(model: ModelIdentity) -> dict[str, Any]:
    """The model as JSON holds it."""
    return {
        "name": model.name,
        "version": model.version,
        "license": model.license,
        "status": model.status,
        "teaching_only": model.teaching_only,
    }


def provenance_record(provenance: Provenance) -> dict[str, Any]:
    """The provenance as JSON holds it."""
    return {
        "program": "contourqa",
        "version": provenance.version,
        "model": model_record(provenance.model) if provenance.model else None,
        "inputs": [{"path": file.path, "sha256": file.sha256} for file in provenance.inputs],
        "settings": dict(provenance.settings),
        "disclaimer": provenance.disclaimer,
    }
