"""Sweeps: the runs that remain, how each one ended, and the progress so far."""
