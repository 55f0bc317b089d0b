"""One probability map in, agreement with a reference at every threshold out."""
