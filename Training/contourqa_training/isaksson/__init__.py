"""The study of Isaksson et al. 2022 on hippocampus MRI: its network, its baselines, its failure battery."""
