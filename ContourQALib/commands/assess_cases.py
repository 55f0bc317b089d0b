"""`contourqa assess --cases`: the contours of many cases, assessed one after the other and kept as they are.

With a folder every case is written down as soon as it is assessed, its pictures before it: after a kill the
same command goes on from there and ends with the same files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import typer

from ContourQALib.case import Contour, Image
from ContourQALib.cohort.file_stamp import state_of
from ContourQALib.cohort.line_journal import LineJournal
from ContourQALib.commands.how_to_assess import HowToAssess
from ContourQALib.commands.options import Format
from ContourQALib.commands.printing import print_result, progress, say
from ContourQALib.commands.reading import CaseReading, contours_input, image_input
from ContourQALib.commands.worklist_saving import FIGURES, save_picture, save_worklist
from ContourQALib.errors import ContourQAError, FormatError, ModelError, OutputError, SettingError
from ContourQALib.formats.canvas import Canvas
from ContourQALib.formats.manifest import Manifest, ManifestRow, read_manifest
from ContourQALib.formats.output import output_folder, remove_leftovers
from ContourQALib.formats.probability import read_probability
from ContourQALib.formats.references import referenced_series
from ContourQALib.names import asked_for, select
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.predict import assess
from ContourQALib.quality.verdict import Verdict
from ContourQALib.quality.worklist import AssessedCase, CaseFile, Worklist
from ContourQALib.report.provenance import InputFile, Provenance
from ContourQALib.report.worklist_records import case_of, case_record, worklist_document, worklist_rows
from ContourQALib.report.worklist_tables import print_worklist

NEEDED = ("image", "contour")
"""Columns of a manifest of cases, beside "case"."""

ROLES = ("image", "contour", "probability")
SECOND = "second"
"""What the files of a case are to it."""

JOURNAL_FILE = "assess.journal"
"""In the output folder: the cases that are done, from which the same command goes on."""

INTERRUPTED = 130


def assess_cases(
    path: Path, how: HowToAssess, form: Format, output: Path | None, *, fresh: bool = False
) -> tuple[list[Verdict], bool]:
    """Assess the cases of a manifest, print them by risk and write them into a folder.

    Args:
        path: the manifest.
        how: what cases are assessed with.
        form: how the list is printed.
        output: folder of the report; None for none.
        fresh: forget what the folder's journal holds.

    Returns:
        All verdicts, and whether a case could not be assessed.

    Raises:
        FormatError: no case could be assessed.
        SettingError: a column that is named is not there, or the folder was made with other settings.
        ModelError: a model cannot be loaded: that is no case's fault.
        OutputError: the folder cannot be written.
    """
    if fresh and output is None:
        raise SettingError("--fresh is about a report's folder; name it by -o.")
    manifest = read_manifest(path, NEEDED).called(how.naming.structure)
    _check_second(manifest, how.second)
    others = (row.models.get(how.second) for row in manifest.rows if how.second)
    how.naming.check_used([*(row.files["contour"] for row in manifest.rows), *others])
    worklist = Worklist(tuple(_assessed(manifest.rows, how, output, fresh)), how.levels)
    if len(worklist.failed) == len(worklist.cases):
        first = worklist.failed[0]
        raise FormatError(
            f"None of the {len(worklist.cases)} cases of {path} could be assessed; the first, {first.case}: "
            f"{first.reason}"
        )
    provenance = Provenance.of([path], how.settings(), how.model.identity if how.model else None)
    if output is not None:
        save_worklist(output, worklist, provenance)
    if worklist.failed:
        say(f"{len(worklist.failed)} of {len(worklist.cases)} cases could not be assessed; they stand first.")
    print_result(
        form,
        table=lambda console: print_worklist(console, worklist),
        document=worklist_document(worklist, provenance),
        rows=worklist_rows(worklist),
    )
    return [e.structure.verdict for e in worklist.entries if e.structure], bool(worklist.failed)


def _check_second(manifest: Manifest, column: str | None) -> None:
    if column is not None and column not in manifest.models:
        there = ", ".join(manifest.models) or "none beside the known ones"
        raise SettingError(f"{manifest.path} has no column {column} for --second; its columns are {there}.")


def _assessed(
    rows: Sequence[ManifestRow], how: HowToAssess, output: Path | None, fresh: bool
) -> list[AssessedCase]:
    """Every case, those that the folder's journal holds taken over; Ctrl-C says how far that came."""
    cases: list[AssessedCase] = []
    place = None if output is None else output_folder(output) / JOURNAL_FILE
    with LineJournal(place, "worklist", how.shaping(), fresh) if place else nullcontext() as journal:
        if output is not None:
            output_folder(output / FIGURES)
            for folder in (output, output / FIGURES):
                remove_leftovers(folder)
        taken, reader = 0, CaseReader(how)
        try:
            with progress("Assessing") as report:
                for done, row in enumerate(rows):
                    report(done, len(rows), row.case)
                    known = _known(row, reader, journal, output) if journal else None
                    taken += known is not None
                    cases.append(known or _assess_row(row, reader, journal, output))
        except KeyboardInterrupt as stop:
            kept = "the same command goes on from there" if journal else "nothing is kept without -o FOLDER"
            say(f"Stopped after {len(cases)} of {len(rows)} cases; {kept}.")
            raise typer.Exit(INTERRUPTED) from stop
        if journal is not None:
            if taken:
                say(f"{taken} of {len(rows)} cases were assessed before and hold; {journal.path} has them.")
            journal.order((row.case, row.structure) for row in rows)
    return cases


