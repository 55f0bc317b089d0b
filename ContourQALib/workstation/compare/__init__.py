"""The comparison page: several models' contours against a reference."""
