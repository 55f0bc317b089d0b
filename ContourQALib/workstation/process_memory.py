"""How much memory this process holds, and whether there is room for more."""

from __future__ import annotations

import re
from pathlib import Path

from ContourQALib.workstation.free_memory import give_back

MOST_MB = 550.0
"""What a viewer's server may hold of its own: 700 MB, the bar for one CT, less 150 of libraries that readers
share."""

ROLLUP = Path("/proc/self/smaps_rollup")
"""Where Linux says what a process holds, proc(5)."""


def process_mb() -> float | None:
    """Memory of this process but for files that it maps, MB; None where nothing tells.

    Libraries are left out: how much of them counts depends on who else maps them, and the system may drop
    them.
    """
    try:
        found = re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", ROLLUP.read_text(), re.MULTILINE)
    except OSError:
        return None
    return sum(map(int, found)) / 1024 if found else None


def has_room(extra_mb: float = 0.0) -> bool:
    """Whether this process could hold so much more and stay within `MOST_MB`; True where nothing tells.

    What is free goes back to the system before. May take some 10 ms: all that the process holds is looked at.
    """
    give_back()
    now = process_mb()
    return now is None or now + extra_mb <= MOST_MB
