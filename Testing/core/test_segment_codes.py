"""What segments say they are: codes by name, Slicer's text for them, and colors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ContourQALib.formats.dicom.display_color import from_cielab, to_cielab
from ContourQALib.formats.dicom.segment_codes import (
    ANATOMY,
    BOTH,
    LEFT,
    ORGANS,
    OUTLINE,
    RIGHT,
    SIDED,
    TARGET,
    TARGETS,
    codes_named,
)
from ContourQALib.formats.dicom.segment_terminology import (
    Code,
    SegmentCodes,
    codes_from_entry,
    codes_of,
    entry_of,
    put_codes,
)
from ContourQALib.vocabulary import standard_name

EVERY_CODE = [
    *(Code(value, "SCT", meaning) for value, meaning in ORGANS.values()),
    *TARGETS.values(), ANATOMY, TARGET, OUTLINE, LEFT, RIGHT, BOTH,
]  # fmt: skip

KIDNEY = SegmentCodes(ANATOMY, Code("64033007", "SCT", "Kidney"), RIGHT)


def test_every_code_means_in_the_standard_what_it_means_here() -> None:
    concepts = pytest.importorskip("pydicom.sr._concepts_dict").concepts
    meanings = {
        (scheme, value): {words.casefold() for words in said}
        for scheme in ("SCT", "DCM")
        for value, said in _meanings(concepts[scheme]).items()
    }
    for code in EVERY_CODE:
        assert code.meaning.casefold() in meanings[code.scheme, code.value], code


def _meanings(concepts: dict) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for said in concepts.values():
        for value, (meaning, _) in said.items():
            found.setdefault(value, set()).add(meaning)
    return found


def test_every_organ_is_one_of_the_vocabulary() -> None:
    assert [organ for organ in ORGANS if standard_name(organ) != organ] == []
    assert len({value for value, _ in ORGANS.values()}) == len(ORGANS)


@pytest.mark.parametrize(
    ("name", "category", "kind", "side"),
    [
        ("Parotid gl lt", ANATOMY, "Parotid gland", LEFT),
        ("Femur_Head_R", ANATOMY, "Head of Femur", RIGHT),
        ("lungs", ANATOMY, "Lung", BOTH),
        ("Blase", ANATOMY, "Bladder", None),
        ("VB_L4", ANATOMY, "L4 vertebra", None),
        ("External", ANATOMY, "External Body Model", None),
        ("PTV_6000", TARGET, "PTV", None),
        ("CTV n1", TARGET, "CTV Nodal", None),
        ("gtv-p", TARGET, "GTV Primary", None),
        ("PTV prostate", TARGET, "PTV", None),
        ("ITVp", TARGET, "ITV", None),
        ("Something else", ANATOMY, "Anatomical Structure", None),
    ],
)
def test_a_name_has_the_codes_of_its_organ_or_target(
    name: str, category: Code, kind: str, side: Code | None
) -> None:
    codes = codes_named(name)
    assert (codes.category, codes.type.meaning, codes.modifier) == (category, kind, side)


def test_a_side_belongs_to_the_organ_that_the_name_says() -> None:
    assert SIDED["Parotids"] == ("Parotid", BOTH)
    assert SIDED["Glnd_Submand_R"] == ("Glnd_Submand", RIGHT)


CODES = st.builds(
    Code,
    st.text("0123456789-T", min_size=1, max_size=20).filter(lambda text: text.strip() == text),
    st.sampled_from(["SCT", "DCM", "SRT", "99OURS"]),
    st.text("abc ÄèЖ漢()", min_size=1, max_size=30).filter(lambda text: text.strip() == text),
)
ALL_CODES = st.builds(SegmentCodes, CODES, CODES, st.none() | CODES, CODES, st.none() | CODES)


@settings(max_examples=25)
@given(ALL_CODES)
def test_codes_survive_slicer_s_text_and_a_data_set(codes: SegmentCodes) -> None:
    pydicom = pytest.importorskip("pydicom")
    assert codes_from_entry(entry_of(codes)) == codes
    segment = pydicom.dataset.Dataset()
    put_codes(codes, segment)
    assert codes_of(segment) == codes


def test_slicer_s_text_is_as_slicer_writes_it() -> None:
    assert entry_of(KIDNEY) == (
        "Segmentation category and type - DICOM master list~SCT^91723000^Anatomical Structure"
        "~SCT^64033007^Kidney~SCT^24028007^Right~Anatomic codes - DICOM master list~^^~^^"
    )


@pytest.mark.parametrize("text", ["", "Segmentation.Status:inprogress", "a~b~c~d~e~f~g", "~~~~~~"])
def test_a_text_that_names_no_codes_gives_none(text: str) -> None:
    assert codes_from_entry(text) is None


def test_a_meaning_cannot_break_the_text_that_it_stands_in() -> None:
    codes = SegmentCodes(ANATOMY, Code("1", "SCT", "of ~ two ^ marks | and a bar"))
    assert codes_from_entry(entry_of(codes)) == SegmentCodes(
        ANATOMY, Code("1", "SCT", "of   two   marks   and a bar")
    )


@settings(max_examples=40)
@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_an_8_bit_color_comes_back_exactly_and_is_highdicom_s(color: tuple[int, int, int]) -> None:
    highdicom = pytest.importorskip("highdicom")
    red, green, blue = (number / 255 for number in color)
    stored = to_cielab((red, green, blue))
    assert from_cielab(stored) == (red, green, blue)
    assert tuple(stored) == highdicom.color.CIELabColor.from_rgb(*color).value


def test_a_color_that_no_screen_shows_is_one_at_the_edge() -> None:
    color = from_cielab((0xFFFF, 0xFFFF, 0))
    assert np.all((np.array(color) >= 0) & (np.array(color) <= 1))
    assert max(color) == 1


@pytest.mark.parametrize("stored", [(1, 2), (1, 2, 3, 4), (-1, 0, 0), (70000, 0, 0)])
def test_what_is_no_color_is_an_error(stored: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not three numbers of 16 bit"):
        from_cielab(stored)
