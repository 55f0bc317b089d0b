"""`contourqa workstation`: cases in a browser, from the worklist to a decision that is kept."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.options import (
    AcceptOption,
    ColorTableOption,
    LabelsOption,
    MergeOption,
    ModelOption,
    NamesOption,
    RejectOption,
    SeriesOption,
)
from ContourQALib.commands.printing import say
from ContourQALib.commands.workstation_source import PHANTOM_MODEL, CaseFilesGiven, phantom_case, write_case
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.quality.model import find_model
from ContourQALib.quality.verdict import Levels
from ContourQALib.workstation.cases.case_list import CaseList, list_cases
from ContourQALib.workstation.errors import WorkstationError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from ContourQALib.workstation.settings import DEFAULT_PORT, LOCAL_HOST, Settings

NEEDED = ("trame", "trame_slicer", "trame_vuetify", "trame_plotly", "slicer", "torch", "safetensors")
"""Packages of the extra that are looked for, without importing them."""

RESULTS = Path("contourqa-workstation")
IDLE_MIN = 30
"""With --users: a browser that was closed, or lost its network for so long, does not come back."""

SECONDS = 60


def workstation(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER_OR_MANIFEST", help="Folder of cases, or a manifest (CSV); a phantom without one."
        ),
    ] = None,
    image: Annotated[
        Path | None, typer.Option("--image", help="One case instead: its image, with --contours.")
    ] = None,
    contours: Annotated[
        Path | None, typer.Option("--contours", help="The contours of the one case to look at.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Contours of the one case held to be right.")
    ] = None,
    probability: Annotated[
        list[str] | None,
        typer.Option(
            "--probability", metavar="[NAME=]PATH", help="Probability map of the one case; repeatable."
        ),
    ] = None,
    series: SeriesOption = None,
    results: Annotated[
        Path,
        typer.Option("--results", metavar="FOLDER", help="Keeps decisions and assessments; made if missing."),
    ] = RESULTS,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            "--folder",
            metavar="FOLDER",
            help="Another folder that may be read, such as that of a manifest's images; repeatable.",
        ),
    ] = None,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    color_table: ColorTableOption = None,
    names: NamesOption = None,
    model: ModelOption = None,
    second: Annotated[
        str,
        typer.Option(
            "--second",
            metavar="NAME",
            help="The cases' model whose contours are shown to the model as second segmentations.",
        ),
    ] = "",
    accept: AcceptOption = Levels.accept,
    reject: RejectOption = Levels.reject,
    reader: Annotated[str, typer.Option("--reader", help="Who decides; can be said on the page.")] = "",
    my_call_first: Annotated[
        bool, typer.Option("--my-call-first", help="Hide every score until the reader has decided.")
    ] = False,
    cohort: Annotated[
        Path | None,
        typer.Option("--cohort", metavar="FOLDER", help="Report folder of contourqa cohort to browse."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", help=f"0 for any free one; else {DEFAULT_PORT}, or the next that is free."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Interface to listen on.")] = LOCAL_HOST,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="With --host: let other machines in, without encryption.")
    ] = False,
    users: Annotated[
        int | None,
        typer.Option(
            "--users",
            metavar="N",
            min=1,
            max=64,
            help="Several readers at a time: a process for each browser, on the N ports after --port.",
        ),
    ] = None,
    idle_minutes: Annotated[
        int | None,
        typer.Option(
            "--idle-minutes",
            min=0,
            help=f"Stop after so long without a browser, 0 for never; with --users a reader's process, "
            f"{IDLE_MIN} by default.",
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Open cases in a browser: worklist, review, compare, thresholds, cohort, teach.

    Prints the address, whose token lets in whoever has it; Ctrl-C stops. Only folders named here are read.
    Every decision is kept in decisions.sqlite of the results folder. Without files a phantom is opened.
    """
    from ContourQALib.workstation.serving.listening import check_host

    require_packages()
    check_host(host, allow_remote)
    naming = LabelNaming(labels, merge, color_table, names)
    naming.check()
    naming.check_used([contours, reference])
    given = CaseFilesGiven(image, contours, reference, tuple(probability or ()), naming, series)
    settings = Settings(
        results=results,
        folders=tuple(folder or ()),
        model=model,
        second=second,
        naming=naming,
        levels=Levels(accept, reject),
        reader=reader,
        call_first=my_call_first,
        cohort=cohort,
        host=host,
        open_browser=not no_browser,
        idle_s=SECONDS * (idle_minutes if idle_minutes is not None else IDLE_MIN if users else 0),
    )
    listed = _check_inputs(settings, source, given)
    settings = replace(settings, port=free_port(host, port))
    serve(_with_source(settings, source, given), users, listed)


