"""The sweep by compiled kernels (numba): loops over voxels in *_kernel.py, the rest puts them together."""
