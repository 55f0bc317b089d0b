"""ContourQA: which contours to check, where, and why.

The library behind the 3D Slicer module, the browser workstation and the command line. Importing it loads
no torch, vtk or slicer; sub-packages that need them import them themselves.
"""

__version__ = "0.1.0"
