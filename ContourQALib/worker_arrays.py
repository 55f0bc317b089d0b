"""SharedArrays: arrays between a process and its child as memory-mapped files in a private folder.

Files, not `multiprocessing.shared_memory`: see Docs/decisions/worker.md.
"""

from __future__ import annotations

import base64
import itertools
import math
import os
import shutil
import tempfile
import weakref
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from ContourQALib.worker_events import WorkerError

MEMORY_FOLDER = Path("/dev/shm")
"""A folder that lies in memory, on Linux."""

LEAST_FREE_BYTES = 2**30
"""A memory folder with less room than this (containers often give 64 MB) is passed over for the disk."""

INLINE_BYTES = 4096
"""Arrays up to this size travel in the message itself: curves of a hundred thresholds need no file."""

NUMBERS = "biuf"
"""Kinds of numbers that are carried: bool, integers and floating point."""


def make_folder() -> Path:
    """A new folder for arrays that only this user can open: in memory where there is room, else on disk."""
    parent: Path | None = None
    if MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK):
        parent = MEMORY_FOLDER if shutil.disk_usage(MEMORY_FOLDER).free >= LEAST_FREE_BYTES else None
    try:
        return Path(tempfile.mkdtemp(prefix="contourqa-worker-", dir=parent))
    except OSError as error:
        raise WorkerError(
            f"No folder for computing can be made in {parent or tempfile.gettempdir()}: "
            "free space there or set TMPDIR to a folder that can be written."
        ) from error


class SharedArrays:
    """One process's side of the folder: its arrays out as files, the other side's files in as arrays.

    An array that was shared is not written again while it lives (so it must not be changed in place), and
    its file goes when it does.

    Args:
        folder: of both sides; see `make_folder`.
        side: begins the names of this side's files; no other process's.
    """

    def __init__(self, folder: Path, side: str) -> None:
        self.folder = folder
        self._side = side
        self._numbers = itertools.count()
        self._shared: dict[int, tuple[weakref.ref[np.ndarray], dict[str, Any]]] = {}
        self._late: deque[Path] = deque()

    def share(self, array: np.ndarray) -> dict[str, Any]:
        """Write an array for the other side, unless it lies there already.

        Returns:
            What `take` needs to know, for JSON.

        Raises:
            TypeError: it does not hold numbers.
            WorkerError: there is no room for it.
        """
        if array.dtype.kind not in NUMBERS:
            raise TypeError(f"arrays of {array.dtype} are not carried")
        record: dict[str, Any] = {"dtype": array.dtype.str, "shape": list(array.shape)}
        if array.nbytes <= INLINE_BYTES:
            return record | {"inline": base64.b64encode(array.tobytes()).decode("ascii")}
        key = id(array)
        held, known = self._shared.get(key, (None, record))
        if held is not None and held() is array:
            return known
        record["file"] = f"{self._side}-{next(self._numbers)}"
        path = self.folder / record["file"]
        self._write(array, path)

        def forget(_: object) -> None:
            self._shared.pop(key, None)
            self._remove(path)

        self._shared[key] = weakref.ref(array, forget), record
        return record

    def give(self, array: np.ndarray) -> dict[str, Any]:
        """Write an array that the other side takes away; nothing of it is kept here. Else as `share`."""
        record = self.share(array)
        self._shared.pop(id(array), None)
        return record

    def take(self, record: dict[str, Any], *, away: bool = False) -> np.ndarray:
        """The other side's array, mapped: it is read from the file as it is looked at.

        Args:
            record: as `share` gave it.
            away: whether the file is this side's now: it goes with the array.

        Returns:
            An array whose changes reach nobody else. (It counts as writable: kernels are compiled for that.)
        """
        dtype, shape = np.dtype(record["dtype"]), tuple(int(n) for n in record["shape"])
        if dtype.kind not in NUMBERS:
            raise TypeError(f"arrays of {dtype} are not carried")
        if "inline" in record:
            values = np.frombuffer(base64.b64decode(record["inline"]), dtype, math.prod(shape))
            return values.reshape(shape).copy()
        path = self.folder / Path(record["file"]).name
        mapped = np.asarray(np.memmap(path, dtype, mode="c", shape=shape))
        if away:
            self._remove(path)
        return mapped

    def sweep_out(self, side: str) -> None:
        """Remove the files of a side that is no more."""
        for path in self.folder.glob(f"{side}-*"):
            self._remove(path)

    def _write(self, array: np.ndarray, path: Path) -> None:
        parts = [array] if array.flags.c_contiguous else array  # else slice by slice: no copy of the whole
        try:
            with path.open("xb") as file:
                for part in parts:
                    flat = np.ascontiguousarray(part).reshape(-1)
                    file.write(memoryview(flat.view(np.uint8)))
        except OSError as error:
            path.unlink(missing_ok=True)
            raise WorkerError(
                f"An array of {array.nbytes / 2**20:.0f} MB cannot be written to {path.parent}: "
                "free memory or disk space there."
            ) from error

    def _remove(self, path: Path) -> None:
        """Remove a file now, or later where the system does not while it is mapped (Windows)."""
        self._late.append(path)
        for _ in range(len(self._late)):
            late = self._late.popleft()
            try:
                late.unlink(missing_ok=True)
            except OSError:
                self._late.append(late)
