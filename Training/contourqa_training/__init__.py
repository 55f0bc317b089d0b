"""The training library behind ContourQA: studies, splits, training and evaluation of quality models."""
