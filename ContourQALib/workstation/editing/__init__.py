"""Contours changed by hand: the brush, strokes that can be undone, and edits that are never lost."""
