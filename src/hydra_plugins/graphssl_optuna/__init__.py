"""Hydra plugin: optuna's sweeper, in which a trial without a value is never the best."""
