"""Every spelling of an organ means that organ, and no other one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.errors import FormatError, StructureError
from ContourQALib.names import asked_for, match, normalize, select
from ContourQALib.vocabulary import DEFAULT, Vocabulary, read_name_table, standard_name
from ContourQALib.vocabulary.default import ORGANS
from ContourQALib.vocabulary.organ import Organ, listed
from ContourQALib.vocabulary.sides import ATTACHED, CLEAR, OF_PAIRS
from ContourQALib.vocabulary.spelling import lookup, words
from ContourQALib.vocabulary.vocabulary import Meaning, SpellingTakenError
from shapes import contour

ONE = [(name, organ.standard) for organ in ORGANS for name in (organ.standard, *listed(organ.variants))]
TWO = [
    (name, organ.standard)
    for organ in ORGANS
    if organ.both
    for name in (organ.both, *listed(organ.both_variants))
]
PAIRED = [(name, organ) for name, organ in ONE if organ in DEFAULT.pairs]


def test_every_name_of_the_table_means_its_organ_alone():
    assert {name: DEFAULT.meaning(name) for name, _ in ONE} == {name: Meaning(organ) for name, organ in ONE}
    assert {name: DEFAULT.meaning(name) for name, _ in TWO} == {
        name: Meaning(organ, "both") for name, organ in TWO
    }
    assert not [name for name, count in Counter(name for name, _ in ONE + TWO).items() if count > 1]


def test_organs_stay_apart():
    standards = [organ.standard for organ in ORGANS] + [organ.both for organ in ORGANS if organ.both]
    assert len({normalize(name) for name in standards}) == len(standards)
    assert [standard_name(name) for name in standards] == standards


def test_a_side_never_makes_one_organ_of_another():
    sides = {**OF_PAIRS, **CLEAR, **ATTACHED}
    for name, organ in PAIRED:
        written = lookup(words(name))
        for word, side in sides.items():
            meant = Meaning(organ, side)
            for text in (written + word, word + written):
                assert DEFAULT.spellings.get(text, meant) == meant, text


@pytest.mark.parametrize("organ", ["Parotid", "Eye", "OpticNrv", "Femur_Head", "Lung"])
def test_every_word_for_a_side_is_one_beside_an_organ_of_two(organ):
    for word, side in {**OF_PAIRS, **CLEAR}.items():
        assert (
            DEFAULT.meaning(f"{organ} {word}") == DEFAULT.meaning(f"{word}_{organ}") == Meaning(organ, side)
        )
    for word, side in ATTACHED.items():
        assert DEFAULT.meaning(organ + word) == DEFAULT.meaning(word + organ) == Meaning(organ, side)


@given(
    named=st.sampled_from(ONE),
    separator=st.sampled_from([" ", "_", "-", ", ", "  ", "."]),
    change=st.sampled_from([str.upper, str.lower, str.title, str.swapcase, str]),
    around=st.sampled_from(["{}", " {} ", "({})", "_{}_", "{}."]),
)
def test_case_and_separators_never_matter(named, separator, change, around):
    name, organ = named
    spelled = around.format(change(name.replace(" ", separator)))
    assert DEFAULT.meaning(spelled) == Meaning(organ)


@given(
    named=st.sampled_from(PAIRED),
    sides=st.sampled_from(
        [
            ("left", "l", "lt", "Links", "gauche", "sin", "izq"),
            ("right", "R", "rt", "rechts", "D", "dex", "der"),
        ]
    ),
)
def test_sides_are_the_same_in_every_language_and_at_either_end(named, sides):
    name, organ = named
    meant = {normalize(spelled) for word in sides for spelled in (f"{name}_{word}", f"{word} {name}")}
    assert meant == {normalize(f"{organ}_{sides[0]}")}
    assert normalize(name) not in meant


@given(named=st.sampled_from(ONE), margin=st.integers(1, 30))
def test_an_organ_with_a_margin_is_another_structure(named, margin):
    name, organ = named
    spellings = (
        f"{name}_PRV{margin:02d}",
        f"{name} PRV {margin} mm",
        f"{name} prv{margin}mm",
        f"PRV{margin} {name}",
        f"PRV {name} {margin}mm",
        f"{organ}_PRV{margin:02d}",
    )
    assert {standard_name(spelled) for spelled in spellings} == {f"{organ}_PRV{margin:02d}"}
    assert len({normalize(spelled) for spelled in (name, f"{name} PRV", spellings[0])}) == 3


@pytest.mark.parametrize(
    ("standard", "spellings"),
    [
        (
            "Parotid_L",
            "LeftParotid|Parotid_L|parotid gl lt|Parotis links|Gl. parotis sin.|parotide G|PAROTID-LT",
        ),
        ("Glnd_Submand_R", "Submandibular-Rt|smg_r|Gl submandibularis re|sous-maxillaire D|submand gl rt"),
        ("Femur_Head_R", "FemoralHeadR|Hüftkopf rechts|HUEFTKOPF RE|tête fémorale droite|testa femore dx"),
        ("Bladder", "Blase|vessie|vescica|vejiga|Harnblase|urinary_bladder"),
        ("SpinalCord", "Cord|Rückenmark|Rueckenmark|moelle épinière|MOELLE EPINIERE|midollo spinale"),
        ("Lungs", "lungs total|Lunge bds.|poumons|Lung_both|Longen"),
        ("OpticNrv_PRV03_L", "OpticNrv_PRV03_L|N. opticus li PRV 3 mm|optic nerve left prv3"),
        ("Lung_LUL", "LUL|lung_upper_lobe_left|left upper lobe"),
        ("Atrium_L", "LA|left atrium|heart_atrium_left"),
        ("VB_L4", "vertebrae_L4|L4 vertebra|VB L4"),
        ("Rib01_L", "rib_left_1|Rib 1 left|Rib01_L"),
        ("Parotids", "Parotiden|parotid glands|Parotids"),
    ],
)
def test_what_clinics_write(standard, spellings):
    assert {spelled: standard_name(spelled) for spelled in spellings.split("|")} == dict.fromkeys(
        spellings.split("|"), standard
    )


@pytest.mark.parametrize(
    "names",
    [
        (
            "SpinalCord",
            "SpinalCanal",
            "SpinalCord_PRV05",
            "SpinalCord_PRV03",
            "SpinalCord_PRV",
            "SpinalCord+5",
        ),
        ("CTV", "CTV_50", "CTV_60", "CTV1", "CTVn", "CTVp", "PTV", "PTV_60", "GTV", "GTV 2", "ITV"),
        ("Lung_L", "Lung_R", "Lungs", "Lung", "Lung_LUL", "Lung_LLL", "Lungs-GTV", "Lung~_L"),
        ("Bowel", "Bowel_Small", "Bowel_Large", "Bag_Bowel", "Spc_Bowel", "Colon", "Colon_Sigmoid", "Rectum"),
        ("Eye_L", "Lens_L", "Orbit_L", "OpticNrv_L", "Retina_L", "Eye_R", "Eyes"),
        ("Ureter_L", "Urethra", "Uterus", "uretre", "Urethra_Prostatc"),
        ("Femur_L", "Femur_Head_L", "Femur_Neck_L", "Femurs", "Acetabulum_L"),
        ("Bladder", "Bladder_Wall", "Gallbladder", "Bladder-CTV"),
        ("T1", "VB_T1", "L1", "L 1"),
    ],
)
def test_what_is_not_the_same_stays_apart(names):
    meant = {name: normalize(name) for name in names}
    same = {frozenset(pair) for pair in ({"Urethra", "uretre"}, {"L1", "L 1"})}  # two spellings of one
    together = {
        frozenset({one, other})
        for one in names
        for other in names
        if one != other and meant[one] == meant[other]
    }
    assert together <= same


@pytest.mark.parametrize(
    "name", ["CTV_60", "PTV_5000", "GTV 2", "label_1", "zOpt", "Lungs-GTV", "L1", "", "."]
)
def test_a_name_of_its_own_has_no_standard(name):
    assert standard_name(name) is None


def test_a_spelling_of_two_organs_cannot_be():
    with pytest.raises(SpellingTakenError, match="Blase means bladder already"):
        Vocabulary.of([Organ("Bladder", "blase"), Organ("Gallbladder", "Blase")])


def table(tmp_path, text):
    path = tmp_path / "names.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_table_adds_names(tmp_path):
    own = read_name_table(
        table(
            tmp_path,
            "\ufeffStandard,variants\nParotid_L,OSD li; PL\n\nFlap,Lappen;flap graft\nNode_L,LK 1 li\n"
            "SpinalCanal,Rückenmark\nBladder,B\n",
        )
    )
    assert [own.standard_name(name) for name in ("osd_li", "PL", "LAPPEN", "Flap", "LK 1 li", "Node_R")] == [
        "Parotid_L",
        "Parotid_L",
        "Flap",
        "Flap",
        "Node_L",
        "Node_R",
    ]
    assert own.standard_name("Rückenmark") == "SpinalCanal"  # the table is right about its own clinic
    assert (own.standard_name("B PRV 5mm"), own.standard_name("Lappen left")) == ("Bladder_PRV05", "Flap_L")
    assert DEFAULT.standard_name("Rückenmark") == "SpinalCord"
    assert DEFAULT.standard_name("PL") is None


def test_a_users_table_says_tg_263_names(tmp_path):
    own = read_name_table(
        table(
            tmp_path,
            "standard,variants,TG263\nFlap_L,Lappen li,Musc_Flap_L\nNode,LK,\nBladder,B\n"
            "Parotid_L,PL,Parotid_L\n",
        )
    )
    names = ("lappen LI", "Flap_L", "Flap_R", "LK", "B", "PL")
    assert [own.official_name(name) for name in names] == [
        "Musc_Flap_L",
        "Musc_Flap_L",
        None,
        None,
        None,
        "Parotid_L",
    ]
    assert own.standard_name("Lappen li") == "Flap_L"


def test_matching_takes_a_users_table(tmp_path):
    own = read_name_table(table(tmp_path, "standard,variants\nBladder,B\nFlap,Lappen\n"))
    assert match(["Bladder", "Flap"], ["Lappen", "B"], own).pairs == (("Bladder", "B"), ("Flap", "Lappen"))
    assert match(["Bladder", "Flap"], ["Lappen", "B"]).pairs == ()
    there = [contour(np.zeros((2, 2, 2), bool), name=name) for name in ("B", "Lappen")]
    assert [one.name for one in select(there, ["Blase"], own)] == ["B"]
    assert [one.name for one in asked_for(there, "flap", own)] == ["Lappen"]
    with pytest.raises(StructureError, match="no structure Blase"):
        select(there, ["Blase"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not begin with the line standard,variants"),
        ("name,other\nBladder,B\n", "does not begin with the line standard,variants"),
        ("standard;variants\nBladder;B\n", "does not begin with the line standard,variants"),
        ("standard,variants\n\n", "names no structure"),
        ("standard,variants\nBladder\n", "in line 2"),
        ("standard,variants\nBladder,B\nRectum,\n", "in line 3"),
        ("standard,variants\nBladder,B,C\n", "in line 2"),
        ("standard,variants\n-,B\n", "in line 2"),
        (
            "standard,variants\nBladder,B1\nRectum,R; b_1\n",
            "gives b_1 to Bladder in line 2 and to Rectum in line 3",
        ),
        (
            "standard,variants\nBladder,Rectum\n",
            "takes the name of another structure, Rectum, for Bladder in line 2",
        ),
        ("standard,variants\nLungs,Y; lung l\n", "another structure, lung l, for Lungs in line 2"),
        ('standard,variants\nBladder,"B\n', "cannot be read as CSV in line 2"),
        ("standard,variants,other\nBladder,B,C\n", "does not begin with the line standard,variants"),
        ("standard,variants,tg263\nFlap,B,left flap\n", "gives left flap as a TG-263 name in line 2"),
        ("standard,variants,tg263\nFlap,B,SpinalCord\n", "in line 2, which is that of another structure"),
        ("standard,variants,tg263\nBladder,B,Balloon\n", "in line 2, which has the name Bladder there"),
    ],
)
def test_a_table_that_is_wrong(tmp_path, text, said):
    path = table(tmp_path, text)
    with pytest.raises(FormatError, match=said) as caught:
        read_name_table(path)
    assert str(path) in str(caught.value)


def test_a_table_that_cannot_be_read(tmp_path):
    (tmp_path / "names.csv").write_bytes("standard,variants\nBladder,Bläse\n".encode("latin-1"))
    for path, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path / "names.csv", "UTF-8"),
    ):
        with pytest.raises(FormatError, match=said):
            read_name_table(path)
