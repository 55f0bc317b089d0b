"""`contourqa thresholds`: how a contour hangs on the threshold of the probability map it is cut from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ContourQALib.case import Image
from ContourQALib.commands.applied_thresholds import By, apply_recommended
from ContourQALib.commands.options import (
    ColorTableOption,
    Format,
    FormatOption,
    LabelsOption,
    MergeOption,
    NamesOption,
    OutputOption,
    SeriesOption,
    StructureOption,
)
from ContourQALib.commands.printing import print_result, progress, say
from ContourQALib.commands.reading import (
    CaseReading,
    contours_input,
    image_file,
    map_files,
    readable_image,
)
from ContourQALib.commands.saving import check_folder, save_study
from ContourQALib.commands.threshold_cases import (
    NEEDED,
    References,
    Task,
    run,
    tasks_of_manifest,
    tasks_of_maps,
)
from ContourQALib.errors import ContourQAError, FormatError, SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.manifest import read_manifest
from ContourQALib.metrics.definitions import DEFAULT_TOLERANCE_MM
from ContourQALib.metrics.surface import check_tolerance
from ContourQALib.report.provenance import InputFile, Provenance
from ContourQALib.report.threshold_records import study_document, study_rows
from ContourQALib.report.threshold_tables import print_study
from ContourQALib.thresholds.cases import ThresholdCase, ThresholdStudy, Unpaired, study
from ContourQALib.thresholds.levels import DEFAULT_STEPS, checked, equal_steps
from ContourQALib.thresholds.sweep import ThresholdSweep, sweep


def thresholds(
    probability: Annotated[
        list[str] | None,
        typer.Option(
            "--probability",
            metavar="[NAME=]PATH",
            help="Probability map of one structure, found by its file's name or by NAME; repeat it for more.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", help="Contours held to be right, on the grid that counts."),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option("--cases", help="Manifest (CSV) of many: case, structure, reference, probability."),
    ] = None,
    structure: StructureOption = None,
    steps: Annotated[
        int, typer.Option("--steps", help="Equally spaced thresholds from 0 to 1.")
    ] = DEFAULT_STEPS,
    threshold_list: Annotated[
        str | None,
        typer.Option("--threshold-list", metavar="0.1,0.2", help="These thresholds instead, increasing."),
    ] = None,
    tolerance_mm: Annotated[
        float, typer.Option("--tolerance-mm", help="Tolerance of surface Dice, mm.")
    ] = DEFAULT_TOLERANCE_MM,
    image: Annotated[
        Path | None,
        typer.Option(
            "--image",
            help="Image to show under the outlines of the report; an RTSTRUCT becomes voxels on its grid.",
        ),
    ] = None,
    series: SeriesOption = None,
    apply: Annotated[
        Path | None,
        typer.Option(
            "--apply",
            metavar="JSON",
            help="Without a reference: cut each map at the threshold that this recommended_thresholds.json, "
            "written by --cases -o, names for its structure.",
        ),
    ] = None,
    by: Annotated[
        By | None, typer.Option("--by", help="The figure whose threshold --apply takes; Dice by default.")
    ] = None,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    form: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare a probability map with a reference at every threshold, exactly.

    Says which threshold is best for Dice, MSD, HD and HD95, what 0.5 and small deviations from the best cost,
    and how well the map is calibrated; over several cases also which threshold to recommend. A case of a
    manifest that cannot be analyzed is listed as failed, and the others go on. With --apply, maps without a
    reference are cut at the thresholds that a manifest's cases recommended.
    """
    if apply is not None:
        unused = {
            "--reference": reference is not None,
            "--cases": cases is not None,
            "--steps": steps != DEFAULT_STEPS,
            "--threshold-list": threshold_list is not None,
            "--tolerance-mm": tolerance_mm != DEFAULT_TOLERANCE_MM,
            "--labels": labels is not None,
            "--merge": merge is not None,
            "--color-table": color_table is not None,
            "--names": names is not None,
        }
        for option in (name for name, given in unused.items() if given):
            raise SettingError(f"--apply cuts maps that have no reference; leave out {option}.")
        figure, wanted = by or By.DICE, structure or []
        apply_recommended(probability or (), apply, figure, wanted, image, series, form, output)
        return
    if by is not None:
        raise SettingError("--by chooses which threshold --apply takes; add --apply or leave it out.")
    swept = equal_steps(steps) if threshold_list is None else _listed(threshold_list)
    check_tolerance(tolerance_mm)
    naming = LabelNaming(labels, merge, color_table, names)
    references = References(naming, quiet=cases is not None)
    wanted = [naming.structure(name) for name in structure or ()]
    shown: Image | None = None
    lone: Sequence[Unpaired] = ()
    if cases is not None:
        if probability or reference or image or series:
            raise SettingError("--cases names maps, references and images itself; leave out the others.")
        tasks = tasks_of_manifest(read_manifest(cases, NEEDED).called(naming.structure), wanted)
        naming.check_used(task.reference for task in tasks)
    else:
        if not probability or reference is None:
            raise SettingError("Name --probability and --reference, or --cases for a manifest of many.")
        naming.check_used([reference])
        shown = CaseReading(naming, series).image(image, [reference]) if image else None
        tasks, lone = tasks_of_maps(
            map_files(probability, naming), reference, image, wanted, references, series
        )
    if output is not None:
        check_folder(output)
    by_key = {task.key: task for task in tasks}

    def further(case: ThresholdCase, more: np.ndarray) -> ThresholdSweep:
        task = by_key[case.case, case.structure]
        return sweep(task.read_map(), references.of_task(task), more, tolerance_mm)

    def image_of(case: ThresholdCase) -> Image | None:
        if cases is None:
            return shown
        task = by_key[case.case, case.structure]
        return readable_image(task.image, task.series, [task.reference])

    with progress("Sweeping") as report:
        done = run(
            tasks,
            references,
            swept,
            tolerance_mm,
            keep_contours=output is not None,
            go_on=cases is not None,
            report=report,
        )
        result = replace(study(done, lone, further), left_out=tuple(references.left_out))
    if not result.analyses:
        raise FormatError(f"No case of {cases} could be analyzed; the first: {result.cases[0].reason}")
    settings = {
        "thresholds": steps if threshold_list is None else swept.tolist(),
        "tolerance_mm": tolerance_mm,
        "structures": list(wanted),
        **naming.settings(),
    }
    provenance = Provenance.of(_inputs(result, by_key, cases), settings)
    if output is not None:
        save_study(
            output, result, image_of, lambda case: by_key[case.case, case.structure].patient, provenance
        )
    if cases is not None and not result.pooled:
        say("No threshold is recommended: that takes two analyzed cases of a structure.")
    print_result(
        form,
        table=lambda console: print_study(console, result),
        document=study_document(result, provenance),
        rows=study_rows(result),
    )


def _listed(text: str) -> np.ndarray:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingError(
            f'--threshold-list "{text}" is not a list of numbers; write them as 0.1,0.2,0.3.'
        ) from error
    return checked(values)


def _inputs(
    result: ThresholdStudy, by_key: dict[tuple[str, str], Task], manifest: Path | None
) -> list[Path | InputFile]:
    """The files that were read; those of cases that failed, and images, may not even exist."""
    read: dict[Path, InputFile] = {}
    for task in [by_key[case.case, case.structure] for case in result.cases if case.analysis is not None]:
        for path in (task.reference, task.probability):
            if path not in read:
                read[path] = contours_input(path)
        if task.image is not None and task.image not in read:
            with suppress(ContourQAError):  # a picture's background, of which readable_image tells
                read[task.image] = image_file(task.image, task.series, [task.reference])
    return [*([manifest] if manifest else []), *read.values()]
