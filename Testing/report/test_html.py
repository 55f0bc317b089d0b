from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, Image
from ContourQALib.errors import OutputError
from ContourQALib.metrics.compare import Comparison, compare
from ContourQALib.metrics.definitions import DEFINITIONS
from ContourQALib.metrics.observers import compare_pairwise
from ContourQALib.metrics.pairing import Unmatched
from ContourQALib.quality.assessment import Assessment
from ContourQALib.report.assessment_section import assessment_section
from ContourQALib.report.folder import write_report_folder
from ContourQALib.report.html import definitions_section, page
from ContourQALib.report.provenance import InputFile, Provenance
from ContourQALib.report.sections import comparison_section

VOID = {"meta", "img", "br", "link", "input"}


class Reader(HTMLParser):
    """Every tag with its attributes and the page's visible text; notes tags that do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.crossed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def html(
    assessment: Assessment,
    pair: Comparison,
    missed: Comparison,
    reference: Contour,
    shifted: Contour,
    empty: Contour,
    image: Image,
) -> str:
    _, matrix = compare_pairwise([reference, shifted], ["one", "two"])
    provenance = Provenance(
        (InputFile("data/ct.nii.gz", "ab" * 32),), {"tolerance_mm": 2.0}, assessment.model
    )
    sections = [
        assessment_section(assessment, image, [reference, empty]),
        comparison_section(
            [pair, missed],
            [(reference, shifted), (reference, empty)],
            image=image,
            unmatched=[Unmatched("Brain", "test", "b/vpm.nrrd")],
            matrices=[matrix],
            labels={"a/vpm.nrrd": "VPM", "b/vpm.nrrd": "LFT"},
        ),
        definitions_section(),
    ]
    return page("Quality report", sections, provenance, case="case 7", generated="1 May 2025")


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(html: str) -> None:
    reader = Reader(html)
    assert reader.crossed == []
    assert reader.open == []
    names = Counter(tag for tag, _ in reader.tags)
    assert not names.keys() & {"script", "link", "iframe", "object", "embed"}
    for _, attributes in reader.tags:
        for source in (attributes.get("src"), attributes.get("href")):
            assert source is None or source.startswith(("data:image/png;base64,", "#"))
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", html)
    assert "url(" not in html
    assert "@import" not in html
    assert len(html) < 3_000_000


def test_every_figure_has_a_text_in_its_place_and_every_header_a_scope(html: str) -> None:
    reader = Reader(html)
    pictures = [attributes for tag, attributes in reader.tags if tag == "img"]
    # The predicted Dice, the assessed contour that is not empty, the compared structure, and its chart.
    assert len(pictures) == 4
    assert all(len(p["alt"] or "") > 20 for p in pictures)
    assert all(a.get("scope") in ("col", "row") for tag, a in reader.tags if tag == "th")
    assert ("html", {"lang": "en"}) in reader.tags


def test_the_page_says_what_a_clinic_must_know(html: str, pair: Comparison) -> None:
    text = Reader(html).text
    for part in (
        "case 7",
        "1 May 2025",
        "✓ accept",
        "✕ reject",
        "the contour is empty",
        "0.87 [0.81, 0.93]",
        "90 % interval",
        "PREVIEW",
        "A preview has not been validated",
        "CC-BY-SA-4.0",
        "The test contour is empty: Dice is 0 and distances are undefined.",
        "Without a partner, not compared: Brain (test, LFT).",
        f"VPM: Dice {pair.dice:.3f}, LFT: Dice 0.000",
        "data/ct.nii.gz",
        "ab" * 32,
        "tolerance_mm",
    ):
        assert part in text
    for definition in DEFINITIONS.values():
        assert definition in text
    assert text.count("For research and teaching; not a medical device.") == 2  # above and below
    assert "not a medical device" in html[: html.index("</style>")]  # and on every printed page


def test_names_from_files_cannot_become_markup(
    reference: Contour, pair: Comparison, assessment: Assessment
) -> None:
    evil = '<script>alert("1")</script>&amp;'
    named = replace(pair, structure=evil, reference=evil + "r", test=evil + "t")
    structure = replace(assessment.structures[0], structure=evil, reasons=(evil,))
    model = replace(assessment.model, name=evil, status=evil)
    assessed = replace(assessment, structures=(structure,), model=model)
    _, matrix = compare_pairwise([reference, reference], [evil, "b"])
    sections = [
        assessment_section(assessed, None, [reference], title=evil),
        comparison_section(
            [named],
            [(reference, reference)],
            unmatched=[Unmatched(evil, "test", evil)],
            matrices=[replace(matrix, structure=evil)],
            title=evil,
        ),
    ]
    provenance = Provenance((InputFile(evil, evil),), {evil: [evil]}, model)
    reader = Reader(page(evil, sections, provenance, case=evil, generated=evil))
    assert "script" not in {tag for tag, _ in reader.tags}
    assert reader.crossed == []
    assert "&amp;" in reader.text  # what was written as an entity is shown as it was written


def test_sections_without_contours_or_results_are_tables_alone(
    pair: Comparison, assessment: Assessment, empty: Contour
) -> None:
    without_slices = replace(pair, slices=None)
    assert "<img" not in comparison_section([without_slices]).body
    assert "<img" not in assessment_section(assessment).body
    assert "0</b> <span>pairs compared" in comparison_section([]).body
    nothing = compare(empty, empty)
    assert "<img" not in comparison_section([nothing], [(empty, empty)]).body


def test_a_contour_on_another_lattice_than_the_image_is_drawn(
    assessment: Assessment, reference: Contour, image: Image
) -> None:
    cropped = replace(
        reference,
        mask=reference.mask[2:9],
        grid=replace(
            reference.grid,
            size=(24, 24, 7),
            origin=tuple(reference.grid.index_to_world((0, 0, 2)).tolist()),
        ),
    )
    one = replace(assessment, structures=assessment.structures[:1])
    assert "<img" in assessment_section(one, image, [cropped]).body
    fine = Image(np.zeros((20, 30, 30)), replace(image.grid, size=(30, 30, 20), spacing=(1.2, 0.8, 1.5)))
    assert (
        "<img" in comparison_section([compare(cropped, reference)], [(cropped, reference)], image=fine).body
    )


def test_the_folder_holds_page_document_tables_and_overlays(tmp_path: Path, html: str) -> None:
    written = write_report_folder(
        tmp_path / "new" / "report",
        html,
        {"pairs": []},
        {"report.csv": "a,b\n1,2\n"},
        {"over.nrrd": lambda path: path.write_text("overlay")},
    )
    assert written == tmp_path / "new" / "report" / "report.html"
    assert written.read_text(encoding="utf-8") == html
    assert {p.name for p in written.parent.iterdir()} == {
        "over.nrrd",
        "report.csv",
        "report.html",
        "report.json",
    }
    assert json.loads((written.parent / "report.json").read_text()) == {"pairs": []}
    assert (written.parent / "report.csv").read_bytes() == b"a,b\n1,2\n"


def test_a_folder_that_is_a_file_is_an_error_and_a_failed_overlay_leaves_no_page(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        write_report_folder(tmp_path / "file", "", {}, {})

    def full(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="disk is full"):
        write_report_folder(tmp_path / "out", "page", {}, {"report.csv": ""}, {"over.nrrd": full})
    assert list((tmp_path / "out").iterdir()) == []


def test_reasons_stand_below_their_row_across_the_table(assessment: Assessment) -> None:
    known = replace(assessment.structures[0], structure="A", reasons=("because",))
    found = replace(assessment, structures=(known, replace(known, structure="B", reasons=())))
    body = assessment_section(found).body
    columns = body.count('<th scope="col"')
    (first, below, second) = re.findall(r"<tr[ >].*?</tr>", body.partition("<tbody>")[2])
    assert first.startswith('<tr class="above"><th scope="row" rowspan="2">A')
    assert below == f'<tr class="below"><td colspan="{columns - 1}"><ul><li>because</li></ul></td></tr>'
    assert second.startswith('<tr><th scope="row">B')
