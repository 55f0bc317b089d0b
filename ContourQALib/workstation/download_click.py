"""What a button does in the page to fetch a file that the server makes."""

from __future__ import annotations


def download_click(trigger: str) -> str:
    """A click's expression that asks the server for an address and saves what lies there.

    Args:
        trigger: name of a trigger of the controller that answers with the address from `Downloads.offer`, or
            with "" where there is no file, having said why.
    """
    return (
        f"trigger('{trigger}').then((address) => {{ if (address) {{ "
        "const link = utils.get('document').createElement('a'); "
        "link.href = address; link.download = ''; link.click(); } })"
    )
