"""How good a quality model is: the figures of EVALUATION.md on any manifest, beside every baseline."""
