"""`contourqa models`: which quality models there are, what they know and what they do not."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ContourQALib.commands.options import Format, FormatOption
from ContourQALib.commands.printing import print_result
from ContourQALib.quality.card import ModelCard
from ContourQALib.quality.model import bundled_models, find_model


def models(
    name: Annotated[str | None, typer.Argument(help="Only this model: a name, or a folder.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List the quality models that come with ContourQA."""
    cards = [find_model(name).card] if name is not None else [model.card for model in bundled_models()]
    print_result(
        form,
        table=lambda console: _print_cards(console, cards),
        document={"models": [dict(card.raw) for card in cards]},
        rows=[
            {
                "name": card.name,
                "version": card.version,
                "status": card.status,
                "teaching_only": card.teaching_only,
                "license": card.license,
                "modality": card.modality,
                "structures": card.structures,
            }
            for card in cards
        ],
    )


def _print_cards(console: Console, cards: list[ModelCard]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Model", "Version", "Status", "License", "Modality", "Structures"):
        table.add_column(column)
    for card in cards:
        structures = ", ".join(card.structures)
        status = "teaching only" if card.teaching_only else card.status
        table.add_row(card.name, card.version, status, card.license, card.modality, structures)
    console.print(table)
    for card in cards:
        for key in ("intended_use", "limits"):
            if card.raw.get(key):
                text = f"{card.name}, {key.replace('_', ' ')}: {card.raw[key]}"
                console.print(text, highlight=False, markup=False)
