"""Contours that segmenters draw beside the references, as `contourqa cohort` reads them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contourqa_training.cli import app as training_app
from contourqa_training.segmentation_cases import find_cases, read_case
from contourqa_training.segmenter import train_segmenter
from contourqa_training.segmenter_contours import DrawnContours, contour_file, draw_contours
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import WEIGHTS_FILE, open_segmenter, write_weights
from contourqa_training.segmenter_network import head_of
from contourqa_training.segmenter_outputs import on_device, predicted_masks
from ContourQALib.case import Image
from ContourQALib.cli import app, run
from ContourQALib.errors import FormatError, ModelError, SettingError
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.manifest import read_manifest
from segmenter_runs import PATIENTS, boxes_config, write_boxes

WITHOUT_SPLEEN = PATIENTS[2]
JUDGED = {"ExVal": PATIENTS[1:4], "GenEva": PATIENTS[5:7]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=[WITHOUT_SPLEEN])


@pytest.fixture(scope="module")
def models(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A segmenter that has learned boxes, and one that never draws anything."""
    runs = tmp_path_factory.mktemp("runs")
    config = boxes_config()
    training = replace(
        config.training, loss="cross-entropy", epochs=30, batch_size=4, running_mean=1, stages=()
    )
    config = replace(config, network=replace(config.network, dropout=0.0), training=training)
    data = SegmenterData.load(folder, config)
    train_segmenter(config, data, runs / "boxes", threads=1, progress=False)
    shutil.copytree(runs / "boxes" / "model", runs / "silent")
    network = open_segmenter(runs / "silent").network()
    bias = head_of(network).bias
    assert bias is not None
    with torch.no_grad():
        bias -= 1e4
    write_weights(network, runs / "silent" / WEIGHTS_FILE)
    return {"VPM": runs / "silent", "LFT": runs / "boxes"}


@pytest.fixture(scope="module")
def drawn(models: dict[str, Path], folder: Path, tmp_path_factory: pytest.TempPathFactory) -> DrawnContours:
    return draw_contours(models, folder, JUDGED, tmp_path_factory.mktemp("contours") / "drawn")


@pytest.fixture(scope="module")
def compared(drawn: DrawnContours) -> dict[str, Any]:
    """What `contourqa cohort` makes of the manifest."""
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        options = ("--format", "json", "--workers", "1")
        patch.setattr(sys, "argv", ["contourqa", "cohort", str(drawn.manifest), *options])
        assert run(app) == 0
    found: dict[str, Any] = json.loads(said.getvalue())
    return found


def test_a_row_is_a_patient_and_a_structure_that_was_contoured(drawn: DrawnContours) -> None:
    manifest = read_manifest(drawn.manifest)
    assert manifest.models == ("VPM", "LFT")
    rows = [(row.dataset, row.case, row.structure) for row in manifest.rows]
    assert rows == [
        (dataset, patient, structure)
        for dataset, patients in JUDGED.items()
        for patient in patients
        for structure in ("liver", "spleen")
        if (patient, structure) != (WITHOUT_SPLEEN, "spleen")
    ]
    assert drawn.rows == len(rows) == 9
    assert drawn.absent == {"liver": (), "spleen": (WITHOUT_SPLEEN,)}
    assert not drawn.skipped


def test_references_and_contours_lie_on_the_image_s_grid_as_they_are(
    drawn: DrawnContours, models: dict[str, Path], folder: Path
) -> None:
    case = next(case for case in find_cases(folder, ["liver", "spleen"]) if case.name == JUDGED["ExVal"][0])
    image, masks = read_case(case)
    model = open_segmenter(models["LFT"])
    for name, expected in (
        ("reference", masks),
        ("LFT", predicted_masks(image, model, on_device(model))),
    ):
        contours = {c.name: c for c in read_contours(contour_file(drawn.manifest.parent / name, case.name))}
        assert contours.keys() == expected.keys()
        for structure, contour in contours.items():
            assert (contour.on(image.grid).mask == expected[structure]).all()


