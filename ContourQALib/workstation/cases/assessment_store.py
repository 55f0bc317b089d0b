"""AssessmentStore: what was found of each case, on disk, so that a workstation resumes where it was.

A journal of one line a case: a kill costs the case under way at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Self

from ContourQALib import __version__
from ContourQALib.cohort.line_journal import LineJournal, look_at
from ContourQALib.errors import FormatError, SettingError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.output import output_folder
from ContourQALib.quality.assessment import Assessment
from ContourQALib.quality.model import find_model
from ContourQALib.quality.verdict import Levels
from ContourQALib.quality.worklist import AssessedCase
from ContourQALib.report.provenance import card_hashes, hash_file
from ContourQALib.report.worklist_records import case_of, case_record
from ContourQALib.workstation.cases.case_entry import CaseEntry
from ContourQALib.workstation.cases.file_states import state_in_case
from ContourQALib.workstation.decisions.decision import storable

JOURNAL_FILE = "assessments.journal"
KIND = "workstation"

Record = dict[str, Any]


class AssessmentStore:
    """Assessments by case, kept in a folder; any thread may call it.

    What was made with other settings, models or another version of the program does not count: its journal is
    put aside under another name, and a new one begun.

    Args:
        folder: where the journal lies, made if missing; None keeps nothing on disk.
        levels: accept and reject levels of Dice.
        model: a bundled model's name or a model's folder; None for those that fit.
        naming: how labels become structures.
        models: the model of single cases, by the case's name.
        second: the model whose contours are second segmentations; "" for none.

    Attributes:
        path: the journal; None where nothing is written.

    Raises:
        OutputError: the folder cannot be written, or another workstation writes there.
        FormatError: the journal is damaged.
        ModelError: there is no such model.
    """

    def __init__(
        self,
        folder: Path | None,
        levels: Levels,
        model: str | None,
        naming: LabelNaming | None = None,
        models: Mapping[str, str] | None = None,
        second: str = "",
    ) -> None:
        self._levels = levels
        self._models = {case: card_hashes(find_model(name)) for case, name in (models or {}).items()}
        self._lock = Lock()
        self._records: dict[str, Record] = {}
        self._journal: LineJournal | None = None
        self.path: Path | None = None
        if folder is not None:
            self.path = output_folder(folder) / JOURNAL_FILE
            self._journal = _open(self.path, _shaping(levels, model, naming, second))

    @classmethod
    def in_memory(
        cls,
        levels: Levels,
        model: str | None = None,
        naming: LabelNaming | None = None,
        models: Mapping[str, str] | None = None,
        second: str = "",
        folder: Path | None = None,
    ) -> Self:
        """A store that keeps what it is given as long as it lives, for where nothing can be written.

        Args:
            levels: accept and reject levels of Dice.
            model: as the class takes it.
            naming: likewise.
            models: likewise.
            second: likewise.
            folder: whose journal is taken over as it is now; it may be read-only, or another workstation's.
        """
        store = cls(None, levels, model, naming, models, second)
        if folder is not None:
            there = look_at(folder / JOURNAL_FILE, KIND, _shaping(levels, model, naming, second))
            store._records = {case: record for (case, _), record in there.items()}
        return store

    def known(self, entry: CaseEntry) -> Assessment | None:
        """What was found of a case, without error maps; None where unknown, or a file is not as it was."""
        with self._lock:
            record = self._records.get(entry.name)
            if record is None and self._journal is not None:
                record = self._journal.record(entry.name, "")
        if record is None or record.get("model") != self._models.get(entry.name):
            return None
        if record.get("read") != _read(entry):
            return None
        try:
            return case_of(record["result"], self._levels).assessment
        except (KeyError, TypeError, ValueError):  # damaged by something else than a kill
            return None

    def keep(self, entry: CaseEntry, assessment: Assessment, states: Mapping[str, str] | None = None) -> None:
        """Keep what was found of a case; what was known of it before counts no longer.

        Args:
            entry: the case.
            assessment: what was found; its error maps are not kept.
            states: how its files were before they were read (`CaseFiles.states`); as they are now where None.

        Raises:
            OutputError: it cannot be written; it is known nevertheless as long as the store lives.
        """
        result = case_record(AssessedCase(entry.name, entry.patient, "", assessment.without_maps))
        record = {
            "case": entry.name,
            "structure": "",
            "model": self._models.get(entry.name),
            "read": _read(entry, states),
            "result": result,
        }
        with self._lock:
            self._records[entry.name] = record
            if self._journal is not None:
                self._journal.write(record)

    def close(self) -> None:
        """Let go of the journal; what is kept later is kept in memory alone."""
        with self._lock:
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.close()


def _shaping(levels: Levels, model: str | None, naming: LabelNaming | None, second: str) -> Record:
    """Everything beside the cases' files that an assessment hangs on."""
    naming = naming or LabelNaming()
    tables = {"color_table": naming.color_table, "names": naming.names}
    return {
        "accept": levels.accept,
        "reject": levels.reject,
        "model": model,
        "models": card_hashes(find_model(model) if model else None),
        "shown": ["image", "contour", "probability", *([second] if second else [])],
        **naming.settings(),
        **{option: hash_file(table) for option, table in tables.items() if table},
        "version": __version__,
    }


def _read(entry: CaseEntry, states: Mapping[str, str] | None = None) -> list[list[str]]:
    """What each file is to the case, its path, the structure that is meant, its sizes and times."""
    known = dict(states or {})
    for path in dict.fromkeys(file.path for _, file in entry.files):
        known[str(path)] = known.get(str(path)) or state_in_case(entry, path)
    wanted = [["series", entry.series_wanted]] if entry.series_wanted else []
    return [
        *([role, storable(str(one.path)), one.structure, known[str(one.path)]] for role, one in entry.files),
        *wanted,
    ]


def _open(path: Path, settings: Record) -> LineJournal:
    try:
        return LineJournal(path, KIND, settings)
    except SettingError:
        path.replace(_free(path))
    except FormatError as error:
        raise FormatError(
            f"{path} is damaged, or no journal of this workstation; move it away, or choose another folder "
            "for results."
        ) from error
    return LineJournal(path, KIND, settings)


def _free(path: Path) -> Path:
    """A name beside the journal that nobody has: assessments.before-1.journal."""
    number = 1
    while (free := path.with_name(f"{path.stem}.before-{number}{path.suffix}")).exists():
        number += 1
    return free
