"""DICOM in and out: image series, structure sets, segmentations."""
