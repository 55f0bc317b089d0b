"""A DICOM archive over DICOMweb: what it holds, what is taken from it, what is sent to it."""
