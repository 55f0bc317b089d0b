"""Shortcuts: one table, of which the listener, the help and the page all speak."""

from __future__ import annotations

from pathlib import Path

from ContourQALib.workstation.decisions.decision import Choice
from ContourQALib.workstation.review import shortcut_keys
from ContourQALib.workstation.review.shortcuts import PRESETS, SHORTCUTS, help_groups, key_table


def test_no_key_has_two_meanings() -> None:
    keys = [key for one in SHORTCUTS for key in one.keys]
    assert len(keys) == len(set(keys)) == len(key_table())


def test_the_keys_that_were_promised() -> None:
    table = {key: one["action"] for key, one in key_table().items()}
    assert {"n", "p", "j", "k", "ArrowDown", "ArrowUp", "]", "[", "a", "r", "e", "o", "c", "z", "?"} < set(
        table
    )
    assert [table[str(number)] for number in range(1, 6)] == [f"preset_{number}" for number in range(1, 6)]


def test_a_decision_is_not_repeated_by_holding_its_key() -> None:
    repeating = {one.action for one in SHORTCUTS if one.repeats}
    assert repeating == {"next_slice", "previous_slice", "next_structure", "previous_structure"}


def test_decisions_say_what_the_page_showed() -> None:
    assert {one.action for one in SHORTCUTS if one.decides} == set(Choice)


def test_the_help_lists_every_key() -> None:
    listed = {key for _, lines in help_groups() for keys, _ in lines for key in keys.split(" or ")}
    named = {{"ArrowDown": "↓", "ArrowUp": "↑"}.get(key, key) for key in key_table()}
    presets = {str(number) for number in range(1, PRESETS + 1)}
    assert listed == named - presets | {f"1 – {PRESETS}"}


def test_nothing_but_scripts_is_served() -> None:
    served = list(shortcut_keys.FOLDER.iterdir())
    assert Path(shortcut_keys.FOLDER, "shortcuts.js") in served
    assert {file.suffix for file in served} == {".js"}
