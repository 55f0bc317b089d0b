"""What a file is to its case, by the words of its name: how folders without a manifest are read.

Words stand between spaces, dots, hyphens, underscores, commas and brackets; case does not matter. Of several
words the role that comes first in `Role` counts: "reference_segmentation" is a reference, "ct_labels" are
contours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ContourQALib.formats.file_type import extension_of, stem_of


class Role(StrEnum):
    """What a file is to its case, the stronger before the weaker."""

    PROBABILITY = "probability"
    REFERENCE = "reference"
    CONTOURS = "contours"
    IMAGE = "image"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS: dict[Role, frozenset[str]] = {
    Role.PROBABILITY: _words("probability probabilities prob probs probmap softmax map maps"),
    Role.REFERENCE: _words("reference references ref truth ground groundtruth gt gold expert"),
    Role.CONTOURS: _words(
        "contours contour segmentations segmentation seg structures structure predictions prediction pred "
        "predicted masks mask oars oar labels label labelmap labelstr labelsts"
    ),
    Role.IMAGE: _words("image images img volume scan imagestr imagests"),
}
"""Words that say the role; they are no part of a case's or a model's name."""

MODELS = _words("vendor vpm lft auto")
"""Words that mean contours and stay the name of whoever drew them."""

MODALITIES = _words("ct cbct mr mri t1 t1w t2 t2w flair pet adc")
"""Words that mean an image where no other word says what the file is."""

ASSESSED_FIRST = ("contours", "contour", "vendor", "vpm", "auto", "predictions", "prediction", "pred")
"""Whose contours are assessed where there are several; whom it does not name comes after."""

REFERENCE_BESIDE_OTHERS = _words("labels label labelmap labelstr labelsts")
"""Contours of no other name, which are assessed where they are alone and the reference where they are not."""

NEVER_ALONE = frozenset({"map", "maps", "ground"})
"""Words that say a role only together with another one of it."""

CHANNEL = re.compile(r"(?<=.)_0000$")
"""What nnU-Net writes behind an image's stem, and not behind its labels'."""

_WORD = re.compile(r"[^\s_\-.,()\[\]]+")


@dataclass(frozen=True)
class NamedFile:
    """A file, what its name says of it, and the words of its name that say nothing of the kind.

    Attributes:
        path: the file.
        role: None where no word says it.
        words: the other words of its stem, in their order and as they are spelled.
        kind: the word by which contours are contours, "labels"; "" for ".seg.nrrd" alone and other roles.
        source: whose it is by its folder; "" where its own name has to say that.
        modalities: the kinds of image that the whole name mentions.
    """

    path: Path
    role: Role | None
    words: tuple[str, ...]
    kind: str = ""
    source: str = ""
    modalities: frozenset[str] = frozenset()

    @property
    def key(self) -> tuple[str, ...]:
        """The words as they are compared."""
        return tuple(word.casefold() for word in self.words)

    @property
    def title(self) -> str:
        """The words as the file spells them with what stands between them: "hippocampus-001"."""
        stem = stem_of(self.path)
        joined = r"[\s_\-.,()\[\]]+".join(re.escape(word) for word in self.words)
        found = re.search(joined, stem) if joined else None
        return found.group() if found else "_".join(self.words)


def name_file(path: Path, folder: NamedFile | None = None) -> NamedFile:
    """What a file's name says.

    Args:
        path: the file; nothing of it is read.
        folder: what its folder says, which counts more than its own name.

    Example:
        >>> name_file(Path("pt_100_vendor_probability_CTV.nrrd")).words
        ('pt', '100', 'vendor', 'CTV')
    """
    stem = stem_of(path)
    role = folder.role if folder else None
    if role is Role.IMAGE:
        stem = CHANNEL.sub("", stem)
    words = _WORD.findall(stem)
    folded = [word.casefold() for word in words]
    found = role or _role_of(folded)
    if found is None and extension_of(path) == ".seg.nrrd":
        found = Role.CONTOURS
    drop = _dropped(found, frozenset(folded))
    rest = tuple(word for word, key in zip(words, folded, strict=True) if key not in drop)
    source = "_".join(folder.words) if folder else ""
    kind = (folder.kind if folder else _kind(words)) if found is Role.CONTOURS else ""
    return NamedFile(path, found, rest, kind, source, MODALITIES & set(folded))


def name_folder(path: Path) -> NamedFile:
    """What a folder's name says of the files in it; a modality says nothing, "images_of_anna" neither."""
    words = _WORD.findall(path.name)
    role = _role_of([word.casefold() for word in words], modalities=False)
    drop = _dropped(role, frozenset(word.casefold() for word in words))
    rest = tuple(word for word in words if word.casefold() not in drop)
    if role is Role.IMAGE and rest:
        return NamedFile(path, None, tuple(words))
    return NamedFile(path, role, rest, _kind(words) if role is Role.CONTOURS else "")


def preference(name: str) -> int:
    """Sorts the names of contours' sources: the lowest is assessed where there are several."""
    found = [word.casefold() for word in _WORD.findall(name)]
    first = [ASSESSED_FIRST.index(word) for word in found if word in ASSESSED_FIRST]
    return min(first, default=len(ASSESSED_FIRST) + (name.casefold() in REFERENCE_BESIDE_OTHERS))


def _kind(words: Sequence[str]) -> str:
    return next((word.casefold() for word in words if word.casefold() in WORDS[Role.CONTOURS]), "")


def _role_of(folded: list[str], modalities: bool = True) -> Role | None:
    words = frozenset(folded)
    for role in Role:
        if words & (WORDS[role] - NEVER_ALONE):
            return role
        if role is Role.CONTOURS and words & MODELS:
            return role
    return Role.IMAGE if modalities and words & MODALITIES else None


def _dropped(role: Role | None, words: frozenset[str]) -> frozenset[str]:
    """Words that are no part of a name: those of the role and of weaker ones, of images where they say it."""
    if role is None:
        return frozenset()
    if role is Role.IMAGE:
        strong = WORDS[Role.IMAGE]
        return strong if words & strong else MODALITIES
    order = list(Role)
    weaker = order[order.index(role) : order.index(Role.IMAGE)]
    return frozenset().union(*(WORDS[one] for one in weaker))
