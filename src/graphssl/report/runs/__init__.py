"""Read the records in a folder of runs and build a frame from them."""
