"""Self-supervised objectives, and the floors and the ceiling they are compared with."""
