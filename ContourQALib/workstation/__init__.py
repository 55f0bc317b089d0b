"""The browser workstation: what command line and Slicer module do, on a page that a browser shows."""
