"""Hydra plugin: a search with Optuna."""
