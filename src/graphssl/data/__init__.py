"""Graphs: PyG's datasets behind a mirror and checksums, synthetic graphs, a user's own."""