class CaseReader:
    """Reads and assesses cases, keeping the image that was read last: a manifest names one in many rows."""

    def __init__(self, how: HowToAssess) -> None:
        self.how = how
        self._last: tuple[object, Image] | None = None

    def paths(self, row: ManifestRow) -> dict[str, Path]:
        """The files that are read for a case, by what they are."""
        read = {role: path for role, path in row.files.items() if role in ROLES}
        other = row.models.get(self.how.second) if self.how.second else None
        return read | ({SECOND: other} if other else {})

    def assess(self, row: ManifestRow) -> tuple[Assessment, Image, list[Contour]]:
        """What is predicted of a case, its image and the assessed contours on its grid.

        Raises:
            ContourQAError: a file cannot be read, or does not fit the others.
        """
        how = self.how
        image = self._image(row)
        drawn = self._contours(row.files["contour"], row, image)
        path = row.files.get("probability")
        maps = [] if path is None else [read_probability(path, drawn[0].name, series=image.series)]
        if maps and len(drawn) > 1:
            raise FormatError(f"{maps[0].path} is the map of one structure; name it in the column structure.")
        paths = self.paths(row)
        seconds = self._contours(paths[SECOND], row, image) if SECOND in paths else ()
        result = assess(image, drawn, how.model, how.levels, probabilities=maps, seconds=seconds)
        return result, image, [contour.on(image.grid) for contour in drawn]

    def _image(self, row: ManifestRow) -> Image:
        path, contours = row.files["image"], row.files["contour"]
        meant = path, row.series, referenced_series(contours)
        if self._last is None or self._last[0] != meant:
            self._last = None  # before reading: two large images need not lie in memory together
            self._last = meant, self._reading(row).image(path, [contours])
        return self._last[1]

    def _reading(self, row: ManifestRow) -> CaseReading:
        return CaseReading(self.how.naming, row.series or None, quiet=True)

    def _contours(self, path: Path, row: ManifestRow, image: Image) -> tuple[Contour, ...]:
        """The contours that the row, else the command, asks for."""
        drawn = self._reading(row).contours(path, Canvas.of(image))
        if self.how.structures and not row.structure:
            return select(drawn, self.how.structures)
        return asked_for(drawn, row.structure)


def _assess_row(
    row: ManifestRow, reader: CaseReader, journal: LineJournal | None, output: Path | None
) -> AssessedCase:
    """Assess a case, draw what is not accepted, and write it down; what cannot be read is failed and said."""
    paths = reader.paths(row)
    states = {role: state_of(str(path)) for role, path in paths.items()}  # before reading
    names = row.case, row.patient, row.structure
    try:
        result, image, placed = reader.assess(row)
        files = tuple(_case_file(role, path, image) for role, path in paths.items())
        pictures: tuple[tuple[str, str], ...] = ()
        if output is not None:
            pictures = tuple(
                (found.structure, save_picture(output, row.case, found, contour, image))
                for found, contour in zip(result.structures, placed, strict=True)
                if found.verdict is not Verdict.ACCEPT and contour.mask.any()
            )
        case = AssessedCase(*names, result.without_maps, None, files, pictures)
    except (ModelError, OutputError):
        raise  # no case's fault: every other one would say the same
    except ContourQAError as error:
        return AssessedCase(*names, None, str(error))
    except Exception as error:  # a fault of ours fails this case and not the night's work
        return AssessedCase(*names, None, f"a fault of contourqa itself ({type(error).__name__}): {error}")
    if journal is not None:
        journal.write(
            {"case": row.case, "structure": row.structure, "states": states, "result": case_record(case)}
        )
    return case


def _case_file(role: str, path: Path, image: Image) -> CaseFile:
    found: InputFile = image_input(path, image) if role == "image" else contours_input(path)
    return CaseFile(role, found.path, found.sha256)


def _known(
    row: ManifestRow, reader: CaseReader, journal: LineJournal, output: Path | None
) -> AssessedCase | None:
    """The case as the journal holds it; None where it does not, or where a file is not as it was."""
    record = journal.record(row.case, row.structure)
    if record is None:
        return None
    try:
        case = case_of(record["result"], reader.how.levels)
        states: Mapping[str, str] = record["states"]
    except (KeyError, TypeError, ValueError):  # damaged by something else than a kill
        return None
    paths = {role: str(path) for role, path in reader.paths(row).items()}
    same = paths == {file.role: file.path for file in case.files} and case.patient == row.patient
    there = all(output is None or (output / FIGURES / name).is_file() for _, name in case.pictures)
    return case if same and there and all(state_of(p) == states[r] for r, p in paths.items()) else None
