"""Other ways from an RTSTRUCT to masks, each called as its own documentation has users call it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Cost, repeated

from ContourQALib.geometry import Grid

Masks = dict[str, np.ndarray]
"""Bool (K, J, I) of each structure on the image's grid."""


@dataclass(frozen=True)
class Sample:
    """An image series and the structures drawn on it.

    Attributes:
        images: folder of the series.
        structures: the RTSTRUCT file.
        grid: of the series.
    """

    images: Path
    structures: Path
    grid: Grid


@dataclass(frozen=True)
class PolygonPeer:
    """Another tool.

    Attributes:
        name: as the tool calls itself, and what is measured.
        needs: the package or program that must be installed.
        masks: measures the conversion of a sample, and gives the masks.
        is_program: it is run as a process of its own.
        note: what its time holds besides.
    """

    name: str
    needs: str
    masks: Callable[[Sample, int], tuple[Cost, Masks]]
    is_program: bool = False
    note: str = ""

    @property
    def installed(self) -> bool:
        """Whether it can be measured here."""
        return bool(shutil.which(self.needs) if self.is_program else find_spec(self.needs))


def plastimatch_masks(sample: Sample, repeats: int) -> tuple[Cost, Masks]:
    """SlicerRT's engine from the command line, which reads the files and writes one for each mask.

    Without its option for exclusive or it fills every hole.
    """
    import SimpleITK as sitk

    with tempfile.TemporaryDirectory() as folder:
        command = ["plastimatch", "convert", "--xor-contours", "--prefix-format", "mha"]
        command += ["--input", str(sample.structures), "--referenced-ct", str(sample.images)]
        command += ["--output-prefix", folder]
        cost, _ = repeated(lambda: subprocess.run(command, check=True, capture_output=True), repeats)
        masks = {
            path.stem: sitk.GetArrayFromImage(sitk.ReadImage(path)) > 0 for path in Path(folder).glob("*.mha")
        }
    return cost, masks


def rt_utils_masks(sample: Sample, repeats: int) -> tuple[Cost, Masks]:
    """rt-utils: OpenCV's fillPoly on points rounded to whole pixels; files are read before the clock."""
    from rt_utils import RTStructBuilder

    built = RTStructBuilder.create_from(str(sample.images), str(sample.structures))

    def masks() -> Masks:
        return {name: built.get_roi_mask_by_name(name) for name in built.get_roi_names()}

    cost, found = repeated(masks, repeats)
    return cost, {name: mask.transpose(2, 0, 1) for name, mask in found.items()}


def script_masks(sample: Sample, repeats: int) -> tuple[Cost, Masks]:
    """The usual script: SimpleITK for points and image, scikit-image's polygon on each slice, exclusive or.

    SimpleITK fills no polygons itself; what is called a conversion by SimpleITK does it this way. The file is
    read before the clock starts.
    """
    import SimpleITK as sitk
    from pydicom import dcmread
    from skimage.draw import polygon

    grid = sample.grid
    dataset = dcmread(sample.structures)
    names = {int(roi.ROINumber): roi.ROIName for roi in dataset.StructureSetROISequence}
    drawn = {
        names[int(item.ReferencedROINumber)]: [
            np.array(contour.ContourData, float).reshape(-1, 3) for contour in item.ContourSequence
        ]
        for item in dataset.ROIContourSequence
    }

    def mask_of(contours: list[np.ndarray]) -> np.ndarray:
        image = sitk.Image(list(grid.size), sitk.sitkUInt8)
        image.SetSpacing(grid.spacing)
        image.SetOrigin(grid.origin)
        image.SetDirection(grid.direction)
        mask = np.zeros(grid.shape, bool)
        for points in contours:
            index = np.array([image.TransformPhysicalPointToContinuousIndex(p) for p in points.tolist()])
            rows, columns = polygon(index[:, 1], index[:, 0], grid.shape[1:])
            mask[round(index[0, 2]), rows, columns] ^= True
        filled = sitk.GetImageFromArray(mask.view(np.uint8))
        filled.CopyInformation(image)
        return sitk.GetArrayViewFromImage(filled).astype(bool)

    return repeated(lambda: {name: mask_of(contours) for name, contours in drawn.items()}, repeats)


def of_peer(name: str, sample: Sample, repeats: int) -> tuple[Cost, Masks]:
    """The cost and the masks of another tool."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rt-utils' own
        return PEERS[name].masks(sample, repeats)


PEERS: dict[str, Any] = {
    peer.name: peer
    for peer in (
        PolygonPeer("plastimatch", "plastimatch", plastimatch_masks, True, "reads DICOM, writes masks"),
        PolygonPeer("rt-utils", "rt_utils", rt_utils_masks),
        PolygonPeer("scikit-image + SimpleITK", "skimage", script_masks),
    )
}
