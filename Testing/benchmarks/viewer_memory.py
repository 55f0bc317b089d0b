"""What each reader of a workstation for several costs in memory: his server and its computing processes.

    python Testing/benchmarks/viewer_memory.py CASES [--model NAME] [--readers 2] [--settle 60]

Starts `contourqa workstation CASES --users N`, opens as many browsers, waits until a single case is shown and
assessed, and prints the memory of every process (PSS: pages that several share count in parts).
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
from pathlib import Path

PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
USABLE_S = 180


def descendants(pid: int) -> list[int]:
    own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, own) for one in (child, *descendants(child))]


def pss_mb(pid: int) -> float:
    found = PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def module_of(pid: int) -> str:
    """The last part of the module that a Python process runs."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return words[words.index("-m") + 1].rpartition(".")[2] if "-m" in words else words[0]


def show(server: int, when: str) -> None:
    for pid in (server, *descendants(server)):
        print(f"{when:>12}  {module_of(pid):<16} {pss_mb(pid):7.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--model", default=None)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--settle", type=float, default=60.0, help="seconds to wait for the assessment")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as results:
        measure(arguments, results)


def measure(arguments: argparse.Namespace, results: str) -> None:
    command = [sys.executable, "-m", "ContourQALib", "workstation", str(arguments.cases), "--port", "0"]
    command += ["--no-browser", "--users", str(arguments.readers), "--results", results]
    command += ["--model", arguments.model] if arguments.model else []
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        browse(server, server.stdout.readline().split()[-1], arguments)
    finally:
        asked = time.monotonic()
        server.send_signal(signal.SIGINT)
        print(f"stopped with {server.wait()} after {time.monotonic() - asked:.1f} s")


def browse(server: subprocess.Popen[str], address: str, arguments: argparse.Namespace) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for reader in range(arguments.readers):
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            asked = time.monotonic()
            page.goto(address, timeout=1000 * USABLE_S)
            page.wait_for_selector("[data-testid=tab-review]", timeout=1000 * USABLE_S)
            print(f"reader {reader + 1} sees the page after {time.monotonic() - asked:.1f} s")
        time.sleep(arguments.settle)
        show(server.pid, "all at work")
        browser.close()


if __name__ == "__main__":
    main()
