"""The study of Geng et al. 2024 end to end: a vendor's model, fine-tuned on local patients, and compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from contourqa_training.finetuning import best_fold
from contourqa_training.geng.config import GengConfig
from contourqa_training.geng.figures import TITLES, draw_curves
from contourqa_training.geng.judging import Judgement, improved
from contourqa_training.geng.models import (
    LFT,
    VPM,
    StudyModel,
    fine_tuned_models,
    scratch_models,
    vendor_model,
)
from contourqa_training.geng.records import curve_rows, enough_record, protocol_rows, question_rows
from contourqa_training.geng.split import ABROAD, HOME, ORGANS, cohort
from contourqa_training.geng.vendor import measure_protocol, write_vendor_cohort
from contourqa_training.segmentation_cases import find_cases, fingerprint
from contourqa_training.segmenter_contours import DrawnContours, draw_contours
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.study_output import Places, Row, write_figure, write_results
from contourqa_training.training_queue import cores, train_side_by_side, workers_of
from ContourQALib.cohort.crew import HowToMeasure
from ContourQALib.cohort.gathering import Gathering
from ContourQALib.cohort.results import CohortResults
from ContourQALib.cohort.run import measure_missing
from ContourQALib.cohort.summary import summarize
from ContourQALib.cohort.tasks import NEEDED, tasks_of
from ContourQALib.commands.cohort import cohort as compare_cohort
from ContourQALib.formats.contours import read_contours
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.formats.output import output_folder
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM

Say = Callable[[str], None]

EXVAL, GENEVA = "ExVal", "GenEva"

COHORT = "cohort"
"""Folder of the report of `contourqa cohort`, in that of the runs."""

TAKEN = ("report.csv", "summary.csv", "tests.csv", "undefined.csv", "table2.csv", "figures")
"""What of that report becomes part of the results: tables and figures; the page stays with the runs."""


def run_study(
    config: GengConfig,
    places: Places,
    *,
    workers: int | None = None,
    skip_bad: bool = False,
    say: Say = lambda _: None,
) -> None:
    """Make the vendor's cohort, train what is not trained yet, contour, compare, and write what came out.

    Args:
        config: which models.
        places: where everything lies; the data must be OpenKBP.
        workers: processes side by side; one a core by default.
        skip_bad: leave out patients whose files cannot be used.
        say: told what is being done.

    Raises:
        SettingError: too few patients, a structure that cannot be learned, or a run of another configuration.
        FormatError: the data cannot be read.
        ModelError: a training was killed.
        OutputError: a folder cannot be written.
    """
    study = config.study
    output_folder(places.output)
    vendor_data = places.runs / "vendor"
    patients = cohort("vendor")[: study.vendor_patients or None]
    write_vendor_cohort(
        places.data, patients, vendor_data, config.vendor, workers=workers or cores(), report=say
    )
    models = _train(config, places, len(patients), workers, skip_bad, say)
    judged = {EXVAL: cohort("exval")[: study.judged], GENEVA: cohort("geneva")[: study.judged]}
    say(f"contouring {sum(map(len, judged.values()))} patients with {len(models)} models")
    with workers_of(workers or cores()) as pool:
        drawn = draw_contours(
            {model.name: model.run for model in models},
            places.data,
            judged,
            places.runs / "contours",
            pool=pool,
            skip_bad=skip_bad,
            report=say,
        )
    say("comparing")
    report = places.runs / COHORT
    compare_cohort(drawn.manifest, model=[VPM, LFT], workers=workers, output=report)
    _take_over(report, places.output)
    results = _measured(drawn.manifest, [model.name for model in models], workers)
    judgement = Judgement(results, models)
    points, questions, enough = judgement.points(), judgement.questions(), judgement.enough()
    effects = measure_protocol(places.data, vendor_data)
    document = {
        "study": asdict(study),
        "vendor": asdict(config.vendor),
        "data": _data(places.data, patients, judged, drawn),
        "models": {model.name: _model(model) for model in models},
        "improved_by_fine_tuning": improved(summarize(results.of_models([VPM, LFT]))),
        "enough_patients": enough_record(enough),
        "vendor_protocol": protocol_rows(effects),
        "curves": curve_rows(points),
        "questions": question_rows(questions),
    }
    rows = {
        "curves": curve_rows(points),
        "questions": question_rows(questions),
        "vendor_protocol": protocol_rows(effects),
    }
    write_results(places.output, document, rows)
    for figure in TITLES:
        write_figure(places.output / f"learning_curves_{figure}.png", draw_curves(points, figure))


def _train(
    config: GengConfig, places: Places, vendor_patients: int, workers: int | None, skip_bad: bool, say: Say
) -> list[StudyModel]:
    """Train everything: first what starts from nothing, then what starts from the vendor's model."""
    local = cohort("local")
    vendor = vendor_model(config.study, vendor_patients, places.runs / "vendor", places.runs)
    scratch = scratch_models(config.study, local, places.runs)
    tuned = fine_tuned_models(config.study, local, places.runs)
    for members in ([vendor, *scratch], tuned):
        trainings = [training for model in members for training in model.trainings]
        say(f"training {len(trainings)} models")
        train_side_by_side(
            trainings, places.data, cache=places.cache, skip_bad=skip_bad, workers=workers, say=say
        )
    for model in tuned:
        if len(model.trainings) > 1:
            best_fold(model.folds, model.run)
    return [vendor, *tuned, *scratch]


def _measured(manifest: Path, models: Sequence[str], workers: int | None) -> CohortResults:
    """Every model of the study against the references."""
    tasks = tasks_of(read_manifest(manifest, NEEDED), models)
    gathering = Gathering(tasks, models, DEFAULT_TOLERANCE_MM)
    how = HowToMeasure(read_contours, DEFAULT_TOLERANCE_MM)
    measure_missing(tasks, gathering, how, workers=workers, report=lambda done, total, what: None)
    return gathering.results()


def _take_over(report: Path, output: Path) -> None:
    """Copy the tables and figures of the cohort's report."""
    for name in TAKEN:
        source, target = report / name, output / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        elif source.is_file():
            shutil.copy(source, target)


def _data(
    data: Path, vendor: Sequence[str], judged: Mapping[str, Sequence[str]], drawn: DrawnContours
) -> Row:
    chosen = {name for members in judged.values() for name in members}
    cases = [case for case in find_cases(data, ORGANS) if case.name in chosen]
    return {
        "name": data.resolve().name,
        "judged_fingerprint": fingerprint(cases),
        "vendor_patients": list(vendor),
        "judged": {dataset: list(members) for dataset, members in judged.items()},
        "in_plane_spacing": {EXVAL: HOME, GENEVA: ABROAD},
        "absent_in_judged": {structure: list(names) for structure, names in drawn.absent.items()},
        "skipped": dict(drawn.skipped),
    }


def _model(model: StudyModel) -> Row:
    opened: SegmenterModel = open_segmenter(model.run)
    kept = (
        "epochs",
        "stored_after_epoch",
        "stored_loss",
        "slices",
        "precision",
        "class_weights",
        "started_from",
        "data_fingerprint",
        "absent",
        "skipped",
    )
    return {
        "weights": model.kind,
        "patients": {"train": list(opened.patients.train), "choose": list(opened.patients.choose)},
        **{name: opened.facts.get(name) for name in kept},
        "config": opened.config.to_dict(),
    }
