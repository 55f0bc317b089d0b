"""What is said of a comparison says what makes its figures doubtful."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ContourQALib.case import Contour
from ContourQALib.geometry import Grid
from ContourQALib.metrics.compare import compare
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.report.comparison_summary import doubts_of, summary


def comparison(**changes):
    mask = np.zeros((4, 6, 6), bool)
    mask[1:3, 1:4, 1:4] = True
    contour = Contour(mask, Grid.for_shape(mask.shape), "Bladder")
    return replace(compare(contour, contour, reference_label="Reference", test_label="VPM"), **changes)


def test_a_plain_comparison_is_counted_and_nothing_is_doubted() -> None:
    assert summary([comparison()], ()) == ("1 pair compared.", "info")
    assert summary([comparison()] * 2, [Unmatched("CTV", "test", "VPM")]) == (
        "2 pairs compared. Without a partner of the same name: 1.",
        "info",
    )


def test_what_was_resampled_cut_off_or_lies_elsewhere_is_a_warning() -> None:
    doubtful = comparison(resampled=True, lost_cc=0.2)
    text, kind = summary([doubtful], [Unmatched("CTV", "test", "LFT")], [("LFT", "CTV")])
    assert kind == "warning"
    assert "elsewhere in space: CTV (LFT)" in text
    assert "resampled to its own: VPM" in text
    assert "0.20 cc lie outside the reference's image" in text
    assert "Without a partner" not in text  # it was told of as lying elsewhere


def test_contours_that_nowhere_overlap_are_asked_about() -> None:
    assert "VPM overlaps its reference" in " ".join(doubts_of([comparison(dice=0.0)]))
    assert doubts_of([comparison(dice=0.0), comparison()]) == []


def test_many_names_are_counted() -> None:
    outside = [("LFT", name) for name in ("a", "b", "c", "d", "e")]
    assert "a (LFT), b (LFT), c (LFT) and 2 more" in " ".join(doubts_of([], outside))
