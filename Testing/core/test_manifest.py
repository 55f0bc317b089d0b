"""Manifests: which rows come out, and what a table that cannot be trusted is told."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.errors import FormatError
from ContourQALib.formats.manifest import read_manifest

NEEDS = ("structure", "reference", "probability")
HEADER = "case,structure,reference,probability"


def manifest(folder: Path, text: str | bytes) -> Path:
    path = folder / "cohort.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_known_columns_are_text_or_paths_and_any_other_is_a_model(tmp_path):
    text = (
        "case,patient,structure,image,reference,VPM,LFT,probability,stratum,dataset\n"
        'a,P1,CTV,i.nrrd,"r, final.nrrd",v.nrrd,,p.nrrd,cervix,ours\n'
    )
    found = read_manifest(manifest(tmp_path, text), NEEDS)
    assert found.models == ("VPM", "LFT")
    (row,) = found.rows
    assert (row.case, row.patient, row.structure) == ("a", "P1", "CTV")
    assert (row.stratum, row.dataset, row.line) == ("cervix", "ours", 2)
    assert row.files == {
        "image": tmp_path / "i.nrrd",
        "reference": tmp_path / "r, final.nrrd",
        "probability": tmp_path / "p.nrrd",
    }
    assert row.models == {"VPM": tmp_path / "v.nrrd"}


def test_paths_are_relative_to_the_file_and_absolute_ones_stay(tmp_path):
    elsewhere = tmp_path.parent / "p.nrrd"
    found = read_manifest(manifest(tmp_path, f"{HEADER}\na,CTV,sub/r.nrrd,{elsewhere}\n"), NEEDS)
    assert found.rows[0].files == {"reference": tmp_path / "sub/r.nrrd", "probability": elsewhere}


def test_what_spreadsheets_add_does_no_harm(tmp_path):
    text = "\ufeffCase, Structure ,REFERENCE,probability,\r\n\r\n a , CTV,r,p,\r\n,,,,\r\n"
    (row,) = read_manifest(manifest(tmp_path, text), NEEDS).rows
    assert (row.case, row.structure, row.patient, row.line) == ("a", "CTV", "a", 3)


def test_a_command_says_which_columns_it_needs(tmp_path):
    path = manifest(tmp_path, "case,contour\na,\n")
    assert read_manifest(path).rows[0].files == {}
    with pytest.raises(FormatError, match="empty cell in line 2, column contour"):
        read_manifest(path, needs=("contour",))
    with pytest.raises(FormatError, match="no column image and no column VPM; its columns are case, contour"):
        read_manifest(path, needs=("image", "VPM"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (HEADER + "\n", "lists no case"),
        ("case,structure,reference\na,b,c\n", "no column probability"),
        ("structure,reference,probability\na,b,c\n", "no column case"),
        ("case;structure;reference;probability\na;b;c;d\n", "not separated by commas"),
        ("case\tstructure\treference\tprobability\n", "not separated by commas"),
        (f"{HEADER},Case\na,b,c,d,e\n", "column case twice"),
        (f"{HEADER},VPM,vpm\na,b,c,d,e,f\n", "column VPM twice"),
        (f"{HEADER}\na,b,c,d\n\na,b,c\n", "3 cells in line 4 but 4 columns"),
        (f"{HEADER}\na,b,c,d,e\n", "5 cells in line 2"),
        (f"{HEADER},\na,b,c,d,note\n", "line 2 whose column has no name"),
        (f"{HEADER}\na,b,,d\n", "empty cell in line 2, column reference"),
        (f"{HEADER}\n ,b,c,d\n", "empty cell in line 2, column case"),
        (f"{HEADER}\na,Parotid_L,c,d\nb,Parotid_L,c,d\na,parotid-lt,e,f\n", "twice, in lines 2 and 4"),
        (f'{HEADER}\na,b,"c,d\n', "cannot be read as CSV in line 2"),
        (b"\xff\xfec\x00a\x00s\x00e\x00", "not a text in UTF-8"),
        (b"\x1f\x8b\x08\x00\x93\x02", "not a text in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_one_sentence_with_the_line(tmp_path, text, says):
    path = manifest(tmp_path, text)
    with pytest.raises(FormatError, match=says) as caught:
        read_manifest(path, NEEDS)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith(".")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere\.csv does not exist"):
        read_manifest(tmp_path / "nowhere.csv")
    with pytest.raises(FormatError, match="is a folder"):
        read_manifest(tmp_path)


NAME = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(st.lists(st.tuples(NAME, NAME), min_size=1, max_size=8, unique_by=lambda pair: pair[0]))
def test_whatever_python_writes_is_read_back(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("csv") / "m.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("case", "stratum"), *cells])
    assert [(row.case, row.stratum) for row in read_manifest(path).rows] == cells
