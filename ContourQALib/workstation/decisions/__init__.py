"""What readers decided, kept for good, and the contours that they edited."""
