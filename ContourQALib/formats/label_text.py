"""The text by which a user names labels: "1=anterior,2=posterior"."""

from __future__ import annotations

import re

from ContourQALib.errors import SettingError

LABEL = re.compile("[0-9]{1,9}")  # int() would take the digits of other scripts too


def parse_labels(text: str) -> dict[int, str]:
    """Names by label from "1=anterior,2=posterior"; spaces around numbers and names do not matter.

    Raises:
        SettingError: not of that form, a label below 1, or a label or a name given twice.
    """
    labels: dict[int, str] = {}
    for part in text.split(","):
        number, equals, name = (piece.strip() for piece in part.partition("="))
        if not (equals and name and LABEL.fullmatch(number) and int(number) > 0):
            raise SettingError(f'"{text}" does not name labels; write them as 1=anterior,2=posterior.')
        if int(number) in labels:
            raise SettingError(f'"{text}" names label {int(number)} twice; name each label once.')
        if name in labels.values():
            raise SettingError(
                f'"{text}" gives two labels the name {name}; to join labels use --merge {name}.'
            )
        labels[int(number)] = name
    return labels
