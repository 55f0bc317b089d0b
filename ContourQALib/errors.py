"""The errors a user meets: one sentence each that says what is wrong, with which input, and what to do."""


class ContourQAError(Exception):
    """Base of every error of ours; its text is one sentence meant for the user (exit code 2)."""


class FormatError(ContourQAError):
    """A file is missing, damaged, or not of a kind that can be read."""


class GeometryError(ContourQAError):
    """Two grids do not fit each other, or one grid is impossible (spacing of zero, sheared axes)."""


class StructureError(ContourQAError):
    """A structure was named that the input does not hold, or names are ambiguous."""


class SettingError(ContourQAError):
    """An option or argument has a value that cannot be used."""


class ModelError(ContourQAError):
    """A quality model is unknown, incomplete, damaged, or needs a package that is not installed."""


class OutputError(ContourQAError):
    """A result cannot be written: the folder is a file or read-only, or the disk is full."""
