"""The image series of a report: its library (TID 1600), and the image of one slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ContourQALib.report.structured.codes import (
    FRAME_OF_REFERENCE,
    HORIZONTAL_SPACING,
    IMAGE_LIBRARY,
    IMAGE_LIBRARY_GROUP,
    MILLIMETER,
    MODALITY,
    PIXEL_COLUMNS,
    PIXEL_ROWS,
    PIXELS,
    SERIES_UID,
    SLICE_SPACING,
    SOURCE,
    VERTICAL_SPACING,
    Concept,
)
from ContourQALib.report.structured.items import code, number, uid_reference, with_children

if TYPE_CHECKING:
    from highdicom.sr import ContainerContentItem, ImageContentItem, SourceImageForMeasurement

    from ContourQALib.formats.dicom.source_series import SourceSeries

MODALITIES = {
    "CT": Concept("CT", "Computed Tomography", "DCM"),
    "MR": Concept("MR", "Magnetic Resonance", "DCM"),
    "PT": Concept("PT", "Positron emission tomography", "DCM"),
}
OTHER_MODALITY = Concept("OT", "Other", "DCM")


def image_library(source: SourceSeries) -> ContainerContentItem:
    """The library of a series: what all images share is said once, then every image is named.

    A description of every image, as TID 1601 allows it, would make megabytes of a long series.

    Args:
        source: the series.
    """
    from highdicom.sr import ContainerContentItem

    identity, grid = source.identity, source.grid
    shared = [
        code(MODALITY, MODALITIES.get(identity.modality, OTHER_MODALITY), "HAS ACQ CONTEXT"),
        uid_reference(SERIES_UID, identity.series_uid, "HAS ACQ CONTEXT"),
        number(PIXEL_ROWS, int(grid.size[1]), PIXELS, "HAS ACQ CONTEXT"),
        number(PIXEL_COLUMNS, int(grid.size[0]), PIXELS, "HAS ACQ CONTEXT"),
        number(HORIZONTAL_SPACING, grid.spacing[0], MILLIMETER, "HAS ACQ CONTEXT"),
        number(VERTICAL_SPACING, grid.spacing[1], MILLIMETER, "HAS ACQ CONTEXT"),
        number(SLICE_SPACING, grid.spacing[2], MILLIMETER, "HAS ACQ CONTEXT"),
    ]
    if identity.frame_uid:
        shared.insert(1, uid_reference(FRAME_OF_REFERENCE, identity.frame_uid, "HAS ACQ CONTEXT"))
    images = [_image(dataset) for dataset in source.datasets]
    group = ContainerContentItem(IMAGE_LIBRARY_GROUP.coded(), relationship_type="CONTAINS")
    library = ContainerContentItem(IMAGE_LIBRARY.coded(), template_id="1600", relationship_type="CONTAINS")
    return with_children(library, [with_children(group, [*shared, *images])])


def image_of_slice(source: SourceSeries, k: int) -> SourceImageForMeasurement:
    """The image, or the frame of a multi-frame image, that is slice `k`.

    Args:
        source: the series.
        k: index along the grid's third axis.
    """
    from highdicom.sr import SourceImageForMeasurement

    image, frame = source.images[k]
    return SourceImageForMeasurement(
        image.SOPClassUID, image.SOPInstanceUID, None if frame is None else [frame]
    )


def _image(dataset: Any) -> ImageContentItem:
    from highdicom.sr import ImageContentItem

    return ImageContentItem(
        SOURCE.coded(), dataset.SOPClassUID, dataset.SOPInstanceUID, relationship_type="CONTAINS"
    )
