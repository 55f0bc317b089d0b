"""The browser workstation: the same logic as the command line and the Slicer module, on a page that a browser shows."""
