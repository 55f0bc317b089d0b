"""What of a name's spelling does not matter: case, what separates its words, and, to look it up, accents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

SEPARATORS = re.compile(r"[\s_\-,()\[\]]+|(?<!\d)\.|\.(?!\d)")
"""What stands between words. A point within a number does not: 1.5 is not 15."""

_WITHOUT_ACCENT = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def words(name: str) -> list[str]:
    """The words of a name, without case: ["parotid", "l"] of "Parotid_L"."""
    if name.isascii():
        text = name.lower()
    else:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return [word for word in SEPARATORS.split(text) if word]


def squeezed(name: str) -> str:
    """The words of a name written together: "parotidl" of "Parotid_L"."""
    return "".join(words(name))


def plain(text: str) -> str:
    """A text without accents: "vesicule" of "vésicule"."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_WITHOUT_ACCENT))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def lookup(found: Sequence[str]) -> str:
    """What words are looked up as when they stand as they are written: "opticnerve"."""
    return plain("".join(found))


def lookup_of_words(found: Sequence[str]) -> str:
    """What words are looked up as in any order: "gland parotid" of "parotid gland"."""
    return " ".join(sorted(map(plain, found)))


def lookups(name: str) -> Iterator[str]:
    """Everything that a name is to be found by, "Rückenmark" by "ruckenmark" and "rueckenmark"."""
    found = [unicodedata.normalize("NFC", word) for word in words(name)]
    transcribed = [word.translate(_UMLAUTS) for word in found]
    for spelled in (found, transcribed) if transcribed != found else (found,):
        yield lookup(spelled)
        if len(spelled) > 1:
            yield lookup_of_words(spelled)
