"""What the workstation can open: cases found in folders and manifests, their files, and results kept on disk."""
