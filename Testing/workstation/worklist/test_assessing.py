"""The queue that assesses in the background: order, failures, pause, stop, and what comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ContourQALib.errors import FormatError, OutputError
from ContourQALib.quality.verdict import Levels
from ContourQALib.worker_events import Progress, WorkerError
from ContourQALib.workstation.cases.assessment_store import AssessmentStore
from ContourQALib.workstation.cases.known_cases import KnownCases
from ContourQALib.workstation.worklist import assessing
from ContourQALib.workstation.worklist.assessing import Assessing, HowToAssess
from ContourQALib.workstation.worklist.queue_progress import QueueState
from worklist_samples import assessment, entry, found


class Files:
    """Files of a case that hold its name; those of "unreadable" cannot be read."""

    opened: list[str]

    def __init__(self, case: Any) -> None:
        self.entry = case
        Files.opened.append(case.name)

    def image(self) -> str:
        if self.entry.name.startswith("unreadable"):
            raise FormatError(f"{self.entry.name}.nrrd is damaged; export it again.")
        return self.entry.name

    def contours(self) -> tuple:
        return ()

    def probabilities(self) -> tuple:
        if self.entry.name.startswith("hazy"):
            raise FormatError("map.nrrd holds values up to 255.")
        return ()

    def model(self, name: str) -> tuple:
        return (name,) if name else ()

    def states(self) -> dict[str, str]:
        return {}


class Answering:
    """Stands for `Tasks`: answers at once, or when it is let (the slow case alone, if one is named)."""

    def __init__(self, failures: dict[str, str] | None = None) -> None:
        self.asked: list[str] = []
        self.models: list[str | None] = []
        self.seconds: list[tuple] = []
        self.rested = 0
        self.failures = failures or {}
        self.let = asyncio.Event()
        self.let.set()
        self.slow = ""

    async def ask(self, request: Any, progress: Callable[[Progress], None] | None = None) -> Any:
        self.asked.append(request.image)
        self.models.append(request.model)
        self.seconds.append(request.seconds)
        if progress:
            progress(Progress(1, 0, 2, "Bladder"))
        if not self.slow or self.slow == request.image:
            await self.let.wait()
        if request.image in self.failures:
            raise WorkerError(self.failures[request.image])
        return assessment(found("A"))

    async def rest(self) -> None:
        self.rested += 1


def queue_of(names: str, tasks: Answering, store: Any = None, **how: Any) -> Any:
    """A queue over cases, and what it is made of."""
    Files.opened = []
    known = KnownCases([entry(name) for name in names.split()], Levels())
    store = store or AssessmentStore.in_memory(Levels())
    queue = Assessing(known, store, tasks, HowToAssess(files_of=Files, **how))
    told: list[str] = []
    queue.told.connect(told.append)
    return SimpleNamespace(queue=queue, known=known, store=store, told=told, tasks=tasks)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


def stages(made: Any) -> dict[str, str]:
    return {case.name: case.stage.value for case in made.known.cases}


def test_cases_are_assessed_in_their_order_and_kept():
    async def work() -> None:
        made = queue_of("a b c", Answering())
        await made.queue.start()
        assert made.tasks.asked == ["a", "b", "c"]
        assert set(stages(made).values()) == {"assessed"}
        assert all(made.store.known(case.entry) is not None for case in made.known.cases)
        assert made.queue.progress.state is QueueState.DONE
        assert made.tasks.rested == 1, "the computing process is not needed any more"
        assert made.told == []

    asyncio.run(work())


def test_a_case_with_a_model_of_its_own_is_assessed_by_that_one():
    async def work() -> None:
        made = queue_of("a b", Answering(), model="hippocampus-t1", models={"b": "pelvis-phantom"})
        await made.queue.start()
        assert made.tasks.models == ["hippocampus-t1", "pelvis-phantom"]

    asyncio.run(work())


def test_a_second_segmentation_is_shown_and_a_map_that_cannot_be_read_is_told():
    async def work() -> None:
        made = queue_of("a hazy b", Answering(), second="LFT")
        await made.queue.start()
        assert made.tasks.seconds == [("LFT",)] * 3
        assert set(stages(made).values()) == {"assessed"}
        assert made.told == ["hazy: Assessed without probability maps: map.nrrd holds values up to 255."]

    asyncio.run(work())


def test_what_the_store_knows_is_not_read_again():
    async def work() -> None:
        store = AssessmentStore.in_memory(Levels())
        store.keep(entry("b"), assessment(found("A", "reject", 0.3)))
        made = queue_of("a b c", Answering(), store)
        await made.queue.start()
        assert Files.opened == ["a", "c"]
        assert made.known.by_risk[0] == "b"

    asyncio.run(work())


def test_a_case_that_fails_has_its_reason_and_the_rest_works():
    async def work() -> None:
        made = queue_of("a unreadable b c", Answering({"b": "The contour lies wholly outside the image."}))
        await made.queue.start()
        assert stages(made) == {"a": "assessed", "unreadable": "failed", "b": "failed", "c": "assessed"}
        assert made.known.case("unreadable").reason == "unreadable.nrrd is damaged; export it again."
        assert made.known.case("b").reason == "The contour lies wholly outside the image."
        progress = made.queue.progress
        assert (progress.state, progress.done, progress.failed) == (QueueState.DONE, 4, 2)
        assert made.told == [], "the rows say it"

    asyncio.run(work())


def test_a_fault_of_ours_fails_one_case():
    async def work() -> None:
        made = queue_of("a b", Answering())
        made.tasks.ask = failing_once(made.tasks.ask)
        await made.queue.start()
        assert stages(made) == {"a": "failed", "b": "assessed"}
        assert "ZeroDivisionError" in made.known.case("a").reason

    asyncio.run(work())


def failing_once(ask: Any) -> Any:
    calls = []

    async def asked(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return await ask(*arguments)

    return asked


def test_one_failure_of_all_cases_is_told_once_and_stops_the_queue():
    async def work() -> None:
        names = "a b c d e f"
        made = queue_of(names, Answering(dict.fromkeys(names.split(), "Predicting quality needs torch.")))
        await made.queue.start()
        assert len(made.tasks.asked) == assessing.ALIKE
        assert made.queue.progress.state is QueueState.STOPPED
        assert len(made.told) == 1
        assert "Predicting quality needs torch." in made.told[0]
        await made.queue.start()  # the reader goes on nevertheless, and does not hear it again
        assert set(stages(made).values()) == {"failed"}
        assert len(made.told) == 1

    asyncio.run(work())


def test_three_failures_that_differ_or_are_apart_stop_nothing():
    async def work() -> None:
        failures = {"a": "One.", "b": "One.", "d": "One.", "e": "Two.", "f": "Three."}
        made = queue_of("a b c d e f", Answering(failures))
        await made.queue.start()
        assert made.queue.progress.state is QueueState.DONE
        assert made.told == []

    asyncio.run(work())


def test_a_model_that_is_not_there_is_told_before_any_case_is_read():
    async def work() -> None:
        made = queue_of("a b", Answering(), model="no such model")
        await made.queue.start()
        assert made.tasks.asked == []
        assert set(stages(made).values()) == {"waiting"}
        assert len(made.told) == 1
        assert "no such model" in made.queue.progress.problem

    asyncio.run(work())


def test_a_pause_lets_the_case_in_work_end_and_takes_no_further():
    async def work() -> None:
        made = queue_of("a b c", Answering())
        made.tasks.let.clear()
        working = made.queue.start()
        await until(lambda: made.tasks.asked)
        made.queue.pause()
        assert made.queue.progress.state is QueueState.PAUSED
        assert made.queue.progress.doing == "pausing after a"
        made.tasks.let.set()
        await until(lambda: stages(made)["a"] == "assessed")
        await asyncio.sleep(0.02)
        assert made.tasks.asked == ["a"]
        assert made.queue.progress.doing == "paused"
        made.queue.resume()
        await working
        assert made.tasks.asked == ["a", "b", "c"]

    asyncio.run(work())


def test_a_stop_puts_the_case_in_work_back_and_a_start_goes_on_from_there():
    async def work() -> None:
        made = queue_of("a b c", Answering())
        made.tasks.slow = "b"
        made.tasks.let.clear()
        working = made.queue.start()
        await until(lambda: "b" in made.tasks.asked)
        made.queue.stop()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert stages(made) == {"a": "assessed", "b": "waiting", "c": "waiting"}
        assert made.queue.progress.state is QueueState.STOPPED
        assert made.tasks.rested == 1
        made.tasks.let.set()
        await made.queue.start()
        assert set(stages(made).values()) == {"assessed"}
        assert made.tasks.asked == ["a", "b", "b", "c"]

    asyncio.run(work())


def test_who_goes_on_while_the_process_comes_to_rest_is_heard():
    async def work() -> None:
        made = queue_of("a b", Answering())
        made.tasks.slow = "b"
        made.tasks.let.clear()
        resting = asyncio.Event()
        made.tasks.rest = resting.wait
        working = made.queue.start()
        await until(lambda: "b" in made.tasks.asked)
        made.queue.stop()
        await until(lambda: not made.queue.running)
        assert not working.done()
        made.tasks.let.set()
        again = made.queue.start()
        await until(lambda: set(stages(made).values()) == {"assessed"})
        resting.set()
        await again

    asyncio.run(work())


def test_the_queue_makes_way_for_the_open_case(monkeypatch):
    monkeypatch.setattr(assessing, "LOOK_S", 0.005)

    async def work() -> None:
        waiting = [True]
        made = queue_of("a b", Answering(), first=lambda: waiting[0])
        working = made.queue.start()
        await until(lambda: made.queue.progress.state is QueueState.YIELDING)
        await asyncio.sleep(0.03)
        assert made.tasks.asked == []
        assert "comes first" in made.queue.progress.doing
        waiting[0] = False
        await working
        assert made.tasks.asked == ["a", "b"]

    asyncio.run(work())


def test_a_case_that_became_known_meanwhile_is_not_overwritten():
    async def work() -> None:
        made = queue_of("a", Answering())
        made.tasks.let.clear()
        working = made.queue.start()
        await until(lambda: made.tasks.asked)
        newer = assessment(found("A", "reject", 0.2))
        made.known.keep("a", newer)
        made.tasks.let.set()
        await working
        assert made.known.case("a").assessment == newer

    asyncio.run(work())


def test_failed_cases_can_be_taken_once_more():
    async def work() -> None:
        made = queue_of("a b", Answering({"b": "Too little memory."}))
        await made.queue.start()
        assert made.queue.can_retry
        made.tasks.failures.clear()
        made.queue.retry()
        await made.queue.start()
        assert stages(made) == {"a": "assessed", "b": "assessed"}
        assert made.tasks.asked == ["a", "b", "b"]

    asyncio.run(work())


class FullDisk:
    """A store that cannot write."""

    def known(self, case: Any) -> None:
        return None

    def keep(self, *_: Any) -> None:
        raise OutputError("The disk is full.")


def test_a_full_disk_is_told_once_and_the_results_are_known_nevertheless():
    async def work() -> None:
        made = queue_of("a b c", Answering(), FullDisk())
        await made.queue.start()
        assert set(stages(made).values()) == {"assessed"}
        assert len(made.told) == 1
        assert made.told[0].startswith("The disk is full.")

    asyncio.run(work())


def test_progress_says_how_far_and_how_long():
    async def work() -> None:
        made = queue_of("a b c", Answering())
        seen: list[str] = []
        made.queue.changed.connect(lambda: seen.append(f"{made.queue.progress.doing}"))
        await made.queue.start()
        assert "a: reading" in seen
        assert "a: Bladder, 1 of 2" in seen
        assert made.queue.progress.text == "3 of 3 cases done"

    asyncio.run(work())
