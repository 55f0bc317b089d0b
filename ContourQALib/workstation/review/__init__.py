"""The review page: one case, its contours, where they are probably wrong, and what the reader decides."""
