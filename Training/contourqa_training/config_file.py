"""Configurations as TOML files: found by name, read section by section into dataclasses."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from ContourQALib.errors import SettingError

Settings = TypeVar("Settings")

WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
}
"""What a setting of each type is called."""


def config_text(name_or_path: str, sections: Collection[str]) -> str:
    """The text of a named configuration or of a TOML file.

    Args:
        name_or_path: a name such as "isaksson", or a path that ends in .toml.
        sections: sections that a configuration of the kind may have; names of other kinds are not suggested.

    Raises:
        SettingError: there is none of this name, or it is not TOML.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise SettingError(f"There is no configuration {path}.")
        text = path.read_text(encoding="utf-8")
    else:
        named = {
            p.name[:-5]: p for p in files("contourqa_training.configs").iterdir() if p.name[-5:] == ".toml"
        }
        if name_or_path not in named:
            fitting = [
                name for name, p in named.items() if set(tomllib.loads(p.read_text("utf-8"))) <= set(sections)
            ]
            known = ", ".join(sorted(fitting))
            raise SettingError(
                f"There is no configuration {name_or_path}; there are {known}, or a .toml file."
            )
        text = named[name_or_path].read_text(encoding="utf-8")
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"The configuration {name_or_path} is not valid TOML: {error}.") from error
    return text


def check_sections(sections: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Refuse sections that a configuration does not have.

    Raises:
        SettingError: there is one.
    """
    unknown = sorted(set(sections) - set(allowed))
    if unknown:
        raise SettingError(f"A configuration has no section {', '.join(unknown)}.")


def read_section(kind: type[Settings], sections: Mapping[str, Any], section: str) -> Settings:
    """One section as its dataclass; each value must be of the type of the setting's default.

    Raises:
        SettingError: an unknown setting, or a value that cannot be used.
    """
    values = sections.get(section, {})
    if not isinstance(values, dict):
        raise SettingError(f"{section} must be a section of settings, not {values!r}.")
    # every kind is a dataclass, which a type variable cannot say
    defaults = {f.name: f.default for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(defaults))
    if unknown:
        raise SettingError(f"The section {section} has no setting {', '.join(unknown)}.")
    kinds = get_type_hints(kind)
    return kind(
        **{
            name: _value(value, defaults[name], kinds[name], f"{section}.{name}")
            for name, value in values.items()
        }
    )


def _value(value: Any, default: Any, kind: Any, name: str) -> Any:
    """A TOML value as a value of the default's type; `kind` says it of the items of a tuple."""
    if isinstance(default, tuple):
        if not isinstance(value, list):
            raise SettingError(f"{name} must be a list, not {value!r}.")
        item_kind = get_args(kind)[0]
        return tuple(_value(item, item_kind(), item_kind, name) for item in value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise SettingError(f"{name} must be {WORDS[type(default)]}, not {value!r}.")
    return value


def sections_text(sections: Mapping[str, Mapping[str, Any]], comment: str = "") -> str:
    """Sections as TOML, below a comment of any number of lines; `tomllib.loads` gives them back.

    Values are texts, numbers, booleans, and lists of these.
    """
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    for section, values in sections.items():
        lines += ["", f"[{section}]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON's texts, numbers and booleans are TOML's; but TOML wants the control character DEL escaped
    return json.dumps(value).replace("\x7f", "\\u007f")
