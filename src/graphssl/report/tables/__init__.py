"""From a frame to tables, contrasts and published numbers."""
