"""What the audit trail refuses, and says in one sentence."""

from __future__ import annotations

from ContourQALib.workstation.errors import WorkstationError


class DecisionError(WorkstationError):
    """Decisions cannot be read or written down; whoever holds one still has it and can try again."""
