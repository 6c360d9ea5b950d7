"""Hydra plugin: Optuna's sweeper, in which a trial without a value is never the best."""
