"""LatestOnly: what is under way is finished, the newest follows, what lay between is never begun."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from ContourQALib.workstation.latest_only import LatestOnly


def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """As Session.start: errors are told elsewhere, the task itself does not raise."""

    async def guarded() -> None:
        with suppress(ZeroDivisionError):
            await work

    return asyncio.get_running_loop().create_task(guarded())


def test_of_many_the_first_and_the_newest_are_done() -> None:
    done: list[int] = []

    async def scenario() -> None:
        gate = asyncio.Event()

        async def work(item: int) -> None:
            await gate.wait()
            done.append(item)

        latest: LatestOnly[int] = LatestOnly(work, start)
        for item in range(50):
            latest.ask(item)
            await asyncio.sleep(0)
        assert latest.busy
        assert done == []
        gate.set()
        while latest.busy:
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert done == [0, 49]


def test_a_failure_does_not_stop_what_follows() -> None:
    done: list[int] = []

    async def scenario() -> None:
        async def work(item: int) -> None:
            await asyncio.sleep(0)
            done.append(1 // item)

        latest: LatestOnly[int] = LatestOnly(work, start)
        latest.ask(0)
        latest.ask(1)
        while latest.busy:
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert done == [1]


def test_what_waits_can_be_forgotten() -> None:
    done: list[int] = []

    async def scenario() -> None:
        async def work(item: int) -> None:
            await asyncio.sleep(0)
            done.append(item)

        latest: LatestOnly[int] = LatestOnly(work, start)
        latest.ask(1)
        latest.ask(2)
        latest.forget()
        while latest.busy:
            await asyncio.sleep(0)
        latest.ask(3)
        while latest.busy:
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert done == [1, 3]
