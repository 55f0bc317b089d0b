"""Case files: each is read once, by its own reader, and what is not as expected is said."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.case import Contour
from ContourQALib.errors import FormatError, StructureError
from ContourQALib.formats.label_naming import LabelNaming
from ContourQALib.formats.segmentation import write_segmentation
from ContourQALib.geometry import Grid
from ContourQALib.workstation.cases import case_files
from ContourQALib.workstation.cases.case_entry import CaseEntry, StructureFile
from ContourQALib.workstation.cases.case_files import CaseFiles
from ContourQALib.workstation.errors import AccessError, WorkstationError
from ContourQALib.workstation.serving.allowed_folders import AllowedFolders
from files_on_disk import BALL, SHAPE, SHIFTED, write

GRID = Grid.for_shape(SHAPE)


def segmentation(path: Path, **masks: np.ndarray) -> Path:
    write_segmentation([Contour(mask.astype(bool), GRID, name) for name, mask in masks.items()], path)
    return path


@pytest.fixture
def entry(tmp_path: Path) -> CaseEntry:
    """An image, two assessed structures, a reference, a model and two maps."""
    rng = np.random.default_rng(0)
    image = write(tmp_path / "ct.nrrd", rng.normal(0, 50, SHAPE).astype(np.int16))
    drawn = segmentation(tmp_path / "drawn.seg.nrrd", CTV=BALL, Rectum=SHIFTED)
    truth = segmentation(tmp_path / "truth.seg.nrrd", CTV=SHIFTED)
    maps = [write(tmp_path / f"vendor_probability_{name}.nrrd", 0.5 * BALL) for name in ("rectum", "ctv")]
    return CaseEntry(
        "a",
        "a",
        image,
        (StructureFile(drawn),),
        (StructureFile(truth),),
        {"LFT": (StructureFile(truth, "CTV"),)},
        tuple(map(StructureFile, maps)),
    )


def test_everything_is_read_by_its_own_reader(entry: CaseEntry) -> None:
    files = CaseFiles(entry)
    assert files.image().grid.shape == SHAPE
    assert [contour.name for contour in files.contours()] == ["CTV", "Rectum"]
    assert np.array_equal(files.contours()[0].on(GRID).mask, BALL.astype(bool))
    assert [contour.name for contour in files.reference()] == ["CTV"]
    assert np.array_equal(files.models()["LFT"][0].on(GRID).mask, SHIFTED.astype(bool))
    assert [one.name for one in files.probabilities()] == ["Rectum", "CTV"]  # as the contours are called
    assert files.notes() == ()


def test_a_file_is_read_once_by_however_many_threads(
    entry: CaseEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: Counter[str] = Counter()
    naming = LabelNaming()

    def slow_image(path: Path, series: str | None = None):
        read[path.name] += 1
        time.sleep(0.05)
        return real_image(path, series)

    class Counting(LabelNaming):
        def read(self, path: Path, each=None):
            read[path.name] += 1
            time.sleep(0.05)
            return naming.read(path, each)

    real_image = case_files.read_image
    monkeypatch.setattr(case_files, "read_image", slow_image)
    files = CaseFiles(entry, Counting())
    asked = [files.image, files.contours, files.reference, files.models, files.probabilities] * 3
    with ThreadPoolExecutor(len(asked)) as pool:
        done = list(pool.map(lambda ask: ask(), asked))
    # the model's file is the reference's
    assert read == {"ct.nrrd": 1, "drawn.seg.nrrd": 1, "truth.seg.nrrd": 1}
    assert done[0] is done[5] is done[10]


def test_the_structure_that_is_meant_is_taken_and_a_lone_label_is_called_so(tmp_path: Path) -> None:
    drawn = segmentation(tmp_path / "d.seg.nrrd", CTV=BALL, Rectum=SHIFTED)
    label = write(tmp_path / "label.nii.gz", BALL)
    named = (StructureFile(drawn, "rectum"), StructureFile(label, "Bladder"))
    contours = CaseFiles(CaseEntry("a", "a", None, named)).contours()
    assert [contour.name for contour in contours] == ["Rectum", "Bladder"]


def test_labels_are_named_as_asked_for(tmp_path: Path) -> None:
    label = write(tmp_path / "label.nii.gz", BALL + SHIFTED)
    entry = CaseEntry("a", "a", None, (StructureFile(label),))
    assert [c.name for c in CaseFiles(entry).contours()] == ["label_1", "label_2"]
    named = CaseFiles(entry, LabelNaming(labels="1=anterior,2=posterior")).contours()
    assert [c.name for c in named] == ["anterior", "posterior"]


def test_a_structure_that_is_not_there_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    drawn = segmentation(tmp_path / "d.seg.nrrd", CTV=BALL)
    files = CaseFiles(CaseEntry("a", "a", None, (StructureFile(drawn, "CTV"), StructureFile(drawn, "Bowel"))))
    assert [contour.name for contour in files.contours()] == ["CTV"]
    (note,) = files.notes()
    assert note.startswith("There is no structure Bowel in ")
    with pytest.raises(StructureError, match="no structure Bowel"):
        CaseFiles(CaseEntry("a", "a", None, (StructureFile(drawn, "Bowel"),))).contours()


def test_of_two_contours_of_one_name_the_first_is_taken(tmp_path: Path) -> None:
    both = [segmentation(tmp_path / f"{n}.seg.nrrd", CTV=mask) for n, mask in enumerate((BALL, SHIFTED))]
    files = CaseFiles(CaseEntry("a", "a", None, tuple(map(StructureFile, both))))
    (contour,) = files.contours()
    assert np.array_equal(contour.on(GRID).mask, BALL.astype(bool))
    assert "another contour has this name" in files.notes()[0]


def test_a_lone_reference_without_a_name_is_of_the_lone_contour(tmp_path: Path) -> None:
    drawn = segmentation(tmp_path / "d.seg.nrrd", GTV=BALL)
    label = StructureFile(write(tmp_path / "mask.nii.gz", BALL))
    files = CaseFiles(CaseEntry("a", "a", None, (StructureFile(drawn),), (label,), {"LFT": (label,)}))
    assert [(one.name, one.spelled) for one in files.reference()] == [("GTV", "label_1")]
    assert [one.name for one in files.models()["LFT"]] == ["GTV"]
    several = segmentation(tmp_path / "s.seg.nrrd", GTV=BALL, CTV=SHIFTED)
    files = CaseFiles(CaseEntry("a", "a", None, (StructureFile(several),), (label,)))
    assert [one.name for one in files.reference()] == ["label_1"]


def test_what_cannot_be_read_is_read_again_once_it_is_mended(tmp_path: Path) -> None:
    image = tmp_path / "ct.nrrd"
    image.write_bytes(b"no image")
    files = CaseFiles(CaseEntry("a", "a", image, ()))
    with pytest.raises(FormatError):
        files.image()
    write(image, BALL)
    assert files.image().grid.shape == SHAPE
    assert files.contours() == files.reference() == files.probabilities() == ()
    with pytest.raises(WorkstationError, match="Case b has no image"):
        CaseFiles(CaseEntry("b", "b", None, ())).image()


@pytest.mark.parametrize(
    "named", ["../secret.raw", "{outside}/secret.raw", "link.raw", "LIST\n../secret.raw"]
)
@pytest.mark.parametrize("kind", ["image.nhdr", "image.nrrd", "image.mhd"])
def test_a_header_does_not_lead_out_of_what_may_be_read(tmp_path: Path, kind: str, named: str) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(8))
    (given / "link.raw").symlink_to(tmp_path / "secret.raw")
    name = named.format(outside=tmp_path)
    nrrd = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nspacings: 1 1 1\nencoding: raw"
    meta = "ObjectType = Image\nNDims = 3\nBinaryData = True\nDimSize = 2 2 2\nElementType = MET_UCHAR"
    header = f"{meta}\nElementDataFile = {name}\n" if kind.endswith("mhd") else f"{nrrd}\ndata file: {name}\n"
    (given / kind).write_text(header)
    files = CaseFiles(CaseEntry("a", "a", given / kind, ()), folders=AllowedFolders([given]))
    with pytest.raises(AccessError, match="lies outside"):
        files.image()
    if not named.startswith("LIST"):
        wider = CaseFiles(CaseEntry("a", "a", given / kind, ()), folders=AllowedFolders([tmp_path]))
        assert wider.image().grid.shape == (2, 2, 2)


def test_a_file_that_became_a_link_since_it_was_listed_is_not_followed(
    entry: CaseEntry, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    assert entry.image is not None
    (given / "ct.nrrd").symlink_to(entry.image)
    moved = CaseEntry("a", "a", given / "ct.nrrd", ())
    with pytest.raises(AccessError):
        CaseFiles(moved, folders=AllowedFolders([given])).image()


def test_hashes_are_of_what_was_read(entry: CaseEntry) -> None:
    files = CaseFiles(entry)
    assert files.hashes() == {}
    files.image()
    path = entry.image
    assert path is not None
    assert files.hashes() == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    os.utime(path, ns=(1, 1))
    with pytest.raises(FormatError, match="changed since it was read"):
        files.hashes()
