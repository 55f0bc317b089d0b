"""Stand-ins for the parts of 3D Slicer that exist only inside the application (see the README beside)."""

from .installation import StandIns, qt_application

__all__ = ["StandIns", "qt_application"]
