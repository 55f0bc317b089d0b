"""What the page's process imports for its cases, seen in a bare interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).parents[3] / "ContourQALib" / "workstation" / "cases"
VIEWERS = {"vtk", "vtkmodules", "slicer", "trame", "trame_server", "trame_slicer", "aiohttp"}
HEAVY = {"torch", "matplotlib", "scipy", "SimpleITK", "numba", "pandas"}
COMMANDS = {"rich", "typer", "ContourQALib.commands", "ContourQALib.cli"}


def test_cases_need_no_viewer_and_no_network() -> None:
    modules = [f"ContourQALib.workstation.cases.{path.stem}" for path in CASES.glob("[!_]*.py")]
    assert len(modules) > 5
    code = "\n".join(f"import {module}" for module in modules)
    code += "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(json.loads(done.stdout)) & (VIEWERS | HEAVY | COMMANDS)
