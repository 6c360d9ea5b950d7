"""Records in a folder of runs, and the frame made of them."""
