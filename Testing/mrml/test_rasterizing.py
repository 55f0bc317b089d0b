"""Surfaces and planar contours become masks on a copy, and a tag says how."""

from __future__ import annotations

import numpy as np
import pytest

import scenes
from ContourQALib.case import RASTERIZED_TAG, Contour, Image
from ContourQALib.geometry import Grid, Relation
from ContourQALib.mrml import segmentations, volumes
from ContourQALib.mrml.errors import SceneError
from ContourQALib.mrml.frames import ijk_to_ras
from ContourQALib.mrml.rasterizing import BINARY_LABELMAP, PLANAR_CONTOUR
from ContourQALib.planar.rasterizing import rasterize
from planar_shapes import circle, structure


def ball(center=(0.0, 0.0, 0.0), radius_mm=10.0):
    """A closed surface in RAS."""
    from vtkmodules.vtkFiltersSources import vtkSphereSource

    source = vtkSphereSource()
    source.SetCenter(center)
    source.SetRadius(radius_mm)
    source.SetPhiResolution(64)
    source.SetThetaResolution(64)
    source.Update()
    return source.GetOutput()


def surfaces(scene, **parts):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Plan")
    node.SetSourceRepresentationToClosedSurface()
    for name, surface in parts.items():
        node.AddSegmentFromClosedSurfaceRepresentation(surface, name, (0.1, 0.2, 0.3), name)
    return node


BALL_CC = 4 / 3 * np.pi * 10.0**3 / 1000
POLYHEDRON = 0.02  # 64 x 64 facets lie inside the ball, and voxels of 1.5 mm are counted whole
IMAGE = Grid((40, 40, 20), (1.0, 1.0, 1.5), (-20.0, -20.0, -15.0))


def test_a_closed_surface_becomes_a_mask_on_a_copy_and_a_tag_says_how(slicer, scene):
    node = surfaces(scene, gtv=ball())
    reference = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    contour = segmentations.contour_of(node, "gtv", IMAGE)
    assert contour.volume_cc == pytest.approx(BALL_CC, rel=POLYHEDRON)
    assert contour.grid.relation_to(IMAGE) is Relation.LATTICE
    assert contour.tags[RASTERIZED_TAG] == (
        "Made from its closed surface by 3D Slicer on the image's grid, voxels of 1 x 1 x 1.5 mm"
    )
    assert contour.color == (0.1, 0.2, 0.3)
    # the user's node is as before
    assert node.GetSegmentation().GetSegment("gtv").GetRepresentation(BINARY_LABELMAP) is None
    assert node.GetSegmentation().GetConversionParameter(reference) == ""


def test_the_segmentations_own_reference_geometry_goes_before_the_images_grid(scene):
    fine = Grid((80, 80, 60), (0.5, 0.5, 0.5), (-20.0, -20.0, -15.0))
    ct = volumes.add_volume(scene, Image(np.zeros(fine.shape, np.int16), fine), "CT")
    node = surfaces(scene, gtv=ball())
    node.SetReferenceImageGeometryParameterFromVolumeNode(ct)
    contour = segmentations.contour_of(node, "gtv", IMAGE)
    assert contour.grid.relation_to(fine) is Relation.LATTICE
    assert (
        "the segmentation's reference geometry, voxels of 0.5 x 0.5 x 0.5 mm" in contour.tags[RASTERIZED_TAG]
    )


def test_a_surface_without_any_image_is_rasterized_all_the_same(scene):
    contour = segmentations.contour_of(surfaces(scene, gtv=ball()), "gtv")
    assert contour.volume_cc == pytest.approx(BALL_CC, rel=POLYHEDRON)
    assert "a grid of its own choice" in contour.tags[RASTERIZED_TAG]


def test_a_moved_surface_is_rasterized_where_it_is_shown_on_the_images_lattice(scene):
    node = surfaces(scene, gtv=ball())
    shift = np.eye(4)
    shift[:3, 3] = (3.3, -2.2, 1.1)
    node.SetAndObserveTransformNodeID(scenes.transform(scene, shift).GetID())
    contour = segmentations.contour_of(node, "gtv", IMAGE)
    assert contour.grid.relation_to(IMAGE) is Relation.LATTICE
    middle = np.array(list(scenes.places_of(contour.mask, contour.grid))).mean(axis=0)
    assert middle == pytest.approx((3.3, -2.2, 1.1), abs=0.2)  # a fraction of a voxel


def test_a_surface_that_slicer_made_a_mask_of_says_so(scene):
    node = surfaces(scene, gtv=ball())
    assert node.CreateBinaryLabelmapRepresentation()
    contour = segmentations.contour_of(node, "gtv")
    said = contour.tags[RASTERIZED_TAG]
    assert said.startswith("Made from its closed surface by 3D Slicer earlier, voxels of ")


def test_an_empty_surface_is_an_empty_contour(scene):
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    contour = segmentations.contour_of(surfaces(scene, gtv=ball(), none=vtkPolyData()), "none", IMAGE)
    assert not contour.mask.any()


