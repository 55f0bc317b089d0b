"""`contourqa dicom`: what DICOM files and reports hold, and contours written as a DICOM segmentation."""

from __future__ import annotations

import typer

from ContourQALib.commands.dicom_list import list_files
from ContourQALib.commands.dicom_report import report
from ContourQALib.commands.dicom_seg import seg

dicom = typer.Typer(
    name="dicom",
    help="Say what DICOM files and reports hold, or write contours and probability maps as a DICOM SEG.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
dicom.command("list")(list_files)
dicom.command("seg")(seg)
dicom.command("report")(report)
