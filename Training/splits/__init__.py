"""Committed patient splits, one CSV a data set."""
