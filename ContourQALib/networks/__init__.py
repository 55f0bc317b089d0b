"""Networks as plain torch modules: no training, no files."""
