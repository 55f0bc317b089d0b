"""`contourqa pacs`: a DICOMweb archive asked for studies, for one to assess, and given what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ContourQALib.commands.pacs_assess import assess
from ContourQALib.commands.pacs_connection import URL_VARIABLE, Connection
from ContourQALib.commands.pacs_query import query
from ContourQALib.commands.pacs_send import send
from ContourQALib.pacs.credentials import PASSWORD_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE

pacs = typer.Typer(
    name="pacs",
    help="Take a study from a DICOMweb archive, assess its contours, send the results back. Who asks is "
    f"said by {USER_VARIABLE} and {PASSWORD_VARIABLE}, or {TOKEN_VARIABLE}, or asked for at the terminal.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@pacs.callback()
def connect(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", envvar=URL_VARIABLE, help="Root of the DICOMweb service: https://pacs.example/dicom-web."
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file", metavar="PEM", help="Certificates of your clinic's authority, to trust these."
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long the archive may be silent.")
    ] = 60.0,
) -> None:
    """Note which archive the command after this is about."""
    context.obj = Connection(url, ca_file, timeout)


pacs.command()(query)
pacs.command()(assess)
pacs.command()(send)
