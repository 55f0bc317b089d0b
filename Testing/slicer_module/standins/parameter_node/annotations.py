"""What stands beside a type in ``Annotated[...]``: limits, defaults and looks of widgets."""

from __future__ import annotations

import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any


class Validator(ABC):
    """A rule that a value has to keep before it is written."""

    @abstractmethod
    def validate(self, value: Any) -> None:
        """Raises an exception for a value that breaks the rule."""


def _require(kept: bool, text: str, error: type[Exception] = ValueError) -> None:
    if not kept:
        raise error(text)


class NotNone(Validator):
    def validate(self, value: Any) -> None:
        _require(value is not None, "None is not a value for this parameter")


@dataclass(frozen=True)
class IsInstance(Validator):
    classtype: type | tuple[type, ...]

    def validate(self, value: Any) -> None:
        fits = value is None or isinstance(value, self.classtype)
        _require(fits, f"{value!r} is a {type(value).__name__}, expected {self.classtype}", TypeError)


@dataclass(frozen=True)
class WithinRange(Validator):
    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        _require(
            self.minimum <= value <= self.maximum, f"{value} lies outside {self.minimum}..{self.maximum}"
        )


@dataclass(frozen=True)
class Minimum(Validator):
    minimum: float

    def validate(self, value: Any) -> None:
        _require(value >= self.minimum, f"{value} is less than {self.minimum}")


@dataclass(frozen=True)
class Maximum(Validator):
    maximum: float

    def validate(self, value: Any) -> None:
        _require(value <= self.maximum, f"{value} is more than {self.maximum}")


@dataclass(frozen=True)
class Choice(Validator):
    choices: Sequence[Any]

    def validate(self, value: Any) -> None:
        _require(value in self.choices, f"{value!r} is none of {self.choices}")


@dataclass(frozen=True)
class Exclude(Validator):
    excludedValues: Sequence[Any]

    def validate(self, value: Any) -> None:
        _require(value not in self.excludedValues, f"{value!r} is excluded")


class Default:
    """The value of a field that was never written, fixed or made anew by `generator`."""

    def __init__(self, value: Any = None, *, generator: Callable[[], Any] | None = None) -> None:
        self._value, self._generator = value, generator

    @property
    def value(self) -> Any:
        return self._generator() if self._generator else self._value


@dataclass(frozen=True)
class Decimals:
    """Digits after the point in a bound widget."""

    value: int


@dataclass(frozen=True)
class SingleStep:
    """Step of a bound widget."""

    value: float


def split(annotated: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type and what is annotated to it; nothing for a bare type."""
    if typing.get_origin(annotated) is Annotated:
        base, *notes = typing.get_args(annotated)
        return base, tuple(notes)
    return annotated, ()


def first(annotated: Any, kind: type) -> Any:
    """The first annotation of this kind, or None."""
    return next((note for note in split(annotated)[1] if isinstance(note, kind)), None)


def validators_of(annotated: Any) -> list[Validator]:
    """The rules annotated to a type; a class given without arguments is made into one."""
    notes = split(annotated)[1]
    made = [note() if isinstance(note, type) and issubclass(note, Validator) else note for note in notes]
    return [note for note in made if isinstance(note, Validator)]
