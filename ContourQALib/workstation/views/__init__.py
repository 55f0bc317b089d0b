"""The four views of a case and what is drawn in them."""
