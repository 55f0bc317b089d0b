"""SliceStepper: the slices to look at first, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from slicer.i18n import tr as _

from ContourQAPanels.assessment_rows import SliceToSee


class SliceStepper:
    """A combo box of slices between two buttons.

    Args:
        box: QComboBox.
        previous: button to the slice before.
        following: button to the slice after.
        chosen: called with a slice's index on the image's grid when the user goes there.
    """

    def __init__(self, box: Any, previous: Any, following: Any, chosen: Callable[[int], None]) -> None:
        self._box, self._previous, self._next, self._chosen = box, previous, following, chosen
        self._slices: tuple[SliceToSee, ...] = ()
        box.connect("activated(int)", self._onActivated)
        previous.connect("clicked(bool)", self._onPrevious)
        following.connect("clicked(bool)", self._onNext)
        self.show(())

    def show(self, slices: Sequence[SliceToSee]) -> None:
        """Offer these slices, the worst first; none of them is gone to."""
        if tuple(slices) != self._slices or not slices:
            self._slices = tuple(slices)
            self._box.clear()
            for one in self._slices:
                self._box.addItem(one.text)
            if not self._slices:
                self._box.addItem(_("no slice stands out"))
        self._update()

    def goTo(self, index: int) -> None:
        """Go to a slice by its index on the image's grid; it need not be one of those offered."""
        for place, one in enumerate(self._slices):
            if one.index == index:
                self._box.setCurrentIndex(place)
        self._update()
        self._chosen(index)

    def _update(self) -> None:
        place = self._box.currentIndex
        self._box.enabled = bool(self._slices)
        self._previous.enabled = bool(self._slices) and place > 0
        self._next.enabled = bool(self._slices) and place < len(self._slices) - 1

    def _onActivated(self, place: int) -> None:
        if 0 <= place < len(self._slices):
            self.goTo(self._slices[place].index)

    def _onPrevious(self) -> None:
        self._onActivated(self._box.currentIndex - 1)

    def _onNext(self) -> None:
        self._onActivated(self._box.currentIndex + 1)
