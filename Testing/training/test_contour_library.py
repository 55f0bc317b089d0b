"""Contour libraries: who draws whom, exact figures, going on after a kill, phantoms instead of a folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from contourqa_training import library_building, library_sources, natural_contours, training_queue
from contourqa_training.library import CASES, TABLE, ContourLibrary, LibraryContour, packed, unpacked
from contourqa_training.library_building import build_library, laid_on
from contourqa_training.library_config import LibrarySettings, read_library_config
from contourqa_training.library_patients import FEWEST_PATIENTS, library_split
from contourqa_training.natural_contours import cut_at, fold_runs
from contourqa_training.sampling import BATTERY_ONLY, GRADED
from contourqa_training.segmenter_model import open_segmenter
from ContourQALib.errors import FormatError, SettingError, StructureError
from ContourQALib.metrics.pair import measure
from ContourQALib.perturbation import ERRORS
from ContourQALib.phantom import pelvis
from one_process import one_process
from segmenter_runs import CONFIG, SPACING, write_boxes

NAMES = [f"case_{n:02d}" for n in range(FEWEST_PATIENTS)]
SEGMENTER = CONFIG.replace("epochs = 3", "epochs = 2").replace("stages = [1, 3]", "stages = [1, 2]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def settings(folder: Path) -> LibrarySettings:
    path = folder / "boxes.toml"
    path.write_text(SEGMENTER)
    return LibrarySettings(
        structures=("liver", "spleen"),
        modality="CT",
        segmenters=(str(path),),
        thresholds=(0.3,),
        known_errors=2,
        natural_errors=1,
        others=1,
        swapped=1,
        test_share=0.1,
        exclude=(),
    )


def build(settings: LibrarySettings, folder: Path, output: str) -> Path:
    """Train, draw and measure in this process."""
    with one_process(training_queue, library_building):
        return build_library(
            settings,
            folder / "data",
            folder / output,
            runs=folder / "runs",
            cache=folder / "cache",
            workers=1,
        )


@pytest.fixture(scope="module")
def library(folder: Path, settings: LibrarySettings) -> ContourLibrary:
    write_boxes(folder / "data", NAMES, without_spleen=[NAMES[3]])
    return ContourLibrary.open(build(settings, folder, "built"))


def test_no_patient_is_drawn_by_a_network_that_learned_from_him(
    library: ContourLibrary, settings: LibrarySettings, folder: Path
) -> None:
    """Nor by one that he chose; calibration and test patients have no part in any network."""
    runs = [
        open_segmenter(run) for run in fold_runs(settings, settings.segmenters[0], folder / "runs").values()
    ]
    assert len(runs) == 2
    aside = set(library.of_split("calibrate", "test"))
    pool = set(library.of_split("train", "choose"))
    for model in runs:
        assert not aside & {*model.patients.train, *model.patients.choose, *model.patients.held_out}
    held_out = [set(model.patients.held_out) for model in runs]
    assert held_out[0] | held_out[1] == pool
    assert not held_out[0] & held_out[1]
    for patient in library.patients:
        drawing = natural_contours._blind(runs, patient)
        assert patient not in (*drawing.patients.train, *drawing.patients.choose)
        assert (patient in drawing.patients.held_out) == (patient in pool)


def test_a_patient_that_every_network_learned_from_is_refused(
    settings: LibrarySettings, folder: Path, library: ContourLibrary
) -> None:
    run = fold_runs(settings, settings.segmenters[0], folder / "runs")[1]
    model = open_segmenter(run)
    with pytest.raises(SettingError, match=model.patients.train[0]):
        natural_contours._blind([model, model], model.patients.train[0])


def test_every_figure_is_that_of_the_stored_masks(library: ContourLibrary) -> None:
    for patient in library.patients:
        case = library.case(patient)
        assert case.spacing_kji == SPACING[::-1]
        for contour in library.contours:
            if contour.patient != patient:
                continue
            mask, reference = case.mask(contour), case.references[contour.structure]
            found = measure(reference, mask, case.spacing_kji)
            assert contour.dice == found.counts.dice
            assert contour.hd95_mm == found.distances.hd95_mm
            assert contour.msd_mm == found.distances.msd_mm
            assert contour.volume_cc == pytest.approx(mask.sum() * np.prod(SPACING) / 1000)
            over, under = case.over_and_under(contour)
            assert np.array_equal((mask & ~over) | under, reference)


def test_natural_contours_are_their_maps_cut_at_their_thresholds(library: ContourLibrary) -> None:
    natural = [c for c in library.contours if c.stratum == "N"]
    assert {(c.stage, c.threshold) for c in natural} == {(1, 0.5), (2, 0.5), (2, 0.3)}
    assert {c.kind for c in natural} == {"boxes"}
    for contour in natural[::5]:
        case = library.case(contour.patient)
        probability = case.probability(contour)
        assert probability is not None
        assert contour.threshold is not None
        # 1e-6: a step of 1/255 at the threshold itself is rounded as float32
        assert np.array_equal(case.mask(contour), probability >= np.float32(contour.threshold))


def of(library: ContourLibrary, split: str, structure: str = "liver") -> list[LibraryContour]:
    """The contours of the first patient of a split."""
    patient = library.of_split(split)[0]
    return [c for c in library.contours if c.patient == patient and c.structure == structure]


def test_each_split_has_the_strata_that_it_is_for(library: ContourLibrary) -> None:
    def strata(split: str) -> set[str]:
        return {c.stratum for c in of(library, split)}

    assert strata("train") == strata("choose") == {"N", "G", "S", "O"}
    assert strata("calibrate") == {"N", "G"}
    assert {"G", "S", "B"} <= strata("test")
    assert all(c.dice == 1 for c in library.contours if c.stratum == "G")
    tested = of(library, "test")
    graded = {(c.kind, c.grade) for c in tested if c.stratum == "S"}
    assert graded == {(kind, g) for kind in GRADED for g in range(1, len(ERRORS[kind].severities) + 1)}
    assert {c.kind for c in tested if c.stratum == "B"} == set(BATTERY_ONLY)
    learned = [c for c in library.contours if c.split != "test"]
    assert all(c.volume_cc > 0 for c in learned)
    assert not {c.kind for c in learned} & set(BATTERY_ONLY)


def test_a_structure_that_a_patient_lacks_has_no_contours(library: ContourLibrary) -> None:
    assert {c.structure for c in library.contours if c.patient == NAMES[3]} == {"liver"}
    assert set(library.case(NAMES[3]).references) == {"liver"}


def test_a_killed_build_keeps_finished_patients_and_gives_the_same_library(
    library: ContourLibrary, settings: LibrarySettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (library.folder / TABLE).read_bytes()
    shutil.copytree(library.folder, folder / "killed")
    (folder / "killed" / TABLE).unlink()
    lost = NAMES[5:7]
    for name in lost:
        for ending in ("json", "npz"):
            (folder / "killed" / CASES / f"{name}.{ending}").unlink()
    built = []
    build_one = library_building._build_one

    def noting(source: object, patient: str, *rest: object) -> object:
        built.append(patient)
        # handed on as they came, whatever their types
        return build_one(source, patient, *rest)

    monkeypatch.setattr(library_building, "_build_one", noting)
    build(settings, folder, "killed")
    assert built == lost
    assert (folder / "killed" / TABLE).read_bytes() == whole
    again = ContourLibrary.open(folder / "killed").case(lost[0])
    before = library.case(lost[0])
    assert np.array_equal(again._masks, before._masks)
    assert np.array_equal(again._maps, before._maps)


def test_a_library_of_other_settings_is_refused(
    library: ContourLibrary, settings: LibrarySettings, folder: Path
) -> None:
    with pytest.raises(SettingError, match="other settings"):
        build(replace(settings, known_errors=3), folder, "built")
    facts = json.loads((library.folder / "library.json").read_text())
    assert facts["settings"]["known_errors"] == 2
    assert str(folder) not in json.dumps(facts)  # no place of this machine


def test_a_damaged_or_missing_library_is_named(library: ContourLibrary, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no contour library"):
        ContourLibrary.open(tmp_path)
    shutil.copytree(library.folder, tmp_path / "copy")
    (tmp_path / "copy" / CASES / f"{NAMES[0]}.npz").write_bytes(b"no archive")
    with pytest.raises(FormatError, match=NAMES[0]):
        ContourLibrary.open(tmp_path / "copy").case(NAMES[0])
    table = tmp_path / "copy" / TABLE
    table.write_text(table.read_text().replace("liver", "liver,0", 1))
    with pytest.raises(FormatError, match="damaged"):
        ContourLibrary.open(tmp_path / "copy")


def test_patients_are_divided_by_the_shares_and_are_enough() -> None:
    settings = LibrarySettings(structures=("liver",), segmenters=("boxes",), test_share=0.1)
    split = library_split(settings, NAMES)
    assert list(split) == NAMES
    counts = {kind: list(split.values()).count(kind) for kind in ("train", "choose", "calibrate", "test")}
    assert counts == {"train": 11, "choose": 2, "calibrate": 5, "test": 2}
    assert library_split(replace(settings, seed=1), NAMES) != split
    with pytest.raises(SettingError, match="at least 20"):
        library_split(settings, NAMES[:19])
    committed = replace(settings, split="hippocampus")
    found = library_split(committed, ["hippocampus_001", "hippocampus_007", "stranger"])
    assert found == {"hippocampus_001": "train", "hippocampus_007": "choose"}
    with pytest.raises(SettingError, match="too few patients"):
        library_split(committed, NAMES)


def test_phantoms_take_the_place_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_sources, "pelvis", partial(pelvis, (24, 24, 16)))
    monkeypatch.setattr(library_building, "POOL", 2)  # drawing a phantom takes longer than all the rest
    monkeypatch.setattr(library_building, "PART", 20)
    settings = LibrarySettings(
        structures=("Bladder",), modality="CT", phantoms=20, known_errors=1, natural_errors=0, others=1,
        swapped=0, thresholds=(0.3,), test_share=0.05,
    )  # fmt: skip
    library = ContourLibrary.open(build(settings, tmp_path, "phantoms"))
    assert list(library.patients) == [f"phantom_{seed}" for seed in range(20)]
    natural = [c for c in library.contours if c.stratum == "N"]
    assert {c.kind for c in natural} == {"vendor", "fine-tuned"}
    assert {c.threshold for c in natural} == {0.5, 0.3}
    case = library.case("phantom_7")
    phantom = pelvis((24, 24, 16), seed=7)
    (reference,) = [c.mask for c in phantom.reference if c.name == "Bladder"]
    # The phantom's axes are the library's.
    assert np.array_equal(case.references["Bladder"], reference)
    assert np.array_equal(case.values, phantom.image.values.astype(np.float32))


def test_a_structure_that_the_phantom_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_sources, "pelvis", partial(pelvis, (24, 24, 16)))
    source = library_sources.PhantomSource(LibrarySettings(structures=("Spleen",), phantoms=20))
    with pytest.raises(StructureError, match=r"no structure Spleen; it has .*Bladder"):
        source.read("phantom_0")


def test_masks_in_bits_come_back() -> None:
    mask = np.random.default_rng(0).random((3, 5, 7)) > 0.5
    assert np.array_equal(unpacked(packed(mask), mask.shape), mask)


def test_another_patients_contour_is_laid_center_on_center() -> None:
    mask = np.zeros((4, 7, 6), bool)
    mask[1:3, 2:5, 2:4] = True
    laid = laid_on(mask, (8, 5, 6))
    assert laid.shape == (8, 5, 6)
    assert laid.sum() == mask.sum()
    assert np.argwhere(laid).mean(axis=0) == pytest.approx([3.5, 2.0, 2.5])
    assert np.array_equal(laid_on(laid, mask.shape), mask)


def test_maps_are_cut_inclusively() -> None:
    steps = np.array([0, 127, 128, 255], np.uint8)
    assert cut_at(steps, 128 / 255).tolist() == [False, False, True, True]


@pytest.mark.parametrize("name", ["contours-hippocampus", "contours-headneck", "contours-pelvis-phantom"])
def test_the_libraries_of_the_shipped_models(name: str) -> None:
    settings = read_library_config(name)
    assert settings.structures
    assert bool(settings.phantoms) != bool(settings.segmenters)
    assert len(settings.segmenters) in (0, 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[library]\nmodality = "PET"', "CT or MR"),
        ("[library]\nfolds = 1", "at least 2"),
        ("[library]\nknown_errors = -1", "below 0"),
        ("[library]\nthresholds = [1.0]", "between 0 and 1"),
        ("[library]\ntest_share = 0.9", "below 1 together"),
        ("[library]\nname = 'x'", "must name at least one"),
        ("[contours]\nname = 'x'", "contours"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "library.toml"
    path.write_text(text)
    with pytest.raises(SettingError, match=says):
        read_library_config(str(path))
