"""The threshold page: what a probability map gives at every threshold."""
