"""SegmentChoice: a combo box of a segmentation's segments that at first chooses the one a name speaks of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ContourQALib.errors import StructureError
from ContourQALib.mrml.segmentations import segments_of
from ContourQALib.names import match


class SegmentChoice:
    """Fills a QComboBox.

    Args:
        box: QComboBox.
        chosen: called with the ID of the segment that the user chose.
    """

    def __init__(self, box: Any, chosen: Callable[[str], None]) -> None:
        self._box, self._chosen = box, chosen
        self._ids: list[str] = []
        self._names: list[str] = []
        box.connect("activated(int)", self._onActivated)

    def show(self, segmentation: Any, current: str, speaking: str) -> str:
        """Show the segments of a segmentation node.

        Args:
            segmentation: None for none.
            current: ID of the segment that is chosen, if any is.
            speaking: a name, such as a volume's, that may hold the structure's.

        Returns:
            ID of the chosen segment: `current`, or the one that fits the name, or the first; "" where there
            is none.
        """
        segments = segments_of(segmentation) if segmentation is not None else ()
        ids, names = [segment.id for segment in segments], [segment.name for segment in segments]
        if (ids, names) != (self._ids, self._names):
            self._ids, self._names = ids, names
            self._box.clear()
            for name in names:
                self._box.addItem(name)
        self._box.enabled = bool(ids)
        if not ids:
            return ""
        index = ids.index(current) if current in ids else fitting(names, speaking)
        self._box.setCurrentIndex(index)
        return ids[index]

    def _onActivated(self, index: int) -> None:
        if 0 <= index < len(self._ids):
            self._chosen(self._ids[index])


def fitting(names: Sequence[str], speaking: str) -> int:
    """Index of the structure that a name speaks of, by the longest run of its words; 0 for none.

    Example:
        >>> fitting(["bladder", "Femur_L"], "P left femur fine-tuned")
        1
    """
    words = speaking.replace("_", " ").split()
    runs = [words[a:b] for a in range(len(words)) for b in range(a + 1, len(words) + 1)]
    for run in sorted(runs, key=len, reverse=True):
        try:
            found = match([" ".join(run)], names).pairs
        except StructureError:  # several segments answer to it
            continue
        if found:
            return list(names).index(found[0][1])
    return 0
