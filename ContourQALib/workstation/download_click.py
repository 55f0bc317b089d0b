"""What a button does in the page to fetch a file that the server makes."""

from __future__ import annotations


def download_click(trigger: str, *, takes_long: bool = False) -> str:
    """A click's expression that asks the server for an address and saves what lies there.

    Args:
        trigger: name of a trigger of the controller that answers with the address from `Downloads.offer`, or
            with "" where there is no file, having said why.
        takes_long: the trigger answers with the address from `Downloads.later` instead, since nothing else
            that the page asks for is heard before a trigger has answered.
    """
    window = "utils.get('document').defaultView"
    wait = f".then((place) => {window}.fetch(place)).then((answer) => answer.ok ? answer.text() : '')"
    return (
        f"trigger('{trigger}'){wait if takes_long else ''}.then((address) => {{ if (address) {{ "
        "const link = utils.get('document').createElement('a'); "
        "link.href = address; link.download = ''; link.click(); } })"
    )
