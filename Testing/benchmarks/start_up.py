"""How long a user waits: each command from the shell to its answer, as seconds and as a ratio to bare Python.

Run it with the interpreter of the environment that ContourQA is installed in:

    python Testing/benchmarks/start_up.py [--repeats 5] [--format table|json]

Medians over the repeats; the real cases need the data folder (../shared/data or CONTOURQA_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CONTOURQA_DATA", ROOT.parent / "shared" / "data"))
HIPPOCAMPUS = "hippocampus_015"


def commands(scratch: Path) -> dict[str, list[str]]:
    """What is timed, by what it is called; the real cases only where the data folder is present."""
    python = [sys.executable, "-c"]
    contourqa = [sys.executable, "-m", "ContourQALib"]
    timed = {
        "bare Python": [*python, "pass"],
        "import ContourQALib": [*python, "import ContourQALib"],
        "contourqa --version": [*contourqa, "--version"],
        "contourqa phantom": [*contourqa, "phantom", "-o", str(scratch / "phantom")],
    }
    if DATA.is_dir():
        folder = DATA / "headneck_observers/full/0522c0017"
        pair = [str(folder / f"Parotid-Lt_{who}.nrrd") for who in ("oncologist", "radiographer")]
        timed["contourqa compare, 512x512x156"] = [
            *contourqa,
            "compare",
            "--reference",
            pair[0],
            "--test",
            pair[1],
        ]
        image, labels = (DATA / "hippocampus" / k / f"{HIPPOCAMPUS}.nii.gz" for k in ("images", "labels"))
        timed["contourqa assess, hippocampus"] = [
            *contourqa, "assess", "--image", str(image), "--contours", str(labels), "--merge", "hippocampus",
        ]  # fmt: skip
    return timed


def seconds(command: Sequence[str], repeats: int) -> float:
    """Median wall time of a command, s; the first run, which fills caches, is not counted."""
    taken = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        measured = {name: seconds(c, options.repeats) for name, c in commands(Path(scratch)).items()}
    bare = measured["bare Python"]
    rows = [{"what": n, "wall_s": round(s, 3), "ratio": round(s / bare, 1)} for n, s in measured.items()]
    if options.format == "json":
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['what']:34} {row['wall_s']:8.3f} s {row['ratio']:8.1f} x bare Python")


if __name__ == "__main__":
    main()