def test_a_surface_is_not_overwritten_by_a_mask(scene):
    node = surfaces(scene, gtv=ball())
    with pytest.raises(SceneError, match="Segmentation Plan is made of closed surfaces; make the binary"):
        segmentations.set_segment(node, "gtv", Contour(np.ones(IMAGE.shape, bool), IMAGE, "gtv"))


# ---- contours on slices, as SlicerRT loads them from an RTSTRUCT


def planar(slicer, scene, closed=True, **parts):
    """A segmentation of contours (N, 3) in RAS, each segment one vtkPolyData of lines."""
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "RTSTRUCT")
    node.GetSegmentation().SetSourceRepresentationName(PLANAR_CONTOUR)
    for name, contours in parts.items():
        points, lines = vtkPoints(), vtkCellArray()
        for contour in contours:
            ids = [points.InsertNextPoint(point) for point in contour]
            lines.InsertNextCell(len(ids) + closed)
            for point in [*ids, *ids[:closed]]:
                lines.InsertCellPoint(point)
        drawn = vtkPolyData()
        drawn.SetPoints(points)
        drawn.SetLines(lines)
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation(PLANAR_CONTOUR, drawn)
        node.GetSegmentation().AddSegment(segment, name)
    return node


def in_ras(polygon):
    return polygon * [-1, -1, 1]


RING = [circle(z, (2.0, -3.0), radius) for z in (-3.0, -1.5, 0.0) for radius in (8.0, 4.0)]
"""In LPS, on three slices of IMAGE."""


def test_contours_on_slices_become_the_mask_that_an_rtstruct_file_would(slicer, scene):
    node = planar(slicer, scene, parotid=[in_ras(polygon) for polygon in RING])
    contour = segmentations.contour_of(node, "parotid", IMAGE)
    expected = rasterize(structure(*RING), IMAGE)
    np.testing.assert_array_equal(contour.on(IMAGE).mask, expected.mask)
    assert not contour.on(IMAGE).resampled
    said = contour.tags[RASTERIZED_TAG]
    assert said.startswith("From 6 contours on 3 planes, 1.5 mm apart: voxels whose center lies inside")
    assert said.endswith("; made by ContourQA on the image's grid, voxels of 1 x 1 x 1.5 mm")
    # the user's node is as before
    assert node.GetSegmentation().GetSegment("parotid").GetRepresentation(BINARY_LABELMAP) is None


def test_open_lines_are_closed(slicer, scene):
    node = planar(slicer, scene, closed=False, parotid=[in_ras(polygon) for polygon in RING])
    contour = segmentations.contour_of(node, "parotid", IMAGE)
    np.testing.assert_array_equal(contour.on(IMAGE).mask, rasterize(structure(*RING), IMAGE).mask)


def test_contours_prefer_the_segmentations_reference_geometry_wherever_its_extent_begins(slicer, scene):
    node = planar(slicer, scene, parotid=[in_ras(polygon) for polygon in RING])
    extent = [5, 34, 6, 33, 4, 17]
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(ijk_to_ras(IMAGE), extent)
    reference = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    node.GetSegmentation().SetConversionParameter(reference, text)
    contour = segmentations.contour_of(node, "parotid")
    np.testing.assert_array_equal(contour.on(IMAGE).mask, rasterize(structure(*RING), IMAGE).mask)
    assert "the segmentation's reference geometry" in contour.tags[RASTERIZED_TAG]


def test_moved_contours_are_rasterized_where_they_are_shown(slicer, scene):
    node = planar(slicer, scene, parotid=[in_ras(polygon) for polygon in RING])
    shift = np.eye(4)
    shift[:3, 3] = (3.0, -2.0, 1.5)
    node.SetAndObserveTransformNodeID(scenes.transform(scene, shift).GetID())
    contour = segmentations.contour_of(node, "parotid", IMAGE)
    moved = structure(*(polygon + np.array([-3.0, 2.0, 1.5]) for polygon in RING))
    np.testing.assert_array_equal(contour.on(IMAGE).mask, rasterize(moved, IMAGE).mask)


def test_a_segment_without_contours_is_empty(slicer, scene):
    node = planar(slicer, scene, isocenter=[])
    assert not segmentations.contour_of(node, "isocenter", IMAGE).mask.any()


def test_contours_that_cannot_become_a_mask_are_refused_with_what_to_do(slicer, scene):
    bent = in_ras(RING[0])
    bent[3, 2] += 4.0
    far = [polygon + np.array([500.0, 0.0, 0.0]) for polygon in RING]
    node = planar(slicer, scene, bent=[bent], far=far, alone=RING)
    with pytest.raises(SceneError, match=r"Segment bent of RTSTRUCT cannot.*leaves its plane by"):
        segmentations.contour_of(node, "bent", IMAGE)
    with pytest.raises(SceneError, match=r"Segment far of RTSTRUCT cannot.*wholly outside the grid"):
        segmentations.contour_of(node, "far", IMAGE)
    with pytest.raises(SceneError, match=r"alone of RTSTRUCT .* planar contour.*choose the image"):
        segmentations.contour_of(node, "alone")
