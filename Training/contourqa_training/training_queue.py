"""TrainingQueue: several segmenters trained side by side, one a core, each resumed where it stood."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from contourqa_training.patients import Draw, Fold, Patients
from contourqa_training.segmenter_config import SegmenterConfig
from ContourQALib.errors import ModelError

Say = Callable[[str], None]

_inbox: Any = None
"""Where a worker leaves its messages; set in workers alone."""


@dataclass(frozen=True)
class Training:
    """A segmenter to train.

    Attributes:
        name: what messages call it.
        config: how.
        run: folder of its run; one that is finished is not trained again.
        fold: the patients to hold out; None for the split's own choosing patients.
        patients: these, whatever the split says.
        start: run of the model whose weights it starts from; finished before.
        data: another folder of data than the other trainings'.
    """

    name: str
    config: SegmenterConfig
    run: Path
    fold: Fold | Draw | None = None
    patients: Patients | None = None
    start: Path | None = None
    data: Path | None = None


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count() -> int:
    """Trainings at a time: one a core, since two of one thread do more than one of two; one on a GPU."""
    import torch

    return 1 if torch.cuda.is_available() else cores()


def start_worker(threads: int, inbox: Any = None) -> None:
    """Prepare a worker process: its share of threads, and an end when the parent ends, however that was."""
    import torch

    global _inbox
    _inbox = inbox
    torch.set_num_threads(threads)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            wait([parent.sentinel])
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


@contextmanager
def workers_of(count: int, inbox: Any = None) -> Iterator[Executor]:
    """A pool of `count` fresh processes that share the cores; an error ends them at once."""
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),  # torch's threads do not survive a fork
        initializer=start_worker,
        initargs=(max(1, cores() // count), inbox),
    )
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()  # Lightning catches anything gentler and would train on
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def train_side_by_side(
    trainings: Sequence[Training],
    data: Path,
    *,
    cache: Path,
    skip_bad: bool = False,
    workers: int | None = None,
    say: Say = lambda _: None,
) -> None:
    """Train every segmenter that is not trained yet, in the order given.

    After a kill the same call goes on: finished runs are kept, started ones resume from their checkpoints.

    Args:
        trainings: what to train; the longest first keeps all workers busy to the end.
        data: data in a layout that `find_cases` knows.
        cache: folder in which slices are kept.
        skip_bad: leave out patients whose files cannot be used.
        workers: trainings at a time; `worker_count()` without.
        say: told of every epoch.

    Raises:
        SettingError: a structure cannot be learned, or a run was started with another configuration.
        FormatError: the data cannot be read.
        ModelError: a worker was killed, for want of memory for instance.
    """
    count = min(workers or worker_count(), max(1, len(trainings)))
    inbox = multiprocessing.get_context("spawn").Queue()
    hearing = threading.Thread(target=_hear, args=(inbox, say), daemon=True)
    hearing.start()
    done = 0
    try:
        with workers_of(count, inbox) as pool:
            started: dict[Future[str], Training] = {
                pool.submit(_train, training, data, cache, skip_bad): training for training in trainings
            }
            for future in as_completed(started):
                how = future.result()
                done += 1
                say(f"{done} of {len(trainings)} models: {started[future].name} {how}")
    except BrokenProcessPool as error:
        raise ModelError(
            "A training was killed (too little memory?); the same command goes on where it stood."
        ) from error
    finally:
        inbox.put(None)
        hearing.join()


def _train(training: Training, data: Path, cache: Path, skip_bad: bool) -> str:
    """Train one, in a worker."""
    import logging
    import warnings

    from contourqa_training.segmenter import LAST, is_finished, train_segmenter
    from contourqa_training.segmenter_data import SegmenterData
    from contourqa_training.segmenter_model import open_segmenter

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    loaded = SegmenterData.load(
        training.data or data,
        training.config,
        training.fold,
        patients=training.patients,
        cache=cache,
        skip_bad=skip_bad,
    )
    finished = is_finished(training.run)
    resume = (training.run / "checkpoints" / LAST).is_file()
    epochs = training.config.training.epochs

    def report(epoch: int, loss: float) -> None:
        if _inbox is not None:
            _inbox.put(f"{training.name}: epoch {epoch} of {epochs}, loss of choosing patients {loss:.5f}")

    if not finished and _inbox is not None:
        _inbox.put(f"{training.name}: {'going on' if resume else 'begins'}, {len(loaded.train)} slices")
    train_segmenter(
        training.config,
        loaded,
        training.run,
        start=open_segmenter(training.start) if training.start else None,
        resume=resume,
        progress=False,
        report=report,
    )
    return "was trained before" if finished else "is trained"


def _hear(inbox: Any, say: Say) -> None:
    while (message := inbox.get()) is not None:
        say(message)
