"""What a reader waits for in the workstation, and what its server holds; a real server, a real Chromium.

    python Testing/benchmarks/workstation.py [start slices rows cases thresholds memory worklist]
        [--repeats 7] [--size 1440 900] [--keep FOLDER] [--format table|json]

Everything by default. Each is measured on the bundled phantom of 128 x 128 x 64 voxels with 6 structures and,
as "CT", on a phantom of 512 x 512 x 150 voxels with 20. The bars are those of two cores without a GPU: run it
on a machine that has nothing else to do, and read the load that is printed with the table.

start       from the command until the page can be used
slices      from a key to the new picture of the axial view
rows        from the click on a structure's row to its place in the views
cases       from the click on a case in the worklist to its picture: of the case before the open one, whose
            files are read anew each time, and of the next one, which was read ahead; the server's memory
            then: its own, and as the worst its PSS, in which libraries count by how many others map them
thresholds  from the slider's move to the new picture
memory      of the server's process, without the worker: a case open and assessed, then every page seen, and
            the highest while the files were read; PSS, and RSS as the worst
worklist    100 cases: from a typed letter to the filtered list, and from a click on a case to its pictures
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from served import PICTURES, Served, memory_mb

from ContourQALib.case import Contour
from ContourQALib.formats.images import write_image
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.phantom import pelvis

CT_SIZE, CT_SPACING = (512, 512, 150), (0.7, 0.7, 1.5)
MORE_ORGANS = 14
CASES = 100
SMALL = "32x32x16"
MEMORY_REST_S = 8.0
"""What a case needed while it was opened has gone back to the system by then."""


@dataclass(frozen=True)
class Row:
    """One line of the table; `bar` is what is asked of it, None where nothing is."""

    what: str
    where: str
    median: float
    worst: float
    unit: str
    bar: float | None = None


@dataclass(frozen=True)
class Bench:
    """The browser, the folders of results and of cases, and what was asked for."""

    browser: Any
    scratch: Path
    cases: Path
    size: tuple[int, int]
    repeats: int

    @contextmanager
    def served(self, cases: Path) -> Iterator[Served]:
        served = Served(self.browser, cases, Path(tempfile.mkdtemp(dir=self.scratch)), self.size)
        try:
            yield served
        finally:
            served.close()

    def case(self, where: str) -> Path:
        """Folder with the one case, written when it is first asked for."""
        folder = self.cases / where
        if not folder.is_dir():
            _write_ct(folder) if where == "CT" else _write_phantom(folder / "phantom")
        return folder


def _write_phantom(folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "ContourQALib", "phantom", "-o", str(folder), *options]
    subprocess.run(command, check=True, capture_output=True)


def _write_ct(folder: Path) -> None:
    phantom = pelvis(CT_SIZE, CT_SPACING)
    grid = phantom.image.grid
    k, j, i = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in grid.shape)]
    contours = list(phantom.vendor)
    for n in range(MORE_ORGANS):
        angle, radius = 2 * np.pi * n / MORE_ORGANS, 0.12 + 0.12 * n / MORE_ORGANS
        y, x = 0.5 * np.sin(angle), 0.5 * np.cos(angle)
        mask = ((i - x) / radius) ** 2 + ((j - y) / radius) ** 2 + (k / (2 * radius)) ** 2 <= 1
        contours.append(Contour(mask, grid, f"Organ_{n}"))
    (folder / "ct").mkdir(parents=True)
    write_image(phantom.image, folder / "ct" / "image.nrrd")
    write_segmentation(contours, folder / "ct" / "contours.seg.nrrd")


def measure_start(bench: Bench) -> Iterator[Row]:
    taken = []
    for _ in range(max(2, bench.repeats // 2)):
        with bench.served(bench.case("phantom")) as served:
            taken.append(served.start_s)
    yield Row("command to usable page", "phantom", statistics.median(taken), max(taken), "s", 8)


def measure_slices(bench: Bench) -> Iterator[Row]:
    for where in ("phantom", "CT"):
        with bench.served(bench.case(where)) as served:
            served.open_first()
            box = served.page.locator("[data-view=Red]").bounding_box()
            served.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            served.rest()
            taken = []
            for _ in range(2 * bench.repeats):
                press = lambda: served.page.keyboard.press("ArrowLeft")  # noqa: E731 - called at once
                taken.append(served.until_picture_ms("Red", press))
                time.sleep(0.8)
            yield Row("key to new slice", where, statistics.median(taken), max(taken), "ms", 200)


def measure_rows(bench: Bench) -> Iterator[Row]:
    for where in ("phantom", "CT"):
        with bench.served(bench.case(where)) as served:
            served.open_first()
            rows = served.page.locator("[data-testid^=review-row-]")
            taken = []
            for n in range(bench.repeats):
                click = rows.nth((n + 1) % rows.count()).click
                taken.append(served.until_picture_ms("Red", click))
                served.rest()
            yield Row("row click to view", where, statistics.median(taken), max(taken), "ms", 300)


def measure_cases(bench: Bench) -> Iterator[Row]:
    for where in ("phantom", "CT"):
        folder = bench.cases / f"two {where}"
        if not folder.is_dir():
            (one,) = bench.case(where).iterdir()
            for name in ("a", "b"):
                shutil.copytree(one, folder / name, ignore=shutil.ignore_patterns("manifest.csv"))
        anew, ahead = [], []
        with bench.served(folder) as served:
            for n in range(2 * bench.repeats + 1):  # a, b, a, b …: a has a next one, b has none
                served.page.click("[data-testid=tab-worklist]")
                (ahead if n % 2 else anew).append(served.until_case_ms("ab"[n % 2]))
                served.until_idle()
            now = memory_mb(served.pid)
            own = now["Pss_Anon"] + now["Pss_Shmem"]
            yield Row("own memory and PSS, next case held", where, own, now["Pss"], "MB", 550.0)
        del anew[0]  # made the page too
        for what, taken in (("case click to picture", anew), ("next case, read ahead", ahead)):
            yield Row(what, where, statistics.median(taken), max(taken), "ms")


def measure_thresholds(bench: Bench) -> Iterator[Row]:
    with bench.served(bench.case("phantom")) as served:
        served.open_first()
        served.page.click("[data-testid=tab-thresholds]")
        slider = served.page.locator("input[data-testid=threshold-slider]")
        slider.wait_for()
        slider.focus()
        served.rest(3)
        taken = []
        for n in range(2 * bench.repeats):
            key = "ArrowRight" if n % 8 < 4 else "ArrowLeft"
            press = lambda key=key: served.page.keyboard.press(key)  # noqa: E731
            taken.append(served.until_picture_ms("Red", press))
            served.rest()
        yield Row("slider to new contour", "phantom", statistics.median(taken), max(taken), "ms", 250)


def measure_memory(bench: Bench) -> Iterator[Row]:
    for where in ("phantom", "CT"):
        with bench.served(bench.case(where)) as served:
            served.open_first()
            time.sleep(MEMORY_REST_S)
            yield _memory_row("a case open", where, served, bar=700.0)
            for page in ("compare", "thresholds", "teach", "review"):
                served.page.click(f"[data-testid=tab-{page}]")
                served.rest()
            time.sleep(MEMORY_REST_S)
            yield _memory_row("every page seen", where, served)
            peak = memory_mb(served.pid)["VmHWM"]
            yield Row("server's highest RSS", where, peak, peak, "MB")


def _memory_row(when: str, where: str, served: Served, bar: float | None = None) -> Row:
    """PSS as the value, RSS as the worst: what other processes map too counts in part, and whole."""
    now = memory_mb(served.pid)
    return Row(f"server's PSS and RSS, {when}", where, now["Pss"], now["Rss"], "MB", bar)


def measure_worklist(bench: Bench) -> Iterator[Row]:
    folder = bench.cases / "worklist"
    if not folder.is_dir():
        _write_phantom(folder / "case_000", "--size", SMALL)
        for n in range(1, CASES):
            shutil.copytree(folder / "case_000", folder / f"case_{n:03d}")
    with bench.served(folder) as served:
        yield Row(f"command to page, {CASES} cases", "worklist", served.start_s, served.start_s, "s", 8)
        page = served.page
        search = (
            page.locator("[data-testid=worklist-search]")
            .locator("input")
            .or_(page.locator("input[data-testid=worklist-search]"))
        )
        shown = "document.querySelectorAll('[data-testid^=worklist-row-]').length"
        taken = []
        for n in range(bench.repeats):
            search.first.fill("")
            page.wait_for_function(f"{shown} > 1")
            began = page.evaluate("performance.now()")
            search.first.fill(f"case_{n + 10:03d}")
            page.wait_for_function(f"{shown} === 1")
            taken.append(page.evaluate("performance.now()") - began)
        yield Row("search to filtered list", "worklist", statistics.median(taken), max(taken), "ms")
        row = page.locator("[data-testid^=worklist-row-]").first
        began = page.evaluate("performance.now()")
        row.click()
        page.wait_for_selector("[data-testid=page-review]", state="visible")
        page.wait_for_function(f"{PICTURES} >= 4")
        opened = page.evaluate("performance.now()") - began
        yield Row("case click to pictures", "worklist", opened, opened, "ms")


MEASURED: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "start": measure_start,
    "slices": measure_slices,
    "rows": measure_rows,
    "cases": measure_cases,
    "thresholds": measure_thresholds,
    "memory": measure_memory,
    "worklist": measure_worklist,
}


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", choices=[*MEASURED, []], help="all by default")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--size", type=int, nargs=2, default=(1440, 900), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument(
        "--keep", type=Path, help="folder for the cases; those of an earlier run are used again"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        bench = Bench(
            browser, Path(scratch), options.keep or Path(scratch), tuple(options.size), options.repeats
        )
        for what in options.what or MEASURED:
            for row in MEASURED[what](bench):
                rows.append(row)
                if options.format == "table":
                    print(_line(row), flush=True)
        browser.close()
    load = os.getloadavg()[0]
    if options.format == "json":
        print(json.dumps({"load": load, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        print(f"{os.cpu_count()} cores, load {load:.1f}, page of {options.size[0]} x {options.size[1]}")


def _line(row: Row) -> str:
    bar = "" if row.bar is None else f"bar {row.bar:.0f}" + ("" if row.median < row.bar else "  MISSED")
    return f"{row.what:32} {row.where:9} {row.median:8.1f} {row.unit:2}  worst {row.worst:8.1f}  {bar}"


if __name__ == "__main__":
    main()
