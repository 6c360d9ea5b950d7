"""Build tables, contrasts and comparisons with published numbers from a frame."""
