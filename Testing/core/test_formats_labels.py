"""Which structures a label file holds and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ContourQALib.case import Contour, Image
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.color_table import read_color_table
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import write_image
from ContourQALib.formats.label_text import parse_labels
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid

GRID = Grid((4, 2, 1), (1.0, 2.0, 5.0))
VALUES = np.array([[[0, 1, 1, 3], [0, 3, 3, 7]]], np.uint8)

SLICER = """# Color table file
# 4 values
0 Background 0 0 0 0
1 left parotid 255 0 51 255
3 Rückenmark 0 102 255 255
7 (none) 0 0 0 255
"""
ITK_SNAP = """# ITK-SnAP Label Description File
    0     0    0    0        0  0  0    "Clear Label"
    1   255    0   51        1  1  1    "left parotid"
    3     0  102  255      0.5  1  1    "Rückenmark"
"""
SLICER_CSV = """"LabelValue","Name","Color_R","Color_G","Color_B","Color_A","Category_CodingScheme"
0,"Background",0,0,0,0,""
1,"left parotid",255,0,51,255,"SCT"
3,"Rückenmark",0,102,255,255,""
"""


@pytest.fixture
def label_file(tmp_path: Path) -> Path:
    path = tmp_path / "case.nii.gz"
    write_image(Image(VALUES, GRID), path)
    return path


def names(contours: tuple[Contour, ...]) -> list[str]:
    return [contour.name for contour in contours]


def test_labels_without_names_are_numbered(label_file):
    contours = read_contours(label_file)
    assert names(contours) == ["label_1", "label_3", "label_7"]
    for contour, label in zip(contours, (1, 3, 7), strict=True):
        assert np.array_equal(contour.mask, label == VALUES)
        assert contour.path == label_file
        assert contour.grid.size == GRID.size
        assert contour.color is None


def test_labels_are_named_and_one_without_voxels_is_empty(label_file):
    contours = read_contours(label_file, labels={1: "anterior", 5: "posterior"})
    assert names(contours) == ["anterior", "label_3", "posterior", "label_7"]
    assert not contours[2].mask.any()


def test_merge_takes_all_labels_as_one_structure(label_file):
    (contour,) = read_contours(label_file, merge="hippocampus")
    assert contour.name == "hippocampus"
    assert np.array_equal(contour.mask, VALUES > 0)


def test_merge_takes_all_segments_as_one_structure(tmp_path):
    masks = [VALUES == 1, VALUES > 0, np.zeros(GRID.shape, bool)]
    write_segmentation([Contour(m, GRID, str(n)) for n, m in enumerate(masks)], tmp_path / "x.seg.nrrd")
    (contour,) = read_contours(tmp_path / "x.seg.nrrd", merge="all")
    assert contour.name == "all"
    assert np.array_equal(contour.mask, VALUES > 0)


def test_labels_and_merge_together_are_refused(label_file):
    with pytest.raises(SettingError, match="not both"):
        read_contours(label_file, labels={1: "a"}, merge="b")


@pytest.mark.parametrize("merge", [None, "organ"])
def test_a_file_of_zeros_is_one_empty_contour(tmp_path, merge):
    write_image(Image(np.zeros(GRID.shape, np.uint8), GRID), tmp_path / "zeros.nrrd")
    (contour,) = read_contours(tmp_path / "zeros.nrrd", merge=merge)
    assert contour.name == (merge or "label_1")
    assert not contour.mask.any()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64", "uint16"])
def test_whole_labels_of_any_type_are_labels(tmp_path, dtype):
    write_image(Image(VALUES.astype(dtype), GRID), tmp_path / "x.nrrd")
    assert names(read_contours(tmp_path / "x.nrrd")) == ["label_1", "label_3", "label_7"]


@pytest.mark.parametrize("text", [SLICER, SLICER_CSV, ITK_SNAP], ids=["Slicer", "Slicer CSV", "ITK-SNAP"])
@pytest.mark.parametrize(
    "name", ["case.ctbl", "case_ColorTable.ctbl", "case.labels.csv", "case.csv", "case.txt", "case.label"]
)
def test_a_color_table_beside_the_file_names_its_labels(label_file, text, name):
    label_file.with_name(name).write_text(text, encoding="utf-8")
    contours = read_contours(label_file)
    assert names(contours) == ["left parotid", "Rückenmark", "label_7"]
    assert [contour.color for contour in contours] == [(1.0, 0.0, 0.2), (0.0, 0.4, 1.0), None]


def test_a_color_table_by_argument_goes_before_the_one_beside(label_file, tmp_path):
    label_file.with_name("case.ctbl").write_text(SLICER, encoding="utf-8")
    (tmp_path / "other.txt").write_text("1 lens 0 255 0 255\n")
    contours = read_contours(label_file, color_table=tmp_path / "other.txt")
    assert names(contours) == ["lens", "label_3", "label_7"]


def test_given_names_go_before_the_color_table_which_still_gives_the_color(label_file):
    label_file.with_name("case.ctbl").write_text(SLICER, encoding="utf-8")
    contour = read_contours(label_file, labels={1: "parotid"})[0]
    assert (contour.name, contour.color) == ("parotid", (1.0, 0.0, 0.2))


@pytest.mark.parametrize("name", ["case.txt", "case.csv"])
def test_a_note_beside_the_file_is_no_color_table(label_file, name):
    label_file.with_name(name).write_text("contoured,by,the first observer\n")
    assert names(read_contours(label_file))[0] == "label_1"


BAD_CSV = [
    "LabelValue,Name\n1,lens\n",
    SLICER_CSV + "x,y\n",
    SLICER_CSV + "4\n",
    SLICER_CSV + "a,b,1,2,3\n",
    "9" * 5000 + " lens 1 2 3 4",
]


@pytest.mark.parametrize(
    "text", ["colors\n", "1 lens 255 0\n", "", "# nothing\n", "0 Background 0 0 0 0\n", *BAD_CSV]
)
def test_a_damaged_color_table_is_named(label_file, text):
    table = label_file.with_name("case.ctbl")
    table.write_text(text)
    with pytest.raises(FormatError) as raised:
        read_contours(label_file)
    assert str(table) in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", None], ids=["bytes", "missing"])
def test_a_color_table_that_is_no_text_or_missing_is_named(tmp_path, content):
    table = tmp_path / "colors.ctbl"
    if content:
        table.write_bytes(content)
    with pytest.raises(FormatError) as raised:
        read_color_table(table)
    assert str(table) in str(raised.value)


def test_windows_line_ends_and_byte_order_mark_do_not_matter(tmp_path):
    (tmp_path / "colors.ctbl").write_bytes(b"\xef\xbb\xbf" + SLICER.replace("\n", "\r\n").encode())
    assert read_color_table(tmp_path / "colors.ctbl")[3].name == "Rückenmark"


@given(
    st.dictionaries(
        st.integers(1, 65535),
        # What separates labels cannot be in a name, and spaces around it do not count.
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="=,"), min_size=1)
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=5,
    )
)
def test_label_texts_say_what_was_meant(labels):
    if len(set(labels.values())) < len(labels):
        return
    assert parse_labels(", ".join(f"{label} = {name}" for label, name in labels.items())) == labels


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1=",
        "=a",
        "a=1",
        "0=a",
        "-1=a",
        "1.5=a",
        "1=a,",
        "1=a,1=b",
        "1=a,2=a",
        "²=a",
        "٣=a",
        "9" * 5000 + "=a",
    ],
)
def test_label_texts_that_say_nothing_are_refused(text):
    with pytest.raises(SettingError) as raised:
        parse_labels(text)
    assert f'"{text}"' in str(raised.value)
