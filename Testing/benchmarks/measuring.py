"""What a call costs: wall time, CPU time of all threads and child processes, and memory above its inputs.

Memory is read from /proc, so the benchmarks run on Linux.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ENOUGH_S = 20.0
"""Calls are not repeated once this much time has gone into them."""

SHORT_S = 0.5
"""Calls of milliseconds are repeated for this long, or their median would be noise."""

MOST_REPEATS = 200


@dataclass(frozen=True)
class Cost:
    """Medians over repeated calls.

    Attributes:
        wall_s: wall time of a call.
        cpu_s: CPU time of a call, user and system, over all threads and child processes.
        peak_mb: most memory that was held during a call above what was held before it, MB.
        repeats: calls that the medians are of.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    repeats: int

    @classmethod
    def of(cls, costs: list[Cost]) -> Cost:
        """Medians of several calls' costs, and the largest of their peaks."""
        return cls(
            statistics.median(c.wall_s for c in costs),
            statistics.median(c.cpu_s for c in costs),
            max(c.peak_mb for c in costs),
            len(costs),
        )


def timed(work: Callable[[], T], held_mb: float | None = None) -> tuple[Cost, T]:
    """Cost of one call, and what it returned.

    Args:
        work: what is measured.
        held_mb: memory that does not count; by default all that is held before the call.
    """
    _return_freed_memory()
    _reset_peak()
    held_mb = memory_mb() if held_mb is None else held_mb
    cpu, started = _cpu_s(), time.perf_counter()
    result = work()
    wall_s, cpu_s = time.perf_counter() - started, _cpu_s() - cpu
    return Cost(wall_s, cpu_s, max(0.0, _status_mb("VmHWM") - held_mb), 1), result


def repeated(work: Callable[[], T], repeats: int, *, warm_up: bool = True) -> tuple[Cost, T]:
    """Medians of at least `repeats` calls after one that fills caches; slow ones are called less often.

    A warm-up that took a good part of `ENOUGH_S` had nothing to warm: it is measured and counts.
    """
    first, result = timed(work)
    costs = [] if warm_up and first.wall_s < ENOUGH_S / 4 else [first]
    spent = sum(c.wall_s for c in costs)
    while len(costs) < MOST_REPEATS:
        if costs and (spent > ENOUGH_S or (len(costs) >= repeats and spent > SHORT_S)):
            break
        cost, result = timed(work)
        costs.append(cost)
        spent += cost.wall_s
    return Cost.of(costs), result


def in_own_process(
    work: Callable[P, T], environment: Mapping[str, str], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The call made in a new interpreter, so that memory and caches of others do not count.

    Args:
        work: a function of a module, so that the other process finds it.
        environment: variables that the process gets on top of this one's.
        *args: its arguments.
        **kwargs: its arguments.
    """
    with _variables(environment):
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn) as alone:
            return alone.submit(work, *args, **kwargs).result()


@contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def memory_mb() -> float:
    """Memory this process holds now, MB."""
    return _status_mb("VmRSS")


def peak_of_process_mb(pid: int) -> float:
    """Most memory a running process has held, MB; 0 once it has ended."""
    return _status_mb("VmHWM", pid)


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _status_mb(what: str, pid: int | str = "self") -> float:
    try:
        found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return int(found[1]) / 1024 if found else 0.0


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _return_freed_memory() -> None:
    # What the allocator keeps of earlier calls would be held before this one and hide a part of its peak.
    ctypes.CDLL(None).malloc_trim(0)
