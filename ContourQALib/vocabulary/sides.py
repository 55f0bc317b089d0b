"""Words for left, right and both, and which of them say so beside any word."""

from __future__ import annotations

LEFT, RIGHT, BOTH = "left", "right", "both"

SUFFIX = {LEFT: "L", RIGHT: "R"}
"""How TG-263 spells a side."""


def _sides(**words: str) -> dict[str, str]:
    return {word: side for side, listed in words.items() for word in listed.split()}


CLEAR = _sides(
    left="l lt left links linke linker linkes gauche sinistra sinistro izquierda izquierdo esquerda esquerdo",
    right="r rt right rechts rechte rechter rechtes droit droite destra destro derecha derecho direita"
    " direito",
)
"""Words that are a side at the beginning or the end of any name."""

OF_PAIRS = _sides(
    left="li lks g gche sin sx sn izq izda izqda esq",
    right="re d dte dex dx der dcha dta",
    both="both bilateral bilat beide beidseits bds bilaterale bilateraal l+r r+l l&r r&l",
)
"""Short words that are a side beside an organ that people have two of, and may be anything elsewhere."""

ATTACHED = _sides(left="left links lt li sx l", right="right rechts rt re dx r")
"""Sides that are written together with such an organ: "parotidl", "LtParotid"."""

SPELLED_OUT = (LEFT, RIGHT)
"""Sides that are recognized written together with any name."""

SHORTEST_REST = 2
"""What is left of this length or less is no name: "cleft" is not the left c."""
