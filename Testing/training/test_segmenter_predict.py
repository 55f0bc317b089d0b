"""Probability maps of segmenters: on the image's grid, out of fold, by stage, and as a manifest."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from contourqa_training.patients import Fold
from contourqa_training.segmenter import train_segmenter
from contourqa_training.segmenter_config import read_segmenter_config
from contourqa_training.segmenter_data import SegmenterData
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_outputs import probability_maps
from contourqa_training.segmenter_predict import (
    Predictions,
    patients_to_predict,
    predict_cases,
)
from contourqa_training.slice_view import TOP
from ContourQALib.case import Image
from ContourQALib.cli import app, run
from ContourQALib.errors import FormatError, ModelError, SettingError
from ContourQALib.formats.images import read_image
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.formats.probability import read_probability
from ContourQALib.geometry import Grid, Relation
from ContourQALib.metrics.overlap import overlap
from ContourQALib.networks.unet2d import UNet2DConfig
from segmenter_runs import PATIENTS, boxes_config, train_boxes, write_boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_boxes(tmp_path_factory.mktemp("boxes") / "data", without_spleen=PATIENTS[:1])


@pytest.fixture(scope="module")
def folds(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[SegmenterModel]:
    """The two folds of one segmenter."""
    runs = tmp_path_factory.mktemp("runs")
    names = [Fold(1, 2), Fold(2, 2)]
    for fold in names:
        train_boxes(boxes_config(), folder, runs / f"{fold.number}", fold)
    return [open_segmenter(runs / f"{fold.number}") for fold in names]


@pytest.fixture(scope="module")
def out_of_fold(
    folds: list[SegmenterModel], folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Predictions:
    return predict_cases(folds, folder, tmp_path_factory.mktemp("maps") / "all")


def test_every_patient_is_predicted_by_the_model_that_did_not_know_it(
    out_of_fold: Predictions, folds: list[SegmenterModel]
) -> None:
    assert sorted({row.case for row in out_of_fold.rows}) == list(PATIENTS)
    assert {row.role for row in out_of_fold.rows} == {"held-out"}
    for model in folds:
        for row in out_of_fold.rows:
            if row.case in model.patients.held_out:
                image = read_image(row.image)
                expected = probability_maps(image, model, model.network())[row.structure]
                assert np.array_equal(read_image(row.probability).values, expected)


def test_maps_and_references_lie_on_the_images_grid(out_of_fold: Predictions, folder: Path) -> None:
    for row in out_of_fold.rows:
        image, reference = read_image(row.image), read_image(row.reference)
        map_ = read_probability(row.probability)
        assert map_.grid.relation_to(image.grid) is reference.grid.relation_to(image.grid) is Relation.SAME
        assert read_image(row.probability).values.dtype == np.float32
        labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "labels" / f"{row.case}.nii.gz")))
        assert np.array_equal(reference.values, labels == {"liver": 1, "spleen": 2}[row.structure])


def test_an_absent_organ_is_counted_and_has_no_row(out_of_fold: Predictions) -> None:
    assert out_of_fold.absent == {"spleen": (PATIENTS[0],)}
    assert len(out_of_fold.rows) == 2 * len(PATIENTS) - 1


def test_the_manifest_says_where_everything_lies(out_of_fold: Predictions, folder: Path) -> None:
    manifest = read_manifest(out_of_fold.manifest, needs=("structure", "image", "reference", "probability"))
    assert len(manifest.rows) == len(out_of_fold.rows)
    for row in manifest.rows:
        assert row.files["image"].resolve() == (folder / "images" / f"{row.case}.nii.gz").resolve()
        assert all(path.is_file() for path in row.files.values())
        assert (row.patient, row.stratum, row.dataset) == (row.case, "held-out", "data")
    assert not any(cell.startswith("/") for cell in out_of_fold.manifest.read_text().split(","))


def test_the_threshold_command_reads_the_manifest(
    out_of_fold: Predictions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--cases", str(out_of_fold.manifest), "--steps", "11", "--format", "json"]
    monkeypatch.setattr(sys, "argv", ["contourqa", "thresholds", *arguments])
    assert run(app) == 0
    said = capsys.readouterr()
    assert '"spleen"' in said.out
    assert '"failed"' not in said.out


@pytest.mark.parametrize("turned", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, -1)])
def test_a_turned_image_gets_the_same_probability_at_the_same_place(
    folds: list[SegmenterModel], folder: Path, turned: tuple[int, int, int], flips: tuple[int, int, int]
) -> None:
    image = read_image(folder / "images" / f"{PATIENTS[1]}.nii.gz")
    ahead = sitk.GetImageFromArray(image.values)
    ahead.SetSpacing(image.grid.spacing)
    ahead.SetOrigin(image.grid.origin)
    other = sitk.Flip(sitk.PermuteAxes(ahead, turned), [flip < 0 for flip in flips])
    grid = Grid(other.GetSize(), other.GetSpacing(), other.GetOrigin(), other.GetDirection())
    model, network = folds[0], folds[0].network()
    straight = probability_maps(image, model, network)["liver"]
    bent = probability_maps(Image(sitk.GetArrayFromImage(other), grid), model, network)["liver"]
    index = np.argwhere(np.ones(bent.shape, bool))
    there = np.rint(image.grid.world_to_index(grid.index_to_world(index[:, ::-1]))).astype(int)[:, ::-1]
    # the same slices in another memory order: float32 sums may differ in their last digits
    np.testing.assert_allclose(bent[tuple(index.T)], straight[tuple(there.T)], atol=1e-5)


def test_probability_is_the_sigmoid_of_the_network_on_scaled_slices(
    folds: list[SegmenterModel], folder: Path
) -> None:
    model = folds[0]
    image = read_image(folder / "images" / f"{PATIENTS[2]}.nii.gz")
    found = probability_maps(image, model, model.network())["spleen"]
    window = np.clip((image.values.astype(float) + 160) / 400, 0, 1)
    frame = np.zeros((6, 16, 16), np.float32)
    frame[:, 1:15] = np.rint(window[:, :, 1:17] * TOP) / TOP  # 14 rows padded, 18 columns cropped, to 16
    with torch.inference_mode():
        logits = model.network()(torch.from_numpy(frame)[:, None])[:, 1].numpy()
    expected = np.zeros(image.grid.shape)
    expected[:, :, 1:17] = 1 / (1 + np.exp(-logits[:, 1:15].astype(float)))
    # float32 against float64, and a rounding to another of 255 steps at a tie
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_stages_differ_and_unknown_ones_are_named(
    folds: list[SegmenterModel], folder: Path, tmp_path: Path
) -> None:
    names = PATIENTS[1:2]
    early, late = (
        predict_cases(folds[:1], folder, tmp_path / str(stage), names=names, stage=stage) for stage in (1, 3)
    )
    first, second = (read_image(made.rows[0].probability).values for made in (early, late))
    assert not np.array_equal(first, second)
    with pytest.raises(ModelError, match="no stage 2; its stages are 1, 3"):
        predict_cases(folds[:1], folder, tmp_path / "none", names=names, stage=2)
    assert not (tmp_path / "none").exists()


def test_whose_patients_are_meant(folds: list[SegmenterModel], folder: Path, tmp_path: Path) -> None:
    model = folds[0]
    for which in ("train", "choose", "held-out"):
        expected = getattr(model.patients, which.replace("-", "_"))
        assert patients_to_predict(model, PATIENTS, which) == expected
    assert patients_to_predict(model, PATIENTS, None) == model.patients.held_out
    train_boxes(boxes_config(), folder, tmp_path)
    whole = open_segmenter(tmp_path)
    assert patients_to_predict(whole, PATIENTS, None) == whole.patients.choose


def test_patients_that_are_not_there_are_refused(folds: list[SegmenterModel]) -> None:
    with pytest.raises(SettingError, match="no patient case_99"):
        patients_to_predict(folds[0], PATIENTS, None, ["case_00", "case_99"])
    with pytest.raises(SettingError, match="were drawn: train, choose, held-out"):
        patients_to_predict(folds[0], PATIENTS, "test")
    with pytest.raises(SettingError, match="no train patients"):
        patients_to_predict(folds[0], ["other"], "train")


def test_two_models_for_the_same_patient_are_refused(
    folds: list[SegmenterModel], folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=r"liver of case_00"):
        predict_cases(folds, folder, tmp_path / "maps", names=["case_00"])


def test_single_organ_models_share_a_manifest(folder: Path, tmp_path: Path) -> None:
    config = boxes_config("epochs = 1", old="epochs = 3")
    models = []
    for name in ("liver", "spleen"):
        one = config.for_structures([name])
        train_boxes(one, folder, tmp_path / name)
        models.append(open_segmenter(tmp_path / name))
    made = predict_cases(models, folder, tmp_path / "maps", names=PATIENTS[1:3])
    assert [(row.case, row.structure) for row in made.rows] == [
        (patient, name) for patient in PATIENTS[1:3] for name in ("liver", "spleen")
    ]


def test_bad_files_stop_it_or_are_left_out_and_counted(folds: list[SegmenterModel], tmp_path: Path) -> None:
    folder = write_boxes(tmp_path / "data")
    (folder / "labels" / "case_02.nii.gz").write_text("not labels")
    names = ["case_01", "case_02"]
    with pytest.raises(FormatError, match="case_02"):
        predict_cases(folds[:1], folder, tmp_path / "maps", names=names)
    made = predict_cases(folds[:1], folder, tmp_path / "maps", names=names, skip_bad=True)
    assert list(made.skipped) == ["case_02"]
    assert {row.case for row in made.rows} == {"case_01"}


def test_a_folder_without_a_segmenter_and_damaged_ones_are_named(
    folds: list[SegmenterModel], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="holds no segmenter"):
        open_segmenter(tmp_path)
    for file in folds[0].folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged"):
        open_segmenter(tmp_path).network()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"config\.json is damaged"):
        open_segmenter(tmp_path)


@pytest.mark.realdata
def test_a_small_hippocampus_segmenter_finds_it_in_patients_it_never_saw(data: Path, tmp_path: Path) -> None:
    config = read_segmenter_config("hippocampus-slices")
    config = replace(
        config,
        network=UNet2DConfig(filters=(8, 16, 16), decoder_filters=(16,), dropout=0.0),
        training=replace(config.training, learning_rate=1e-2, batch_size=16, epochs=4, stages=(2,)),
    )
    loaded = SegmenterData.load(data / "hippocampus", config)
    patients = replace(loaded.patients, train=loaded.patients.train[::6], choose=loaded.patients.choose[:5])
    train_segmenter(config, replace(loaded, patients=patients), tmp_path / "run", threads=1, progress=False)
    model = open_segmenter(tmp_path / "run")
    unseen = loaded.patients.choose[5:13]  # test patients are looked at once, and not by a test
    made = predict_cases([model], data / "hippocampus", tmp_path / "maps", names=unseen)
    maps = [(read_image(row.reference).values > 0, read_image(row.probability).values) for row in made.rows]
    best = max(
        np.mean([overlap(inside, values >= threshold).dice for inside, values in maps])
        for threshold in np.arange(0.05, 1, 0.05)
    )
    # all voxels or none have some 0.1 or 0; this one saw 19 patients four times
    assert best > 0.6
