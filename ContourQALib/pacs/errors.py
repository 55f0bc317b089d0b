"""What can go wrong with an archive, by what may be done about it; no error holds anything of a patient."""

from __future__ import annotations

from ContourQALib.errors import ContourQAError


class PacsError(ContourQAError):
    """An archive cannot be reached, does not let us in, or does not do what was asked of it."""


class AccessError(PacsError):
    """The archive lets nobody in without other credentials (HTTP 401 or 403).

    Attributes:
        unknown: whether it does not know who asks (401), so that credentials may help.
    """

    def __init__(self, sentence: str, unknown: bool) -> None:
        super().__init__(sentence)
        self.unknown = unknown


class NotThereError(PacsError):
    """The archive has nothing under an address (HTTP 404)."""


class PassingError(PacsError):
    """No answer, half of one, or one that says "not now": worth asking again.

    What was asked may have been done: the answer to a stored file can be lost like any other.
    """
