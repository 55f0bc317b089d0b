"""Evaluate: a bundle and a manifest in, the contours, groups and document of an evaluation out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contourqa_training.evaluation.baselines import BASELINES_FILE, TREES_FILE, Baselines
from contourqa_training.evaluation.bootstrap import DRAWS
from contourqa_training.evaluation.contours import EvaluatedContour
from contourqa_training.evaluation.cost import measure_cost
from contourqa_training.evaluation.document import groups_of, plain, settings_record, stratum_record
from contourqa_training.evaluation.judging import Group
from contourqa_training.evaluation.measuring import Ablation, Measuring, Say, evaluate_contours
from contourqa_training.evaluation.reading import read_by_image, read_tasks
from ContourQALib.errors import ModelError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.metrics.definitions import Status
from ContourQALib.quality.calibration import CALIBRATION_FILE, Calibration, digest_of
from ContourQALib.quality.card import verify_files
from ContourQALib.quality.model import WEIGHTS_FILE, QualityModel
from ContourQALib.report.provenance import Provenance, model_record, provenance_record


@dataclass(frozen=True)
class Request:
    """What is to be evaluated.

    Attributes:
        model: the bundle.
        manifest: the contours.
        naming: how labels of contour files become structures.
        seconds: columns of further segmentations; the first is the model's hint where there is no map.
        strata: only these; all where empty.
        ablations: which are made.
        cost: whether to time the model.
        draws: of the bootstrap.
    """

    model: QualityModel
    manifest: Path
    naming: LabelNaming
    seconds: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    ablations: tuple[Ablation, ...] = ()
    cost: bool = True
    draws: int = DRAWS


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came out.

    Attributes:
        contours: every contour, in the manifest's order.
        groups: by stratum.
        document: what evaluation.json holds.
        provenance: where it comes from.
    """

    contours: list[EvaluatedContour]
    groups: dict[str, Group]
    document: dict[str, Any]
    provenance: Provenance


def evaluate(
    request: Request, say: Say | None = None, stage: Callable[[str], None] | None = None
) -> Evaluation:
    """Measure, predict and judge every contour of a manifest.

    Args:
        request: what to evaluate.
        say: told of the progress over contours.
        stage: told what is done after that.

    Raises:
        FormatError, GeometryError, StructureError, SettingError: the manifest or a file in it is of no use.
        ModelError: the bundle is incomplete, altered, or its calibration another model's.
    """
    model = request.model
    verify_files(model.folder, model.card)
    calibration, baselines = bundle_calibration(model), bundle_baselines(model)
    tasks = read_tasks(request.manifest, model.card, request.seconds, request.strata)
    how = Measuring(
        model=model,
        calibration=calibration,
        naming=request.naming,
        seconds=request.seconds,
        hint=request.seconds[0] if request.seconds else "",
        ablations=request.ablations,
        volumes_cc=baselines.volumes_cc if baselines else None,
    )
    contours = evaluate_contours(tasks, how, say)
    judged = groups_of(contours, baselines, request.draws)
    strata: dict[str, Any] = {}
    for name, (group, source) in judged.items():
        if stage:
            stage(f"stratum {name}: {len(group.contours)} contours")
        empty = sum(c.stratum == name and c.status is Status.BOTH_EMPTY for c in contours)
        strata[name] = stratum_record(group, source, calibration, empty)
    settings = settings_record(request.seconds, request.ablations, request.draws)
    provenance = Provenance.of([request.manifest], settings, model.identity)
    document: dict[str, Any] = {
        "model": model_record(model.identity),
        "contours": len(contours),
        "patients": len({c.patient for c in contours}),
        "unknown_structure": sum(task.structure is None for task in tasks),
        "both_empty": sum(c.status is Status.BOTH_EMPTY for c in contours),
        "calibrated": calibration is not None,
        "strata": strata,
        "cost": _cost(request, how, contours) if request.cost else None,
        "provenance": provenance_record(provenance),
    }
    groups = {name: group for name, (group, _) in judged.items()}
    return Evaluation(contours, groups, plain(document), provenance)


def bundle_calibration(model: QualityModel) -> Calibration | None:
    """The calibration that a bundle's card lists; None without one.

    Raises:
        ModelError: it is another model's, or damaged.
    """
    if CALIBRATION_FILE not in model.card.files:
        return None
    return Calibration.read(model.folder / CALIBRATION_FILE, digest_of(model.folder / WEIGHTS_FILE))


def bundle_baselines(model: QualityModel) -> Baselines | None:
    """The baselines that a bundle's card lists; None without them.

    Raises:
        ModelError: only one of their two files is listed, or they are damaged.
    """
    listed = [name for name in (BASELINES_FILE, TREES_FILE) if name in model.card.files]
    if not listed:
        return None
    if len(listed) == 1:
        raise ModelError(
            f"The card of the model {model.card.name} lists {listed[0]} without the other baseline file; "
            "install the model again."
        )
    return Baselines.read(model.folder)


def _cost(request: Request, how: Measuring, contours: Sequence[EvaluatedContour]) -> dict[str, Any] | None:
    """The cost of predicting the first contour that is not empty."""
    first = next((c for c in contours if c.status in (Status.OK, Status.REFERENCE_EMPTY)), None)
    if first is None:
        return None
    tasks = read_tasks(request.manifest, request.model.card, request.seconds, (first.stratum,))
    task = next(t for t in tasks if (t.row.case, t.structure) == (first.case, first.structure))
    image, rows = next(read_by_image([task], how.naming, how.seconds, 1))
    return measure_cost(request.model, image, rows[0].contour)
