"""Structures drawn as closed contours on planes, and how they become masks."""
