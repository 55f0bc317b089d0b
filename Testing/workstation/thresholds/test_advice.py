"""Which threshold the page advises: that of a study in the folders, else the case's own, said as such."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour, ProbabilityMap
from ContourQALib.formats.recommendation import RECOMMENDED_FILE, write_recommendation
from ContourQALib.geometry import Grid
from ContourQALib.thresholds.analysis import analyze
from ContourQALib.thresholds.expected import expected_curve
from ContourQALib.thresholds.recommendation import Recommendation, RecommendedThresholds
from ContourQALib.worker_requests import Swept
from ContourQALib.workstation.thresholds.advice import Advice, told

GRID = Grid.for_shape((1, 1, 8))
RAMP = ProbabilityMap(np.linspace(0, 0.875, 8).reshape(1, 1, 8), GRID, "CTV")
ADVICE = Recommendation(0.37, (0.31, 0.44), 0.95, 24, 0.871, 0.85, 2.4)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with what a study of 24 cases recommends for the CTV by Dice."""
    folder = tmp_path / "study"
    folder.mkdir()
    write_recommendation(RecommendedThresholds({"CTV": {"dice": ADVICE}}), folder / RECOMMENDED_FILE)
    return folder


def swept(reference: bool = True) -> Swept:
    drawn = Contour(RAMP.values >= 0.25, GRID, "CTV")
    return Swept(analyze(RAMP, drawn) if reference else None, expected_curve(RAMP))


@pytest.mark.parametrize("named", ["folder", "file"])
def test_a_studys_recommendation_is_found_in_a_folder_or_by_its_name(study: Path, named: str) -> None:
    found = Advice.read([study if named == "folder" else study / RECOMMENDED_FILE])

    assert found.on("ctv", "dice") == (ADVICE, study / RECOMMENDED_FILE)
    assert found.on("CTV", "hd_mm") is None
    assert found.on("Rectum", "dice") is None


def test_the_first_folder_with_a_recommendation_counts(study: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_recommendation(RecommendedThresholds({"Rectum": {"dice": ADVICE}}), other / RECOMMENDED_FILE)

    found = Advice.read([other, tmp_path, study])

    assert [path.parent.name for path, _ in found.studies] == ["other", "study"]
    assert found.on("CTV", "dice") == (ADVICE, study / RECOMMENDED_FILE)


def test_a_damaged_file_is_told_and_the_next_one_is_read(study: Path, tmp_path: Path) -> None:
    (tmp_path / RECOMMENDED_FILE).write_text("{")

    found = Advice.read([tmp_path, study])

    assert len(found.problems) == 1
    assert RECOMMENDED_FILE in found.problems[0]
    assert found.on("CTV", "dice") is not None


def test_a_link_that_leads_out_of_the_folders_is_not_followed(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / RECOMMENDED_FILE).symlink_to(study / RECOMMENDED_FILE)

    found = Advice.read([folder])

    assert not found.studies
    assert "outside the folders" in found.problems[0]


def test_a_recommendation_says_how_sure_it_is_and_of_how_many_cases(study: Path) -> None:
    sentence = told("CTV", "dice", Advice.read([study]).on("CTV", "dice"), swept())

    assert sentence == (
        "0.37 is recommended for CTV: the best mean Dice of 24 cases, 0.871; 95 % of resamples lie in"
        " 0.31 – 0.44; 0.5 costs them +2.4 % in the median (study/recommended_thresholds.json)."
    )


def test_the_cases_own_best_threshold_says_that_it_is_of_this_case_alone() -> None:
    sentence = told("CTV", "dice", None, swept())

    assert sentence.startswith("0.13 is best by Dice for this case alone")
    assert "thresholds --cases" in sentence


def test_without_a_reference_the_advice_rests_on_the_map_and_says_so() -> None:
    sentence = told("CTV", "hd95_mm", None, swept(reference=False))

    assert sentence.startswith("Without a reference: ")
    assert "if the map's probabilities are right" in sentence
