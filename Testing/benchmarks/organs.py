"""The organs that are measured: two observers' contours, and a probability map made from one of them."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CONTOURQA_DATA", ROOT.parent / "shared" / "data")) / "headneck_observers"
PATIENT = "0522c0017"
ORGANS = ("Brain", "Parotid-Lt", "Lens-Lt")

SOFTNESS_MM = 2.0
"""The map's logit grows by one for every 2 mm into the radiographer's contour."""

NOISE = 0.5
"""Standard deviation of the smoothed noise added to the logit."""

NOISE_VOXELS = 3.0
"""Width of the Gaussian that smooths it."""

REACH_MM = 40.0
"""Farther from the contour the map is 0: the sigmoid of -20 is far below every threshold but 0."""


@dataclass(frozen=True)
class Pair:
    """Reference and test mask of an organ, read when first asked for.

    A tool that reads files itself then has no arrays beside it whose memory would be counted as its own.
    """

    organ: str
    reference_path: Path
    test_path: Path

    @cached_property
    def reference(self) -> np.ndarray:
        """Bool (K, J, I)."""
        return self._read(self.reference_path)

    @cached_property
    def test(self) -> np.ndarray:
        """Bool (K, J, I)."""
        return self._read(self.test_path)

    @cached_property
    def spacing(self) -> tuple[float, float, float]:
        """Spacing along K, J and I, mm."""
        from ContourQALib.formats.contours import read_contours

        return read_contours(self.reference_path, merge=self.organ)[0].grid.spacing_kji

    def with_test(self, mask: np.ndarray) -> Pair:
        """The same reference with another test mask, which lies in no file."""
        other = Pair(self.organ, self.reference_path, self.test_path)
        other.__dict__.update(reference=self.reference, test=mask, spacing=self.spacing)  # as if just read
        return other

    def written(self, folder: Path) -> Pair:
        """Both masks in uncompressed files of their own, for a program that reads files."""
        import SimpleITK as sitk

        paths = []
        for name, mask in (("reference", self.reference), ("test", self.test)):
            image = sitk.GetImageFromArray(mask.view(np.uint8))
            image.SetSpacing(self.spacing[::-1])
            paths.append(folder / f"{name}.nrrd")
            sitk.WriteImage(image, paths[-1])
        return Pair(self.organ, *paths)

    def _read(self, path: Path) -> np.ndarray:
        from ContourQALib.formats.contours import read_contours

        return read_contours(path, merge=self.organ)[0].mask


def pair_of(organ: str, *, cropped: bool) -> Pair:
    """The oncologist's contour as reference, the radiographer's as test.

    Args:
        organ: as its file names spell it.
        cropped: the crop about the organ instead of the whole scan.

    Raises:
        SystemExit: there is no such file.
    """
    folder = DATA / ("cropped" if cropped else "full") / PATIENT
    pair = Pair(organ, folder / f"{organ}_oncologist.nrrd", folder / f"{organ}_radiographer.nrrd")
    if not pair.reference_path.is_file():
        raise SystemExit(f"There is no {pair.reference_path}; name the data folder in CONTOURQA_DATA.")
    return pair


def tiny_pair() -> Pair:
    """Two masks of a few voxels in no file: a tool that has measured them has imported what it needs."""
    mask = np.zeros((6, 7, 8), bool)
    mask[2:4, 2:5, 2:5] = True
    pair = Pair("tiny", Path(), Path())
    pair.__dict__.update(reference=mask, test=np.roll(mask, 1, axis=2), spacing=(1.0, 1.0, 1.0))
    return pair


def map_of(pair: Pair) -> np.ndarray:
    """Sigmoid of the signed distance into the test contour over 2 mm plus 0.5 x smoothed noise; float32.

    Distances are taken in the contour's box and `REACH_MM` around it; beyond it the map is 0.
    """
    from scipy import ndimage

    mask = pair.test
    spans = ndimage.find_objects(mask.astype(np.uint8))[0]
    margin = [int(np.ceil(REACH_MM / step)) for step in pair.spacing]
    around = tuple(slice(max(0, s.start - m), s.stop + m) for s, m in zip(spans, margin, strict=True))
    part = mask[around]
    inside = ndimage.distance_transform_edt(part, sampling=pair.spacing)
    outside = ndimage.distance_transform_edt(~part, sampling=pair.spacing)
    noise = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(part.shape), NOISE_VOXELS)
    logit = (inside - outside) / SOFTNESS_MM + NOISE * noise / noise.std()
    values = np.zeros(mask.shape, np.float32)
    values[around] = np.where(outside <= REACH_MM, 1.0 / (1.0 + np.exp(-logit)), 0.0)
    return values


def options_of(what: str | None, peers: tuple[str, ...]) -> argparse.Namespace:
    """The command line that both benchmarks have."""
    parser = argparse.ArgumentParser(description=(what or "").splitlines()[0])
    parser.add_argument("--organs", nargs="+", default=list(ORGANS), help="as the data's files are named")
    parser.add_argument(
        "--repeats", type=int, default=3, help="calls a median is of; slow tools are called once"
    )
    parser.add_argument("--peers", nargs="*", default=list(peers), choices=peers, metavar="PEER",
                        help=f"tools to measure beside ours: {', '.join(peers)}")  # fmt: skip
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    parser.add_argument("--quick", action="store_true", help="small crops and few thresholds: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.organs, options.repeats = ["Parotid-Lt"], 1
    return options
