"""Served: a workstation in a process of its own with a page of Chromium, and how long readers wait there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL = "pelvis-phantom"
IDLE_S, IDLE_SHARE = 7.0, 0.1
"""A server that uses less than this share of a core for so long has read the next case too."""

PICTURES = "[...document.querySelectorAll('.cqa-views img')].filter((one) => one.naturalWidth > 50).length"

WATCH = """(view) => {
    const place = document.querySelector(`[data-view=${view}]`).closest('.layout-grid-item');
    window.benchPictures = [];
    window.benchWatch?.disconnect();
    window.benchWatch = new MutationObserver(() => {
        const image = place.querySelector('img');
        image.decode().catch(() => {}).then(() => window.benchPictures.push(performance.now()));
    });
    window.benchWatch.observe(place, {attributes: true, attributeFilter: ['src'], subtree: true});
}"""
"""Notes when a view's picture was exchanged and decoded."""


class Served:
    """A server of its own process with a page of Chromium.

    Attributes:
        page: Playwright's.
        pid: of the server's process.
        start_s: from the command to the page.
    """

    def __init__(self, browser: Any, cases: Path, results: Path, size: tuple[int, int]) -> None:
        command = [sys.executable, "-m", "ContourQALib", "workstation", str(cases)]
        command += ["--results", str(results), "--port", "0", "--no-browser", "--model", MODEL]
        started = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        found = (m.group() for line in self._process.stdout if (m := re.search(r"http://\S+", line)))
        address = next(found, None)
        if address is None:
            raise RuntimeError(f"The server ended before it could be used: {' '.join(command)}")
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.set_default_timeout(120_000)
        self.page.goto(address)
        self.page.wait_for_selector("[data-testid=tab-review]")
        self.start_s = time.perf_counter() - started
        self.pid = self._process.pid

    def open_first(self) -> None:
        """Open the first case, wait until every row of it has its verdict and nothing moves any more."""
        row = self.page.locator("[data-testid^=worklist-row-]").first
        if row.is_visible():  # a case that is the only one is opened without a click
            row.click()
        self.page.wait_for_function(f"{PICTURES} >= 4")
        rows = "document.querySelectorAll('[data-testid^=review-row-]').length"
        verdicts = "document.querySelectorAll('[data-testid^=review-verdict-]').length"
        self.page.wait_for_function(f"{rows} > 0 && {verdicts} === {rows}", timeout=300_000)
        self.rest()

    def rest(self, quiet_s: float = 1.0, limit_s: float = 60.0) -> None:
        """Wait until no view was drawn for a while."""
        self.page.evaluate(WATCH, "Red")
        end, last = time.monotonic() + limit_s, -1
        while (count := self.page.evaluate("window.benchPictures.length")) != last:
            if time.monotonic() > end:
                raise RuntimeError(f"The axial view is drawn again and again for {limit_s:.0f} s already.")
            last = count
            time.sleep(quiet_s)

    def until_picture_ms(self, view: str, act: Callable[[], None]) -> float:
        """From an act to the next picture of a view, ms by the browser's clock."""
        self.page.evaluate(WATCH, view)
        began = self.page.evaluate("performance.now()")
        act()
        self.page.wait_for_function("window.benchPictures.length > 0")
        return float(self.page.evaluate("window.benchPictures[0]")) - began

    def until_case_ms(self, name: str) -> float:
        """From the click on a case of the worklist to the first picture of it, ms."""
        self.page.evaluate(WATCH, "Red")
        began = self.page.evaluate("performance.now()")
        self.page.locator(f"[data-testid=worklist-row-{name}]").first.click()
        self.page.wait_for_function("(name) => window.trame.state.state.shell_case === name", arg=name)
        opened = self.page.evaluate("performance.now()")
        self.page.wait_for_function("(opened) => window.benchPictures.at(-1) > opened", arg=opened)
        pictures = self.page.evaluate("window.benchPictures")
        return float(next(at for at in pictures if at > opened)) - began

    def until_idle(self, limit_s: float = 300.0) -> None:
        """Wait until the server and the processes that it started compute nothing, nor read the next case."""
        end, last = time.monotonic() + limit_s, _cpu_s(self.pid)
        while True:
            time.sleep(IDLE_S)
            now = _cpu_s(self.pid)
            if now - last < IDLE_SHARE * IDLE_S:
                return
            if time.monotonic() > end:
                raise RuntimeError(f"The server computes for {limit_s:.0f} s already.")
            last = now

    def close(self) -> None:
        self.page.close()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)


def _cpu_s(pid: int) -> float:
    """Processor time of a process and of its children that live, s."""
    processes = [Path(f"/proc/{pid}")]
    for one in processes:
        for task in (one / "task").glob("*/children"):
            processes += [Path(f"/proc/{child}") for child in task.read_text().split()]
    ticks = 0
    for one in processes:
        try:
            ticks += sum(map(int, (one / "stat").read_text().rpartition(")")[2].split()[11:13]))
        except OSError:  # it has ended
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> dict[str, float]:
    """Memory of a process by the names that Linux gives it, MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text() + Path(f"/proc/{pid}/status").read_text()
    found = re.findall(r"^(Rss|Pss|Pss_Anon|Pss_Shmem|VmHWM):\s+(\d+) kB", text, re.MULTILINE)
    return {name: int(kb) / 1024 for name, kb in found}
