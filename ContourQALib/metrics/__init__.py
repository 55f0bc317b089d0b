"""Two contours in, exact agreement out."""
