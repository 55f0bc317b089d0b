"""The error of a node that cannot be used as it is."""

from __future__ import annotations

from ContourQALib.errors import ContourQAError


class SceneError(ContourQAError):
    """A node is missing, empty, of a kind that cannot be used, or moved by a transform that cannot be."""
