# Stands for Slicer's packaging step, which has nothing to do here.
