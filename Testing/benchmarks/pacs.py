"""What sending a series to an archive and taking it back costs, beside `dicomweb_client`'s own ways.

    python Testing/benchmarks/pacs.py [--slices 150] [--size 512] [--format markdown|json]

A series of random pixels goes to an Orthanc of its own on this machine and comes back, once as a file for
each slice and once as one file of all. `dicomweb_client` stores a series with `store_instances`, the data
sets read by pydicom, and takes it with `iter_series`, each data set saved by pydicom. Every way runs in a
process of its own; `peak MB` is what it held above what it held before. `same bytes`: the files that came
back equal those that were sent. Ends with 1 where ours do not. Needs the packages orthanc and
orthanc-dicomweb.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Cost, in_own_process, timed

from ContourQALib.geometry import Grid
from ContourQALib.pacs.instance_file import InstanceFile
from ContourQALib.pacs.retrieving import retrieve_series
from ContourQALib.pacs.sending import send
from dicom_samples import write_enhanced, write_series
from orthanc import Orthanc, installed, running_orthanc

OURS, CLIENT = "ours", "dicomweb_client"


@dataclass(frozen=True)
class Row:
    """What one way cost."""

    files: int
    way: str
    what: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    same_bytes: bool | None


def write(folder: Path, slices: int, size: int, single: bool) -> list[Path]:
    """A series of random pixels."""
    grid = Grid((size, size, slices), (1.0, 1.0, 2.0), (-10.5, -20.5, 30.5))
    values = np.random.default_rng(0).integers(-1000, 3000, grid.shape).astype(np.int16)
    if single:
        write_enhanced(folder / "all.dcm", values, grid)
    else:
        write_series(folder, values, grid)
    return sorted(folder.glob("*.dcm"))


def send_ours(archive: Orthanc, paths: Sequence[Path]) -> None:
    results = send(archive.archive(), [InstanceFile.read(path) for path in paths])
    assert all(one.arrived for one in results)


def take_ours(archive: Orthanc, first: InstanceFile, folder: Path) -> None:
    retrieve_series(archive.archive(), first.study_uid, first.series_uid, folder)


def _client(archive: Orthanc) -> Any:
    from dicomweb_client.session_utils import create_session_from_user_pass
    from dicomweb_client.web import DICOMwebClient

    session = create_session_from_user_pass(archive.credentials.user, archive.credentials.password)
    return DICOMwebClient(archive.url, session=session, timeout=120)


def send_client(archive: Orthanc, paths: Sequence[Path]) -> None:
    import pydicom

    _client(archive).store_instances([pydicom.dcmread(path) for path in paths])


def take_client(archive: Orthanc, first: InstanceFile, folder: Path) -> None:
    folder.mkdir()
    parts = _client(archive).iter_series(
        first.study_uid, first.series_uid, media_types=(("application/dicom", "*"),)
    )
    for part in parts:
        part.save_as(folder / f"{part.SOPInstanceUID}.dcm")


def cost_of(work: Callable[..., None], *arguments: Any) -> Cost:
    return timed(lambda: work(*arguments))[0]


def hashes(paths: Sequence[Path]) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def rows(slices: int, size: int) -> list[Row]:
    found = []
    for single in (False, True):
        for way, sending, taking in ((OURS, send_ours, take_ours), (CLIENT, send_client, take_client)):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                paths = write(folder / "series", slices, size, single)
                first = InstanceFile.read(paths[0])
                with running_orthanc(folder) as archive:
                    sent = in_own_process(cost_of, {}, sending, archive, paths)
                    taken = in_own_process(cost_of, {}, taking, archive, first, folder / "back")
                same = hashes(paths) == hashes(list((folder / "back").iterdir()))
            for what, cost in (("send", sent), ("take", taken)):
                equal = same if what == "take" else None
                found.append(Row(len(paths), way, what, cost.wall_s, cost.cpu_s, cost.peak_mb, equal))
    return found


def markdown(found: Sequence[Row]) -> str:
    lines = ["| files | way | | wall s | CPU s | peak MB | same bytes |", "|---|---|---|---|---|---|---|"]
    for row in found:
        same = "" if row.same_bytes is None else "yes" if row.same_bytes else "no"
        costs = f"{row.wall_s:.1f} | {row.cpu_s:.1f} | {row.peak_mb:.0f}"
        lines.append(f"| {row.files} | {row.way} | {row.what} | {costs} | {same} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--slices", type=int, default=150)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
    options = parser.parse_args()
    if not installed():
        sys.exit("No Orthanc with DICOMweb plugin; install the packages orthanc and orthanc-dicomweb.")
    found = rows(options.slices, options.size)
    sys.stdout.write(
        (markdown(found) if options.format == "markdown" else json.dumps([asdict(row) for row in found]))
        + "\n"
    )
    return 0 if all(row.same_bytes for row in found if row.way == OURS and row.what == "take") else 1


if __name__ == "__main__":
    sys.exit(main())
