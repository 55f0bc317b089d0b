"""A library without networks: built from a folder, exported as files, kept in a small file and restored."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from contourqa_training import library_building
from contourqa_training.kept_contours import keep_contours
from contourqa_training.library import ContourLibrary
from contourqa_training.library_building import restore_library
from contourqa_training.library_config import LibrarySettings
from contourqa_training.library_export import export_library
from contourqa_training.library_sources import FolderSource
from contourqa_training.natural_contours import NaturalMap
from ContourQALib.case import Image
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.images import write_image
from ContourQALib.geometry import Grid
from ContourQALib.metrics.overlap import overlap
from one_process import one_process

SHAPE = (12, 14, 16)


class _Drawn(FolderSource):
    """Natural contours without a network: the reference's probability, unsure at its edge."""

    def natural(self, patient: str, wanted: Sequence[str]) -> Mapping[str, list[NaturalMap]]:
        from scipy import ndimage

        references = self.read(patient)
        found: dict[str, list[NaturalMap]] = {}
        for structure in wanted:
            smooth = ndimage.gaussian_filter(references[structure].reference.mask.astype(float), 1.2)
            values = np.round(255 * smooth).astype(np.uint8)
            found[structure] = [
                NaturalMap(structure, "first", 3, values, (0.5, 0.3, 0.7)),
                NaturalMap(structure, "second", 2, np.roll(values, 1, axis=2), (0.5,)),
            ]
        return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    k, j, i = np.indices(SHAPE)
    for number in range(3):
        ball = (k - 6) ** 2 + (j - 7) ** 2 + (i - 7 - number) ** 2 < 16
        grid = Grid.for_shape(SHAPE, (1.0, 1.0, 2.0))
        values = (random.normal(0, 5, SHAPE) + 100 * ball).astype(np.float32)
        for kind, array in (("images", values), ("labels", ball.astype(np.uint8))):
            (folder / kind).mkdir(exist_ok=True)
            write_image(Image(array, grid, "x"), folder / kind / f"p_{number}.nii.gz")
    (folder / "labels.csv").write_text("number,name\n1,ball\n")
    return folder


@pytest.fixture(scope="module")
def library(data: Path, tmp_path_factory: pytest.TempPathFactory) -> ContourLibrary:
    settings = LibrarySettings(
        name="balls", structures=("ball",), segmenters=("none",), known_errors=2, natural_errors=1
    )
    source = _Drawn(settings, data, Path())
    split = {"p_0": "train", "p_1": "choose", "p_2": "test"}
    folder = tmp_path_factory.mktemp("library")
    # the builder's own steps, in this process: workers would not know this test's source
    rows = {
        patient: library_building._build_one(source, patient, kind, [source.read("p_0")], _ready(folder))
        for patient, kind in split.items()
    }
    facts = {"settings": settings.record(), "fingerprint": "x", "split": split}
    library_building._check_same(folder, facts)
    library_building._write_table(folder, [row for patient in split for row in rows[patient]])
    return ContourLibrary.open(folder)


def _ready(folder: Path) -> Path:
    (folder / "cases").mkdir(exist_ok=True)
    return folder


def test_every_figure_of_the_table_is_that_of_the_stored_mask(library: ContourLibrary) -> None:
    assert {c.stratum for c in library.contours} == {"N", "G", "S", "B", "O"}
    for patient in library.patients:
        case = library.case(patient)
        for contour in (c for c in library.contours if c.patient == patient):
            over, under = case.over_and_under(contour)
            assert overlap(case.references["ball"], case.mask(contour)).dice == pytest.approx(contour.dice)
            assert (np.count_nonzero(over | under) == 0) == (contour.dice == 1)


def test_test_patients_get_every_error_at_every_severity_and_training_patients_random_ones(
    library: ContourLibrary,
) -> None:
    grades = [c.grade for c in library.contours if c.split == "test" and c.stratum == "S"]
    assert len(grades) % 5 == 0
    assert set(grades) == {1, 2, 3, 4, 5}
    assert {c.kind for c in library.contours if c.split == "train" and c.stratum == "S"} == {
        "known-error",
        "natural-with-error",
    }


def test_the_best_threshold_is_chosen_on_the_choosing_patients_alone(library: ContourLibrary) -> None:
    best = library.best_thresholds()
    chosen = {c.threshold: c.dice for c in library.contours if c.split == "choose" and c.kind == "first"}
    assert chosen[best.thresholds["first", "ball"]] == max(chosen.values())
    assert best.stages == {"first": 3, "second": 2}


def test_exported_files_hold_the_librarys_masks_and_a_row_each(
    library: ContourLibrary, tmp_path: Path
) -> None:
    manifest = export_library(library, tmp_path, "test", ("N", "N-best", "I"))
    with manifest.open() as file:
        rows = list(csv.DictReader(file))
    case = library.case("p_2")
    natural = [c for c in library.contours if c.patient == "p_2" and c.stratum == "N"]
    listed = [row for row in rows if row["stratum"] == "N"]
    for contour, row in zip(natural, listed, strict=True):
        (read,) = read_contours(tmp_path / row["contour"], merge="ball")
        np.testing.assert_array_equal(read.mask, case.mask(contour))
    assert len({(row["case"], row["structure"]) for row in rows}) == len(rows)
    assert sum(row["stratum"] == "N-best" for row in rows) == 2
    assert sum(row["stratum"] == "I" for row in rows) == 15  # three errors of images at five severities
    assert all((tmp_path / row["second"]).is_file() for row in listed)


def test_only_one_regime_or_structure_is_exported_when_asked(library: ContourLibrary, tmp_path: Path) -> None:
    regime = library.case("p_2").regime
    other = "scaled" if regime != "scaled" else "float"
    some = export_library(library, tmp_path / "a", regime=regime).read_text().splitlines()
    none = export_library(library, tmp_path / "b", regime=other).read_text().splitlines()
    assert len(some) > 1
    assert len(none) == 1
    with pytest.raises(SettingError, match="no such contours"):
        export_library(library, tmp_path / "c", structures=("liver",))


def test_kept_contours_give_the_same_library_again(
    library: ContourLibrary, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep_contours(library, "test", tmp_path / "kept.npz")
    with one_process(library_building):
        folder = restore_library(kept, data, tmp_path / "restored", workers=1)
    again = ContourLibrary.open(folder)
    before = [c for c in library.contours if c.patient == "p_2"]
    assert again.best_thresholds() == library.best_thresholds()
    assert len(before) == len(again.contours)
    for old, new in zip(before, again.contours, strict=True):
        assert (old.name, old.stratum, old.dice) == (new.name, new.stratum, new.dice)
        np.testing.assert_array_equal(
            library.case("p_2").mask(old), again.case("p_2").mask(new), err_msg=old.name
        )
        assert again.case("p_2").probability(new) is None


def test_bad_kept_files_are_refused(library: ContourLibrary, data: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(FormatError, match="holds no kept contours"):
        restore_library(tmp_path / "bad.npz", data, tmp_path / "out", workers=1)
    with pytest.raises(SettingError, match="no natural contours of calibrate"):
        keep_contours(library, "calibrate", tmp_path / "none.npz")
