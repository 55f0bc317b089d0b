"""Recommended thresholds in and out: a small JSON file for other tools, and for maps without a reference."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

from ContourQALib.errors import FormatError
from ContourQALib.formats.output import write_atomically
from ContourQALib.metrics.definitions import Status
from ContourQALib.names import normalize
from ContourQALib.thresholds.recommendation import Recommendation, RecommendedThresholds
from ContourQALib.thresholds.sensitivity import FIGURES

FORMAT = "contourqa recommended thresholds"
"""What the file says of itself: any JSON may hold thresholds, and not every one is ours."""

RECOMMENDED_FILE = "recommended_thresholds.json"
"""How `contourqa thresholds --cases` calls the file."""

VERSION = 1

FLAGS = (Status.OK, Status.EMPTY, Status.FULL)
"""What a threshold can make of a map."""


def recommendation_record(found: RecommendedThresholds) -> dict[str, Any]:
    """The file as JSON holds it; a figure without a recommendation, and an undefined number, is null."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "structures": {
            name: {figure: _record(one) for figure, one in of.items()}
            for name, of in found.structures.items()
        },
        "provenance": dict(found.provenance),
    }


def write_recommendation(found: RecommendedThresholds, path: str | PathLike[str]) -> None:
    """Write the file.

    Raises:
        OutputError: the folder cannot be written to, or the disk is full.
    """
    text = json.dumps(recommendation_record(found), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def read_recommendation(path: str | PathLike[str]) -> RecommendedThresholds:
    """Read a file that `write_recommendation` wrote; fields that it does not know are left alone.

    Raises:
        FormatError: missing, no JSON, not of this kind, of a later version, without any recommendation, two
            spellings of one structure, or a value that cannot be (a threshold outside [0, 1]). The text names
            the structure and the figure.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        # JSON may spell halves of characters, which nobody can print.
        json.dumps(document, ensure_ascii=False).encode()
    except IsADirectoryError as error:
        raise FormatError(f"{path} is a folder; name the file of recommended thresholds in it.") from error
    except PermissionError as error:
        raise FormatError(f"{path} cannot be opened; ask for permission to read it.") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path} is damaged or no JSON at all; {_WRITE_AGAIN}.") from error
    except _NamedTwiceError as error:
        raise FormatError(f"{path} names {error} twice; {_WRITE_AGAIN}.") from error
    except (
        OSError,
        ValueError,
    ) as error:  # ValueError: a NUL in the name, or a number of thousands of digits
        if path.is_file():
            raise FormatError(f"{path} cannot be read; {_WRITE_AGAIN}.") from error
        raise FormatError(f"{path} does not exist; check the path of the recommended thresholds.") from error
    return _read(path, document)


_WRITE_AGAIN = "write it again with contourqa thresholds --cases"


class _NamedTwiceError(Exception):
    """A name stands twice in one object, of which Python would silently keep the last."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _NamedTwiceError(twice)
    return dict(pairs)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _read(path: Path, document: Any) -> RecommendedThresholds:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FormatError(
            f'{path} is no file of recommended thresholds (its "format" is not "{FORMAT}"); name the'
            " recommended_thresholds.json that contourqa thresholds --cases writes."
        )
    if document.get("version") != VERSION:
        raise FormatError(
            f"{path} has version {json.dumps(document.get('version'))} of its format, but only version"
            f" {VERSION} can be read; update contourqa."
        )
    listed = document.get("structures")
    if not isinstance(listed, dict) or not listed:
        raise FormatError(f"{path} recommends a threshold for no structure; {_WRITE_AGAIN}.")
    meant: dict[str, str] = {}
    for name in listed:
        first = meant.setdefault(normalize(name), name)
        if first != name:
            raise FormatError(f"{path} lists {first} and {name}, which mean one structure; remove one.")
    provenance = document.get("provenance")
    return RecommendedThresholds(
        {name: _figures(path, name, value) for name, value in listed.items()},
        provenance if isinstance(provenance, dict) else {},
    )


def _figures(path: Path, name: str, value: Any) -> dict[str, Recommendation | None]:
    by_figure = value if isinstance(value, dict) else {}
    found = {figure: by_figure.get(figure) for figure in FIGURES}
    if not name.strip() or all(one is None for one in found.values()):
        raise FormatError(f'{path} recommends no threshold for the structure "{name}"; {_WRITE_AGAIN}.')
    return {
        figure: None if one is None else _recommendation(f"{path}: {figure} of {name}", one)
        for figure, one in found.items()
    }


def _recommendation(where: str, record: Any) -> Recommendation:
    if not isinstance(record, dict):
        raise FormatError(f"{where} is no recommendation but {_short(record)}; {_WRITE_AGAIN}.")

    def field(name: str, fits: Callable[[Any], bool], wanted: str) -> Any:
        value = record.get(name)
        if not fits(value):
            raise FormatError(
                f"{where} has the {name.replace('_', ' ')} {_short(value)}, which is not {wanted};"
                f" {_WRITE_AGAIN}."
            )
        return value

    interval = field("interval", _is_interval, "null or two increasing numbers between 0 and 1")
    value_at_half = field("value_at_half", _is_number_or_null, "null or a number")
    loss = field("loss_at_half_percent", _is_number_or_null, "null or a number")
    level = field("level", lambda v: v is None or _is_share(v), "null or a number between 0 and 1")
    return Recommendation(
        threshold=float(field("threshold", _is_share, "a number between 0 and 1")),
        interval=None if interval is None else (float(interval[0]), float(interval[1])),
        level=None if level is None else float(level),
        cases=field("cases", lambda v: type(v) is int and v > 0, "a whole number above 0"),
        value=float(field("value", _is_number, "a number")),
        value_at_half=None if value_at_half is None else float(value_at_half),
        loss_at_half_percent=None if loss is None else float(loss),
        flag=Status(field("flag", lambda v: v in FLAGS, "ok, empty or full")),
    )


def _is_number(value: Any) -> bool:
    # bool is a kind of int in Python, but true is no threshold.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_number_or_null(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_interval(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and len(value) == 2 and all(map(_is_share, value)) and value[0] <= value[1]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def _record(found: Recommendation | None) -> Mapping[str, Any] | None:
    if found is None:
        return None
    record = {one.name: getattr(found, one.name) for one in fields(Recommendation)}
    return record | {
        "interval": list(found.interval) if found.interval else None,
        "flag": found.flag.value,
    }
