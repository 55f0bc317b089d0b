"""The four views as pictures, as the reader sees them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image as Picture
from slicer import vtkMRMLLayerDisplayableManager
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData

from ContourQALib.workstation.views.case_views import CaseViews

NAMES = ("Axial view", "Coronal view", "Sagittal view", "Surfaces")


def pictures_of(views: CaseViews) -> list[tuple[str, bytes]]:
    """Caption and PNG bytes of each view that is shown.

    Args:
        views: the four views.
    """
    drawn = zip(NAMES, views.all, strict=True)
    return [(name, _png(view.render_window())) for name, view in drawn if not view.is_render_blocked]


def _png(window: Any) -> bytes:
    window.Render()
    buffer = vtkImageData()
    vtkMRMLLayerDisplayableManager.RenderWindowBufferToImage(window, buffer)
    columns, rows, _ = buffer.GetDimensions()
    pixels = vtk_to_numpy(buffer.GetPointData().GetScalars()).reshape(rows, columns, -1)[::-1, :, :3]
    written = io.BytesIO()
    Picture.fromarray(pixels).save(written, "PNG")
    return written.getvalue()
