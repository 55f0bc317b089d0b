"""Independent implementations that share our definitions must give our numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ContourQALib.formats.contours import read_contours
from ContourQALib.metrics.compare import compare
from shapes import ball_mask, contour

# MONAI and MedPy take Euclidean distance maps in float64 or float32: 1e-4 mm is far above their rounding.
ROUNDING_MM = 1e-4


def blobs(seed: int, spacing_xyz=(0.8, 1.3, 2.5)):
    """Two noisy, overlapping blobs in the middle of an anisotropic grid."""
    random = np.random.default_rng(seed)
    made = []
    for shift in (0.0, 1.5):
        ball = ball_mask((16, 30, 40), (8, 15 + shift, 20 - shift), 9, spacing_xyz[::-1])
        made.append(contour(ball & (random.random(ball.shape) < 0.97), spacing_xyz))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_monai_gives_the_same_distances(seed):
    torch = pytest.importorskip("torch")
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    a, b = blobs(seed)
    c = compare(a, b)
    test, reference = (torch.from_numpy(x.mask)[None, None].float() for x in (b, a))
    how = {"include_background": True, "spacing": a.grid.spacing_kji}
    assert c.hd_mm == pytest.approx(
        float(compute_hausdorff_distance(test, reference, **how)), abs=ROUNDING_MM
    )
    hd95 = compute_hausdorff_distance(test, reference, percentile=95, **how)
    assert c.hd95_mm == pytest.approx(float(hd95), abs=ROUNDING_MM)
    assd = compute_average_surface_distance(test, reference, symmetric=True, **how)
    assert c.msd_mm == pytest.approx(float(assd), abs=ROUNDING_MM)


@pytest.mark.parametrize("seed", range(4))
def test_medpy_gives_the_same_pooled_figures(seed):
    binary = pytest.importorskip("medpy.metric.binary")
    a, b = blobs(seed)
    c = compare(a, b)
    how = {"voxelspacing": a.grid.spacing_kji}
    assert c.dice == pytest.approx(binary.dc(b.mask, a.mask))
    assert c.hd_mm == pytest.approx(binary.hd(b.mask, a.mask, **how), abs=ROUNDING_MM)
    assert c.hd95_pooled_mm == pytest.approx(binary.hd95(b.mask, a.mask, **how), abs=ROUNDING_MM)
    assert c.msd_mm == pytest.approx(binary.assd(b.mask, a.mask, **how), abs=ROUNDING_MM)
    assert c.sensitivity == pytest.approx(binary.sensitivity(b.mask, a.mask))
    assert c.specificity == pytest.approx(binary.specificity(b.mask, a.mask))
    assert c.precision == pytest.approx(binary.precision(b.mask, a.mask))


@pytest.mark.realdata
@pytest.mark.skipif(shutil.which("plastimatch") is None, reason="plastimatch is not installed")
@pytest.mark.parametrize("organ", ["Parotid-Lt", "Brainstem", "Lens-Lt"])
def test_plastimatch_gives_slicerrts_figures(data: Path, organ: str):
    folder = data / "headneck_observers" / "cropped" / "0522c0017"
    files = [folder / f"{organ}_{who}.nrrd" for who in ("oncologist", "radiographer")]
    c = compare(*(read_contours(path, merge=organ)[0] for path in files))
    said = subprocess.run(
        ["plastimatch", "dice", "--all", *map(str, files)], capture_output=True, text=True, check=True
    ).stdout

    def figure(label: str) -> float:
        found = re.search(rf"^\s*{re.escape(label)}\s*[=:]?\s*([0-9.eE+-]+)\s*$", said, re.MULTILINE)
        assert found, f"plastimatch printed no {label!r}:\n{said}"
        return float(found[1])

    # plastimatch prints six digits of float32 distance maps
    assert c.dice == pytest.approx(figure("DICE"), abs=1e-5)
    assert c.hd_mm == pytest.approx(figure("Hausdorff distance (boundary)"), rel=1e-4)
    assert c.hd95_slicerrt_mm == pytest.approx(
        figure("Percent (0.95) Hausdorff distance (boundary)"), rel=1e-4
    )