def test_exclusive_structures_share_no_voxel(drawn: DrawnContours) -> None:
    for patient in JUDGED["GenEva"]:
        liver, spleen = read_contours(contour_file(drawn.manifest.parent / "LFT", patient))
        assert liver.mask.any()
        assert not (liver.mask & spleen.mask).any()


def test_a_network_is_shown_pixels_of_the_size_it_learned(folder: Path, models: dict[str, Path]) -> None:
    model = open_segmenter(models["LFT"])
    network = on_device(model)
    image, masks = read_case(find_cases(folder, ["liver", "spleen"])[1])
    pixel = image.grid.spacing[0]
    for name, mask in predicted_masks(image, model, network, in_plane_mm=pixel).items():
        assert np.array_equal(mask, predicted_masks(image, model, network)[name])
    # the same patient in pixels of half the size, which fill four times the network's frame
    i, j, k = image.grid.spacing
    fine = image.grid.at_spacing((i / 2, j / 2, k))
    finer = Image(image.values.repeat(2, axis=1).repeat(2, axis=2), fine, image.name)
    liver = masks["liver"].repeat(2, axis=1).repeat(2, axis=2)

    def dice(in_plane_mm: float | None) -> float:
        drawn = predicted_masks(finer, model, network, in_plane_mm)["liver"]
        assert drawn.shape == liver.shape
        return float(2 * (drawn & liver).sum() / (drawn.sum() + liver.sum()))

    assert dice(pixel) > 0.85  # interpolation blurs an edge of 6 x 5 pixels by less than half a pixel
    assert dice(None) < dice(pixel) - 0.1
    both = predicted_masks(finer, model, network, pixel)
    assert not (both["liver"] & both["spleen"]).any()
    with pytest.raises(SettingError, match="positive size, not 0 mm"):
        predicted_masks(image, model, network, 0.0)


def test_the_cohort_is_compared_from_the_manifest(compared: dict[str, Any]) -> None:
    assert compared["models"] == ["VPM", "LFT"]
    groups = [(group["dataset"], group["structure"]) for group in compared["groups"]]
    assert groups == [(dataset, structure) for dataset in JUDGED for structure in ("liver", "spleen")]
    for row in compared["rows"]:
        # bright boxes in dark noise are learned; one that confuses them has at most 0.7
        assert row["models"]["LFT"]["status"] == "ok"
        assert row["models"]["LFT"]["dice"] > 0.8


def test_a_structure_that_is_not_found_has_a_dice_of_0_and_no_distance(compared: dict[str, Any]) -> None:
    assert len(compared["rows"]) == 9
    for row in compared["rows"]:
        silent = row["models"]["VPM"]
        assert silent["status"] == "test_empty"
        assert (silent["dice"], silent["sensitivity"], silent["volume_cc"]) == (0.0, 0.0, 0.0)
        assert silent["hd95_pooled_mm"] in (None, "inf")
    undefined = [(row["case"], row["structure"]) for row in compared["undefined"] if row["model"] == "VPM"]
    assert len(undefined) == 9


