"""What the workstation refuses, and says in one sentence."""

from __future__ import annotations

from ContourQALib.errors import ContourQAError


class WorkstationError(ContourQAError):
    """The workstation cannot do what was asked of it."""


class AccessError(WorkstationError):
    """A path lies outside the folders that the workstation was given."""
