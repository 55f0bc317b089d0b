"""What is sent to an archive: each file once, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ContourQALib.errors import ContourQAError
from ContourQALib.pacs.archive import Archive
from ContourQALib.pacs.errors import NotThereError, PacsError, PassingError
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.searching import find_instances

REASONS = {
    0x0110: "processing failure",
    0x0122: "this kind of object is not supported",
    0x0124: "not authorized",
    0xC122: "this transfer syntax is not supported",
    0xA7: "out of resources",
    0xA9: "the data set does not match its kind",
    0xC: "cannot be understood",
}
"""Failure Reason (PS3.18 table I.2-2), whole or by its leading digits."""

ACCEPTED = 202
"""Stored with remarks, or not all of them (PS3.18 10.5.3.1)."""


class Outcome(StrEnum):
    """What became of a file."""

    STORED = "stored"
    ALREADY_THERE = "already there"
    NOT_STORED = "not stored"
    UNKNOWN = "unknown"
    NOT_SENT = "not sent"


@dataclass(frozen=True)
class Sent:
    """A file, and what became of it.

    Attributes:
        file: the file.
        outcome: what became of it.
        reason: why it is not in the archive, or what the archive remarks; "" where there is nothing to say.
    """

    file: InstanceFile
    outcome: Outcome
    reason: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the archive has it."""
        return self.outcome in (Outcome.STORED, Outcome.ALREADY_THERE)


def send(
    archive: Archive,
    files: Sequence[InstanceFile],
    report: Callable[[int, int, str], None] | None = None,
) -> tuple[Sent, ...]:
    """Send files, one after another, none of them twice.

    The archive is asked first which of them it has, and asked again before a file whose answer was lost is
    repeated. Where it stops answering, the rest is not tried.

    Args:
        archive: whom to send to.
        files: what to send; a second file of the same instance is not sent.
        report: progress.

    Returns:
        What became of each instance, in the order given.

    Raises:
        ContourQAError: nothing was stored: the archive does not answer, does not let us in, or the first file
            cannot be read. Later failures stand in what is returned.
    """
    once = list({file.instance_uid: file for file in reversed(files)}.values())[::-1]
    series = dict.fromkeys((file.study_uid, file.series_uid) for file in once)
    there = {uid for study_uid, series_uid in series for uid in _held(archive, study_uid, series_uid)}
    results: list[Sent] = []
    over = False
    for file in once:
        if file.instance_uid in there:
            results.append(Sent(file, Outcome.ALREADY_THERE))
        elif over:
            results.append(Sent(file, Outcome.NOT_SENT, "the sending had ended before it"))
        else:
            try:
                results.append(_send_once(archive, file))
            except ContourQAError as error:
                if not any(one.outcome is Outcome.STORED for one in results):
                    raise
                results.append(Sent(file, Outcome.NOT_STORED, str(error)))
                over = True
            over = over or results[-1].outcome is Outcome.UNKNOWN
        if report is not None:
            report(len(results), len(once), "files")
    return tuple(results)


def _send_once(archive: Archive, file: InstanceFile) -> Sent:
    """Send a file; ask whether it is there before sending it again."""
    lost = ""
    for wait_s in archive.backoff_s:
        try:
            return _understood(archive, file, *archive.store(file.path))
        except PassingError as error:
            lost = str(error)
        time.sleep(wait_s)
        try:
            if _holds(archive, file):
                return Sent(file, Outcome.STORED, "the answer was lost, and the archive has it")
        except PacsError as error:
            return Sent(file, Outcome.UNKNOWN, str(error))
    return Sent(file, Outcome.NOT_STORED, lost)


def _understood(archive: Archive, file: InstanceFile, status: int, said: Mapping[str, Any]) -> Sent:
    """What the answer to a stored file means (PS3.18 10.5.3)."""
    failed = _items(said, "00081198")
    if status < 400 and not failed:
        return _accepted(archive, file, said) if status == ACCEPTED else Sent(file, Outcome.STORED)
    reason = next((code for item in failed if (code := _code(item, "00081197")) is not None), None)
    words = "no reason given" if reason is None else _meaning(reason)
    return Sent(file, Outcome.NOT_STORED, f"HTTP {status}, {words}")


def _accepted(archive: Archive, file: InstanceFile, said: Mapping[str, Any]) -> Sent:
    """What HTTP 202 means for the one file that was sent."""
    codes = [_code(item, "00081196") for item in _items(said, "00081199")]
    remarks = ", ".join(f"warning {code:04X}" for code in codes if code is not None)
    if not codes and not _holds(archive, file):
        return Sent(file, Outcome.NOT_STORED, f"HTTP {ACCEPTED}, and the archive does not have it")
    return Sent(file, Outcome.STORED, remarks)


def _holds(archive: Archive, file: InstanceFile) -> bool:
    return file.instance_uid in _held(
        archive, file.study_uid, file.series_uid, SOPInstanceUID=file.instance_uid
    )


def _held(archive: Archive, study_uid: str, series_uid: str, **only: str) -> set[str]:
    try:
        return {one.instance_uid for one in find_instances(archive, study_uid, series_uid, **only)}
    except NotThereError:  # how some archives say that they hold nothing of a study
        return set()


def _items(said: Mapping[str, Any], tag: str) -> list[Any]:
    element = said.get(tag)
    items = element.get("Value") if isinstance(element, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _code(item: Mapping[str, Any], tag: str) -> int | None:
    element = item.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values and isinstance(values[0], int) else None


def _meaning(code: int) -> str:
    words = REASONS.get(code) or REASONS.get(code >> 8) or REASONS.get(code >> 12)
    return f"failure reason {code:04X}" + (f": {words}" if words else "")
