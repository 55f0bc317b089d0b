"""What 3D Slicer shows and edits (MRML nodes), to our types and back; scene and nodes are arguments."""