def test_a_file_that_cannot_be_used_stops_it_or_is_left_out_and_named(
    models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    spoiled = tmp_path / "data"
    shutil.copytree(folder, spoiled)
    (spoiled / "images" / "case_03.nii.gz").write_text("not an image")
    patients = {"": ("case_03", "case_04")}
    one = {"LFT": models["LFT"]}
    with pytest.raises(FormatError, match="case_03"):
        draw_contours(one, spoiled, patients, tmp_path / "stopped")
    made = draw_contours(one, spoiled, patients, tmp_path / "left out", skip_bad=True)
    assert list(made.skipped) == ["case_03"]
    assert {row.case for row in read_manifest(made.manifest).rows} == {"case_04"}


@pytest.mark.parametrize("name", ["structure", "Reference", "manifest.csv", "a/b", "..", "."])
def test_a_model_whose_name_is_taken_is_refused(
    models: dict[str, Path], folder: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(SettingError, match="cannot be called"):
        draw_contours({name: models["LFT"]}, folder, JUDGED, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_columns_that_differ_in_case_alone_are_refused(
    models: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match="cannot be called 'vpm'"):
        draw_contours(models | {"vpm": models["LFT"]}, folder, JUDGED, tmp_path / "out")


@pytest.mark.parametrize(
    ("patients", "says"),
    [
        ({}, "one or more patients"),
        ({"A": ("case_01",), "B": ("case_01",)}, "each once"),
        ({"": ("case_77",)}, "no patient case_77"),
    ],
)
def test_patients_that_cannot_be_are_refused(
    models: dict[str, Path],
    folder: Path,
    tmp_path: Path,
    patients: dict[str, Sequence[str]],
    says: str,
) -> None:
    with pytest.raises(SettingError, match=says):
        draw_contours(models, folder, patients, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nobody_with_a_contour_is_nothing_to_compare_with(models: dict[str, Path], tmp_path: Path) -> None:
    patients = PATIENTS[:2]
    bare = write_boxes(tmp_path / "data", patients)
    (bare / "labels.csv").write_text("number,name\n7,liver\n8,spleen\n")  # labels without a voxel
    with pytest.raises(SettingError, match="contour to compare with"):
        draw_contours(models, bare, {"": patients}, tmp_path / "out")


def test_no_model_and_no_such_model_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="one or more segmenters"):
        draw_contours({}, folder, JUDGED, tmp_path / "out")
    with pytest.raises(ModelError, match="no segmenter"):
        draw_contours({"VPM": tmp_path / "nowhere"}, folder, JUDGED, tmp_path / "out")


def command(monkeypatch: pytest.MonkeyPatch, *options: object) -> int:
    monkeypatch.setattr(sys, "argv", ["contourqa-train", "segmenter", "contour", *map(str, options)])
    return run(training_app)


def test_pixels_are_named_for_the_segmenters_of_the_run(
    folder: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    draw_contours(models, folder, {"": PATIENTS[1:2]}, tmp_path, in_plane_mm={"LFT": 4.5})
    model = open_segmenter(models["LFT"])
    image, _ = read_case(find_cases(folder, ["liver", "spleen"])[1])
    expected = predicted_masks(image, model, on_device(model), 4.5)
    for contour in read_contours(contour_file(tmp_path / "LFT", PATIENTS[1])):
        assert np.array_equal(contour.mask, expected[contour.name])
    with pytest.raises(SettingError, match="named for other, which is no segmenter"):
        draw_contours(models, folder, {"": PATIENTS[1:2]}, tmp_path, in_plane_mm={"other": 3.0})


def test_the_command_contours_the_whole_folder_and_names_columns(
    models: dict[str, Path],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    named = ("--model", f"Vendor={models['VPM']}", "--model", models["LFT"])
    assert command(monkeypatch, *named, "--data", folder, "--dataset", "Clinic", "-o", out) == 0
    said = capsys.readouterr().err
    assert f"spleen is not contoured in 1: {WITHOUT_SPLEEN}." in said
    assert f"Wrote {out / 'manifest.csv'}, {2 * len(PATIENTS) - 1} rows." in said
    manifest = read_manifest(out / "manifest.csv")
    assert manifest.models == ("Vendor", "boxes")  # the folder's own name where none is given
    assert {row.dataset for row in manifest.rows} == {"Clinic"}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--model", "A=RUN", "--model", "A=RUN"), "a name of its own"),
        (("--model", "image=RUN"), "cannot be called 'image'"),
        (("--model", "nowhere"), "nowhere holds no segmenter"),
        (("--model", "RUN", "--case", "case_77"), "no patient case_77"),
        (("--model", "A=RUN", "--in-plane-mm", "3.9"), "must be NAME=MM"),
        (("--model", "A=RUN", "--in-plane-mm", "B=3.9"), "named for B"),
        ((), "--model"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    models: dict[str, Path],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: Sequence[str],
    named: str,
) -> None:
    where = str(models["LFT"])
    given = [option.replace("RUN", where) for option in options]
    assert command(monkeypatch, *given, "--data", folder, "-o", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert named in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
