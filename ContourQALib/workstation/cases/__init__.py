"""What the workstation can open: cases in folders and manifests, their files, results kept on disk."""
