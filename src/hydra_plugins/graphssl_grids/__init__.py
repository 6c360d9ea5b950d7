"""Hydra plugin: sweeps over several grids. Hydra finds sweepers in this namespace only."""
