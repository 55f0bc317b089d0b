"""What nodes of a Slicer scene cost to read and write: ours beside Slicer's own calls, as times and ratios.

    python Testing/benchmarks/mrml.py [--size 512 512 150] [--segments 20] [--repeats 5] [--format table|json]

Needs the slicer-core wheel. The segments are ellipsoids, each in a layer of its own, or all in one as Slicer
keeps segments that do not overlap. Slicer's way of a contour is GetBinaryLabelmapRepresentation and a numpy
array of it; on the image's grid it is GenerateMergedLabelmap over the reference geometry; of a change it is
SetBinaryLabelmapToSegment; of a volume it is an image with its default display.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from measuring import Cost, repeated, timed

from ContourQALib.case import Contour, Image, ProbabilityMap
from ContourQALib.geometry import Grid
from ContourQALib.mrml import frames, segmentations, volumes

SPACING = (0.98, 0.98, 2.5)


@dataclass(frozen=True)
class Step:
    """What is timed.

    Attributes:
        what: its name.
        ours: our call.
        theirs: Slicer's own way, where there is one.
        prepare: makes the node that each call gets, not timed; None where calls need none.
    """

    what: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any] | None = None
    prepare: Callable[[], Any] | None = None


class Bench:
    """A scene with a CT, and segments in layers of their own and in a shared one."""

    def __init__(self, size: tuple[int, int, int], segments: int) -> None:
        import slicer

        self.slicer = slicer
        self.scene = slicer.vtkMRMLScene()
        self.logic = slicer.vtkSlicerSegmentationsModuleLogic()
        self.logic.SetMRMLScene(self.scene)
        self.grid = Grid(size, SPACING, (-250.0, -250.0, -180.0))
        values = np.random.default_rng(1).integers(-1000, 2000, self.grid.shape, dtype=np.int16)
        self.image = Image(values, self.grid)
        self.probability = ProbabilityMap((values.astype(np.float32) + 1000) / 3000, self.grid, "map")
        self.ct = volumes.add_volume(self.scene, self.image, "CT")
        self.map = volumes.add_volume(self.scene, Image(self.probability.values, self.grid), "map")
        self.contours = [
            Contour(mask, self.grid, f"organ {n}") for n, mask in enumerate(self._organs(segments))
        ]
        self.apart = segmentations.add_segmentation(self.scene, self.contours, "apart", self.ct)
        self.ids = [segment.id for segment in segmentations.segments_of(self.apart)]
        self.labels = np.zeros(self.grid.shape, np.uint8)
        for n, contour in enumerate(self.contours):
            self.labels[contour.mask] = n + 1
        self.shared = self.shared_layer()

    def _organs(self, count: int) -> list[np.ndarray]:
        k, j, i = np.ogrid[tuple(slice(-1, 1, n * 1j) for n in self.grid.shape)]
        masks = []
        for n in range(count):
            angle, radius = 2 * np.pi * n / count, 0.15 + 0.15 * n / count
            y, x = 0.5 * np.sin(angle), 0.5 * np.cos(angle)
            masks.append(((i - x) / radius) ** 2 + ((j - y) / radius) ** 2 + (k / (2 * radius)) ** 2 <= 1)
        return masks

    def _labelmap(self, values: np.ndarray) -> Any:
        from vtkmodules.util.numpy_support import numpy_to_vtk

        labelmap = self.slicer.vtkOrientedImageData()
        labelmap.SetDimensions(self.grid.size)
        labelmap.SetImageToWorldMatrix(frames.ijk_to_ras(self.grid))
        labelmap.GetPointData().SetScalars(numpy_to_vtk(values.astype(np.uint8).ravel(), deep=True))
        return labelmap

    def shared_layer(self) -> Any:
        """All segments in one labelmap over the whole grid, as after an import of a label map."""
        labelmap = self._labelmap(self.labels)
        node = self.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "shared")
        for n, id_ in enumerate(self.ids):
            segment = self.slicer.vtkSegment()
            segment.SetName(id_)
            segment.SetLabelValue(n + 1)
            segment.AddRepresentation("Binary labelmap", labelmap)
            node.GetSegmentation().AddSegment(segment, id_)
        return node

    def copied_by_slicer(self, node: Any, ids: list[str]) -> list[np.ndarray]:
        """Masks on the labelmaps' own extents."""
        from vtkmodules.util.numpy_support import vtk_to_numpy

        masks = []
        for id_ in ids:
            copy = self.slicer.vtkOrientedImageData()
            node.GetBinaryLabelmapRepresentation(id_, copy)
            values = vtk_to_numpy(copy.GetPointData().GetScalars())
            masks.append(values.reshape(copy.GetDimensions()[::-1]) > 0)
        return masks

    def merged_by_slicer(self, node: Any, id_: str) -> np.ndarray:
        """Mask on the image's grid."""
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkStringArray

        node.SetReferenceImageGeometryParameterFromVolumeNode(self.ct)
        one = vtkStringArray()
        one.InsertNextValue(id_)
        merged = self.slicer.vtkOrientedImageData()
        extent = self.slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
        node.GenerateMergedLabelmapForAllSegments(merged, extent, None, one)
        return vtk_to_numpy(merged.GetPointData().GetScalars()).reshape(self.grid.shape) > 0

    def added_by_slicer(self) -> Any:
        """Each mask as a labelmap over the whole grid, added by the segmentation node."""
        node = self.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "theirs")
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(self.ct)
        for contour in self.contours:
            node.AddSegmentFromBinaryLabelmapRepresentation(self._labelmap(contour.mask), contour.name)
        return node

    def replaced_by_slicer(self, node: Any, id_: str, contour: Contour) -> None:
        logic = self.slicer.vtkSlicerSegmentationsModuleLogic
        logic.SetBinaryLabelmapToSegment(self._labelmap(contour.mask), node, id_, logic.MODE_REPLACE)

    def copied_volume(self) -> np.ndarray:
        from vtkmodules.util.numpy_support import vtk_to_numpy

        scalars = self.ct.GetImageData().GetPointData().GetScalars()
        return vtk_to_numpy(scalars).reshape(self.grid.shape).copy()

    def volume_by_slicer(self) -> Any:
        from vtkmodules.util.numpy_support import numpy_to_vtk
        from vtkmodules.vtkCommonDataModel import vtkImageData

        data = vtkImageData()
        data.SetDimensions(self.grid.size)
        data.GetPointData().SetScalars(numpy_to_vtk(self.image.values.ravel(), deep=True))
        node = self.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "theirs")
        node.SetIJKToRASMatrix(frames.ijk_to_ras(self.grid))
        node.SetAndObserveImageData(data)
        node.CreateDefaultDisplayNodes()
        return node

    def discard(self, node: Any) -> None:
        if node.IsA("vtkMRMLSegmentationNode"):
            for id_ in node.GetSegmentation().GetSegmentIDs():
                # or Slicer erases each in the shared layer before it goes
                node.GetSegmentation().GetSegment(id_).RemoveAllRepresentations()
        self.scene.RemoveNode(node)

    def check(self) -> None:
        """Both ways give the same masks, or their times could not be compared."""
        for node in (self.apart, self.shared):
            for id_ in self.ids[:2]:
                ours = segmentations.contour_of(node, id_).on(self.grid).mask
                assert np.array_equal(ours, self.merged_by_slicer(node, id_))


