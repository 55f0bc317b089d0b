"""The study of Bice et al. 2021 end to end: train, choose thresholds, judge, and write what came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from contourqa_training.bice.config import BiceConfig
from contourqa_training.bice.examples import draw_examples, make_example
from contourqa_training.bice.figures import draw_figures
from contourqa_training.bice.findings import Findings
from contourqa_training.bice.judging import judge, pools_of, thresholds_to_judge
from contourqa_training.bice.measuring import Measurements, measure, prominence
from contourqa_training.bice.models import study_models
from contourqa_training.bice.records import findings_document, tables
from contourqa_training.patients import DRAWN, patients_of_split
from contourqa_training.segmentation_cases import find_cases
from contourqa_training.segmenter_model import SegmenterModel, open_segmenter
from contourqa_training.segmenter_predict import patients_to_predict
from contourqa_training.study_output import Places, Row, write_figure, write_results
from contourqa_training.training_queue import Training, cores, train_side_by_side, workers_of
from ContourQALib.errors import SettingError
from ContourQALib.formats.output import output_folder
from ContourQALib.formats.recommendation import write_recommendation
from ContourQALib.thresholds.recommendation import recommend

Say = Callable[[str], None]
CHOOSE = "choose"


def run_study(
    study: BiceConfig,
    places: Places,
    *,
    split: str = "test",
    workers: int | None = None,
    skip_bad: bool = False,
    say: Say = lambda _: None,
) -> Findings:
    """Train what is not trained yet, measure, and write results.json, tables and figures.

    Args:
        study: which models.
        places: where everything lies.
        split: the patients judged; "test" is looked at once, "choose" chose the thresholds as well.
        workers: processes side by side; one a core by default.
        skip_bad: leave out patients whose files cannot be used.
        say: told what is being done.

    Raises:
        SettingError: too few patients, a structure that cannot be learned, or a run of another configuration.
        FormatError: the data cannot be read.
        OutputError: a folder cannot be written.
    """
    models = study_models(study)
    structures = list(dict.fromkeys(name for model in models for name in model.structures))
    cases = find_cases(places.data, structures)
    there = [case.name for case in cases]
    _check_split(models[0].config.model.split, split, there)
    output_folder(places.output)
    trainings = [Training(m.name, m.config, places.runs / m.name, m.draw) for m in models]
    say(f"training {len(models)} models")
    train_side_by_side(
        trainings, places.data, cache=places.cache, skip_bad=skip_bad, workers=workers, say=say
    )
    trained = {training.name: open_segmenter(training.run) for training in trainings}

    of_split = {model.name: trained[model.name] for model in models if not model.draw}
    first = next(iter(of_split.values()))
    judged_patients = patients_to_predict(first, there, split)
    choosing = {name: model.patients.choose for name, model in of_split.items()}
    held_out = {model.name: trained[model.name].patients.held_out for model in models if model.draw}
    with workers_of(workers or cores()) as pool:
        say("measuring the validation patients and those that draws held out")
        measured = measure(trained, choosing | held_out, places.data, pool=pool, skip_bad=skip_bad, say=say)
        validated = [m for m in measured.measured if m.model in of_split]
        validation = pools_of(validated)
        say(f"judging {len(judged_patients)} {split} patients")
        judged = measure(
            of_split,
            dict.fromkeys(of_split, judged_patients),
            places.data,
            pool=pool,
            thresholds=thresholds_to_judge(validation),
            skip_bad=skip_bad,
            say=say,
        )
        shares = prominence(first.patients.train, structures, places.data, pool)
    drawn = [m for m in measured.measured if m.model in held_out]
    findings = judge(models, validation, validated, judged.measured, shares, drawn)
    say("writing tables and figures")
    document = {
        "study": asdict(study),
        "data": _data(places.data, trained, of_split, judged_patients, split, judged),
        "models": {name: _model(model) for name, model in trained.items()},
        **findings_document(findings),
    }
    write_results(places.output, document, tables(findings))
    draw_figures(places.output, findings)
    shown = findings.multi_label() or findings.papers()
    source = {"study": study.name, "models": sorted({f.model for f in shown})}
    write_recommendation(
        recommend({f.structure: f.validation for f in shown}, source),
        places.output / "recommended_thresholds.json",
    )
    made = (make_example(f, trained[f.model], validated, cases) for f in shown)
    pictures = draw_examples([e for e in made if e], "Validation patients of middling Dice")
    if pictures is not None:
        write_figure(places.output / "examples.png", pictures)
    return findings


def _check_split(division: str, split: str, there: Sequence[str]) -> None:
    """See before hours of training that there is somebody to judge.

    Raises:
        SettingError: there is nobody.
    """
    if division != DRAWN:
        patients_of_split(there, division, split)
    elif split != CHOOSE:
        raise SettingError(
            f"Of drawn patients there are no {split} ones; judge those that choose (--split {CHOOSE})."
        )


def _data(
    folder: Path,
    trained: Mapping[str, SegmenterModel],
    of_split: Mapping[str, SegmenterModel],
    judged_patients: Sequence[str],
    split: str,
    judged: Measurements,
) -> Row:
    first = next(iter(of_split.values()))
    measured = {(m.structure, m.patient) for m in judged.measured}
    structures = sorted({structure for structure, _ in measured})
    fingerprints = {model.facts["data_fingerprint"] for model in trained.values()}
    absent: dict[str, list[str]] = {}
    for model in trained.values():
        absent.update(model.facts["absent"])
    return {
        "name": folder.resolve().name,
        "fingerprints": sorted(fingerprints),
        "patients": {
            "train": len(first.patients.train),
            "choose": len(first.patients.choose),
            "judged": len(judged_patients),
        },
        "judged_split": split,
        "absent_in_training_or_choosing": absent,
        "absent_in_judged": {s: [p for p in judged_patients if (s, p) not in measured] for s in structures},
        "skipped": {**first.facts["skipped"], **judged.skipped},
    }


def _model(model: SegmenterModel) -> Row:
    kept = ("epochs", "stored_after_epoch", "slices", "precision", "fold", "data_fingerprint")
    return {
        **{name: model.facts.get(name) for name in kept},
        "config": model.config.to_dict(),
    }
