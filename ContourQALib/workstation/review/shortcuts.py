"""Shortcuts: the keys of the review page, in one table that the listener and the help dialog read."""

from __future__ import annotations

from dataclasses import dataclass

PRESETS = 5
"""Gray scales that have a key: 1 to 5."""


@dataclass(frozen=True)
class Shortcut:
    """One thing that a key does.

    Attributes:
        action: what is done, by the name that `ReviewPage` knows it by.
        keys: as `KeyboardEvent.key` names them; case matters.
        text: what is done, in the help dialog.
        group: heading that it stands below.
        repeats: whether it goes on while the key is held.
        decides: whether it is a decision, which says what the page showed.
    """

    action: str
    keys: tuple[str, ...]
    text: str
    group: str
    repeats: bool = False
    decides: bool = False


GO, DECIDE, SHOW = "Go to", "Decide and edit", "Show"

SHORTCUTS = (
    Shortcut("next_slice", ("n",), "Next of the slices to look at first", GO, repeats=True),
    Shortcut("previous_slice", ("p",), "Previous of the slices to look at first", GO, repeats=True),
    Shortcut("next_structure", ("j", "ArrowDown"), "Next structure", GO, repeats=True),
    Shortcut("previous_structure", ("k", "ArrowUp"), "Previous structure", GO, repeats=True),
    Shortcut("next_case", ("]",), "Next case", GO),
    Shortcut("previous_case", ("[",), "Previous case", GO),
    Shortcut("accept", ("a",), "Accept the contour", DECIDE, decides=True),
    Shortcut("reject", ("r",), "Reject the contour", DECIDE, decides=True),
    Shortcut("edit", ("e",), "Keep the edited contour", DECIDE, decides=True),
    Shortcut("undo", ("z",), "Undo the last stroke", DECIDE),
    Shortcut("toggle_errors", ("o",), "Predicted errors on and off", SHOW),
    Shortcut("toggle_contours", ("c",), "Contours on and off", SHOW),
    *(
        Shortcut(f"preset_{number}", (str(number),), f"Window preset {number}", SHOW)
        for number in range(1, PRESETS + 1)
    ),
    Shortcut("help", ("?",), "This list", SHOW),
)

KEY_NAMES = {"ArrowDown": "\u2193", "ArrowUp": "\u2191"}
"""How a key is shown where its name is no sign on it."""


def key_table() -> dict[str, dict[str, object]]:
    """By key, what it does, whether it repeats and decides; for the listener in the browser."""
    return {
        key: {"action": one.action, "repeats": one.repeats, "decides": one.decides}
        for one in SHORTCUTS
        for key in one.keys
    }


def help_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """By heading, the keys and what they do; the gray scales as one line."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in SHORTCUTS:
        if one.action.startswith("preset_") and one.action != "preset_1":
            continue
        is_presets = one.action == "preset_1"
        keys = (
            f"1 \u2013 {PRESETS}" if is_presets else " or ".join(KEY_NAMES.get(key, key) for key in one.keys)
        )
        text = "Window presets, in their order" if is_presets else one.text
        groups.setdefault(one.group, []).append((keys, text))
    return list(groups.items())
