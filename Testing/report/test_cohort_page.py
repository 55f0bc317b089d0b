"""The page of a cohort, its folder, and the cases it shows."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cohort_samples import cohort, shown_case, spoiled
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.summary import summarize
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.segmentation import read_segmentation
from ContourQALib.metrics.definitions import Status
from ContourQALib.report import cohort_page
from ContourQALib.report.canvas import Picture
from ContourQALib.report.cohort_overlays import (
    ShownCase,
    check_shown,
    choose_cases,
    file_stem,
    overlay_picture,
)
from ContourQALib.report.cohort_page import write_cohort_report
from ContourQALib.report.provenance import InputFile, Provenance

EVIL = '<script>alert("1")</script>&amp;'
TINY = {"organs": ("CTV",), "cases": 3}


class Reader(HTMLParser):
    """Every tag with its attributes, and the page's visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def sketched(monkeypatch) -> None:
    """Charts of one pixel: what they show has tests of its own, and painting takes long."""
    pixel = Picture(b"\x89PNG", "a chart of the cohort", "caption")
    monkeypatch.setattr(cohort_page, "distribution_picture", lambda *_, **__: pixel)
    monkeypatch.setattr(cohort_page, "volume_picture", lambda *_, **__: pixel)
    monkeypatch.setattr(cohort_page, "overlay_picture", lambda *_: pixel)


