"""Files in and out: images, label maps, segmentations, probability maps."""
