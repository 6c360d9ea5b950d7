"""The training loop, checkpoints, and observers that cannot change training."""
