"""Codes of our structured reports: short enough, unlike each other, the standard's where they claim to be."""

from __future__ import annotations

from pathlib import Path

from ContourQALib.report.structured import codes


def test_codes_are_unlike_each_other_and_short_enough() -> None:
    concepts = _concepts()
    assert len({one.key for one in concepts}) == len(concepts)
    assert not [one for one in concepts if len(one.value) > 16 or len(one.meaning) > 64]


def test_the_standards_codes_are_the_standards() -> None:
    from pydicom.sr._concepts_dict import concepts as known

    meanings = {
        (value, scheme): meaning.casefold()
        for scheme in ("DCM", "SCT", "UCUM")
        for entries in known[scheme].values()
        for value, (meaning, _) in entries.items()
    }
    ours = [one for one in _concepts() if one.scheme in ("DCM", "SCT")]
    assert len(ours) > 30
    for one in ours:
        assert one.meaning.casefold() in meanings[one.key], one


def test_the_page_lists_our_codes() -> None:
    page = (Path(__file__).parents[2] / "Docs" / "decisions" / "structured-report.md").read_text("utf-8")
    answers = {*codes.VERDICTS.values(), *codes.STATUSES.values()}
    for one in _concepts():
        assert one.scheme != codes.SCHEME or one in answers or f"| {one.value} | {one.meaning} |" in page, one


def _concepts() -> list[codes.Concept]:
    held = list(vars(codes).values())
    held += [*codes.VERDICTS.values(), *codes.STATUSES.values()]
    return [one for one in held if isinstance(one, codes.Concept)]
