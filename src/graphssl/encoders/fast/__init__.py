"""Products and propagation on the masks of a view, equal to plain PyG."""
