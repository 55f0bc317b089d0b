"""What the Bice study finds: closed forms, and numbers that must agree with one another."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from bice_findings import Study, bice_findings
from contourqa_training.bice.config import BiceConfig, bice_config_from, read_bice_config
from contourqa_training.bice.findings import Findings
from contourqa_training.bice.models import study_models
from contourqa_training.bice.records import findings_document, tables
from contourqa_training.bice.transfer import measure_transfer
from contourqa_training.patients import Draw
from ContourQALib.errors import SettingError, StructureError
from ContourQALib.thresholds.levels import equal_steps
from ContourQALib.thresholds.sensitivity import FIGURES, PERTURBATIONS

STEPS = equal_steps(11)
SEVEN = ("Brainstem", "SpinalCord", "RightParotid", "LeftParotid", "Esophagus", "Larynx", "Mandible")


@pytest.fixture(scope="module")
def findings() -> Findings:
    return bice_findings()


def tent(peak: float, height: float = 1.0) -> np.ndarray:
    """Dice that falls by 0.5 a unit of threshold to both sides of its best."""
    return height - 0.5 * np.abs(STEPS - peak)


def test_a_threshold_from_patients_who_agree_costs_what_their_best_costs_others() -> None:
    validation = np.array([tent(0.2)] * 5)
    judged = np.array([tent(0.4, 0.9), tent(0.4, 0.7)])  # mean 0.8 at 0.4, 0.7 at 0.2, 0.75 at 0.5
    rows = measure_transfer(validation, judged, STEPS, counts=(2, 4, 8)).rows
    assert [row.patients for row in rows] == [0, 2, 4, 5]  # 0.5, then as many as there are
    assert rows[0].loss_percent == pytest.approx(100 * 0.05 / 0.8)
    for row in rows[1:]:
        assert row.threshold_mean == pytest.approx(0.2)
        assert row.loss_percent == pytest.approx(row.loss_high) == pytest.approx(100 * 0.1 / 0.8)
        assert row.worse_than_half == 1
    assert rows[1].threshold_sd == pytest.approx(0, abs=1e-12)
    assert math.isnan(rows[-1].threshold_sd)  # all patients are one draw


def test_more_patients_scatter_less() -> None:
    draw = np.random.default_rng(0)
    validation = np.array([tent(peak) for peak in draw.choice([0.1, 0.3, 0.5], 30)])
    rows = measure_transfer(validation, np.array([tent(0.3)]), STEPS).rows[1:-1]
    assert [row.patients for row in rows] == [2, 4, 8, 16]
    spreads = [row.threshold_sd for row in rows]
    assert spreads == sorted(spreads, reverse=True)
    assert rows[-1].loss_percent < rows[0].loss_percent


def test_losses_are_about_the_thresholds_of_other_patients(findings: Findings) -> None:
    for finding in findings.findings:
        assert set(finding.judged).isdisjoint(finding.validation.cases)
        best = finding.validation.optimum["dice"]
        assert best is not None
        losses = finding.losses.loss_at_half_percent["dice"]
        assert losses.defined + losses.undefined == len(finding.judged)
        means = finding.at_optimum["dice"].mean, finding.at_half["dice"].mean
        assert losses.of_mean_curve == pytest.approx(100 * (means[0] - means[1]) / means[0])


def test_a_patient_whose_contour_vanishes_is_counted(findings: Findings) -> None:
    (cord,) = (f for f in findings.multi_label() if f.structure == "SpinalCord")
    assert (cord.at_half["hd_mm"].defined, cord.at_half["hd_mm"].undefined) == (2, 1)
    assert cord.losses.loss_at_half_percent["hd_mm"].undefined == 1
    assert cord.losses.loss_at_half_percent["dice"].per_case.max() == pytest.approx(100)


def test_temperature_alone_cannot_change_what_half_costs(findings: Findings) -> None:
    for finding in findings.findings:
        own = finding.losses.loss_at_half_percent["dice"].per_case
        scaled = finding.recalibrated["temperature"].losses.loss_at_half_percent["dice"].per_case
        np.testing.assert_allclose(scaled, own, atol=1e-9)  # the same masks
        for fit in finding.recalibrated.values():  # fitted on others, whose maps fade in the same way
            assert fit.ece_after < fit.ece_before


def test_the_band_is_the_standard_error_over_draws(findings: Findings) -> None:
    (drawn,) = findings.monte_carlo
    values = drawn.draws["dice"]
    assert values.shape == (len(drawn.optimum), drawn.thresholds.size)
    mean = sum(values) / len(values)
    error = np.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1)) / math.sqrt(len(values))
    np.testing.assert_allclose(drawn.curves["dice"].mean, mean)
    np.testing.assert_allclose(drawn.curves["dice"].standard_error, error, atol=1e-12)


def test_prominence_and_optimum_are_correlated_as_pearson_says(findings: Findings) -> None:
    (found, pair) = findings.correlations
    assert found.models == "multi-label"
    x, y = np.array(found.prominence), np.array(found.optimum)
    x, y = x - x.mean(), y - y.mean()
    assert found.r == pytest.approx((x @ y) / math.sqrt((x @ x) * (y @ y)))
    assert 0 < found.p < 1
    assert math.isnan(pair.r)  # two points always lie on a line


def test_the_document_is_json_and_agrees_with_the_tables(findings: Findings) -> None:
    document = json.loads(json.dumps(findings_document(findings), allow_nan=False))
    rows = tables(findings)
    assert len(document["findings"]) == len(findings.findings)
    assert len(rows["thresholds"]) == len(findings.findings) * len(FIGURES)
    assert len(rows["cases"]) == sum(len(f.judged) for f in findings.findings)
    assert len(rows["losses"]) == len(findings.findings) * 3 * (1 + len(PERTURBATIONS)) * len(FIGURES)
    summary = document["summary"]["multi-label"]["loss_at_half_percent"]
    every = np.concatenate([f.losses.loss_at_half_percent["dice"].per_case for f in findings.multi_label()])
    assert summary["dice"]["median"] == pytest.approx(np.median(every), rel=1e-5)  # six digits
    assert (summary["dice"]["n"], summary["hd_mm"]["undefined"]) == (every.size, 1)


def test_a_study_of_one_kind_of_model_has_no_rows_of_the_other() -> None:
    alone = bice_findings(Study(multi_label=False, weights=(0.0,), drawn=()))
    rows = tables(alone)
    assert {row["model"] for row in rows["thresholds"]} == {"Brainstem-lambda-0", "RightParotid-lambda-0"}
    assert "monte_carlo" not in rows
    assert list(findings_document(alone)["summary"]) == ["single-organ, lambda 0"]


@pytest.mark.parametrize(("name", "count"), [("two-cores", 16), ("quick", 7), ("paper", 72)])
def test_named_studies_train_so_many_models(name: str, count: int) -> None:
    models = study_models(read_bice_config(name))
    assert len({model.name for model in models}) == count
    assert models[0].config.model.multi_label
    assert all(len(model.structures) == 1 for model in models[1:])


def test_the_paper_s_study_is_the_paper_s() -> None:
    study = read_bice_config("paper")
    assert (study.epochs, study.draws, study.held_out_share) == (500, 30, 0.2)
    assert study.single == SEVEN
    own = [m for m in study_models(study) if m.name.endswith("lambda-0")]
    assert [m.structures[0] for m in own] == list(SEVEN)
    assert all(m.dice_weight == 0 and m.config.training.batch_size == 64 for m in own)


def test_the_model_at_the_segmenter_s_own_lambda_is_trained_once() -> None:
    study = BiceConfig(single=("Mandible",), series=("mandible", "Larynx"), dice_weights=(0.0, 1.0), draws=2)
    names = [model.name for model in study_models(study)]
    assert names == ["Mandible-lambda-0", "Larynx-lambda-0", "Mandible-lambda-1", "Larynx-lambda-1"]


def test_draws_differ_in_their_patients_alone() -> None:
    one, two = study_models(BiceConfig(single=("Larynx",), dice_weights=(), drawn=("Larynx",), draws=2))[1:]
    assert (one.draw, two.draw) == (Draw(1), Draw(2))
    assert one.config == two.config


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "needs structures"),
        ({"single": ["Larynx", "Larynx"]}, "single names something twice"),
        ({"single": ["Larynx"], "dice_weights": [1.5]}, r"must lie in \[0, 1\]"),
        ({"single": ["Larynx"], "epochs": 0}, "epochs must be at least 1"),
        ({"single": ["Larynx"], "drawn": ["Larynx"], "draws": 1}, "draws must be at least 2"),
        ({"single": ["Larynx"], "held_out_share": 1.0}, "held_out_share"),
        ({"single": ["Larynx"], "organs": ["Larynx"]}, "no setting organs"),
    ],
)
def test_impossible_studies_are_refused_in_a_sentence(settings: dict[str, object], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        bice_config_from({"bice_study": settings})


def test_a_structure_that_the_segmenter_does_not_know_is_refused() -> None:
    with pytest.raises(StructureError, match="prostate"):
        study_models(BiceConfig(single=("prostate",)))


def test_segmenters_must_divide_patients_alike() -> None:
    with pytest.raises(SettingError, match="divide patients differently"):
        study_models(
            BiceConfig(
                segmenter="bice", multi_label_segmenter="hippocampus-slices", multi_label=("hippocampus",)
            )
        )


def test_an_unknown_configuration_names_those_there_are() -> None:
    with pytest.raises(SettingError, match="study-bice-paper, study-bice-quick, study-bice-two-cores"):
        read_bice_config("fast")