def serve(settings: Settings, users: int | None = None, listed: CaseList | None = None) -> None:
    """Serve a workstation, or one for each reader, until it is stopped.

    Args:
        settings: with a port that is free.
        users: how many readers at a time; None for one workstation.
        listed: the cases of the settings' source, where they were found before.
    """
    if users is not None:
        from ContourQALib.workstation.serving.front_door import serve_users

        serve_users(settings, users, lambda address: _announce(address, settings))
        return
    from ContourQALib.workstation.application import Workstation
    from ContourQALib.workstation.serving.server_run import leave, run

    run(lambda: Workstation(settings, listed=listed), lambda address, _: _announce(address, settings))
    leave()


def _announce(address: str, settings: Settings) -> None:
    """The address alone on standard output, for a script that waits for it."""
    typer.echo(f"ContourQA workstation: {address}")
    say(f"Decisions are kept in {settings.results / 'decisions.sqlite'}. Ctrl-C stops.")


def require_packages() -> None:
    """See that the workstation can be opened here.

    Raises:
        WorkstationError: packages are missing.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise WorkstationError(
            f"The workstation needs packages that are not installed ({', '.join(missing)}); "
            "install them with pip install 'contourqa[workstation]'."
        )


def free_port(host: str, port: int | None) -> int:
    """The port to take; told where it is another than the usual one.

    Raises:
        SettingError: the port asked for is used.
    """
    from ContourQALib.workstation.serving.listening import choose_port

    chosen = choose_port(host, port, DEFAULT_PORT)
    if port is None and chosen != DEFAULT_PORT:
        say(f"Port {DEFAULT_PORT} is used by another program; {chosen} is taken instead.")
    return chosen


def _check_inputs(settings: Settings, source: Path | None, given: CaseFilesGiven) -> CaseList | None:
    """Find out what is wrong with the command line before seconds go by to load the workstation.

    Returns:
        The cases of the source, where one was named.

    Raises:
        SettingError: source and files of one case were both named.
        FormatError: a folder does not exist, or there is no case in it.
        ModelError: there is no such model.
    """
    if source is not None and given:
        raise SettingError(f"Name the folder {source} or the files of one case (--image …), not both.")
    for path in (source, settings.cohort, *settings.folders):
        if path is not None and not path.exists():
            raise FormatError(f"{path} does not exist; check its spelling.")
    if settings.second and source is None:
        raise SettingError("--second names a model of a folder's or a manifest's cases; name one of these.")
    if settings.model is not None:
        find_model(settings.model)
    if source is None:
        return None
    listed = list_cases(source, AllowedFolders(replace(settings, source=source).readable))
    _check_second(listed, settings.second)
    return listed


def _check_second(listed: CaseList, second: str) -> None:
    models = dict.fromkeys(model for case in listed.cases for model in case.models)
    if second and second not in models:
        there = ", ".join(models) or "none"
        raise SettingError(
            f"No case of {listed.source} has a model {second} for --second; there are {there}."
        )


def _with_source(settings: Settings, source: Path | None, given: CaseFilesGiven) -> Settings:
    """The settings with what is opened: what was named, the files of one case, or a phantom."""
    if source is not None:
        return replace(settings, source=source)
    if given:
        manifest, files = write_case(given, settings.results)
        return replace(settings, source=manifest, folders=(*settings.folders, *files))
    folder, name = phantom_case(settings.results)
    return replace(settings, source=folder, models={name: settings.model or PHANTOM_MODEL})
