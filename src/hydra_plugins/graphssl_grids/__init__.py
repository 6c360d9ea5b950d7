"""A plugin of Hydra, which looks for sweepers in this namespace and nowhere else."""
