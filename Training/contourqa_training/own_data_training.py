"""Train, calibrate and judge a quality model of a folder of one's own, every stage resumed where it stood."""

from __future__ import annotations

from pathlib import Path

from contourqa_training.bundle import update_card
from contourqa_training.error_config import read_error_config
from contourqa_training.error_finishing import finish_bundle
from contourqa_training.error_training import train_error_model
from contourqa_training.evaluation.bootstrap import DRAWS
from contourqa_training.evaluation.card import write_card_figures
from contourqa_training.library import TABLE, ContourLibrary
from contourqa_training.library_building import build_library
from contourqa_training.library_config import LibrarySettings, read_library_config
from contourqa_training.library_export import MANIFEST, export_library
from contourqa_training.natural_contours import fold_runs
from contourqa_training.own_data import LIBRARY, MODEL
from contourqa_training.own_data_measures import Say
from contourqa_training.own_data_run import EVALUATION, Asked, OwnRun, plan_own_data
from contourqa_training.segmenter import is_finished
from contourqa_training.segmenter_config import read_segmenter_config
from contourqa_training.segmenter_model import open_segmenter
from ContourQALib.errors import SettingError
from ContourQALib.quality.calibration import CALIBRATION_FILE, Calibration
from ContourQALib.quality.card import CARD_FILE
from ContourQALib.quality.intervals import FEWEST_PATIENTS, too_few
from ContourQALib.quality.model import find_model

DOCUMENT = "evaluation.json"


def train_own_data(
    data: Path,
    run: OwnRun,
    asked: Asked,
    *,
    workers: int,
    threads: int | None = None,
    draws: int = DRAWS,
    say: Say = lambda _: None,
) -> Path:
    """From images and approved contours to a calibrated model and the report on patients it never saw.

    Started again after a kill, the same call goes on; finished stages are not done anew.

    Args:
        data: images/, labels/ and labels.csv, or another layout of `find_cases` whose labels have names.
        run: where everything goes.
        asked: what the user said.
        workers: processes that train segmentation networks and draw contours.
        threads: threads of torch for the quality model; its own choice without.
        draws: of the report's bootstrap.
        say: told what is being done.

    Returns:
        The model's folder.

    Raises:
        ContourQAError: see `plan_own_data`; a configuration of the plan was changed into one that cannot be
            used, or after it had been trained with.
    """
    plan_own_data(data, run, asked, say)
    say(f"the plan lies in {run.plan}")
    library = run.folder / "contours"
    if not run.is_done("contours", library / TABLE):
        _build(data, run, library, workers, say)
        _check_drawn(ContourLibrary.open(library), run)
        run.finish("contours")
    if not run.is_done("model", run.bundle / CARD_FILE):
        _train(run, ContourLibrary.open(library), threads, say)
        run.finish("model")
    manifest = run.folder / "cases" / MANIFEST
    if not run.is_done("cases", manifest):
        say("writing the test patients' contours")
        export_library(ContourLibrary.open(library), manifest.parent, "test")
        run.finish("cases")
    if not run.is_done(EVALUATION, run.evaluation / DOCUMENT):
        _evaluate(run, manifest, draws, say)
        run.finish(EVALUATION)
    return run.bundle


def _build(data: Path, run: OwnRun, library: Path, workers: int, say: Say) -> None:
    settings = read_library_config(run.toml(LIBRARY))
    runs = run.folder / "segmenters"
    _check_segmenters(settings, runs)
    say("training the segmentation networks out of fold, and drawing every patient's contours")
    build_library(
        settings,
        data,
        library,
        runs=runs,
        cache=run.folder / "cache",
        workers=workers,
        say=say,
    )


def _check_drawn(library: ContourLibrary, run: OwnRun) -> None:
    """See that the networks drew every structure in patients to learn from and to choose by."""
    for structure in library.structures:
        drawn = {
            c.split for c in library.contours if (c.structure, c.stratum) == (structure, "N") and c.volume_cc
        }
        lacking = [part for part in ("train", "choose") if part not in drawn]
        if lacking:
            raise SettingError(
                f"The segmentation networks drew no {structure} in the patients who {lacking[0]}; raise "
                f"their epochs in {run.plan}, and remove {run.folder / 'segmenters'} and {library.folder}."
            )


def _check_segmenters(settings: LibrarySettings, runs: Path) -> None:
    """Refuse segmentation networks that were trained by another plan."""
    for name in settings.segmenters:
        wanted = read_segmenter_config(name).to_dict()
        for run in fold_runs(settings, name, runs).values():
            if is_finished(run) and open_segmenter(run).config.to_dict() != wanted:
                raise SettingError(
                    f"{run} was trained with other settings than {name} has; remove it, or put the file back."
                )


def _train(run: OwnRun, library: ContourLibrary, threads: int | None, say: Say) -> None:
    config = read_error_config(run.toml(MODEL))
    epochs = config.training.epochs
    say("training the quality model")
    train_error_model(
        config,
        library,
        run.bundle.parent,
        threads=threads,
        progress=False,
        report=lambda epoch, mae: say(f"epoch {epoch} of {epochs}, error of Dice {mae:.4f}"),
    )
    finish_bundle(run.bundle, library, say)
    for known in Calibration.read(run.bundle / CALIBRATION_FILE).structures:
        if known.patients < FEWEST_PATIENTS:
            say(f"{known.structure}: {too_few(known.patients).reason}")


def _evaluate(run: OwnRun, manifest: Path, draws: int, say: Say) -> None:
    from contourqa_training.evaluation.page import write_evaluation
    from contourqa_training.evaluation.run import Request, evaluate
    from ContourQALib.formats.label_naming import LabelNaming

    say("judging the model on the test patients")
    request = Request(find_model(str(run.bundle)), manifest, LabelNaming(), ("second",), draws=draws)
    found = evaluate(request, stage=say)
    write_evaluation(run.evaluation, found)
    write_card_figures(run.bundle, found.document)
    skill = found.document["strata"]["N"]["together"]["predictors"]["model"]["dice"].get("skill")
    better = skill is not None and skill > 0
    update_card(run.bundle, {"status": "released" if better else "preview"})
    if not better:
        say("on natural contours the model is no better than a constant: its card says preview")
