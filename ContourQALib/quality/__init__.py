"""Predicted quality of a contour without a reference: mask-only rules, models, assessments."""
