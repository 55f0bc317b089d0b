"""Work that goes to a pool of processes, done at once in this one: torch is then imported once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
import torch

from contourqa_training import training_queue


class OneProcess(Executor):
    """Does at once what is submitted; its error is raised where the result is asked for."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def one_process(*modules: ModuleType) -> Iterator[None]:
    """Let modules that use `training_queue.workers_of` work in this process, on one thread as workers do."""

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with pytest.MonkeyPatch.context() as patch:

            @contextmanager
            def workers_of(count: int, inbox: Any = None) -> Iterator[Executor]:
                patch.setattr(training_queue, "_inbox", inbox)  # where a worker reports its epochs
                yield OneProcess()

            for module in modules:
                patch.setattr(module, "workers_of", workers_of)
            yield
    finally:
        torch.set_num_threads(threads)
