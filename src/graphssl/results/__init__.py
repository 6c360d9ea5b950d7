"""The results of a run: its record, its id and its folder."""
