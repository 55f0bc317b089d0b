"""The command `contourqa-train evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.options import Format, FormatOption, LabelsOption, MergeOption

ModelOption = Annotated[
    str, typer.Option("--model", metavar="NAME", help="A bundled model, or a bundle's folder.")
]


def evaluate(
    model: ModelOption,
    manifest: Annotated[
        Path,
        typer.Option(
            "--manifest",
            metavar="MANIFEST.csv",
            help="CSV with the columns case, image, contour, reference; patient, structure, stratum, "
            "probability where there are. Paths are relative to it.",
        ),
    ],
    stratum: Annotated[
        list[str] | None,
        typer.Option("--stratum", metavar="NAME", help="Only this stratum; give the option again for more."),
    ] = None,
    second: Annotated[
        list[str] | None,
        typer.Option("--second", metavar="COLUMN", help="A column of second segmentations; repeatable."),
    ] = None,
    ablation: Annotated[
        list[str] | None,
        typer.Option(
            "--ablation",
            metavar="image-only|mask-only",
            help="Also ask the same weights without the contour, or without the image.",
        ),
    ] = None,
    cost: Annotated[bool, typer.Option("--cost/--no-cost", help="Whether to time the model.")] = True,
    write_card: Annotated[
        bool, typer.Option("--write-card", help="Also write the figures into the model's card.")
    ] = False,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    form: FormatOption = Format.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Also write report.html, evaluation.json, tables, figures.",
        ),
    ] = None,
) -> None:
    """Judge a quality model on contours whose references exist: every stratum beside every baseline.

    Rows without a stratum are one, called all. Baselines that come with the bundle were fitted to training
    patients; without them they are fitted to the manifest's other patients, and the report says so.
    """
    from contourqa_training.evaluation.card import write_card_figures
    from contourqa_training.evaluation.document import flat_rows
    from contourqa_training.evaluation.measuring import Ablation
    from contourqa_training.evaluation.run import Request
    from contourqa_training.evaluation.run import evaluate as run
    from contourqa_training.evaluation.tables import print_evaluation
    from ContourQALib.commands.printing import print_result, progress, say
    from ContourQALib.errors import SettingError
    from ContourQALib.formats.label_naming import LabelNaming
    from ContourQALib.formats.output import output_folder
    from ContourQALib.quality.model import find_model

    known = [str(one) for one in Ablation]
    wrong = [name for name in ablation or () if name not in known]
    if wrong:
        raise SettingError(f"There is no ablation {wrong[0]!r}; choose {' or '.join(known)}.")
    if output is not None:
        output_folder(output)
    request = Request(
        model=find_model(model),
        manifest=manifest,
        naming=LabelNaming(labels, merge),
        seconds=tuple(dict.fromkeys(second or ())),
        strata=tuple(stratum or ()),
        ablations=tuple(dict.fromkeys(map(Ablation, ablation or ()))),
        cost=cost,
    )
    with progress("Measuring") as tell:
        found = run(request, tell, lambda what: tell(0, 0, what))
    if output is not None:
        from contourqa_training.evaluation.page import write_evaluation

        say(f"Wrote {write_evaluation(output, found)}.")
    if write_card:
        write_card_figures(request.model.folder, found.document)
    print_result(
        form,
        table=lambda console: print_evaluation(console, found.document),
        document=found.document,
        rows=flat_rows(found.document),
    )
