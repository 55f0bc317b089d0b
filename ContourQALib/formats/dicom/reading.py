"""DICOM files opened: what pydicom complains of stays untold, and what is wrong becomes one sentence."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from ContourQALib.errors import FormatError
from ContourQALib.formats.dicom.elements import tag_of
from ContourQALib.formats.file_type import check_readable

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

PREAMBLE = 128
"""Bytes before the letters DICM (PS3.10 7.1)."""

PIXEL_GROUP = 0x7FE0
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""How a file begins that was written without a preamble: with its meta information, or with its data set."""

THREADS = 4
"""Files that are read at a time."""

T = TypeVar("T")
Stop = Callable[[int, str | None, int], bool]
"""Whether to end before an element of a tag, representation and length."""


class DamagedError(FormatError):
    """A file that is no DICOM file or a damaged one.

    Attributes:
        reason: what is wrong, a predicate without the file's name: "is no DICOM file".
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}; export or copy it again.")
        self.reason = reason


class _Silence:
    """How many threads read at the moment, and what was set before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readers = 0
        self.before = ExitStack()


_SILENCE = _Silence()


@contextmanager
def quietly() -> Iterator[None]:
    """Elements are turned into values unchecked meanwhile, and pydicom warns of nothing.

    Its warnings of values that the standard forbids, such as a birth date with dots, quote the value. Its own
    context manager (`pydicom.config.disable_value_validation`) knows no threads: of two that overlap, the
    second to end would leave checks off for good.

    Raises:
        FormatError: pydicom is not installed.
    """
    require_pydicom()
    with _SILENCE.lock:
        if _SILENCE.readers == 0:
            _SILENCE.before.enter_context(_silenced())
        _SILENCE.readers += 1
    try:
        yield
    finally:
        with _SILENCE.lock:
            _SILENCE.readers -= 1
            if _SILENCE.readers == 0:
                _SILENCE.before.close()


@contextmanager
def _silenced() -> Iterator[None]:
    from pydicom import config

    mode = config.settings.reading_validation_mode
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")
        config.settings.reading_validation_mode = config.IGNORE
        try:
            yield
        finally:
            config.settings.reading_validation_mode = mode


def require_pydicom() -> None:
    """See that DICOM can be read here.

    Raises:
        FormatError: pydicom is not installed.
    """
    try:
        import pydicom  # noqa: F401 - whether it is there
    except ImportError as error:
        raise FormatError(
            "Reading DICOM needs pydicom, which is not installed here: pip install pydicom."
        ) from error


def from_each(read: Callable[[Path], T], paths: Iterable[Path]) -> Iterator[T]:
    """What `read` makes of each file, in the order of the files, several being read at a time; ask `quietly`.

    On a disk of the machine it is no faster than a loop, pydicom being Python; on a network it hides the time
    that each file is waited for (Docs/decisions/dicom-images.md).
    """
    pool = ThreadPoolExecutor(THREADS)
    try:
        yield from pool.map(read, paths)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error nobody asks for the rest


def begins_like_dicom(file: BinaryIO) -> bool:
    """Whether a file begins with a preamble, or with the element that one without it begins with."""
    start = file.read(PREAMBLE + 4)
    file.seek(0)
    return start[PREAMBLE:] == b"DICM" or start[:2] in FIRST_GROUPS


def read_dataset(
    path: str | PathLike[str], tags: Sequence[str] | None = None, pixels: bool = False
) -> FileDataset:
    """The data set of one file; its values are converted when they are asked for, so ask `quietly`.

    Args:
        path: the file.
        tags: keywords of the elements that are wanted, else all.
        pixels: whether to read on to the pixels; a file that ends before them is not damaged otherwise.

    Returns:
        the data set; its meta information names a transfer syntax, whether or not the file has any.

    Raises:
        FormatError: pydicom is not installed, or the file is missing or a folder.
        DamagedError: it is no DICOM file, or cut short.
    """
    require_pydicom()
    path = check_readable(path)
    with path.open("rb") as file:
        return parse(file, path, tags, None if pixels else at_pixels)


def parse(
    file: BinaryIO, path: Path, tags: Sequence[str] | None = None, stop: Stop | None = None
) -> FileDataset:
    """The data set of an open file, as `read_dataset` otherwise; the file stays where reading ended.

    Args:
        file: the file, at its beginning.
        path: its path, for messages.
        tags: keywords of the elements that are wanted, else all.
        stop: told of the tag, representation and length of each element: whether to end before it.

    Raises:
        DamagedError: it is no DICOM file, or cut short.
    """
    from pydicom.filereader import read_partial

    if not begins_like_dicom(file):
        raise DamagedError(path, "is no DICOM file")
    wanted = None if tags is None else [tag_of(keyword) for keyword in tags]
    try:
        with quietly():  # the file's meta information is turned into values at once
            dataset = read_partial(file, stop, force=True, specific_tags=wanted)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes pydicom raise nearly anything
        raise DamagedError(path, "is damaged or cut short") from error
    _name_syntax(dataset)
    return dataset


def _name_syntax(dataset: FileDataset) -> None:
    """Name the syntax of a file without meta information, which is the one that it was read by."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit


def at_pixels(tag: int, representation: str | None, length: int) -> bool:
    """Whether an element holds pixels (PS3.3 C.7.6.3, C.7.6.24)."""
    return tag >> 16 == PIXEL_GROUP
