"""Several runs: what is left, how each ended, how far the sweep is."""