def write(folder: Path, results: CohortResults, **options) -> str:
    provenance = Provenance((InputFile("cohort.csv", "ab" * 32),), {"tolerance_mm": 2.0})
    options = {"contours_of": lambda row: shown_case(results, row)} | options
    page = write_cohort_report(folder, results, summarize(results), provenance, **options)
    return page.read_text(encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_folder_is_complete_self_contained_and_the_same_every_time(tmp_path: Path) -> None:
    results = spoiled(cohort(("A",), **TINY), 1, 1, Status.TEST_EMPTY)
    html = write(tmp_path / "one", results)
    write(tmp_path / "two", results)
    files = contents(tmp_path / "one")
    assert files == contents(tmp_path / "two")
    assert {"report.html", "table2.csv", "figures/volumes_CTV.png", "figures/distributions_CTV.png"} <= set(
        files
    )
    assert sum(name.startswith("figures/overlay_A_") for name in files) == 3
    assert sum(name.endswith(".seg.nrrd") for name in files) == 3
    assert all(data.startswith(b"\x89PNG") for name, data in files.items() if name.endswith(".png"))
    reader = Reader(html)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    sources = [attributes.get("src") for tag, attributes in reader.tags if tag == "img"]
    assert len(sources) == 5
    assert all(source and source.startswith("data:image/png;base64,") for source in sources)
    assert all(len(attributes.get("alt") or "") > 20 for tag, attributes in reader.tags if tag == "img")


def test_the_page_leads_with_the_answer_and_ends_with_where_it_comes_from(tmp_path: Path, sketched) -> None:
    results = spoiled(cohort(cases=12), 2, 1, Status.TEST_EMPTY)
    text = " ".join(" ".join(Reader(write(tmp_path, results)).words).split())
    leading = "24 cases", "2 datasets", "5 structures", "1 contour with a figure undefined", "LFT has a"
    assert all(words in text for words in leading)
    places = [text.index(words) for words in leading]
    assert places == sorted(places)
    for words in (
        "higher Dice with LFT than with VPM on ExVal",
        "does not show that models are equal",
        "ab" * 32,
    ):
        assert words in text
    assert "not a medical device" in text


def test_names_from_the_manifest_cannot_become_markup(tmp_path: Path, sketched) -> None:
    results = cohort((EVIL + "d",), (EVIL + "s",), 6, (EVIL + "a", EVIL + "b"))
    rows = tuple(replace(row, case=EVIL + row.case[-1], patient=EVIL) for row in results.rows)
    results = replace(results, rows=rows, reasons={(0, 0): EVIL})

    def fails(row: int) -> ShownCase:
        raise FormatError(EVIL)

    for contours_of in (fails, lambda row: shown_case(results, row)):
        reader = Reader(write(tmp_path, results, contours_of=contours_of))
        assert "script" not in {tag for tag, _ in reader.tags}
    assert all(".." not in name and "<" not in name for name in contents(tmp_path))


def test_a_case_that_cannot_be_opened_is_said_and_the_others_are_shown(tmp_path: Path, sketched) -> None:
    results = cohort(("A",), **TINY)
    broken = choose_cases(results)[0].row

    def contours_of(row: int) -> ShownCase:
        if row == broken:
            raise FormatError("a.nrrd does not exist; check the path.")
        return shown_case(results, row)

    html = write(tmp_path, results, contours_of=contours_of)
    assert "Cannot be shown: a.nrrd does not exist; check the path." in html
    assert len(list((tmp_path / "overlays").iterdir())) == 2


def test_pictures_beyond_the_pages_room_are_files_and_counted(tmp_path: Path, sketched, monkeypatch) -> None:
    monkeypatch.setattr(cohort_page, "CHART_BYTES", 5)
    results = cohort(("A",), ("CTV", "Rectum"), 3)
    html = write(tmp_path, results)
    assert "3 further pictures are in the folder figures" in html
    assert sum(name.startswith("figures/") for name in contents(tmp_path)) == 4 + 3


def test_progress_is_told_before_each_structure_and_case(tmp_path: Path, sketched) -> None:
    told: list[tuple[int, int, str]] = []
    write(tmp_path, cohort(("A",), **TINY), tell=lambda *step: told.append(step))
    assert [(done, total) for done, total, _ in told] == [(n, 4) for n in range(4)]
    assert told[0][2] == "CTV"


def test_shown_cases_are_the_ends_and_the_middle_of_the_change(tmp_path: Path) -> None:
    results = cohort(("A", "B"), ("CTV",), 5)
    change = np.array([0.0, 0.3, -0.2, 0.1, 0.05, 0.0, 0.0, np.nan, 0.0, 0.0])
    results.values["dice"][:, 0] = 0.5
    results.values["dice"][:, 1] = 0.5 + change
    chosen = choose_cases(results)
    assert [c.row for c in chosen[:3]] == [1, 4, 2]
    assert [c.why.partition(" (")[0] for c in chosen[:3]] == ["largest gain", "middle change", "largest loss"]
    assert "Dice VPM 0.500, LFT 0.800: +0.300" in chosen[0].why
    assert 7 not in [c.row for c in chosen]
    assert len({c.row for c in chosen}) == 6


@pytest.mark.parametrize(("cases", "rows"), [(1, 1), (2, 2), (3, 3)])
def test_few_cases_are_shown_once_each(cases: int, rows: int) -> None:
    for models in (("VPM",), ("VPM", "LFT")):
        chosen = choose_cases(cohort(("",), ("CTV",), cases, models))
        assert len({c.row for c in chosen}) == len(chosen) == rows


def test_one_models_worst_middle_and_best_are_shown() -> None:
    results = cohort(("",), ("CTV",), 3, ("VPM",))
    results.values["dice"][:, 0] = 0.9, 0.7, 0.8
    assert [(c.row, c.why.partition(" (")[0]) for c in choose_cases(results)] == [
        (1, "worst"),
        (2, "middle"),
        (0, "best"),
    ]


def test_wished_cases_are_shown_with_every_structure_and_unknown_ones_are_refused() -> None:
    results = cohort(("A",), ("CTV", "Rectum"), 3)
    assert [c.row for c in choose_cases(results, ["A_02", "A_01"])] == [2, 3, 0, 1]
    with pytest.raises(SettingError, match="case Z"):
        choose_cases(results, ["A_01", "Z"])
    check_shown(["a"], ["a"])
    with pytest.raises(SettingError, match="manifest"):
        check_shown(["a"], ["b"])


def test_no_case_with_a_dice_is_said(tmp_path: Path, sketched) -> None:
    results = cohort(("A",), ("CTV",), 1)
    for model in (0, 1):
        results = spoiled(results, 0, model, Status.FAILED)
    html = write(tmp_path, results)
    assert "No case has a Dice" in html
    assert not (tmp_path / "overlays").exists()


def test_outlines_have_the_papers_colors_with_or_without_an_image() -> None:
    results = cohort(("A",), **TINY)
    for image in (True, False):
        picture = overlay_picture(shown_case(results, 0, image), results.models)
        assert "reference (solid red), VPM (broken blue), LFT (broken green)" in picture.alt
        assert ("No image" in picture.caption) is not image
    lone = replace(shown_case(results, 0), tests={"LFT": shown_case(results, 0).tests["LFT"]})
    assert (
        "LFT (broken green)" in overlay_picture(lone, results.models).alt
    )  # its own look, whoever is absent


def test_overlays_are_segments_with_the_contours_names_and_colors(tmp_path: Path, sketched) -> None:
    results = cohort(("A",), ("CTV",), 1)
    write(tmp_path, results)
    (path,) = (tmp_path / "overlays").iterdir()
    assert path.name == "overlay_A_A_01_CTV.seg.nrrd"
    segments = read_segmentation(path)
    assert [s.name for s in segments] == ["CTV reference", "CTV VPM", "CTV LFT"]
    shown = shown_case(results, 0)
    for segment, contour in zip(segments, (shown.reference, *shown.tests.values()), strict=True):
        assert np.array_equal(segment.mask, contour.mask)
    red, blue, green = (segment.color for segment in segments)
    assert (np.argmax(red), np.argmax(blue), np.argmax(green)) == (0, 2, 1)


def test_files_are_named_apart_whatever_the_case_is_called() -> None:
    taken: set[str] = set()
    names = [
        file_stem("overlay", parts, taken) for parts in (["a/b"], ["A_b"], ["", "a b"], ["../x"], ["y" * 300])
    ]
    assert len({name.casefold() for name in names}) == 5
    assert not any("/" in name for name in names)
    assert all(len(name.encode()) < 200 for name in names)
