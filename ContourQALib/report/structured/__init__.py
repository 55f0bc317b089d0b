"""Structured reports: an assessment as a DICOM document (TID 1500), and what such a document says."""
