"""Compiled gathering (numba): runs of thresholds that share a distance, into one list a threshold."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def gather(values, begins, ends, first, last, cursor, out):  # type: ignore[no-untyped-def]
    """Copy each value to the list of every threshold in [first, last) that its run holds.

    Args:
        values: float64.
        begins: first threshold of each run.
        ends: one past its last.
        first: first threshold wanted.
        last: one past the last.
        cursor: int64 (last - first,), where each list's next value goes in `out`; moved on.
        out: float64.
    """
    for n in range(values.size):
        for j in range(max(begins[n], first), min(ends[n], last)):
            out[cursor[j - first]] = values[n]
            cursor[j - first] += 1
