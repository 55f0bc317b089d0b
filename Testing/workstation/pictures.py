"""Takes the pictures of the documents: a workstation on phantoms in a process of its own, seen by Chromium.

python Testing/workstation/pictures.py -o Docs/pictures
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.perturbation import perturb

SIZE = (1440, 900)
SEEDS = (1, 2, 3, 4, 5)
ORGANS = ("CTV", "Bladder", "Rectum", "FemoralHead_L", "FemoralHead_R")
ERRORS = {
    (1, "Bladder"): ("shift", 9.0),
    (2, "Rectum"): ("missing-slices", 6),
    (3, "CTV"): ("dilate", 5.0),
    (4, "FemoralHead_L"): ("shift", 6.0),
}
"""By patient and organ, what is wrong with the contour under review."""

START_S, SETTLE_S = 90, 2.0
MODEL = "pelvis-phantom"


def contourqa(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "ContourQALib", *map(str, arguments)], check=True)


def draw_cases(folder: Path) -> Path:
    """Phantom patients whose contours have errors, with a manifest of all and a cohort's report of them."""
    columns = ("image", "reference.seg", "contours.seg", "vendor.seg", "fine_tuned.seg")
    lines = ["case,structure,image,reference,contour,VPM,LFT,probability"]
    for seed in SEEDS:
        name = f"phantom_{seed}"
        contourqa("phantom", "--seed", seed, "-o", folder / name)
        contours = read_contours(folder / name / "fine_tuned.seg.nrrd")
        spoiled = [
            perturb(one, *ERRORS[seed, one.name]) if (seed, one.name) in ERRORS else one for one in contours
        ]
        write_segmentation(spoiled, folder / name / "contours.seg.nrrd")
        files = ",".join(f"{name}/{column}.nrrd" for column in columns)
        lines += [f"{name},{organ},{files},{name}/vendor_probability_{organ}.nrrd" for organ in ORGANS]
    manifest = folder / "phantoms.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    contourqa("cohort", manifest, "-o", folder / "cohort", "--model", "VPM", "--model", "LFT")
    return manifest


@contextmanager
def served(manifest: Path, folder: Path) -> Iterator[str]:
    """The address of a running workstation."""
    command = [
        sys.executable,
        "-m",
        "ContourQALib",
        "workstation",
        str(manifest),
        "--results",
        str(folder / "results"),
    ]
    command += ["--model", MODEL, "--cohort", str(folder / "cohort"), "--reader", "Dr. A. Reader"]
    process = subprocess.Popen([*command, "--port", "0", "--no-browser"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the workstation did not start"
        yield found.group()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_S)


def take(page: Any, folder: Path, name: str) -> None:
    """A picture once the views have come to rest."""
    time.sleep(SETTLE_S)
    page.screenshot(path=folder / f"workstation-{name}.png")


def tour(page: Any, folder: Path) -> None:
    """Every page, as a reader comes to it."""

    def click(name: str) -> None:
        page.locator(f"[data-testid={name}]").first.click()

    page.wait_for_selector("[data-testid^=worklist-row]")
    page.wait_for_selector("[data-testid=worklist-chip-waiting]", state="hidden", timeout=120_000)
    page.wait_for_selector("[data-testid=worklist-queue]", state="hidden", timeout=120_000)
    take(page, folder, "worklist")
    page.locator("[data-testid^=worklist-row]", has_text="phantom_1").first.click()
    page.wait_for_selector("[data-testid=review-accept]")
    page.locator("[data-testid=review-row-Bladder]").click()
    page.wait_for_selector("[data-testid=review-errors-note]", state="hidden", timeout=60_000)
    page.keyboard.press("n")
    take(page, folder, "review")
    click("tab-compare")
    page.wait_for_selector("[data-testid^=compare-row]", timeout=60_000)
    page.locator("[data-testid^=compare-row-Bladder]").first.click()
    take(page, folder, "compare")
    click("tab-thresholds")
    page.wait_for_selector("[data-testid=threshold-slider]")
    time.sleep(3 * SETTLE_S)
    take(page, folder, "thresholds")
    click("tab-cohort")
    page.wait_for_selector(".cqa-cohort-chart .point")
    take(page, folder, "cohort")
    click("tab-teach")
    time.sleep(5 * SETTLE_S)
    take(page, folder, "teach")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the pictures")
    output = parser.parse_args().output
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        sys.exit("There is no chromium on this machine; install the distribution's package.")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        with served(draw_cases(folder), folder) as address:
            chromium = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-gpu"]
            )
            page = chromium.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            page.goto(address)
            tour(page, output)
            chromium.close()


if __name__ == "__main__":
    main()
