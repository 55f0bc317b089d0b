"""CohortState: what the page knows of the cohort."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trame_server.utils.typed_state import TypedState

from ContourQALib.workstation.plain_values import PlainValues

NAMESPACE = "cohort"


@dataclass
class CohortState:
    """Choices and tables of the page; "" stands for all datasets or structures."""

    there: bool = False
    metric: str = "dice"
    dataset: str = ""
    structure: str = ""
    first: str = ""
    second: str = ""
    chart: str = "paired"
    metrics: list[dict[str, str]] = field(default_factory=list)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    structures: list[dict[str, Any]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    tests: list[dict[str, Any]] = field(default_factory=list)
    worst: list[dict[str, Any]] = field(default_factory=list)
    told: str = ""
    report_shown: bool = False
    has_page: bool = False
    can_make: bool = False
    why_not: str = ""
    making: bool = False
    step: str = ""
    percent: float = 0.0


def cohort_state(state: Any) -> TypedState[CohortState]:
    """The page's state."""
    return TypedState(state, CohortState, namespace=NAMESPACE, encoder=PlainValues())
