"""What a run leaves behind: its record, its identity, its folder."""