def steps(bench: Bench) -> list[Step]:
    last, largest = bench.ids[-1], bench.contours[-1]
    apart, shared = bench.apart, bench.shared

    def contour(node: Any) -> Callable[[], Any]:
        return lambda: segmentations.contour_of(node, last)

    def contours(node: Any) -> Callable[[], Any]:
        return lambda: list(segmentations.contours_of(node))

    return [
        Step("image of a volume", lambda: volumes.image_of(bench.ct), bench.copied_volume),
        Step("probability map of a volume", lambda: volumes.probability_of(bench.map)),
        Step(
            "volume of an image",
            lambda: bench.discard(volumes.add_volume(bench.scene, bench.image, "new")),
            lambda: bench.discard(bench.volume_by_slicer()),
        ),
        Step("one contour, own layer", contour(apart), lambda: bench.copied_by_slicer(apart, [last])),
        Step("one contour, shared layer", contour(shared), lambda: bench.copied_by_slicer(shared, [last])),
        Step(
            "one contour, on the image's grid",
            lambda: contour(shared)().on(bench.grid),
            lambda: bench.merged_by_slicer(shared, last),
        ),
        Step("all contours, own layers", contours(apart), lambda: bench.copied_by_slicer(apart, bench.ids)),
        Step(
            "all contours, shared layer", contours(shared), lambda: bench.copied_by_slicer(shared, bench.ids)
        ),
        Step(
            "segmentation of all contours",
            lambda: bench.discard(
                segmentations.add_segmentation(bench.scene, bench.contours, "new", bench.ct)
            ),
            lambda: bench.discard(bench.added_by_slicer()),
        ),
        Step(
            "one segment replaced",
            lambda: segmentations.set_segment(apart, last, largest),
            lambda: bench.replaced_by_slicer(apart, last, largest),
        ),
        Step(
            "one segment replaced, shared layer",
            lambda node: segmentations.set_segment(node, bench.ids[0], largest),
            lambda node: bench.replaced_by_slicer(node, bench.ids[0], largest),
            bench.shared_layer,
        ),
    ]


def cost_of(bench: Bench, step: Step, call: Callable[..., Any], repeats: int) -> Cost:
    if step.prepare is None:
        return repeated(call, repeats)[0]
    costs = []
    for _ in range(repeats):
        node = step.prepare()
        costs.append(timed(lambda node=node: call(node))[0])
        bench.discard(node)
    return Cost.of(costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, nargs=3, default=(512, 512, 150))
    parser.add_argument("--segments", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    bench = Bench(tuple(options.size), options.segments)
    bench.check()
    rows = []
    for step in steps(bench):
        mine = cost_of(bench, step, step.ours, options.repeats)
        row = {
            "what": step.what,
            "ours_ms": round(mine.wall_s * 1000, 1),
            "ours_cpu_ms": round(mine.cpu_s * 1000, 1),
            "peak_mb": round(mine.peak_mb, 1),
        }
        if step.theirs is not None:
            other = cost_of(bench, step, step.theirs, options.repeats)
            row["slicer_ms"] = round(other.wall_s * 1000, 1)
            row["slicer_cpu_ms"] = round(other.cpu_s * 1000, 1)
            row["ratio"] = round(mine.wall_s / other.wall_s, 3)
        rows.append(row)
    if options.format == "json":
        print(json.dumps(rows, indent=2))
        return
    print(f"{options.segments} segments, {' x '.join(map(str, options.size))} voxels")
    for row in rows:
        line = f"{row['what']:36} {row['ours_ms']:8.1f} ms (CPU {row['ours_cpu_ms']:7.1f})"
        line += f" {row['peak_mb']:6.1f} MB"
        if "ratio" in row:
            line += f"   Slicer's way {row['slicer_ms']:8.1f} ms (CPU {row['slicer_cpu_ms']:8.1f}),"
            line += f" ratio {row['ratio']:.3f}"
        print(line)


if __name__ == "__main__":
    main()
