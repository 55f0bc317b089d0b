"""Scores stay hidden until the reader has decided, and only a call on what nobody saw counts as blind."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from undo_stack import Signal, SignalContainer

from ContourQALib.workstation.call_first import CallFirst
from ContourQALib.workstation.decisions.decision import Choice, Decision
from ContourQALib.workstation.decisions.known_decisions import KnownDecisions


def decision(reader: str, case: str, structure: str) -> Decision:
    return Decision(case, structure, Choice.ACCEPT, reader, "", "0" * 64, "", "", "", None, None, None, False)


class FakeSession(SignalContainer):
    """As much of a session as the mode needs."""

    decided = Signal(Decision)
    case_closing = Signal(object)

    def __init__(self, *, on: bool, made: tuple[Decision, ...] = (), known: tuple[str, ...] = ()) -> None:
        self.settings = SimpleNamespace(call_first=on)
        self.reader = "Ann"
        self.state = SimpleNamespace(change=lambda *_: lambda do: do)
        self.cases = tuple(SimpleNamespace(name=name, problem=None) for name in ("one", "two"))
        self.case: Any = None
        self.known_decisions = KnownDecisions(made)
        self.decided.connect(self.known_decisions.add)
        self.store = SimpleNamespace(known=lambda entry: entry.name if entry.name in known else None)
        self.loop = asyncio.new_event_loop()

    def start(self, work: Any) -> None:
        self.loop.run_until_complete(work)

    def open(self, name: str, assessment: Any = "known") -> None:
        self.case = SimpleNamespace(entry=SimpleNamespace(name=name), assessment=assessment)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(on=True)


def test_off_hides_nothing() -> None:
    call_first = CallFirst(FakeSession(on=False))
    assert not call_first.enabled
    assert not call_first.hides("one", "Bladder")
    assert not call_first.is_blind("one", "Bladder")


def test_on_hides_each_contour_until_this_reader_has_decided_on_it(session: FakeSession) -> None:
    call_first = CallFirst(session)
    heard: list[bool] = []
    hear = lambda: heard.append(True)  # noqa: E731 - one that is kept, since signals hold methods weakly
    call_first.changed.connect(hear)
    assert call_first.is_blind("one", "Bladder")
    session.decided(decision("Ann", "one", "Bladder"))
    assert heard
    assert not call_first.hides("one", "Bladder")
    assert not call_first.is_blind("one", "Bladder")
    assert call_first.hides("one", "Rectum")
    assert call_first.hides("two", "Bladder")
    session.reader = "Bea"
    assert call_first.hides("one", "Bladder")
    assert not call_first.is_blind("one", "Bladder"), "Ann's screen showed the score"
    assert call_first.is_blind("one", "Rectum")


def test_a_call_is_blind_when_others_decided_at_their_own_screens(session: FakeSession) -> None:
    call_first = CallFirst(session)
    session.known_decisions.add(decision("Cay", "one", "Bladder"))
    assert call_first.is_blind("one", "Bladder")


def test_what_was_decided_before_the_start_is_shown() -> None:
    call_first = CallFirst(FakeSession(on=True, made=(decision("Ann", "one", "Bladder"),)))
    assert not call_first.hides("one", "Bladder")
    assert call_first.hides("one", "Rectum")


def test_switched_off_the_open_case_stays_hidden_until_it_is_left(session: FakeSession) -> None:
    call_first = CallFirst(session)
    session.open("one")
    call_first.switch(False)
    assert not call_first.enabled
    assert call_first.hides("one", "Bladder")
    assert not call_first.hides("two", "Bladder")
    session.decided(decision("Ann", "one", "Bladder"))
    assert not call_first.hides("one", "Bladder")
    assert call_first.hides("one", "Rectum")
    session.case_closing(session.case)
    assert not call_first.hides("one", "Rectum")


def test_switched_on_what_was_on_screen_is_hidden_but_no_call_on_it_is_blind() -> None:
    session = FakeSession(on=False, known=("one",))
    session.open("one")
    call_first = CallFirst(session)
    call_first.switch(True)
    assert call_first.hides("one", "Bladder")
    assert not call_first.is_blind("one", "Bladder")
    assert call_first.is_blind("two", "Bladder")


def test_until_it_is_known_what_was_on_screen_no_call_is_blind() -> None:
    session = FakeSession(on=False)
    call_first = CallFirst(session)
    waiting: list[Any] = []
    session.start = waiting.append
    call_first.switch(True)
    assert call_first.hides("two", "Bladder")
    assert not call_first.is_blind("two", "Bladder")
    session.loop.run_until_complete(waiting.pop())
    assert call_first.is_blind("two", "Bladder")
